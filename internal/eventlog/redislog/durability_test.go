package redislog_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nextup/internal/eventlog"
	"nextup/internal/eventlog/redislog"
	"nextup/test/redistest"
)

func TestADurabilityIsParsedByItsName(t *testing.T) {
	for _, want := range []redislog.Durability{redislog.Memory, redislog.Replica, redislog.Disk} {
		if got, err := redislog.ParseDurability(want.String()); got != want || err != nil {
			t.Errorf("%s: %v %v", want, got, err)
		}
	}
	if _, err := redislog.ParseDurability("disc"); err == nil || !strings.Contains(err.Error(), "memory, replica, disk") {
		t.Errorf("disc: %v", err)
	}
}

func with(d redislog.Durability) func(*redislog.Options) {
	return func(o *redislog.Options) { o.Durability = d }
}

// pair runs a master and a replica in step with it.
func pair(t testing.TB) (master, replica *redistest.Server) {
	t.Helper()
	master = redistest.StartServer(t, "--repl-diskless-sync-delay", "0")
	replica = redistest.StartServer(t)
	replicaOf(t, replica, master)
	return master, replica
}

func TestNothingIsAcknowledgedBeforeAReplicaHasIt(t *testing.T) {
	t.Parallel()
	master, replica := pair(t)
	log := eventlog.Log{Name: "replicated", Remember: time.Minute}
	forever := eventlog.Log{Name: "replicated for ever"}
	b := open(t, master.URL(), with(redislog.Replica))
	if b.Durability() != redislog.Replica {
		t.Errorf("it says %s", b.Durability())
	}
	commit := func(b *redislog.Backend, log eventlog.Log, id string, want eventlog.Status, number uint64) {
		t.Helper()
		out, err := b.Commit(t.Context(), log, one(id))
		if err != nil || out[0].Status != want || out[0].Head.Number != number {
			t.Errorf("commit %s of %s: %v %v, want status %d at %d", id, log.Name, out, err, want, number)
		}
	}
	for _, l := range []eventlog.Log{log, forever} {
		commit(b, l, "before", eventlog.Committed, 1)
	}

	other := open(t, master.URL(), with(redislog.Replica))
	replica.Freeze()
	defer replica.Thaw()
	var all sync.WaitGroup
	sent := map[string]*atomic.Int32{}
	for _, l := range []eventlog.Log{log, forever} {
		n := &atomic.Int32{}
		sent[l.Name] = n
		// They come by connections that have written before, and by some that have not.
		// What a probe finds out meanwhile keeps later ones from being sent.
		for try, b := range []*redislog.Backend{b, b, other} {
			all.Go(func() {
				out, err := b.Commit(t.Context(), l, one("c"))
				if !errors.Is(err, eventlog.ErrUnavailable) {
					t.Errorf("%s, try %d: %v %v", l.Name, try, out, err)
				}
				if !errors.Is(err, eventlog.ErrUntried) {
					n.Add(1)
				}
			})
		}
	}
	all.Go(func() {
		out, err := b.Commit(t.Context(), log, []eventlog.Commit{{ID: "no", Reads: []eventlog.Read{{Name: "e", Version: "old"}}}})
		if !errors.Is(err, eventlog.ErrUntried) && (err != nil || out[0].Status != eventlog.Conflict) {
			t.Errorf("a refusal: %v %v", out, err)
		}
	})
	all.Wait()
	records, err := b.Read(t.Context(), log, 1, 10)
	if err != nil || len(records) != 1 || records[0].ID != "c" {
		t.Errorf("what is not replicated yet is read as %v, %v", records, err)
	}

	replica.Thaw()
	awaitProbe(t, b, log, "with its replica again", taken)
	copied := replica.Client()
	defer copied.Close()
	for _, l := range []eventlog.Log{log, forever} {
		commit(b, l, "c", eventlog.Duplicate, 2)
		// Some versions of Redis let WAIT speak of what others wrote before, and
		// some do not: each of the calls that found c wrote something.
		if n, want := copied.HGet(t.Context(), "nextup:"+key(l)+":head", "again").Val(), fmt.Sprint(sent[l.Name].Load()); n != want {
			t.Errorf("%s: found again and replicated %q times, want %s", l.Name, n, want)
		}
		commit(b, l, "after", eventlog.Committed, 3)
	}
}

func TestCommitsWaitForTheReplicaBesideEachOther(t *testing.T) {
	t.Parallel()
	master, replica := pair(t)
	b := open(t, master.URL(), with(redislog.Replica))
	if _, err := b.Commit(t.Context(), eventlog.Log{Name: "many"}, one("first")); err != nil { // the server knows the script
		t.Fatal(err)
	}
	replica.Freeze()
	defer replica.Thaw()
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			if _, err := b.Commit(t.Context(), eventlog.Log{Name: "many"}, one(fmt.Sprint(i))); !errors.Is(err, eventlog.ErrUnavailable) {
				t.Errorf("commit %d: %v", i, err)
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	client := master.Client()
	defer client.Close()
	var most int // that Redis has wait for the replica at one time
	for {
		info, err := client.InfoMap(t.Context(), "clients").Result()
		if err != nil {
			t.Fatal(err)
		}
		waiting, _ := strconv.Atoi(info["Clients"]["blocked_clients"])
		most = max(most, waiting)
		select {
		case <-done:
			if most < 2 {
				t.Errorf("at most %d of ten commits waited for the replica at one time", most)
			}
			return
		case <-time.After(time.Millisecond):
		}
	}
}

func TestDiskTakesARedisThatWritesEachCommandToDisk(t *testing.T) {
	always := []string{"--appendonly", "yes", "--appendfsync", "always"}
	for name, c := range map[string]struct {
		args  []string
		trust bool
		want  string // of the error
	}{
		"always":                {args: always},
		"every second":          {args: []string{"--appendonly", "yes"}, want: `appendfsync must be always, and is "everysec"`},
		"never":                 {want: `appendonly must be yes, and is "no"`},
		"not while rewriting":   {args: append([]string{"--no-appendfsync-on-rewrite", "yes"}, always...), want: "no-appendfsync-on-rewrite must be no"},
		"it does not say":       {args: append([]string{"--rename-command", "CONFIG", ""}, always...), want: "set TrustDisk"},
		"not asked, as trusted": {args: append([]string{"--rename-command", "CONFIG", ""}, always...), trust: true},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			url := redistest.Start(t, c.args...)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			b, err := redislog.Open(ctx, url, redislog.Options{Durability: redislog.Disk, TrustDisk: c.trust})
			if c.want != "" {
				if err == nil {
					b.Close()
				}
				if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, eventlog.ErrUnavailable) {
					t.Fatalf("got %v, want ... %s ...", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			if out, err := b.Commit(t.Context(), eventlog.Log{Name: "disk"}, one("c")); err != nil || out[0].Status != eventlog.Committed {
				t.Errorf("commit: %v %v", out, err)
			}
		})
	}
	t.Run("every_master_of_a_Cluster", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := redislog.Open(ctx, redistest.SharedCluster(t), redislog.Options{Durability: redislog.Disk})
		if err == nil || !strings.Contains(err.Error(), "appendonly must be yes") {
			t.Errorf("got %v", err)
		}
	})
}

func TestWhatDiskAcknowledgedSurvivesAKill(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t, "--appendonly", "yes", "--appendfsync", "always")
	l := startLoad(t, server.URL(), with(redislog.Disk))
	server.Kill()
	server.Restart(t)
	l.goesOn("after the restart")
	// An operator makes it faster.
	set := func(value string) {
		t.Helper()
		if err := l.writer.Client().ConfigSet(t.Context(), "appendfsync", value).Err(); err != nil {
			t.Fatal(err)
		}
	}
	set("everysec")
	if out, err := l.writer.Commit(t.Context(), l.log, one("c")); !errors.Is(err, eventlog.ErrUnavailable) || !strings.Contains(err.Error(), "appendfsync must be always") {
		t.Errorf("got %v %v", out, err)
	}
	set("always")
	if out, err := l.writer.Commit(t.Context(), l.log, one("c")); err != nil || out[0].Status != eventlog.Duplicate {
		t.Errorf("got %v %v", out, err)
	}
	l.nothingLost()
}
