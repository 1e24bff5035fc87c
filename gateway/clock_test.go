package gateway_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"nextup/gateway"
	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/internal/eventlog"
	"nextup/queue/logstore"
	"nextup/test/people"
)

// The clock of what keeps the log is an hour ahead for a while, and then right again.
func TestAfterTheLogsClockWasAheadNothingStandsStill(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) {
		s.Rules.Departments[0].OfferTTL = 300
		s.Rules.VisitorGrace = 3000
	})
	var ahead atomic.Int64
	set := func(d time.Duration) { ahead.Store(int64(d)) }
	h.backend = eventlog.NewMemory(eventlog.WithClock(func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }))
	url, _ := h.open("one")
	here, away := h.come(url, protocol.Visitor, "here", "en"), h.come(url, protocol.Visitor, "away", "en")
	away.MustJoin("support")
	here.MustJoin("support")
	people.Next(here, "place 2", func(f protocol.Ticket) bool { return f.Position == 2 })
	away.Cut()

	// By a clock that is an hour ahead the log drops all that it has: what the gateway had
	// not read yet would cost it a snapshot, and people a moment's wait.
	h.awaitLoss("away")
	set(time.Hour)
	h.come(url, protocol.Visitor, "meanwhile", "en").MustJoin("trading") // the log has a stamp of that time
	back := h.come(url, protocol.Visitor, "away", "en")
	people.Next(back, "the place of who was lost just before the jump", func(f protocol.Ticket) bool { return f.Position == 1 })
	set(0)

	token := func(ttl time.Duration) string {
		return h.sign(h.key, auth.Identity{Site: "demo", Subject: fmt.Sprint("v", ttl), Role: protocol.Visitor, Languages: []string{"en"}, ExpiresAt: time.Now().Add(ttl)})
	}
	good, err := client.Dial(h.ctx, url, token(10*time.Minute), func(protocol.ServerFrame) {})
	if err != nil {
		t.Fatalf("a token of ten minutes: %v", err)
	}
	defer good.Cut()
	var refused *client.Refused
	if _, err := client.Dial(h.ctx, url, token(-time.Minute), func(protocol.ServerFrame) {}); !errors.As(err, &refused) || refused.Frame.Code != protocol.CodeTokenExpired {
		t.Errorf("a token that has run out: %v", err)
	}
	a := h.agentAt(url, time.Now().Add(time.Minute))
	d := people.Next(a, "an offer", func(d protocol.Desk) bool { return len(d.Offers) == 1 })
	if left := d.Offers[0].DeadlineMS - d.AsOfMS; left > 300 {
		t.Errorf("the offer is shown to lapse in %d ms, want 300 at most", left)
	}
	people.Next(a, "three lapses, after which the agent is away", func(d protocol.Desk) bool { return d.Status == protocol.Away })
	back.Cut()
	people.Next(here, "place 1, once the grace of the other is over", func(f protocol.Ticket) bool { return f.Position == 1 })
}

// awaitLoss returns once the log says that a visitor's conn is lost.
func (h *house) awaitLoss(visitor string) {
	h.t.Helper()
	replica := newReader()
	follower := logstore.New(h.backend).Follow(h.ctx, "demo", replica)
	for lost := false; !lost; {
		if err := follower.Sync(h.ctx); err != nil {
			h.t.Fatal(err)
		}
		lost = replica.session(visitor).Lost()
	}
}
