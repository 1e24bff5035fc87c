package redislog_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"nextup/internal/eventlog"
	"nextup/internal/eventlog/eventlogtest"
	"nextup/internal/eventlog/redislog"
	"nextup/internal/redistest"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m)) }

func TestRedisIsABackend(t *testing.T) { conform(t, redistest.Shared(t)) }

func TestARedisClusterIsABackend(t *testing.T) { conform(t, redistest.SharedCluster(t)) }

func conform(t *testing.T, url string) {
	first, second := open(t, url), open(t, url)
	eventlogtest.Run(t, func(*testing.T) eventlogtest.Setup {
		return eventlogtest.Setup{
			Backend: first, Second: second,
			Checkpoint: func(t testing.TB, log eventlog.Log) func() { return checkpoint(t, first, log) },
		}
	})
}

func BenchmarkRedis(b *testing.B) { eventlogtest.Bench(b, open(b, redistest.Shared(b))) }

func open(t testing.TB, url string, change ...func(*redislog.Options)) *redislog.Backend {
	t.Helper()
	var o redislog.Options
	for _, c := range change {
		c(&o)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	b, err := redislog.Open(ctx, url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// checkpoint dumps every key of the log; restore puts them back and removes the
// others, which is what a failover to a replica that lags amounts to.
func checkpoint(t testing.TB, b *redislog.Backend, log eventlog.Log) func() {
	t.Helper()
	ctx, client := t.Context(), b.Client()
	dumps := map[string]string{}
	for _, key := range keysOf(t, client, log) {
		dumps[key] = client.Dump(ctx, key).Val()
	}
	if len(dumps) == 0 {
		t.Fatal("the log has no keys")
	}
	return func() {
		for _, key := range keysOf(t, client, log) {
			if err := client.Del(ctx, key).Err(); err != nil {
				t.Fatal(err)
			}
		}
		for key, dump := range dumps {
			if err := client.Restore(ctx, key, 0, dump).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func keysOf(t testing.TB, client redis.UniversalClient, log eventlog.Log) []string {
	t.Helper()
	var keys []string
	collect := func(ctx context.Context, c *redis.Client) error {
		found, err := c.Keys(ctx, "nextup:{"+log.Name+"}:*").Result()
		keys = append(keys, found...)
		return err
	}
	var err error
	switch c := client.(type) {
	case *redis.ClusterClient:
		for _, node := range masters(t, c) {
			if err = collect(t.Context(), node); err != nil {
				break
			}
		}
	case *redis.Client:
		err = collect(t.Context(), c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func masters(t testing.TB, c *redis.ClusterClient) []*redis.Client {
	t.Helper()
	var nodes []*redis.Client
	found := make(chan *redis.Client, 16)
	if err := c.ForEachMaster(t.Context(), func(_ context.Context, node *redis.Client) error {
		found <- node
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	close(found)
	for node := range found {
		nodes = append(nodes, node)
	}
	return nodes
}

func one(id string) []eventlog.Commit {
	return []eventlog.Commit{{ID: id, Data: []byte("e=" + id), Writes: []eventlog.Write{{Name: "e", Body: []byte(id)}}}}
}

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
	// The server answers nobody for a while, and does not close anything.
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

func TestAFullServerRefusesWhatDoesNotFree(t *testing.T) {
	b := open(t, redistest.Start(t, "--maxmemory-policy", "noeviction"))
	log := eventlog.Log{Name: "full"}
	if _, err := b.Commit(t.Context(), log, one("c1")); err != nil {
		t.Fatal(err)
	}
	if err := b.Client().ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Commit(t.Context(), log, one("c2")); !errors.Is(err, eventlog.ErrFull) || !errors.Is(err, eventlog.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
	end := eventlog.Commit{ID: "end", Seal: true, Frees: true}
	if out, err := b.Commit(t.Context(), log, []eventlog.Commit{end}); err != nil || out[0].Status != eventlog.Committed || out[0].Head.Number != 2 {
		t.Fatalf("a commit that frees: %v %v", out, err)
	}
	if err := b.Client().ConfigSet(t.Context(), "maxmemory", "0").Err(); err != nil {
		t.Fatal(err)
	}
	if out, err := b.Commit(t.Context(), log, one("c2")); err != nil || out[0].Status != eventlog.Sealed {
		t.Fatalf("afterwards: %v %v", out, err)
	}
}

func TestAReadOnlyServerIsUnavailable(t *testing.T) {
	b := open(t, redistest.Start(t))
	if err := b.Client().SlaveOf(t.Context(), "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Commit(t.Context(), eventlog.Log{Name: "ro"}, one("c")); !errors.Is(err, eventlog.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
}

func TestAFlushedScriptCacheIsNoFailure(t *testing.T) {
	b := open(t, redistest.Start(t))
	log := eventlog.Log{Name: "flushed"}
	for i := range 3 {
		if out, err := b.Commit(t.Context(), log, one(fmt.Sprint("c", i))); err != nil || out[0].Status != eventlog.Committed {
			t.Fatal(out, err)
		}
		if err := b.Client().ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAllKeysOfALogExpireWithIt(t *testing.T) {
	b := open(t, redistest.Shared(t))
	for _, remember := range []time.Duration{0, time.Hour * 100} {
		log := eventlog.Log{Name: fmt.Sprint(t.Name(), remember), Keep: time.Hour, Remember: remember}
		if _, err := b.Commit(t.Context(), log, one("c")); err != nil {
			t.Fatal(err)
		}
		keys := keysOf(t, b.Client(), log)
		slices.Sort(keys)
		if len(keys) != 4 {
			t.Fatalf("keys %v", keys)
		}
		for _, key := range keys {
			if ttl := b.Client().PTTL(t.Context(), key).Val(); ttl <= 59*time.Minute || ttl > time.Hour {
				t.Errorf("%s lives for %v", key, ttl)
			}
		}
	}
}

func TestStampsDoNotFollowAServersClockThatGoesBack(t *testing.T) {
	b := open(t, redistest.Shared(t))
	log := eventlog.Log{Name: t.Name()}
	commit := func(c eventlog.Commit) eventlog.Outcome {
		t.Helper()
		out, err := b.Commit(t.Context(), log, []eventlog.Commit{c})
		if err != nil {
			t.Fatal(err)
		}
		return out[0]
	}
	commit(eventlog.Commit{ID: "c1"})
	ahead := time.Now().Add(time.Hour).UnixMilli() // as if the clock had been there
	if err := b.Client().HSet(t.Context(), "nextup:{"+log.Name+"}:head", "at", ahead).Err(); err != nil {
		t.Fatal(err)
	}
	if o := commit(eventlog.Commit{ID: "c2", NotBefore: ahead, NotAfter: ahead}); o.Status != eventlog.Committed || o.Head.At != ahead {
		t.Fatalf("got %+v, not a stamp of %d", o, ahead)
	}
	if now := b.Now(); now > ahead-30*60_000 {
		t.Fatal("one log's stamps moved the clock of all")
	}
}

func TestCloseEndsEverythingThatOpenStarted(t *testing.T) {
	url := redistest.Shared(t)
	before := goleak.IgnoreCurrent()
	b, err := redislog.Open(t.Context(), url, redislog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	stop := b.Subscribe(eventlog.Log{Name: t.Name()}, func(eventlog.Signal) {})
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	stop()
	goleak.VerifyNone(t, before)
}

func TestRankTellsThePlaceInASortedSet(t *testing.T) {
	b := open(t, redistest.Shared(t))
	log := eventlog.Log{Name: t.Name()}
	if _, err := b.Commit(t.Context(), log, []eventlog.Commit{{ID: "c", Ranks: []eventlog.Rank{
		{Set: "q", Member: "second", Score: 2}, {Set: "q", Member: "first", Score: 1},
	}}}); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]int64{
		eventlog.RankKey(1, "first"): 0, eventlog.RankKey(1, "second"): 1, eventlog.RankKey(2, "second"): -1,
	} {
		if got, err := b.Rank(t.Context(), log, "q", key); err != nil || got != want {
			t.Errorf("%s: %d %v, want %d", key, got, err, want)
		}
	}
}

func TestOpenFailsWhereNobodyAnswers(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	b, err := redislog.Open(ctx, "redis://:secret@127.0.0.1:1", redislog.Options{})
	if !errors.Is(err, eventlog.ErrUnavailable) {
		t.Fatalf("got %v %v", b, err)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Fatalf("the error tells the password: %v", err)
	}
}
