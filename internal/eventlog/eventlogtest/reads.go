package eventlogtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"nextup/internal/eventlog"
)

var readTests = map[string]func(*testing.T, Setup){
	"an empty log has the zero head and nothing to read": func(t *testing.T, s Setup) {
		log := newLog()
		records, err := s.Backend.Read(t.Context(), log, 0, 10)
		if err != nil || len(records) != 0 || head(t, s.Backend, log) != (eventlog.Head{}) || len(scanAll(t, s.Backend, log)) != 0 {
			t.Fatalf("%v %v", records, err)
		}
	},
	"bytes come back as they were": func(t *testing.T, s Setup) {
		log := newLog()
		data := []byte("\x00\xff {}\r\n\"\\ \x80 日本 1.7e15")
		name := "e \x00\n é"
		do(t, s.Backend, log, eventlog.Commit{ID: "~!{}", Data: data, Writes: []eventlog.Write{{Name: name, Body: data}}})
		records := readAll(t, s.Second, log, 10)
		e := scanAll(t, s.Second, log)[name]
		if !bytes.Equal(records[0].Data, data) || !bytes.Equal(e.Body, data) || e.Version != "~!{}" {
			t.Fatalf("%+v %+v", records[0], e)
		}
		commitEach(t, s.Second, log, step{reads(put("c2", name, "x"), eventlog.Read{Name: name, Version: "~!{}"}), committed, 2})
	},
	"an entity is read alone, as it is now": func(t *testing.T, s Setup) {
		log := newLog()
		for i, c := range []eventlog.Commit{put("c1", "a", "1"), put("c2", "a", "2"), put("c3", "b", "3"), {ID: "c4", Writes: []eventlog.Write{{Name: "a"}}}} {
			do(t, s.Backend, log, c)
			for _, name := range []string{"a", "b"} {
				got, err := s.Second.Entity(t.Context(), log, name)
				want := scanAll(t, s.Second, log)[name]
				if err != nil || got.Name != want.Name || got.Version != want.Version || got.Number != want.Number || got.At != want.At || !bytes.Equal(got.Body, want.Body) {
					t.Errorf("after commit %d %q is %+v, %v, want %+v", i+1, name, got, err, want)
				}
			}
		}
	},
	"heads come in the order asked for": func(t *testing.T, s Setup) {
		var all []eventlog.Log
		for i := range 20 {
			log := newLog()
			for n := range i {
				do(t, s.Backend, log, put(fmt.Sprint("c", n), "a", "1"))
			}
			all = append(all, log)
		}
		heads, err := s.Second.Heads(t.Context(), all)
		if err != nil {
			t.Fatal(err)
		}
		for i, h := range heads {
			if h.Number != uint64(i) || i > 0 && (h.ID != fmt.Sprint("c", i-1) || h.At == 0) {
				t.Errorf("head %d is %+v", i, h)
			}
		}
	},
	"a scan in pages meets everyone": func(t *testing.T, s Setup) {
		log := newLog()
		const n = 3000
		for from := 0; from < n; from += 100 {
			var commits []eventlog.Commit
			for i := from; i < from+100; i++ {
				commits = append(commits, put(fmt.Sprint("c", i), fmt.Sprint("e", i), fmt.Sprint(i)))
			}
			do(t, s.Backend, log, commits...)
		}
		pages, seen := 0, map[string]bool{}
		for cursor := uint64(0); ; {
			page, next, err := s.Second.Scan(t.Context(), log, cursor)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page {
				seen[e.Name] = true
			}
			// Others come and go meanwhile.
			drop := fmt.Sprint("e", pages*7)
			do(t, s.Backend, log,
				eventlog.Commit{ID: fmt.Sprint("drop", pages), Writes: []eventlog.Write{{Name: drop}}},
				put(fmt.Sprint("new", pages), fmt.Sprint("new", pages), "x"))
			seen[drop] = true // gone on purpose
			pages++
			if cursor = next; cursor == 0 {
				break
			}
		}
		if pages < 3 {
			t.Errorf("%d entities came in %d pages", n, pages)
		}
		for i := range n {
			if !seen[fmt.Sprint("e", i)] {
				t.Fatalf("entity %d was not met", i)
			}
		}
	},
	"history stays at least Trim and goes after it": func(t *testing.T, s Setup) {
		const trim = 150 * time.Millisecond
		log := newLog(func(l *eventlog.Log) { l.Trim = trim })
		stamps := map[uint64]int64{}
		n := 0
		eventually(t, "old records go", func() bool {
			var commits []eventlog.Commit
			for range 100 {
				n++
				commits = append(commits, put(fmt.Sprint("c", n), "a", fmt.Sprint(n)))
			}
			var now int64
			for _, o := range do(t, s.Backend, log, commits...) {
				stamps[o.Head.Number] = o.Head.At
				now = o.Head.At
			}
			for number, at := range stamps {
				if now-at >= trim.Milliseconds() {
					continue
				}
				r, err := s.Second.Read(t.Context(), log, number-1, 1)
				// Between the commit and this read time passed, but no commit.
				if err != nil || len(r) != 1 || r[0].Number != number {
					t.Fatalf("record %d of %d ms ago: %v %v", number, now-at, r, err)
				}
				break
			}
			_, err := s.Second.Read(t.Context(), log, 0, 1)
			if err != nil && !errors.Is(err, eventlog.ErrTrimmed) {
				t.Fatal(err)
			}
			return err != nil
		})
	},
	"a log without Trim keeps everything": func(t *testing.T, s Setup) {
		log := newLog(func(l *eventlog.Log) { l.Remember = 0 })
		for from := 0; from < 2000; from += 100 {
			var commits []eventlog.Commit
			for i := from; i < from+100; i++ {
				commits = append(commits, put(fmt.Sprint("c", i), "a", "x"))
			}
			do(t, s.Backend, log, commits...)
		}
		if n := len(readAll(t, s.Backend, log, 333)); n != 2000 {
			t.Fatalf("%d records", n)
		}
	},
	"a log with Keep is gone some time after its last commit": func(t *testing.T, s Setup) {
		log := newLog(func(l *eventlog.Log) { l.Keep, l.Remember = 60*time.Millisecond, 0 })
		do(t, s.Backend, log, eventlog.Commit{ID: "c1", Writes: put("c1", "a", "1").Writes, RaiseFence: 9, Seal: true})
		eventually(t, "it is gone", func() bool { return head(t, s.Second, log) == (eventlog.Head{}) })
		if len(scanAll(t, s.Backend, log)) != 0 {
			t.Fatal("entities stayed")
		}
		commitEach(t, s.Backend, log, step{with(put("c1", "a", "1"), func(c *eventlog.Commit) { c.Fence = 1 }), committed, 1})
		if _, err := s.Backend.Commit(t.Context(), log, []eventlog.Commit{{ID: "r", Ranks: []eventlog.Rank{{Set: "q", Member: "m"}}}}); err == nil {
			t.Fatal("it took a rank")
		}
	},
	"time never goes back": func(t *testing.T, s Setup) {
		last := int64(0)
		log := newLog()
		for i := range 200 {
			if i%20 == 0 {
				do(t, s.Backend, log, put(fmt.Sprint("c", i), "a", "x"))
			}
			now := s.Backend.Now(log)
			if now < last {
				t.Fatalf("%d after %d", now, last)
			}
			last = now
		}
	},
	"many committers leave one chain": func(t *testing.T, s Setup) {
		for seed := range uint64(3) {
			log := newLog(func(l *eventlog.Log) { l.Remember = time.Duration(seed) * time.Minute })
			accepted := manyCommitters(t, s, log, seed)
			records := readAll(t, s.Second, log, 100)
			if len(records) != len(accepted) {
				t.Fatalf("seed %d: %d accepted, %d records", seed, len(accepted), len(records))
			}
			version := map[string]string{}
			for _, r := range records {
				if accepted[r.ID] != r.Number {
					t.Fatalf("seed %d: %s was answered with %d and is %d", seed, r.ID, accepted[r.ID], r.Number)
				}
				// Data tells which entity it wrote and which version it saw.
				name, saw, _ := bytes.Cut(r.Data, []byte("="))
				if version[string(name)] != string(saw) {
					t.Fatalf("seed %d: %s saw %q of %s, which was %q", seed, r.ID, saw, name, version[string(name)])
				}
				version[string(name)] = r.ID
			}
		}
	},
	"a context that ended is an unavailable log": func(t *testing.T, s Setup) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Backend.Commit(ctx, newLog(), []eventlog.Commit{put("c", "a", "1")}); !errors.Is(err, eventlog.ErrUnavailable) {
			t.Fatalf("got %v", err)
		}
	},
}

// manyCommitters lets twelve committers compete for four entities over two backends,
// repeating calls as after a lost reply, and returns the number of each accepted
// commit.
func manyCommitters(t *testing.T, s Setup, log eventlog.Log, seed uint64) map[string]uint64 {
	var (
		mu       sync.Mutex
		accepted = map[string]uint64{}
		all      sync.WaitGroup
	)
	for committer := range uint64(12) {
		backend := []Witness{s.Backend, s.Second}[committer%2]
		all.Go(func() {
			rng := rand.New(rand.NewPCG(seed, committer))
			saw := map[string]string{}
			for i := range 40 {
				var commits []eventlog.Commit
				for k := range 1 + rng.IntN(3) {
					name := fmt.Sprint("e", rng.IntN(4))
					id := fmt.Sprintf("%d.%d.%d", committer, i, k)
					c := put(id, name, saw[name])
					c.Reads = []eventlog.Read{{Name: name, Version: saw[name]}}
					commits = append(commits, c)
				}
				for repeats := 1 + rng.IntN(2); repeats > 0; repeats-- {
					outcomes, err := backend.Commit(t.Context(), log, commits)
					if err != nil {
						t.Errorf("commit: %v", err)
						return
					}
					mu.Lock()
					for k, o := range outcomes {
						if o.Status == committed || o.Status == duplicate {
							if n, known := accepted[commits[k].ID]; known && n != o.Head.Number {
								t.Errorf("%s is %d and %d", commits[k].ID, n, o.Head.Number)
							}
							accepted[commits[k].ID] = o.Head.Number
						}
					}
					mu.Unlock()
				}
				page, _, err := backend.Scan(t.Context(), log, 0)
				if err != nil {
					t.Errorf("scan: %v", err)
					return
				}
				for _, e := range page {
					saw[e.Name] = e.Version
				}
			}
		})
	}
	all.Wait()
	return accepted
}
