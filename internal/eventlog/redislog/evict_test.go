package redislog_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"nextup/internal/eventlog/redislog"
	"nextup/test/logtest"
	"nextup/test/redistest"
)

func TestARedisThatThrowsPlacesAwayIsNamed(t *testing.T) {
	for policy, evicts := range map[string]bool{
		"noeviction": false, "allkeys-lru": true, "allkeys-lfu": true, "allkeys-random": true,
		"volatile-lru": true, "volatile-lfu": true, "volatile-random": true, "volatile-ttl": true,
	} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			url, logs := redistest.Start(t, "--maxmemory", "1gb", "--maxmemory-policy", policy), &logtest.Buffer{}
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

// How full Redis is stands in a figure before it refuses, and that it refuses in a
// count: a full Redis takes a commit now and then, so no single look finds it out.
func TestHowFullRedisIsIsKnownBeforeAndWhenItRefuses(t *testing.T) {
	server := redistest.StartServer(t, "--maxmemory", "100mb", "--maxmemory-policy", "noeviction")
	b := open(t, server.URL())
	await(t, "the share is known", func() bool { return b.MemoryUsed() > 0 })
	if used := b.MemoryUsed(); used > .5 || b.FullRefusals() != 0 {
		t.Errorf("an empty Redis is %v full and has refused %d times", used, b.FullRefusals())
	}
	admin := server.Client()
	defer admin.Close()
	if err := admin.ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	await(t, "refusals are counted", func() bool { return b.FullRefusals() > 0 })
	full := open(t, server.URL())
	await(t, "a full Redis is full", func() bool { return full.MemoryUsed() == 1 })
}

// await waits until something holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("never: %s", what)
		}
	}
}
