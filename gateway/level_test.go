package gateway_test

import (
	"slices"
	"testing"

	"nextup/gateway"
	"nextup/gateway/protocol"
	"nextup/queue"
	"nextup/queue/logstore"
)

// raises raises the level of the demo site.
func (h *house) raises(to queue.Level) {
	h.t.Helper()
	store := logstore.New(h.backend)
	before, err := store.Level(h.ctx, "demo")
	if err != nil {
		h.t.Fatal(err)
	}
	change, err := queue.RaiseLevel(before, to, "test")
	if err != nil {
		h.t.Fatal(err)
	}
	if out, err := store.Commit(h.ctx, "demo", []queue.Change{change}); err != nil || out[0].Verdict != queue.Done {
		h.t.Fatalf("%+v, %v", out, err)
	}
}

// [hello-8] A client hears in welcome what the site takes by its level. One that is
// connected while the level is raised hears of it when it comes again.
func TestWelcomeNamesWhatTheSitesLevelTakes(t *testing.T) {
	h := newHouse(t)
	h.levels = []queue.LevelSpec{{}, {Features: []string{"one", "two"}}, {Features: []string{"three"}}}
	url, g := h.open("one")
	welcome := func(role protocol.Role) (*raw, []string) {
		t.Helper()
		r := h.raw(url)
		w, ok := r.hello(h.token(role, "p", "en")).(protocol.Welcome)
		if !ok {
			t.Fatalf("%s: no welcome", role)
		}
		return r, w.Features
	}
	live, got := welcome(protocol.Visitor)
	if got != nil {
		t.Errorf("at level 0 welcome names %q", got)
	}
	for level, want := range [][]string{1: {"one", "two"}, 2: {"one", "two", "three"}} {
		if level == 0 {
			continue
		}
		h.raises(queue.Level(level))
		h.eventually("the level is replayed", func() bool { return g.Level("demo") == queue.Level(level) })
		for _, role := range protocol.Roles() {
			if _, got := welcome(role); !slices.Equal(got, want) {
				t.Errorf("at level %d welcome names %q for a %s, want %q", level, got, role, want)
			}
		}
	}
	live.write(`{"type":"heartbeat"}`)
	if f, ok := live.next().(protocol.Heartbeat); !ok {
		t.Errorf("who is connected hears %+v", f)
	}
}

// A gateway that is too old for the site's level says so where readiness is asked for,
// turns hellos away, and sends those who are connected to the others.
func TestAGatewayThatIsTooOldForTheSiteSendsPeopleElsewhere(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Rules.VisitorGrace = 1000 })
	url, g := h.open("old")
	connected := h.raw(url)
	if _, ok := connected.hello(h.token(protocol.Visitor, "v", "en")).(protocol.Welcome); !ok {
		t.Fatal("no welcome")
	}
	h.raises(99)
	h.eventually("readiness is gone", func() bool { return g.Ready(h.ctx) != nil })
	if code := connected.closed(); code != protocol.CloseRestart {
		t.Errorf("who is connected is closed with %d", code)
	}
	if e, ok := h.raw(url).hello(h.token(protocol.Visitor, "w", "en")).(protocol.Error); !ok || e.Code != protocol.CodeUnavailable {
		t.Errorf("a hello is answered with %+v", e)
	}
	const want = "site demo: this binary is too old for the site: the site is at level 99, and the binary knows levels up to 1; run a newer release"
	if err := g.Ready(h.ctx); err == nil || err.Error() != want {
		t.Errorf("readiness says %v", err)
	}
}
