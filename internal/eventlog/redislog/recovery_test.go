package redislog_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"nextup/internal/eventlog"
	"nextup/internal/eventlog/redislog"
	"nextup/test/redistest"
)

func TestAServerThatHangsCostsSecondsAndThenAllGoesOn(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	l := startLoad(t, server.URL())
	server.Freeze()
	defer server.Thaw()
	var calls sync.WaitGroup
	for name, call := range map[string]func(context.Context) error{
		"commit": func(ctx context.Context) error { _, err := l.writer.Commit(ctx, l.log, one("c")); return err },
		"read":   func(ctx context.Context) error { _, err := l.writer.Read(ctx, l.log, 0, 1); return err },
		"scan":   func(ctx context.Context) error { _, _, err := l.writer.Scan(ctx, l.log, 0); return err },
		"ready":  l.writer.Ready,
	} {
		calls.Go(func() {
			if err := call(context.Background()); !errors.Is(err, eventlog.ErrUnavailable) {
				t.Errorf("%s: got %v", name, err)
			}
		})
	}
	calls.Wait()
	l.wait("the follower is not ready", func() bool { return !l.Ready() })
	server.Thaw()
	l.goesOn("after SIGCONT")
	l.nothingLost()
}

func TestASentinelFailoverIsOverInSeconds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		fault      func(*redistest.Server)
		comesBack  func(*redistest.Server)
		durability redislog.Durability
	}{
		{"the master is killed", func(s *redistest.Server) { s.Kill() }, func(s *redistest.Server) { s.Restart(t) }, redislog.Replica},
		{"the master hangs for a while", func(s *redistest.Server) { s.Freeze() }, func(s *redistest.Server) { s.Thaw() }, redislog.Replica},
		{"the master hangs for ever", func(s *redistest.Server) { s.Freeze() }, nil, redislog.Memory},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := redistest.Sentinel(t)
			master, replica := g.Masters[0], g.Replicas[0]
			l := startLoad(t, g.URL, with(c.durability))
			c.fault(master)
			promoted(t, replica)
			if c.durability == redislog.Memory {
				l.goesOn("after the failover")
				l.settle()
				return
			}
			l.readsOn("reading after the failover")
			// No server is left to replicate to, until the old master comes back: at
			// first it takes itself for the master.
			c.comesBack(master)
			replicaOf(t, master, replica)
			l.goesOn("after the return of a replica")
			l.nothingLost()
		})
	}
}

func TestAFailoverThatLosesARecordIsAForkAndWithReplicaNobodyWasToldOfIt(t *testing.T) {
	t.Parallel()
	for _, durability := range []redislog.Durability{redislog.Memory, redislog.Replica} {
		t.Run(durability.String(), func(t *testing.T) {
			t.Parallel()
			g := redistest.Sentinel(t)
			master, replica := g.Masters[0], g.Replicas[0]
			l := startLoad(t, g.URL, with(durability))
			// From now on the master writes for itself.
			replica.Freeze()
			defer replica.Thaw()
			client := master.Client()
			defer client.Close()
			if err := client.ClientKillByFilter(t.Context(), "TYPE", "replica").Err(); err != nil {
				t.Fatal(err)
			}
			before := l.Number()
			out, err := l.writer.Commit(t.Context(), l.log, one("alone"))
			if told := err == nil && out[0].Status == eventlog.Committed; told != (durability == redislog.Memory) {
				t.Errorf("what only the master has: %v %v", out, err)
			}
			l.wait("the follower shows it", func() bool { return l.Number() > before && l.replica.Shows("e", "alone") })
			master.Kill()
			replica.Thaw()
			promoted(t, replica)
			replicaOf(t, redistest.StartServer(t, "--repl-diskless-sync-delay", "0"), replica)
			l.goesOn("after the failover")
			if n := l.resets.Load(); n != 1 {
				t.Errorf("%d resets", n)
			}
			if durability == redislog.Replica {
				l.nothingLost()
			} else if numbers := l.settle(); numbers["alone"] != 0 {
				t.Error("the case is not what it should be: nothing was lost")
			}
		})
	}
}

// replicaOf makes a server a replica and waits until it is in step.
func replicaOf(t testing.TB, s, master *redistest.Server) {
	t.Helper()
	client := s.Client()
	defer client.Close()
	host, port, _ := net.SplitHostPort(master.Addr())
	if err := client.ReplicaOf(t.Context(), host, port).Err(); err != nil {
		t.Fatal(err)
	}
	inStep(t, s)
}

func inStep(t testing.TB, s *redistest.Server) {
	t.Helper()
	awaitInfo(t, s, "master_link_status", "up")
}

// promoted waits until a replica has become the master.
func promoted(t testing.TB, s *redistest.Server) {
	t.Helper()
	began := time.Now()
	awaitInfo(t, s, "role", "master")
	t.Logf("failed over within %v", time.Since(began).Round(time.Millisecond))
}

func awaitInfo(t testing.TB, s *redistest.Server, name, value string) {
	t.Helper()
	client := s.Client()
	defer client.Close()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		info, err := client.InfoMap(t.Context(), "replication").Result()
		if err == nil && info["Replication"][name] == value {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %s is not %s within 20 s: %v %v", s.Addr(), name, value, err, info)
		}
	}
}
