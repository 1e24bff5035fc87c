package redislog_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"nextup/internal/eventlog/redislog"
	"nextup/test/redistest"
)

// logText is a log that a test reads.
type logText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logText) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestARedisThatThrowsPlacesAwayIsNamed(t *testing.T) {
	for policy, evicts := range map[string]bool{
		"noeviction": false, "allkeys-lru": true, "allkeys-lfu": true, "allkeys-random": true,
		"volatile-lru": true, "volatile-lfu": true, "volatile-random": true, "volatile-ttl": true,
	} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			url, logs := redistest.Start(t, "--maxmemory", "1gb", "--maxmemory-policy", policy), &logText{}
			b := open(t, url, func(o *redislog.Options) { o.Logger = slog.New(slog.NewTextHandler(logs, nil)) })
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for evicts && !b.Evicts() {
				select {
				case <-tick.C:
				case <-ctx.Done():
					t.Fatal("nothing is said")
				}
			}
			if b.Evicts() != evicts || strings.Contains(logs.String(), policy) != evicts {
				t.Errorf("evicts %v, log %q", b.Evicts(), logs)
			}
		})
	}
}
