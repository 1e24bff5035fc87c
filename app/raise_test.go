package app

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nextup/presence"
	"nextup/queue"
	"nextup/queue/logstore"
)

const hour queue.Millis = 3_600_000

// How long all nodes have known a level is kept while one of those that know it lives, and
// begins anew when an older one comes.
func TestSinceWhenAllNodesKnowALevel(t *testing.T) {
	type look struct {
		what  string
		said  map[string]string
		known queue.Level
		want  common
	}
	var before *common
	for i, tt := range []look{
		{"alone", nil, 2, common{2, 1000}},
		{"still alone", map[string]string{"a": "level:2 all-level:2@1000 demo=x"}, 2, common{2, 1000}},
		{"beside one of the last release", map[string]string{"a": "level:2", "b": "demo=x knows:checkpoints"}, 2, common{0, 1002}},
		{"still beside it", map[string]string{"a": "level:2 all-level:0@1002", "b": ""}, 2, common{0, 1002}},
		{"it has gone", map[string]string{"a": "level:2"}, 2, common{2, 1004}},
		{"beside one that knows more", map[string]string{"a": "level:2", "b": "level:3 all-level:2@1004"}, 2, common{2, 1004}},
		{"beside one that knows less", map[string]string{"b": "level:1 all-level:1@5"}, 2, common{1, 5}},
		{"beside what cannot be read", map[string]string{"b": "level:x"}, 2, common{0, 1007}},
	} {
		before = commonTo(tt.known, tt.said, before, queue.Stamp(1000+i))
		if *before != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.what, *before, tt.want)
		}
	}
	if c := commonTo(2, map[string]string{"b": "level:2 all-level:2@7", "c": "level:2 all-level:2@9"}, nil, 1000); *c != (common{2, 7}) {
		t.Errorf("one that has just started says %+v", *c)
	}
}

// wallStore is a store with a wall clock that the test sets.
type wallStore struct {
	queue.Store
	wall atomic.Int64
}

func (s *wallStore) Wall() queue.Stamp { return queue.Stamp(s.wall.Load()) }

// The level of a site is raised once, after a day in which all of its nodes knew it, also if
// none of them lived through all of the day; and not beside a node that does not.
func TestALevelIsRaisedAfterADayInWhichAllNodesKnewIt(t *testing.T) {
	log, registry := memory(t), presence.NewMemory(nil)
	store := &wallStore{Store: logstore.New(log)}
	store.wall.Store(1_000_000_000)
	with := func(o *Options) { o.Store, o.Presence = store, registry }
	pass := func(d queue.Millis) { store.wall.Add(int64(d)) }
	// level looks as often as it may take, and returns the site's level.
	level := func(all ...*App) queue.Level {
		t.Helper()
		for range 3 {
			for _, a := range all {
				a.CheckDrift()
			}
		}
		got, _ := all[0].Site("demo").Level()
		return got
	}
	serves := func(a *App) {
		t.Helper()
		eventually(t, "it serves", func() bool { return a.Site("demo").Takes() == nil })
	}

	first := knowing(t, log, 2, with)
	serves(first)
	eventually(t, "it is elected", first.Site("demo").Elected)
	if err := registry.Renew(t.Context(), "older", time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := registry.Announce(t.Context(), "older", "demo=x knows:checkpoints"); err != nil {
		t.Fatal(err)
	}
	if got := level(first); got != 0 {
		t.Fatalf("at once it is at level %d", got)
	}
	if pass(48 * hour); level(first) != 0 {
		t.Error("it is raised beside a node of the last release")
	}
	if err := registry.Leave(t.Context(), "older"); err != nil {
		t.Fatal(err)
	}
	level(first)
	if pass(23 * hour); level(first) != 0 {
		t.Error("it is raised before the day is over")
	}
	next := knowing(t, log, 2, with)
	serves(next)
	level(next, first)
	first.Close()
	eventually(t, "another one is elected", next.Site("demo").Elected)
	if got := level(next); got != 0 {
		t.Errorf("a restart raises it to level %d", got)
	}
	if pass(hour); level(next) != 2 {
		t.Error("it is not raised after a day")
	}
	var at *queue.SiteLevel
	next.Site("demo").Read(func(st *queue.State) { at = st.SiteLevel() })
	if pass(100 * hour); level(next) != 2 {
		t.Error("it does not stay")
	}
	next.Site("demo").Read(func(st *queue.State) {
		if st.SiteLevel() != at {
			t.Error("it is raised twice")
		}
	})
	if said := next.words(); !strings.Contains(said, "level:2") || KnownLevel(said) != 2 {
		t.Errorf("it says %q", said)
	}
}
