package redispresence_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"nextup/internal/eventlog/redislog"
	"nextup/internal/redistest"
	"nextup/presence/redispresence"
)

func TestLeasesOnRedis(t *testing.T) { leases(t, redistest.Start(t)) }

func TestLeasesOnACluster(t *testing.T) { leases(t, redistest.Cluster(t)) }

func TestANodeLivesOnAFullRedis(t *testing.T) {
	client, err := redislog.Dial(redistest.Start(t, "--maxmemory", "1mb", "--maxmemory-policy", "noeviction"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for client.Append(t.Context(), "full", strings.Repeat("x", 100_000)).Err() == nil {
	}
	if err := redispresence.New(client).Renew(t.Context(), "a", time.Minute); err != nil {
		t.Errorf("the lease is not renewed: %v", err)
	}
}

func leases(t *testing.T, url string) {
	client, err := redislog.Dial(url)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	r, ctx := redispresence.New(client), t.Context()
	for node, ttl := range map[string]time.Duration{"a": time.Minute, "b": time.Millisecond, "c": time.Minute} {
		if err := r.Renew(ctx, node, ttl); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Leave(ctx, "c"); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); ; {
		living, err := r.Living(ctx, []string{"a", "b", "c", "never"})
		if err != nil {
			t.Fatal(err)
		}
		if slices.Equal(living, []bool{true, false, false, false}) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("living = %v, want a alone", living)
		}
	}
}
