package eventlogtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nextup/internal/eventlog"
)

const (
	committed = eventlog.Committed
	duplicate = eventlog.Duplicate
	conflict  = eventlog.Conflict
)

func reads(c eventlog.Commit, reads ...eventlog.Read) eventlog.Commit {
	c.Reads = append(c.Reads, reads...)
	return c
}

func with(c eventlog.Commit, change func(*eventlog.Commit)) eventlog.Commit {
	change(&c)
	return c
}

var commitTests = map[string]func(*testing.T, Setup){
	"a commit needs the versions that it saw": func(t *testing.T, s Setup) {
		log := newLog()
		remove := eventlog.Commit{ID: "c4", Reads: []eventlog.Read{{Name: "a", Version: "c3"}}, Writes: []eventlog.Write{{Name: "a"}}}
		commitEach(t, s.Backend, log,
			step{reads(put("c0", "a", "0"), eventlog.Read{Name: "a", Version: "c9"}), conflict, 0},
			step{reads(put("c1", "a", "1"), eventlog.Read{Name: "a"}), committed, 1},
			step{reads(put("c2", "a", "2"), eventlog.Read{Name: "a"}), conflict, 1},
			step{reads(put("c2", "a", "2"), eventlog.Read{Name: "a", Version: "c"}), conflict, 1},
			step{reads(put("c2", "a", "2"), eventlog.Read{Name: "a", Version: "c11"}), conflict, 1},
			step{reads(put("c3", "a", "3"), eventlog.Read{Name: "a", Version: "c1"}), committed, 2},
			step{reads(put("c5", "b", "5"), eventlog.Read{Name: "b"}, eventlog.Read{Name: "a", Version: "c1"}), conflict, 2},
			step{remove, committed, 3},
			step{reads(put("c6", "a", ""), eventlog.Read{Name: "a"}), committed, 4},
			step{reads(put("c7", "a", "7"), eventlog.Read{Name: "a"}), conflict, 4},
		)
		all := scanAll(t, s.Second, log)
		if len(all) != 1 || all["a"].Version != "c6" || all["a"].Number != 4 || all["a"].At == 0 || len(all["a"].Body) != 0 {
			t.Fatalf("the log holds %+v", all)
		}
	},
	"of very many entities each is compared": func(t *testing.T, s Setup) {
		log := newLog()
		const many = 9000
		wide := eventlog.Commit{ID: "c1"}
		for i := range many {
			wide.Writes = append(wide.Writes, eventlog.Write{Name: fmt.Sprint("e", i), Body: []byte("1")})
		}
		seen := func(id string, last string) eventlog.Commit {
			c := put(id, "e0", "2")
			for i := range many {
				c.Reads = append(c.Reads, eventlog.Read{Name: fmt.Sprint("e", i), Version: "c1"})
			}
			c.Reads[many-1].Version = last
			return c
		}
		commitEach(t, s.Backend, log,
			step{wide, committed, 1},
			step{seen("c2", "c0"), conflict, 1},
			step{seen("c3", "c1"), committed, 2},
		)
	},
	"a refused commit leaves nothing behind": func(t *testing.T, s Setup) {
		log := newLog()
		commitEach(t, s.Backend, log, step{put("c1", "a", "1"), committed, 1})
		before := head(t, s.Backend, log)
		bad := reads(put("c2", "b", "2"), eventlog.Read{Name: "a"})
		bad.RaiseFence, bad.Seal = 9, true
		bad.Ranks = []eventlog.Rank{{Set: "q", Member: "m", Score: 1}}
		commitEach(t, s.Backend, log, step{bad, conflict, 1})
		if h := head(t, s.Backend, log); h != before {
			t.Fatalf("the head moved from %+v to %+v", before, h)
		}
		if ranked(t, s, log, "q") != "" || len(scanAll(t, s.Backend, log)) != 1 {
			t.Fatal("it wrote")
		}
		commitEach(t, s.Backend, log, step{with(put("c2", "b", "2"), func(c *eventlog.Commit) { c.Fence = 1 }), committed, 2})
	},
	"later commits of a call see the earlier ones": func(t *testing.T, s Setup) {
		log := newLog()
		steps := []step{
			{put("c1", "a", "1"), committed, 1},
			{reads(put("c2", "a", "2"), eventlog.Read{Name: "a", Version: "c1"}), committed, 2},
			{reads(put("c3", "a", "3"), eventlog.Read{Name: "a", Version: "c1"}), conflict, 2},
			{put("c1", "a", "1"), duplicate, 1},
			{reads(put("c4", "b", "4"), eventlog.Read{Name: "b"}), committed, 3},
			{reads(put("c5", "a", "5"), eventlog.Read{Name: "a", Version: "c2"}), committed, 4},
		}
		var commits []eventlog.Commit
		for _, st := range steps {
			commits = append(commits, st.commit)
		}
		for i, out := range do(t, s.Backend, log, commits...) {
			check(t, i, steps[i], out)
		}
		if n := len(readAll(t, s.Second, log, 2)); n != 4 {
			t.Fatalf("%d records", n)
		}
	},
	"a long call is taken whole": func(t *testing.T, s Setup) {
		log := newLog()
		var commits []eventlog.Commit
		for i := range 300 {
			c := put(fmt.Sprint("c", i), "a", fmt.Sprint(i))
			c.Reads = []eventlog.Read{{Name: "a"}}
			if i > 0 {
				c.Reads[0].Version = fmt.Sprint("c", i-1)
			}
			commits = append(commits, c)
		}
		for i, out := range do(t, s.Backend, log, commits...) {
			check(t, i, step{commits[i], committed, uint64(i + 1)}, out)
		}
	},
	"the same id is committed once and answered as the first time": func(t *testing.T, s Setup) {
		for _, remember := range []time.Duration{0, time.Minute} {
			log := newLog(func(l *eventlog.Log) { l.Remember = remember })
			first := do(t, s.Backend, log, put("c1", "a", "1"))[0]
			commitEach(t, s.Backend, log, step{put("c2", "a", "2"), committed, 2})
			again := do(t, s.Second, log, reads(put("c1", "a", "1"), eventlog.Read{Name: "a", Version: "old"}))[0]
			if again.Status != duplicate || again.Head != first.Head {
				t.Fatalf("remember %v: first %+v, again %+v", remember, first, again)
			}
		}
	},
	"an id with another intent is refused": func(t *testing.T, s Setup) {
		for _, remember := range []time.Duration{0, time.Minute} {
			log := newLog(func(l *eventlog.Log) { l.Remember = remember })
			intent := func(i string) eventlog.Commit {
				return with(put("c1", "a", "1"), func(c *eventlog.Commit) { c.Intent = i })
			}
			commitEach(t, s.Backend, log,
				step{intent("x y"), committed, 1},
				step{put("c2", "a", "2"), committed, 2},
				step{intent("x z"), eventlog.IDConflict, 2},
				step{intent(""), eventlog.IDConflict, 2},
				step{intent("x y"), duplicate, 1},
			)
		}
	},
	"an id is forgotten after its time": func(t *testing.T, s Setup) {
		log := newLog(func(l *eventlog.Log) { l.Remember = 30 * time.Millisecond })
		commitEach(t, s.Backend, log, step{put("c1", "a", "1"), committed, 1})
		eventually(t, "the id is free again", func() bool {
			return do(t, s.Backend, log, put("c1", "a", "1"))[0].Status == committed
		})
	},
	"an old fence is refused and a raised one stays": func(t *testing.T, s Setup) {
		log := newLog()
		fence := func(id string, fence, raise uint64) eventlog.Commit {
			return with(put(id, "a", id), func(c *eventlog.Commit) { c.Fence, c.RaiseFence = fence, raise })
		}
		const big = eventlog.MaxNumber
		commitEach(t, s.Backend, log,
			step{fence("c1", 1, 5), committed, 1},
			step{fence("c2", 4, 0), eventlog.Fenced, 1},
			step{fence("c3", 5, 0), committed, 2},
			step{fence("c4", 0, 3), committed, 3}, // none asked for, and none lowered
			step{fence("c5", 4, 0), eventlog.Fenced, 3},
			step{fence("c6", 0, big-1), committed, 4},
			step{fence("c7", big-2, 0), eventlog.Fenced, 4},
			step{fence("c8", big-1, 0), committed, 5},
		)
	},
	"a sealed log takes only seals": func(t *testing.T, s Setup) {
		log := newLog()
		seal := func(id string) eventlog.Commit { return eventlog.Commit{ID: id, Seal: true, ReleasesMemory: true} }
		commitEach(t, s.Backend, log,
			step{put("c1", "a", "1"), committed, 1},
			step{seal("end"), committed, 2},
			step{put("c2", "a", "2"), eventlog.Sealed, 2},
			step{put("c1", "a", "1"), duplicate, 1},
			step{seal("end"), duplicate, 2},
			step{seal("end2"), committed, 3},
		)
	},
	"time bounds are the log's": func(t *testing.T, s Setup) {
		log := newLog()
		at := do(t, s.Backend, log, put("c1", "a", "1"))[0].Head.At
		if d := time.Duration(s.Backend.Now(log)-at) * time.Millisecond; d < -50*time.Millisecond || d > time.Second {
			t.Errorf("Now is %v after a stamp just made", d)
		}
		bounds := func(id string, from, to int64) eventlog.Commit {
			return with(put(id, "a", id), func(c *eventlog.Commit) { c.NotBefore, c.NotAfter = from, to })
		}
		const hour = 3_600_000
		commitEach(t, s.Backend, log,
			step{bounds("c2", at+hour, 0), eventlog.TooEarly, 1},
			step{bounds("c3", 0, at-1), eventlog.TooLate, 1},
			step{bounds("c4", at, at+hour), committed, 2},
			step{bounds("c5", at-hour, at+hour), committed, 3},
			step{reads(bounds("c6", at+hour, 0), eventlog.Read{Name: "a"}), conflict, 3},
		)
		eventually(t, "the time comes", func() bool {
			return do(t, s.Backend, log, bounds("c7", at+20, 0))[0].Status == committed
		})
		if h := head(t, s.Backend, log); h.At < at+20 {
			t.Fatalf("committed at %d, not before %d", h.At, at+20)
		}
	},
	"sorted sets order by score, then number": func(t *testing.T, s Setup) {
		log := newLog()
		rank := func(id string, ranks ...eventlog.Rank) eventlog.Commit { return eventlog.Commit{ID: id, Ranks: ranks} }
		const far = int64(eventlog.MaxNumber)
		outs := do(t, s.Backend, log,
			rank("c1", eventlog.Rank{Set: "q", Member: "late", Score: 5}),
			rank("c2", eventlog.Rank{Set: "q", Member: "tie", Score: 3}, eventlog.Rank{Set: "other", Member: "o", Score: 1}),
			rank("c3", eventlog.Rank{Set: "q", Member: "atie", Score: 3}, eventlog.Rank{Set: "q", Member: "low", Score: -far}),
			rank("c4", eventlog.Rank{Set: "q", Member: "high", Number: 77, Score: far}, eventlog.Rank{Set: "q", Member: "before high", Score: far - 1}),
			rank("c5", eventlog.Rank{Set: "q", Member: "now", FromStamp: true, Score: -1000}),
			rank("c6", eventlog.Rank{Set: "q", Member: "a moment ago", FromStamp: true, Score: -60000}),
			rank("c7", eventlog.Rank{Set: "q", Member: "late", Number: 1, Remove: true}, eventlog.Rank{Set: "q", Member: "tie", Number: 9, Remove: true}),
			rank("c8", eventlog.Rank{Set: "other", Member: "o", Number: 2, Score: 2}),
		)
		for i, o := range outs {
			if o.Status != committed {
				t.Fatalf("commit %d: %+v", i, o)
			}
		}
		want := "0000000000000003:low 0000000000000002:tie 0000000000000003:atie 0000000000000006:a moment ago " +
			"0000000000000005:now 0000000000000004:before high 0000000000000077:high"
		if got := ranked(t, s, log, "q"); got != want {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
		if got := ranked(t, s, log, "other"); got != "0000000000000002:o" {
			t.Fatalf("other: %s", got)
		}
	},
	"what cannot be right is refused before anything is tried": func(t *testing.T, s Setup) {
		log := newLog()
		bad := map[string]eventlog.Commit{
			"no id":           {},
			"space":           {ID: "a b"},
			"long":            {ID: strings.Repeat("x", 129)},
			"fence":           {ID: "a", Fence: 1<<53 + 1},
			"nameless read":   {ID: "a", Reads: []eventlog.Read{{}}},
			"nameless entity": {ID: "a", Writes: []eventlog.Write{{Body: []byte("x")}}},
			"score":           {ID: "a", Ranks: []eventlog.Rank{{Set: "q", Score: 1<<53 + 1}}},
		}
		for what, c := range bad {
			if _, err := s.Backend.Commit(t.Context(), log, []eventlog.Commit{put("good", "a", "1"), c}); err == nil {
				t.Errorf("%s was taken", what)
			}
		}
		for _, l := range []eventlog.Log{{}, {Name: "a{b"}, {Name: strings.Repeat("x", 257)}} {
			if _, err := s.Backend.Commit(t.Context(), l, []eventlog.Commit{put("c", "a", "1")}); err == nil {
				t.Errorf("log %q was taken", l.Name)
			}
		}
		if h := head(t, s.Backend, log); h != (eventlog.Head{}) {
			t.Fatalf("the log holds %+v", h)
		}
	},
	"a lease has one holder until it ends": func(t *testing.T, s Setup) {
		log := newLog()
		lease := func(b eventlog.Backend, owner string, ttl time.Duration) bool {
			held, err := b.Lease(t.Context(), log, "dispatcher", owner, ttl)
			if err != nil {
				t.Fatal(err)
			}
			return held
		}
		got := []bool{
			lease(s.Backend, "n1", time.Minute), lease(s.Second, "n2", time.Minute),
			lease(s.Second, "n1", time.Minute), lease(s.Backend, "n1", 20*time.Millisecond),
		}
		if !slices.Equal(got, []bool{true, false, true, true}) {
			t.Fatalf("got %v", got)
		}
		eventually(t, "the lease falls free", func() bool { return lease(s.Second, "n2", time.Minute) })
		if lease(s.Backend, "n1", time.Minute) {
			t.Fatal("two hold it")
		}
	},
}

func ranked(t *testing.T, s Setup, log eventlog.Log, set string) string {
	t.Helper()
	keys, err := s.Second.Ranked(t.Context(), log, set)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(keys, " ")
}
