package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"nextup/gateway"
	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/internal/eventlog"
	"nextup/presence"
	"nextup/queue"
	"nextup/queue/logstore"
	"nextup/test/people"
)

// silence is a registry in which some nodes cannot be heard, as if they were
// dead.
type silence struct {
	*presence.Memory
	mu   sync.Mutex
	dead map[string]bool
}

func (s *silence) Renew(ctx context.Context, node string, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead[node] {
		return errors.New("not heard")
	}
	return s.Memory.Renew(ctx, node, ttl)
}

func (s *silence) kill(node string) {
	s.mu.Lock()
	s.dead[node] = true
	s.mu.Unlock()
	_ = s.Leave(context.Background(), node)
}

// A gateway that stops without a word is one record in the log: its visitors
// are in grace, those who come back keep their place, and the others go.
func TestTheSessionsOfALostGatewayAreInGrace(t *testing.T) {
	registry := &silence{Memory: presence.NewMemory(nil), dead: map[string]bool{}}
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Rules.VisitorGrace = 1000 })
	h.registry = registry
	two, _ := h.open("lives")
	one, dies := h.open("dies")
	gone, stays := h.come(one, protocol.Visitor, "gone", "en"), h.come(two, protocol.Visitor, "stays", "en")
	gone.MustJoin("support")
	stays.MustJoin("support")
	people.Next(stays, "place 2", func(f protocol.Ticket) bool { return f.Position == 2 })
	back := h.come(one, protocol.Visitor, "back", "en")
	ticket := back.MustJoin("support")

	dies.Freeze()
	gone.Cut()
	back.Cut()
	registry.kill(dies.Node())
	again := h.come(two, protocol.Visitor, "back", "en")
	if f := people.Next(again, "the place", func(protocol.Ticket) bool { return true }); f.Ticket != ticket || f.Position != 3 {
		t.Errorf("back on another gateway: %+v, want place 3 with the same ticket", f)
	}
	people.Next(stays, "place 1, once the grace of the lost is over", func(f protocol.Ticket) bool { return f.Position == 1 })
	people.Next(again, "place 2", func(f protocol.Ticket) bool { return f.Position == 2 })
}

// mute is a registry that one gateway cannot reach.
type mute struct {
	presence.Registry
	on atomic.Bool
}

func (m *mute) Renew(ctx context.Context, node string, ttl time.Duration) error {
	if m.on.Load() {
		return errors.New("not reached")
	}
	return m.Registry.Renew(ctx, node, ttl)
}

// A gateway that is cut off keeps its sockets as long as it can be the log that
// is away; before the others give its visitors up, it sends them there.
func TestAGatewayPartedForLongSendsItsSocketsElsewhere(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Rules.VisitorGrace = 3000 })
	two, _ := h.open("whole")
	cut := &mute{Registry: h.registry}
	h.registry = cut
	one, g := h.open("cut")
	v := h.come(one, protocol.Visitor, "v", "en")
	ticket := v.MustJoin("support")
	cut.on.Store(true)
	<-v.Done()
	if code := websocket.CloseStatus(v.Err()); code != websocket.StatusCode(protocol.CloseRestart) {
		t.Errorf("closed with %d: %v", code, v.Err())
	}
	if g.Ready(h.ctx) == nil {
		t.Error("it calls itself ready")
	}
	if _, err := client.Dial(h.ctx, one, h.token(protocol.Visitor, "w", "en"), func(protocol.ServerFrame) {}); err == nil {
		t.Error("it takes new sockets")
	}
	again := h.come(two, protocol.Visitor, "v", "en")
	if f := people.Next(again, "the place", func(protocol.Ticket) bool { return true }); f.Ticket != ticket || f.Position != 1 {
		t.Errorf("elsewhere: %+v, want place 1 with the same ticket", f)
	}
	cut.on.Store(false)
	for g.Ready(h.ctx) != nil && h.ctx.Err() == nil {
		runtime.Gosched()
	}
	h.come(one, protocol.Visitor, "w", "en")
}

// A gateway that was taken for dead binds its people to its new name, but for
// those that another gateway has by now.
func TestAGatewayTakenForDeadLeavesThoseWhoHaveMovedOn(t *testing.T) {
	registry := &silence{Memory: presence.NewMemory(nil), dead: map[string]bool{}}
	h := newHouse(t)
	h.registry = registry
	one, dead := h.open("dead")
	two, lives := h.open("lives")
	moved, stays := h.come(one, protocol.Visitor, "moved", "en"), h.come(one, protocol.Visitor, "stays", "en")
	moved.MustJoin("support")
	stays.MustJoin("support")
	h.come(two, protocol.Visitor, "moved", "en")
	replica := newReader()
	logstore.New(h.memory).Follow(h.ctx, "demo", replica)
	name := dead.Node()
	registry.kill(name)
	h.eventually("the gateway binds its people anew", func() bool {
		held := replica.session("stays").Node
		return held != name && held != ""
	})
	if s := replica.session("moved"); s.Node != lives.Node() || s.Lost() {
		t.Errorf("who has moved on is bound to %+v, want %s", s, lives.Node())
	}
}

// While the log is away no gateway can record that people are here, so none is given up
// in the moment in which it is back.
func TestWhoWasHereWhileTheLogWasAwayKeepsThePlace(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Rules.VisitorGrace = 500 })
	log := &outage{Backend: h.memory}
	h.backend = log
	one, _ := h.open("one")
	v, other := h.come(one, protocol.Visitor, "v", "en"), h.come(one, protocol.Visitor, "other", "en")
	ticket := v.MustJoin("support")
	replica := newReader()
	logstore.New(h.memory).Follow(h.ctx, "demo", replica)
	v.Cut()
	h.eventually("the visitor is lost", func() bool { return replica.session("v").Lost() })
	log.set(true)
	people.Next(other, "the outage", func(f protocol.Availability) bool { return !f.Available })
	h.passes(time.Second) // longer than the grace
	log.set(false)
	people.Next(other, "the end of the outage", func(f protocol.Availability) bool { return f.Available })
	again := h.come(one, protocol.Visitor, "v", "en")
	if f := people.Next(again, "the view", func(protocol.Ticket) bool { return true }); f.Ticket != ticket || f.Status != protocol.Waiting {
		t.Errorf("came back to %+v, want %s waiting", f, ticket)
	}
}

// A gateway that lives and was taken for dead takes a new name and keeps its
// people.
func TestAGatewayTakenForDeadGoesOn(t *testing.T) {
	registry := &silence{Memory: presence.NewMemory(nil), dead: map[string]bool{}}
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Rules.VisitorGrace = 3000 })
	h.registry = registry
	one, cut := h.open("cut")
	h.open("other")
	v := h.come(one, protocol.Visitor, "v", "en")
	ticket := v.MustJoin("support")
	name := cut.Node()
	registry.kill(name)
	h.eventually("the gateway learns that it was called lost", func() bool { return cut.Node() != name })
	h.passes(3500 * time.Millisecond) // longer than the grace
	h.come(one, protocol.Agent, "a", "en").MustBe(protocol.Available)
	if f := people.Next(v, "the offer", func(f protocol.Ticket) bool { return f.Status == protocol.Offered }); f.Ticket != ticket {
		t.Errorf("the ticket is %s, was %s", f.Ticket, ticket)
	}
}

// [drain-1]
func TestADrainedGatewaySendsEverybodyElsewhereAndNobodyLosesAPlace(t *testing.T) {
	h := newHouse(t)
	one, leaves := h.open("leaves")
	name := leaves.Node()
	two, _ := h.open("stays")
	var line []*people.Person
	for i := range 20 {
		v := h.come(one, protocol.Visitor, fmt.Sprint("v", i), "en")
		v.MustJoin("support")
		line = append(line, v)
	}
	done := make(chan struct{})
	go func() { leaves.Drain(h.ctx, 500*time.Millisecond); close(done) }()
	var all sync.WaitGroup
	for i, v := range line {
		all.Go(func() {
			<-v.Done()
			if websocket.CloseStatus(v.Err()) != websocket.StatusServiceRestart {
				t.Errorf("visitor %d was sent away with %v", i, v.Err())
			}
			again := h.come(two, protocol.Visitor, fmt.Sprint("v", i), "en")
			if f := people.Next(again, "the place", func(protocol.Ticket) bool { return true }); f.Position != i+1 {
				t.Errorf("visitor %d stands at %d after the move", i, f.Position)
			}
		})
	}
	all.Wait()
	<-done
	if leaves.Node() != name {
		t.Error("a gateway that leaves takes a new name, as if it had been taken for dead")
	}
	if leaves.Ready(h.ctx) == nil {
		t.Error("a gateway that leaves says that it is ready")
	}
	if _, err := client.Dial(h.ctx, one, h.token(protocol.Visitor, "late"), func(protocol.ServerFrame) {}); err == nil {
		t.Error("a gateway that leaves lets somebody in")
	}
}

// What binds a session may be committed after its conn has gone: no person is here,
// and the log is told so.
func TestASessionBoundToNobodyIsLost(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Rules.VisitorGrace = 100 })
	_, g := h.open("one")
	store, replica := logstore.New(h.memory), newReader()
	ghost, err := queue.NewState(demoRules()).Join(queue.JoinRequest{Ticket: "g", Visitor: "ghost", Department: "support", Languages: []string{"en"}, Node: g.Node()})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := store.Commit(h.ctx, "demo", []queue.Change{ghost}); err != nil || out[0].Verdict != queue.Done {
		t.Fatal(out, err)
	}
	follower := store.Follow(h.ctx, "demo", replica)
	for end := queue.EndReason(""); end == ""; {
		if err := follower.Sync(h.ctx); err != nil {
			t.Fatal(err)
		}
		if end = replica.ticket("g").End; end != "" && end != queue.VisitorLost {
			t.Errorf("the ghost's ticket has ended by %q", end)
		}
	}
}

// A gateway's own clock may be wrong: tokens, deadlines and order go by the
// log's.
func TestAGatewaysClockDoesNotMatter(t *testing.T) {
	for _, skew := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
		t.Run(fmt.Sprint("the log is ahead by ", skew), func(t *testing.T) {
			h := newHouse(t, func(s *gateway.SiteOptions) { s.Rules.Departments[0].OfferTTL = 500 })
			logNow := func() time.Time { return time.Now().Add(skew) }
			memory := eventlog.NewMemory(eventlog.WithClock(logNow))
			h.backend = memory
			url, _ := h.open("one")
			token := func(ttl time.Duration) string {
				return h.sign(h.key, auth.Identity{Site: "demo", Subject: "v", Role: protocol.Visitor, Languages: []string{"en"}, ExpiresAt: logNow().Add(ttl)})
			}
			var refused *client.Refused
			if _, err := client.Dial(h.ctx, url, token(-time.Minute), func(protocol.ServerFrame) {}); !errors.As(err, &refused) || refused.Frame.Code != protocol.CodeTokenExpired {
				t.Errorf("a token that ran out by the log's clock: %v", err)
			}
			frames := make(chan protocol.ServerFrame, 64)
			conn, err := client.Dial(h.ctx, url, token(time.Minute), func(f protocol.ServerFrame) { frames <- f })
			if err != nil {
				t.Fatalf("a token that is good by the log's clock: %v", err)
			}
			defer conn.Cut()
			if _, err := conn.Join(h.ctx, "support"); err != nil {
				t.Fatal(err)
			}
			a := h.agentAt(url, logNow().Add(time.Minute))
			d := people.Next(a, "an offer", func(d protocol.Desk) bool { return len(d.Offers) == 1 })
			if left := d.Offers[0].DeadlineMS - d.AsOfMS; left < 300 || left > 500 {
				t.Errorf("the offer lapses in %d ms, want about 500", left)
			}
			first := d.Offers[0].Offer
			people.Next(a, "the lapse", func(d protocol.Desk) bool { return len(d.Offers) == 0 || d.Offers[0].Offer != first })
		})
	}
}

// A supervisor who goes is gone, and a visitor of the same name is not kept by
// them.
func TestASupervisorIsNobodysConn(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Rules.VisitorGrace = 100 })
	url, _ := h.open("one")
	h.come(url, protocol.Supervisor, "same").Close()
	v, w := h.come(url, protocol.Visitor, "same", "en"), h.come(url, protocol.Visitor, "w", "en")
	v.MustJoin("support")
	w.MustJoin("support")
	people.Next(w, "place 2", func(f protocol.Ticket) bool { return f.Position == 2 })
	v.Cut()
	people.Next(w, "place 1", func(f protocol.Ticket) bool { return f.Position == 1 })
}
