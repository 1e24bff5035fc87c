package redislog_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog"
	"nextup/internal/eventlog/eventlogtest"
	"nextup/internal/eventlog/redislog"
	"nextup/test/redistest"
)

func TestNoRecordIsMissedWhenTheSubscriptionConnectionIsKilled(t *testing.T) {
	for name, url := range map[string]string{"single": redistest.Shared(t), "cluster": redistest.SharedCluster(t)} {
		t.Run(name, func(t *testing.T) {
			writer := open(t, url)
			reader := open(t, url, func(o *redislog.Options) { o.ProbeEvery = 200 * time.Millisecond })
			log := eventlog.Log{Name: t.Name() + time.Now().String()}
			replica := eventlogtest.NewReplica()
			// No head check: only wake-ups move it.
			f := eventlog.NewFollower(reader, log, replica, eventlog.FollowerOptions{HeadCheck: time.Hour})
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_ = f.Run(ctx) // it ends with the context's error
			}()
			defer func() {
				cancel()
				<-ended
			}()
			for i := range 60 {
				if i%20 == 10 {
					killSubscriptions(t, writer.Client())
				}
				if _, err := writer.Commit(ctx, log, one(fmt.Sprint("c", i))); err != nil {
					t.Fatal(err)
				}
				for i%20 == 19 && f.Number() <= uint64(i) { // without WaitFor, which asks for a read
					select {
					case <-ctx.Done():
						t.Fatalf("at %d", f.Number())
					case <-time.After(5 * time.Millisecond):
					}
				}
			}
			replica.Match(t, writer, log)
		})
	}
}

func killSubscriptions(t testing.TB, client redis.UniversalClient) {
	t.Helper()
	nodes := []*redis.Client{}
	switch c := client.(type) {
	case *redis.ClusterClient:
		nodes = masters(t, c)
	case *redis.Client:
		nodes = append(nodes, c)
	}
	// Those that were killed before may still be on their way back: wait for the
	// writer's and the reader's.
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		there := 0
		for _, node := range nodes {
			list, err := node.Do(t.Context(), "CLIENT", "LIST", "TYPE", "pubsub").Text()
			if err != nil {
				t.Fatal(err)
			}
			there += strings.Count(list, "id=")
		}
		if there >= 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("there are no two subscription connections to kill")
		}
	}
	for _, node := range nodes {
		if err := node.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAHungServerIsNoticedAndMended(t *testing.T) {
	url := redistest.Start(t)
	b := open(t, url, func(o *redislog.Options) { o.ProbeEvery = 50 * time.Millisecond })
	log := eventlog.Log{Name: "hung"}
	woken := make(chan struct{}, 100)
	defer b.Subscribe(log, func(eventlog.Signal) {
		select {
		case woken <- struct{}{}:
		default:
		}
	})()
	<-woken
	if err := b.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The server answers no client for a while, and does not close anything.
	if err := b.Client().Do(t.Context(), "CLIENT", "PAUSE", 600, "ALL").Err(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := b.Ready(ctx); !errors.Is(err, eventlog.ErrUnavailable) {
		t.Fatalf("ready while the server hangs: %v", err)
	}
	if _, err := b.Commit(ctx, log, one("lost")); !errors.Is(err, eventlog.ErrUnavailable) {
		t.Fatalf("commit while the server hangs: %v", err)
	}
	select {
	case <-woken:
	case <-time.After(10 * time.Second):
		t.Fatal("no wake-up after the repair")
	}
	deadline := time.Now().Add(10 * time.Second)
	for b.Ready(t.Context()) != nil {
		if time.Now().After(deadline) {
			t.Fatal("not ready after the repair")
		}
		time.Sleep(5 * time.Millisecond)
	}
	if _, err := b.Commit(t.Context(), log, one("lost")); err != nil {
		t.Fatal(err)
	}
}

func TestAServerThatIsGoneIsUnavailable(t *testing.T) {
	var b *redislog.Backend
	t.Run("there", func(t *testing.T) {
		url := redistest.Start(t)
		var err error
		if b, err = redislog.Open(t.Context(), url, redislog.Options{}); err != nil {
			t.Fatal(err)
		}
	})
	if b == nil {
		t.Skip("no redis-server")
	}
	defer b.Close()
	log := eventlog.Log{Name: "gone"}
	_, commitErr := b.Commit(t.Context(), log, one("c"))
	_, headsErr := b.Heads(t.Context(), []eventlog.Log{log})
	_, readErr := b.Read(t.Context(), log, 0, 1)
	_, _, scanErr := b.Scan(t.Context(), log, 0)
	_, leaseErr := b.Lease(t.Context(), log, "l", "o", time.Second)
	for what, err := range map[string]error{
		"commit": commitErr, "heads": headsErr, "read": readErr, "scan": scanErr, "lease": leaseErr,
		"signal": b.Signal(t.Context(), log, nil), "ready": b.Ready(t.Context()),
	} {
		if !errors.Is(err, eventlog.ErrUnavailable) || errors.Is(err, eventlog.ErrFull) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAReadOnlyServerIsUnavailable(t *testing.T) {
	b := open(t, redistest.Start(t))
	if err := b.Client().ReplicaOf(t.Context(), "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Commit(t.Context(), eventlog.Log{Name: "ro"}, one("c")); !errors.Is(err, eventlog.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
}

func TestAFullServerGoesOnWithWhatFrees(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t, "--maxmemory-policy", "noeviction")
	l := startLoad(t, server.URL())
	limit := func(bytes string) {
		t.Helper()
		if err := l.writer.Client().ConfigSet(t.Context(), "maxmemory", bytes).Err(); err != nil {
			t.Fatal(err)
		}
	}
	limit("1")
	l.wait("commits are refused", func() bool { return errors.Is(l.failure(), eventlog.ErrFull) })
	out, err := l.writer.Commit(t.Context(), l.log, []eventlog.Commit{{ID: "free", ReleasesMemory: true, Data: []byte("e0="), Writes: []eventlog.Write{{Name: "e0"}}}})
	if err != nil || out[0].Status != eventlog.Committed {
		t.Fatalf("a commit that frees: %v %v", out, err)
	}
	l.wait("the follower sees it", func() bool { return l.Number() == out[0].Head.Number && l.Ready() })
	for range 2 {
		if held, err := l.writer.Lease(t.Context(), l.log, "dispatcher", "me", time.Second); !held || err != nil {
			t.Errorf("a lease: %v %v", held, err)
		}
	}
	limit("0")
	l.goesOn("after the return of memory")
	l.nothingLost()
}

func TestScriptsThatAreFlushedAgainAndAgainAreNoFailure(t *testing.T) {
	t.Parallel()
	master, _ := pair(t)
	l := startLoad(t, master.URL(), with(redislog.Replica))
	flushes := every(t, 20*time.Millisecond, time.Second, func() error { return l.writer.Client().ScriptFlush(t.Context()).Err() })
	l.nothingLost()
	if n := l.failures.Load(); n != 0 {
		t.Errorf("%d calls failed during %d flushes, lastly: %v", n, flushes, l.failure())
	}
}

func TestConnectionsThatAreKilledAgainAndAgainLoseNothing(t *testing.T) {
	t.Parallel()
	master, _ := pair(t)
	l := startLoad(t, master.URL(), with(redislog.Replica))
	killer := master.Client()
	defer killer.Close()
	every(t, 50*time.Millisecond, time.Second, func() error {
		return errors.Join(killer.ClientKillByFilter(t.Context(), "TYPE", "normal").Err(),
			killer.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Err())
	})
	l.goesOn("after the last kill")
	l.nothingLost()
}

// every does something again and again and returns how often.
func every(t testing.TB, pause, during time.Duration, do func() error) (times int) {
	t.Helper()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for began := time.Now(); time.Since(began) < during; times++ {
		if err := do(); err != nil {
			t.Fatal(err)
		}
		<-tick.C
	}
	return times
}
