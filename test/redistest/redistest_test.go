package redistest_test

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"nextup/test/redistest"
)

func TestAServerAnswersAndIsGoneAfterItsTest(t *testing.T) {
	var url string
	t.Run("while it runs", func(t *testing.T) {
		url = redistest.Start(t)
		if err := ping(t, url); err != nil {
			t.Fatal(err)
		}
	})
	if url == "" {
		t.Skip("no redis-server")
	}
	if ping(t, url) == nil {
		t.Fatal("it still answers")
	}
}

func ping(t *testing.T, url string) error {
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	o.MaxRetries, o.DialerRetries = -1, 1
	client := redis.NewClient(o)
	defer client.Close()
	return client.Ping(t.Context()).Err()
}

func TestAServerThatWasKilledComesBackWithWhatItsAppendOnlyFileHolds(t *testing.T) {
	s := redistest.StartServer(t, "--appendonly", "yes", "--appendfsync", "always")
	client := s.Client()
	defer client.Close()
	if err := client.Set(t.Context(), "kept", "yes", 0).Err(); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if client.Ping(t.Context()).Err() == nil {
		t.Fatal("a killed server answers")
	}
	s.Restart(t)
	if got := client.Get(t.Context(), "kept").Val(); got != "yes" {
		t.Errorf("the key holds %q", got)
	}
}

func TestAGroupReplacesAMasterThatWasKilled(t *testing.T) {
	tests := map[string]func(testing.TB) *redistest.Group{
		"Sentinel": func(t testing.TB) *redistest.Group { return redistest.Sentinel(t) },
		"Cluster":  redistest.ReplicatedCluster,
	}
	for name, start := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := start(t)
			g.Masters[0].Kill()
			g.AwaitMaster(t, g.Replicas[0])
			client := g.Replicas[0].Client()
			defer client.Close()
			if err := client.Do(t.Context(), "PUBLISH", "news", "written").Err(); err != nil {
				t.Errorf("the new master does not serve: %v", err)
			}
		})
	}
}

func TestASlotMovesWithItsKeys(t *testing.T) {
	g := redistest.ReplicatedCluster(t)
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{g.Masters[0].Addr()}})
	defer cluster.Close()
	for _, part := range []string{"a", "b"} {
		if err := cluster.Set(t.Context(), "{tag}"+part, part, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, to := range []*redistest.Server{g.Masters[0], g.Masters[1]} {
		if holds(t, to) {
			continue
		}
		g.MoveSlot(t, "{tag}", to)
		if !holds(t, to) {
			t.Errorf("%s does not have the slot's keys", to.Addr())
		}
		if got := cluster.Get(t.Context(), "{tag}b").Val(); got != "b" {
			t.Errorf("after the move the key holds %q", got)
		}
	}
}

func holds(t *testing.T, s *redistest.Server) bool {
	client := s.Client()
	defer client.Close()
	return client.Get(t.Context(), "{tag}a").Val() == "a"
}
