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
	"nextup/test/redistest"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m)) }

func TestRedisIsABackend(t *testing.T) { conform(t, redistest.Shared(t)) }

func TestARedisClusterIsABackend(t *testing.T) { conform(t, redistest.SharedCluster(t)) }

// conform runs the suite as the user that is documented.
func conform(t *testing.T, url string) {
	admin, user := open(t, url), redistest.As(t, url, redislog.ACL())
	first, second := open(t, user), open(t, user)
	eventlogtest.Run(t, func(*testing.T) eventlogtest.Setup {
		return eventlogtest.Setup{
			Backend: first, Second: second,
			Checkpoint: func(t testing.TB, log eventlog.Log) func() { return checkpoint(t, admin, log) },
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

func TestAllKeysOfALogExpireWithIt(t *testing.T) {
	b := open(t, redistest.Shared(t))
	for remember, kinds := range map[time.Duration]int{0: 3, time.Hour * 100: 4} {
		log := eventlog.Log{Name: fmt.Sprint(t.Name(), remember), Keep: time.Hour, Remember: remember}
		if _, err := b.Commit(t.Context(), log, one("c")); err != nil {
			t.Fatal(err)
		}
		keys := keysOf(t, b.Client(), log)
		slices.Sort(keys)
		if len(keys) != kinds {
			t.Fatalf("keys %v", keys)
		}
		for _, key := range keys {
			if ttl := b.Client().PTTL(t.Context(), key).Val(); ttl <= 59*time.Minute || ttl > time.Hour+time.Hour/64 {
				t.Errorf("%s lives for %v", key, ttl)
			}
		}
	}
}

func TestALogLivesForKeepAfterEveryCommit(t *testing.T) {
	b := open(t, redistest.Shared(t))
	log := eventlog.Log{Name: t.Name(), Keep: time.Hour}
	commit := func(id string) {
		t.Helper()
		if _, err := b.Commit(t.Context(), log, one(id)); err != nil {
			t.Fatal(err)
		}
		keys := keysOf(t, b.Client(), log)
		if len(keys) != 3 {
			t.Fatalf("keys %v", keys)
		}
		for _, key := range keys {
			if ttl := b.Client().PTTL(t.Context(), key).Val(); ttl <= 59*time.Minute || ttl > time.Hour+time.Hour/64 {
				t.Errorf("after %s, %s lives for %v", id, key, ttl)
			}
		}
	}
	commit("c1")
	for _, key := range keysOf(t, b.Client(), log) { // as if half an hour had passed
		b.Client().PExpire(t.Context(), key, time.Hour/2)
	}
	b.Client().HSet(t.Context(), "nextup:{"+log.Name+"}:head", "until", time.Now().Add(time.Hour/2).UnixMilli())
	commit("c2")
	if _, err := b.Commit(t.Context(), log, []eventlog.Commit{{ID: "none", Writes: []eventlog.Write{{Name: "e"}}}}); err != nil {
		t.Fatal(err)
	}
	commit("c3") // its entities are a key anew
}

func TestACommitThatTheStreamRefusesIsNotRemembered(t *testing.T) {
	b := open(t, redistest.Shared(t))
	for _, remember := range []time.Duration{0, time.Hour} {
		log := eventlog.Log{Name: fmt.Sprint(t.Name(), remember), Remember: remember}
		if _, err := b.Commit(t.Context(), log, one("c1")); err != nil {
			t.Fatal(err)
		}
		// As an eviction would: the next number is one that the stream has.
		if err := b.Client().Del(t.Context(), "nextup:{"+log.Name+"}:head").Err(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if out, err := b.Commit(t.Context(), log, one("c2")); err == nil {
				t.Errorf("remember %v: got %+v", remember, out)
			}
		}
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
