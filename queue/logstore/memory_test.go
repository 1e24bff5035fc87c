package logstore_test

import (
	"testing"

	"nextup/internal/eventlog"
	"nextup/queue"
	"nextup/queue/logstore"
	"nextup/queue/queuetest"
)

func TestConformanceInMemory(t *testing.T) {
	memory := eventlog.NewMemory()
	t.Cleanup(func() { _ = memory.Close() })
	queuetest.Run(t, queuetest.Harness{
		Open: func(*testing.T) queue.Store { return logstore.New(memory) },
	})
}

func BenchmarkCommitInMemory(b *testing.B) {
	memory := eventlog.NewMemory()
	defer memory.Close()
	queuetest.Bench(b, logstore.New(memory))
}
