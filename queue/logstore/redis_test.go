package logstore_test

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog/redislog"
	"nextup/queue"
	"nextup/queue/logstore"
	"nextup/queue/queuetest"
	"nextup/test/redistest"
)

func TestConformanceOnRedis(t *testing.T) {
	queuetest.Run(t, harness(t, redistest.Start(t), 20))
}

// Three masters: a script whose keys lie in two slots is refused here.
func TestConformanceOnACluster(t *testing.T) {
	queuetest.Run(t, harness(t, redistest.Cluster(t), 4))
}

// harness has the stores run as the user that is documented.
func harness(t *testing.T, url string, seeds int) queuetest.Harness {
	witness, user := open(t, url), redistest.As(t, url, redislog.ACL())
	return queuetest.Harness{
		Open: func(t *testing.T) queue.Store { return logstore.New(open(t, user)) },
		Lose: func(t *testing.T, site string, during func()) { lose(t, url, site, during) },
		Rank: func(t *testing.T, site string, _ queue.QueueID, ticket *queue.Ticket) (int, int) {
			rank, size, err := logstore.Rank(t.Context(), witness, site, ticket)
			if err != nil {
				t.Fatal(err)
			}
			return rank, size
		},
		Seeds: seeds,
	}
}

func open(t *testing.T, url string) *redislog.Backend {
	t.Helper()
	backend, err := redislog.Open(t.Context(), url, redislog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = backend.Close() })
	return backend
}

// lose takes every key of the site back to what it was before during, as a
// failover to a replica that lagged does.
func lose(t *testing.T, url, site string, during func()) {
	t.Helper()
	client, err := redislog.Dial(url)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx := t.Context()
	pattern := "nextup:{s:" + site + "}:*"
	before := map[string]string{}
	for _, key := range keys(t, client, pattern) {
		if before[key], err = client.Dump(ctx, key).Result(); err != nil {
			t.Fatal(err)
		}
	}
	during()
	now := keys(t, client, pattern)
	_, err = client.TxPipelined(ctx, func(tx redis.Pipeliner) error { // at once: no reader sees half of it
		for _, key := range now {
			tx.Del(ctx, key)
		}
		for key, dump := range before {
			tx.Restore(ctx, key, 0, dump)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// keys lists the keys of a pattern on every master.
func keys(t *testing.T, client redis.UniversalClient, pattern string) []string {
	t.Helper()
	scan := func(ctx context.Context, c redis.Cmdable) ([]string, error) { return c.Keys(ctx, pattern).Result() }
	cluster, ok := client.(*redis.ClusterClient)
	if !ok {
		all, err := scan(t.Context(), client)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	found := make(chan []string, 16)
	err := cluster.ForEachMaster(t.Context(), func(ctx context.Context, c *redis.Client) error {
		some, err := scan(ctx, c)
		found <- some
		return err
	})
	close(found)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for some := range found {
		all = append(all, some...)
	}
	return all
}

func BenchmarkCommitOnRedis(b *testing.B) {
	backend, err := redislog.Open(b.Context(), redistest.Start(b), redislog.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer backend.Close()
	queuetest.Bench(b, logstore.New(backend))
}
