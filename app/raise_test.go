package app

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nextup/internal/eventlog"
	"nextup/presence"
	"nextup/queue"
	"nextup/queue/logstore"
	"nextup/test/logtest"
)

// How long all nodes have known a level grows by what this process saw, is kept while one of
// those that know it lives, and begins anew when an older one came or may have come.
func TestForHowLongAllNodesHaveKnownALevel(t *testing.T) {
	const s = time.Second
	before := func(level queue.Level, age time.Duration) *common { return &common{level, age} }
	for _, tt := range []struct {
		what   string
		before *common
		ago    time.Duration
		others map[string]string
		want   common
	}{
		{"alone", nil, 0, nil, common{2, 0}},
		{"still alone", before(2, 100*s), 5 * s, nil, common{2, 105 * s}},
		{"beside one of the last release", before(2, 100*s), 5 * s, map[string]string{"b": "demo=x knows:checkpoints"}, common{0, 0}},
		{"still beside it", before(0, 7*s), 5 * s, map[string]string{"b": ""}, common{0, 12 * s}},
		{"it has gone", before(0, 100*s), 5 * s, nil, common{2, 0}},
		{"it has gone, which another did not see", before(0, 100*s), 5 * s, map[string]string{"b": "level:2 all-level:2+9000"}, common{2, 0}},
		{"another saw one come and go", before(2, 9000*s), 5 * s, map[string]string{"b": "level:2 all-level:2+4"}, common{2, 4 * s}},
		{"another looked a little before", before(2, 100*s), 5 * s, map[string]string{"b": "level:2 all-level:2+95"}, common{2, 105 * s}},
		{"one that has just started", nil, 0, map[string]string{"b": "level:2 all-level:2+9000"}, common{2, 9000 * s}},
		{"one that has just started beside two", nil, 0, map[string]string{"b": "level:2 all-level:2+900", "c": "level:2 all-level:2+9000"}, common{2, 900 * s}},
		{"did not look for hours, alone", before(2, 9000*s), time.Hour, nil, common{2, 0}},
		{"did not look for hours, beside one that saw an older one go", before(2, 9000*s), time.Hour, map[string]string{"b": "level:2 all-level:2+60"}, common{2, 60 * s}},
		{"did not look for hours, beside one that did", before(2, 9000*s), time.Hour, map[string]string{"b": "level:2 all-level:2+12600"}, common{2, 12600 * s}},
		{"beside one that knows more", before(2, 100*s), 5 * s, map[string]string{"b": "level:3 all-level:2+105"}, common{2, 105 * s}},
		{"beside one that knows less", before(2, 100*s), 5 * s, map[string]string{"b": "level:1 all-level:1+5"}, common{1, 0}},
		{"beside what cannot be read", before(2, 100*s), 5 * s, map[string]string{"b": "level:x"}, common{0, 0}},
	} {
		if got := commonTo(2, tt.others, tt.before, tt.ago); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.what, got, tt.want)
		}
	}
}

// A level is raised once all nodes have known it for a day, by what nodes saw: not beside an
// older node, not because the clock of what keeps the logs jumps, and not by one that was
// cut off and may have missed an older node.
func TestALevelIsRaisedAfterADayInWhichAllNodesKnewIt(t *testing.T) {
	const nearlyADay = "level:2 all-level:2+86390"
	for _, tt := range []struct {
		name  string
		other string // what another node says
		do    func(r *testRegistry, s *wallStore)
		want  queue.Level
	}{
		{"a day is over", nearlyADay, func(*testRegistry, *wallStore) {}, 2},
		{"a day is over, and the other has gone", nearlyADay, func(r *testRegistry, _ *wallStore) { r.leave("other") }, 2},
		{"an hour is over", "level:2 all-level:2+3600", func(*testRegistry, *wallStore) {}, 0},
		{"it is alone", "", func(*testRegistry, *wallStore) {}, 0},
		{"an older node comes", nearlyADay, func(r *testRegistry, _ *wallStore) { r.come("older", "demo=x knows:checkpoints") }, 0},
		{"an older node comes and goes", nearlyADay, func(r *testRegistry, _ *wallStore) {
			r.come("older", "demo=x knows:checkpoints")
			time.Sleep(driftCheck)
			r.leave("older")
		}, 0},
		{"the clock jumps by a day", "level:2 all-level:2+60", func(_ *testRegistry, s *wallStore) { s.ahead.Store(25 * 3600 * 1000) }, 0},
		{"it was cut off", nearlyADay, func(r *testRegistry, _ *wallStore) {
			r.leave("other")
			r.away.Store(true)
			time.Sleep(lookGap + driftCheck)
			r.away.Store(false)
		}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log, registry := memory(t), &testRegistry{Registry: presence.NewMemory(nil), t: t}
				store := &wallStore{Store: logstore.New(log)}
				registry.come("other", tt.other)
				a := knowing(t, log, 2, func(o *Options) { o.Store, o.Presence = store, registry })
				s := a.Site("demo")
				synctest.Wait() // it has looked once
				tt.do(registry, store)
				time.Sleep(3 * driftCheck)
				if level, _ := s.Level(); level != tt.want {
					t.Errorf("it is at level %d, want %d", level, tt.want)
				}
				said, err := registry.Announcements(t.Context())
				if err != nil || KnownLevel(said[a.Node()]) != 2 {
					t.Errorf("it says %q, %v", said[a.Node()], err)
				}
			})
		})
	}
}

// People of a gateway that has become too old for the site do not count as here for ever: it
// lives, and cannot say that they have gone. Those of the others stay, and so do those that
// one that is old enough for another site holds there.
func TestPeopleOfAGatewayThatIsTooOldAreNotHereForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, registry := memory(t), presence.NewMemory(nil)
		other := testRules()
		other.ID = "other"
		with := func(o *Options) {
			o.Presence, o.Sites = registry, append(o.Sites, SiteOptions{Rules: other})
		}
		old, newer := knowing(t, log, 1, with), knowing(t, log, 3, with)
		time.Sleep(time.Second)
		for visitor, a := range map[string]*App{"of the old": old, "of the newer": newer} {
			for _, site := range a.Sites() {
				if _, err := a.Site(site).joinForTest(t.Context(), visitor); err != nil {
					t.Fatal(err)
				}
			}
		}
		newer.Site("demo").raise(t.Context(), t, 3)
		time.Sleep(leaseTTL + 2*driftCheck)
		for _, tt := range []struct {
			site, visitor string
			lost          bool
		}{
			{"demo", "of the old", true}, {"demo", "of the newer", false}, {"other", "of the old", false}, {"other", "of the newer", false},
		} {
			newer.Site(tt.site).Read(func(st *queue.State) {
				if lost := st.Visitor(tt.visitor).Session.Lost(); lost != tt.lost {
					t.Errorf("%s: the visitor %s is lost: %v, want %v", tt.site, tt.visitor, lost, tt.lost)
				}
			})
		}
	})
}

// losing is a backend whose logs lose all of their records when the test swaps them.
type losing struct {
	eventlog.Backend
	logs atomic.Pointer[eventlog.Memory]
}

func (l *losing) Commit(ctx context.Context, log eventlog.Log, commits []eventlog.Commit) ([]eventlog.Outcome, error) {
	return l.logs.Load().Commit(ctx, log, commits)
}

func (l *losing) Heads(ctx context.Context, logs []eventlog.Log) ([]eventlog.Head, error) {
	return l.logs.Load().Heads(ctx, logs)
}

func (l *losing) Read(ctx context.Context, log eventlog.Log, after uint64, limit int) ([]eventlog.Record, error) {
	return l.logs.Load().Read(ctx, log, after, limit)
}

func (l *losing) Scan(ctx context.Context, log eventlog.Log, cursor uint64) ([]eventlog.Entity, uint64, error) {
	return l.logs.Load().Scan(ctx, log, cursor)
}

// A site whose log loses that its level was raised is raised again at once: conversations
// keep what was written at the level, and clients that are connected know its features.
func TestALevelThatTheLogHasLostIsRaisedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, empty := &losing{Backend: memory(t)}, eventlog.NewMemory()
		before := eventlog.NewMemory()
		log.logs.Store(before)
		t.Cleanup(func() { _, _ = before.Close(), empty.Close() })
		first := knowing(t, log, 2)
		time.Sleep(time.Second)
		first.Site("demo").raise(t.Context(), t, 2)
		late := knowing(t, log, 2) // it knows the level from a snapshot
		time.Sleep(leaseTTL)
		first.Close()
		log.logs.Store(empty)
		time.Sleep(2 * driftCheck)
		s := late.Site("demo")
		if level, _ := s.Level(); level != 2 || s.Takes() != nil || s.Restores() < 2 {
			t.Errorf("it is at level %d after %d snapshots: %v", level, s.Restores(), s.Takes())
		}
	})
}

// Only the process that raised a level logs that it is raised.
func TestARaiseIsLoggedByTheProcessThatDidIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := memory(t)
		var said [2]logtest.Buffer
		for i := range said {
			a := knowing(t, log, 2, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&said[i], nil)) })
			time.Sleep(time.Second)
			a.Site("demo").raiseLevel(2, "time")
		}
		for i, want := range []int{1, 0} {
			if got := strings.Count(said[i].String(), "level is raised"); got != want {
				t.Errorf("process %d logs %d times that the level is raised, want %d", i+1, got, want)
			}
		}
	})
}

// wallStore is a store whose wall clock the test sets ahead.
type wallStore struct {
	queue.Store
	ahead atomic.Int64
}

func (s *wallStore) Wall() queue.Stamp { return s.Store.Wall().Add(queue.Millis(s.ahead.Load())) }

// testRegistry is a registry that the test can cut off.
type testRegistry struct {
	presence.Registry
	t    *testing.T
	away atomic.Bool
}

func (r *testRegistry) Announcements(ctx context.Context) (map[string]string, error) {
	if r.away.Load() {
		return nil, errors.New("away")
	}
	return r.Registry.Announcements(ctx)
}

func (r *testRegistry) Announce(ctx context.Context, node, words string) error {
	if r.away.Load() {
		return errors.New("away")
	}
	return r.Registry.Announce(ctx, node, words)
}

// come has a node live that says words, none if it is empty.
func (r *testRegistry) come(node, words string) {
	r.t.Helper()
	if words == "" {
		return
	}
	if err := errors.Join(r.Renew(r.t.Context(), node, 48*time.Hour), r.Registry.Announce(r.t.Context(), node, words)); err != nil {
		r.t.Fatal(err)
	}
}

func (r *testRegistry) leave(node string) {
	r.t.Helper()
	if err := r.Leave(r.t.Context(), node); err != nil {
		r.t.Fatal(err)
	}
}
