package redispresence_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog/redislog"
	"nextup/presence"
	"nextup/presence/redispresence"
	"nextup/test/redistest"
)

func TestLeasesOnRedis(t *testing.T) { leases(t, redistest.As(t, redistest.Start(t), redislog.ACL())) }

func TestLeasesOnACluster(t *testing.T) {
	leases(t, redistest.As(t, redistest.Cluster(t), redislog.ACL()))
}

func TestANodeLivesOnAFullRedis(t *testing.T) {
	r, client := registry(t, redistest.Start(t, "--maxmemory", "1mb", "--maxmemory-policy", "noeviction"), redislog.Memory)
	for client.Append(t.Context(), "full", strings.Repeat("x", 100_000)).Err() == nil {
	}
	if err := r.Renew(t.Context(), "a", time.Minute); err != nil {
		t.Errorf("the lease is not renewed: %v", err)
	}
}

// A gateway beside a master that has lost its replicas may be alone with it.
func TestALeaseIsAsDurableAsACommit(t *testing.T) {
	g := redistest.Sentinel(t)
	r, _ := registry(t, g.URL, redislog.Replica)
	if err := r.Renew(t.Context(), "a", time.Minute); err != nil {
		t.Fatalf("with a replica in step: %v", err)
	}
	g.Replicas[0].Freeze()
	defer g.Replicas[0].Thaw()
	if r.Renew(t.Context(), "a", time.Minute) == nil {
		t.Error("renewed without a replica")
	}
}

func registry(t *testing.T, url string, durability redislog.Durability) (*redispresence.Registry, redis.UniversalClient) {
	t.Helper()
	b, err := redislog.Open(t.Context(), url, redislog.Options{Durability: durability})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return redispresence.New(b.Client(), b.Prove), b.Client()
}

func leases(t *testing.T, url string) {
	r, _ := registry(t, url, redislog.Memory)
	ctx := t.Context()
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

func TestANodeThatDiedWhileTheClockWasAheadIsLostInTimeAndALivingOneIsNot(t *testing.T) {
	server, set := redistest.StartServerWithClock(t)
	r, _ := registry(t, server.URL(), redislog.Memory)
	renew := func(node string) {
		t.Helper()
		if err := r.Renew(t.Context(), node, presence.TTL); err != nil {
			t.Fatal(err)
		}
	}
	set(time.Hour)
	renew("dead")
	renew("here")
	set(0)
	watch := presence.NewWatch(r)
	for deadline := time.Now().Add(30 * time.Second); ; {
		renew("here")
		lost, err := watch.Lost(t.Context(), []string{"dead", "here"}, time.Now())
		if err != nil || slices.Contains(lost, "here") {
			t.Fatal(lost, err)
		}
		if slices.Equal(lost, []string{"dead"}) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("who died is not lost")
		}
	}
}
