package gateway_test

import (
	"sync"
	"testing"
	"time"

	"nextup/gateway"
	"nextup/gateway/protocol"
	"nextup/queue"
	"nextup/queue/logstore"
	"nextup/test/people"
)

// [desk-6] [desk-7] A close that has time can be taken back, and ends the
// conversation when its time is over, or at once.
func TestACloseWithTimeCanBeTakenBack(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	v, a, ticket := h.served(url, "v", "a")
	do := func(_ protocol.OK, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(a.CloseAfter(h.ctx, ticket, 30))
	until30 := a.OnDesk(ticket, func(d protocol.DeskTicket) bool { return d.ClosingUntilMS > 0 }).ClosingUntilMS
	do(a.CloseAfter(h.ctx, ticket, 1)) // a request that is repeated changes nothing
	v.MustSend(ticket, "m1", "one more thing")
	a.MustSend(ticket, "m1", "yes?")
	do(a.CancelClose(h.ctx, ticket))
	do(a.CancelClose(h.ctx, ticket))
	if d := a.OnDesk(ticket, func(d protocol.DeskTicket) bool { return d.ClosingUntilMS != until30 }); d.ClosingUntilMS != 0 {
		t.Errorf("taken back, it closes at %d", d.ClosingUntilMS)
	}
	do(a.CloseAfter(h.ctx, ticket, 1))
	if f := people.Next(v, "the end", func(f protocol.Ticket) bool { return f.Status == protocol.Closed }); f.End != protocol.EndAgentClosed {
		t.Errorf("it ended by %s", f.End)
	}
	do(a.CloseAfter(h.ctx, ticket, 1)) // whose answer was lost
	_, err := a.CancelClose(h.ctx, ticket)
	wantCode(t, err, protocol.CodeConversationClosed)
	read := v.MustRead(ticket, 4)
	if read[3].Kind != protocol.EntryClosed {
		t.Errorf("the conversation reads %v", kinds(read))
	}
	second := h.come(url, protocol.Visitor, "w", "en").MustJoin("support")
	a.MustAccept()
	do(a.CloseAfter(h.ctx, second, 30))
	_, err = v.CancelClose(h.ctx, second)
	wantCode(t, err, protocol.CodeForbidden)
	do(a.CloseTicket(h.ctx, second))
	people.Next(a, "an empty desk", func(d protocol.Desk) bool { return len(d.Tickets) == 0 })
}

// matches makes the offers that a dispatcher would make now.
func (h *house) matches(store queue.Store) {
	h.t.Helper()
	replica := newReader()
	if err := store.Follow(h.ctx, "demo", replica).Sync(h.ctx); err != nil {
		h.t.Fatal(err)
	}
	var offers []queue.Change
	replica.Read(func(st *queue.State) { offers = st.Match(store.Now("demo"), 1) })
	if _, err := store.Commit(h.ctx, "demo", offers); err != nil {
		h.t.Fatal(err)
	}
}

// [desk-7] Where the dispatcher is a gateway that does not know of closings, another
// ends what is closing.
func TestAClosingEndsAlsoUnderAnOlderDispatcher(t *testing.T) {
	h := newHouse(t)
	store := h.dispatchedByOlder()
	url, _ := h.open("one")
	v := h.come(url, protocol.Visitor, "v", "en")
	ticket := v.MustJoin("support")
	a := h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	h.matches(store)
	a.MustAccept()
	if _, err := a.CloseAfter(h.ctx, ticket, 1); err != nil {
		t.Fatal(err)
	}
	people.Next(v, "the end", func(f protocol.Ticket) bool { return f.Status == protocol.Closed && f.End == protocol.EndAgentClosed })
}

// [offer-1] [close-5] While a gateway of before holds the lease and waits for a clock
// that was ahead, offers lapse and graces end all the same.
func TestDeadlinesPassAlsoUnderADispatcherWhoseTimeStandsStill(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) {
		s.Rules.Departments[0].OfferTTL = 300
		s.Rules.VisitorGrace = 300
	})
	store := h.dispatchedByOlder()
	url, _ := h.open("one")
	lost, v := h.come(url, protocol.Visitor, "lost", "en"), h.come(url, protocol.Visitor, "v", "en")
	lost.MustJoin("support")
	v.MustJoin("support")
	people.Next(v, "place 2", func(f protocol.Ticket) bool { return f.Position == 2 })
	lost.Cut()
	people.Next(v, "place 1, once the grace of the other is over", func(f protocol.Ticket) bool { return f.Position == 1 })
	a := h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	h.matches(store)
	people.Next(a, "an offer", func(d protocol.Desk) bool { return len(d.Offers) == 1 })
	people.Next(a, "its lapse", func(d protocol.Desk) bool { return len(d.Offers) == 0 })
}

// dispatchedByOlder has a gateway of before, which does nothing, hold the lease of the
// dispatcher until the test ends. A lease for longer than usual is cut.
func (h *house) dispatchedByOlder() *logstore.Store {
	h.t.Helper()
	store := logstore.New(h.memory)
	renew := func() {
		if held, err := store.Lease(h.ctx, "demo", "older", 3*time.Second); h.ctx.Err() == nil && (err != nil || !held) {
			h.t.Errorf("the older gateway lost its lease: %v", err)
		}
	}
	renew()
	ended := make(chan struct{})
	var renewing sync.WaitGroup
	renewing.Go(func() {
		again := time.NewTicker(100 * time.Millisecond)
		defer again.Stop()
		for {
			select {
			case <-ended:
				return
			case <-again.C:
				renew()
			}
		}
	})
	h.t.Cleanup(func() { close(ended); renewing.Wait() })
	return store
}
