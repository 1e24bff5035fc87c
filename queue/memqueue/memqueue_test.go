package memqueue_test

import (
	"testing"

	"nextup/internal/eventlog"
	"nextup/queue"
	"nextup/queue/memqueue"
	"nextup/queue/queuetest"
)

func TestConformance(t *testing.T) {
	memory := eventlog.NewMemory()
	t.Cleanup(func() { _ = memory.Close() })
	queuetest.Run(t, queuetest.Harness{
		Open: func(*testing.T) queue.Store { return memqueue.New(memory) },
	})
}

func BenchmarkCommit(b *testing.B) {
	memory := eventlog.NewMemory()
	defer memory.Close()
	queuetest.Bench(b, memqueue.New(memory))
}
