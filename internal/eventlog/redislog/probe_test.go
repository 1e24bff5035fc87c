package redislog_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog"
	"nextup/internal/eventlog/redislog"
	"nextup/test/redistest"
)

// awaitProbe asks until the answer is as wanted.
func awaitProbe(t testing.TB, b *redislog.Backend, log eventlog.Log, what string, want func(error) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := b.Probe(ctx, log)
		if want(err) {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: the probe of an idle log says %v", what, err)
		}
	}
}

func taken(err error) bool { return err == nil }

func refused(err error) bool {
	return errors.Is(err, eventlog.ErrUnavailable) && !errors.Is(err, eventlog.ErrFull)
}

func full(err error) bool { return errors.Is(err, eventlog.ErrFull) }

// Each row is a server that answers PING and reads and takes no commit. No caller
// commits anything: the probe alone finds out.
func TestALogThatCanBeReadAndNotWrittenIsFoundOutThoughNobodyWrites(t *testing.T) {
	do := func(args ...any) func(context.Context, *redis.Client) error {
		return func(ctx context.Context, c *redis.Client) error { return c.Do(ctx, args...).Err() }
	}
	for name, row := range map[string]struct {
		args       []string
		durability redislog.Durability
		breaks     func(context.Context, *redis.Client) error
		mends      func(context.Context, *redis.Client) error
		want       func(error) bool
	}{
		"too few replicas":           {breaks: do("CONFIG", "SET", "min-replicas-to-write", 1), mends: do("CONFIG", "SET", "min-replicas-to-write", 0)},
		"a demoted master":           {breaks: do("REPLICAOF", "127.0.0.1", 1), mends: do("REPLICAOF", "NO", "ONE")},
		"full":                       {breaks: do("CONFIG", "SET", "maxmemory", 1), mends: do("CONFIG", "SET", "maxmemory", 0), want: full},
		"no snapshot can be written": {breaks: failSnapshot, mends: do("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")},
		"writes are paused":          {breaks: do("CLIENT", "PAUSE", 600_000, "WRITE"), mends: do("CLIENT", "UNPAUSE")},
		"no XADD":                    {breaks: do("ACL", "SETUSER", "default", "-xadd"), mends: do("ACL", "SETUSER", "default", "+@all")},
		"no SET":                     {breaks: do("ACL", "SETUSER", "default", "-set"), mends: do("ACL", "SETUSER", "default", "+@all")},
		"no ZREM":                    {breaks: do("ACL", "SETUSER", "default", "-zrem"), mends: do("ACL", "SETUSER", "default", "+@all")},
		"no PUBLISH":                 {breaks: do("ACL", "SETUSER", "default", "-publish"), mends: do("ACL", "SETUSER", "default", "+@all")},
		"no scripts":                 {breaks: do("ACL", "SETUSER", "default", "-evalsha", "-eval"), mends: do("ACL", "SETUSER", "default", "+@all")},
		"keys to be read only":       {breaks: do("ACL", "SETUSER", "default", "resetkeys", "%R~*"), mends: do("ACL", "SETUSER", "default", "~*")},
		"no channel":                 {breaks: do("ACL", "SETUSER", "default", "resetchannels"), mends: do("ACL", "SETUSER", "default", "&*")},
		"no replica for replica":     {durability: redislog.Replica},
		"disk no longer in time": {
			durability: redislog.Disk, args: []string{"--appendonly", "yes", "--appendfsync", "always"},
			breaks: do("CONFIG", "SET", "appendfsync", "everysec"), mends: do("CONFIG", "SET", "appendfsync", "always"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.StartServer(t, row.args...)
			b := open(t, server.URL(), with(row.durability))
			log := eventlog.Log{Name: "idle"}
			admin := server.Client()
			defer admin.Close()
			if row.want == nil {
				row.want = refused
			}
			if row.breaks != nil {
				awaitProbe(t, b, log, "before", taken)
				if err := row.breaks(t.Context(), admin); err != nil {
					t.Fatal(err)
				}
			}
			awaitProbe(t, b, log, "broken", row.want)
			if _, err := b.Heads(t.Context(), []eventlog.Log{log}); err != nil {
				t.Errorf("it cannot be read either: %v", err)
			}
			if row.mends == nil {
				return
			}
			if err := row.mends(t.Context(), admin); err != nil {
				t.Fatal(err)
			}
			awaitProbe(t, b, log, "mended", taken)
			if keys := keysOf(t, admin, log); len(keys) == 0 {
				t.Error("it is no probe that writes nothing")
			} else {
				for _, key := range keys {
					if ttl := admin.PTTL(t.Context(), key).Val(); ttl <= 0 || ttl > 2*time.Minute {
						t.Errorf("%s is left for %v", key, ttl)
					}
				}
			}
			if heads, err := b.Heads(t.Context(), []eventlog.Log{log}); err != nil || heads[0] != (eventlog.Head{}) {
				t.Errorf("the log itself has %v, %v", heads, err)
			}
		})
	}
}

// failSnapshot has Redis refuse writes since it could not write its last snapshot,
// as on a disk that is full.
func failSnapshot(ctx context.Context, c *redis.Client) error {
	if err := c.ConfigSet(ctx, "save", "3600 1").Err(); err != nil {
		return err
	}
	dir := c.ConfigGet(ctx, "dir").Val()["dir"]
	if err := os.RemoveAll(filepath.Clean(dir)); err != nil {
		return err
	}
	return c.BgSave(ctx).Err()
}

func TestAProbeAsksAServerOnceForAllItsLogs(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	b := open(t, server.URL())
	for i := range 300 {
		if err := b.Probe(t.Context(), eventlog.Log{Name: fmt.Sprint(i % 10)}); err != nil {
			t.Fatal(err)
		}
	}
	admin := server.Client()
	defer admin.Close()
	probed := admin.Keys(t.Context(), "nextup:*:probe:records").Val()
	if len(probed) == 0 || len(probed) == 10 {
		t.Errorf("300 probes of ten logs in a moment wrote beside %d of them", len(probed))
	}
}

// A Cluster may lack some slots and serve the others: who is in these is served.
func TestASlotThatIsNotServedTakesNoOtherLogAlong(t *testing.T) {
	t.Parallel()
	g := redistest.ReplicatedCluster(t)
	b := open(t, g.URL)
	lost := eventlog.Log{Name: "lost"}
	var others []eventlog.Log // one on each server
	found := map[int]bool{}
	for i := 0; len(found) < len(g.Masters); i++ {
		log := eventlog.Log{Name: fmt.Sprint("other", i)}
		if k := keeper(t, g, b, log); !found[k] {
			found[k] = true
			others = append(others, log)
		}
	}
	for _, s := range g.Servers() {
		admin := s.Client()
		defer admin.Close()
		if err := admin.ConfigSet(t.Context(), "cluster-require-full-coverage", "no").Err(); err != nil {
			t.Fatal(err)
		}
		if err := admin.ClusterDelSlots(t.Context(), int(admin.ClusterKeySlot(t.Context(), key(lost)).Val())).Err(); err != nil {
			t.Fatal(err)
		}
	}
	awaitProbe(t, b, lost, "without its slot", refused)
	for range 20 {
		_ = b.Probe(t.Context(), lost) // it asks some server or other
		for _, log := range others {
			if err := b.Probe(t.Context(), log); err != nil {
				t.Fatalf("a log whose slot is served: %v", err)
			}
		}
	}
}
