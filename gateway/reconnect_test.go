package gateway_test

import (
	"fmt"
	"testing"

	"nextup/gateway"
	"nextup/gateway/protocol"
	"nextup/queue"
	"nextup/test/people"
)

func TestAReloadInLineKeepsThePlace(t *testing.T) {
	h := newHouse(t)
	one, _ := h.open("one")
	two, _ := h.open("two")
	first, second := h.come(one, protocol.Visitor, "first", "en"), h.come(one, protocol.Visitor, "second", "en")
	ticket := first.MustJoin("support")
	second.MustJoin("support")
	first.Cut()
	again := h.come(two, protocol.Visitor, "first", "en")
	f := people.Next(again, "the place", func(f protocol.Ticket) bool { return f.Status == protocol.Waiting })
	if f.Ticket != ticket || f.Position != 1 || f.Size != 2 {
		t.Errorf("after the reload: %+v, want place 1 of 2 with the same ticket", f)
	}
}

// [hello-6] A person who comes back says what they were shown last: the first view
// says why the place got worse meanwhile, and is never older.
func TestComingBackTellsWhyThePlaceGotWorse(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) {
		s.Rules.AgentGrace = 100
		s.Agent = func(string) queue.AgentFacts {
			return queue.AgentFacts{Departments: []string{"support"}, Capacity: 1}
		}
	})
	one, _ := h.open("one")
	two, _ := h.open("two")
	first, second := h.come(one, protocol.Visitor, "first", "en"), h.come(one, protocol.Visitor, "second", "en")
	first.MustJoin("support")
	second.MustJoin("support")
	a := h.come(one, protocol.Agent, "a", "en").MustBe(protocol.Available)
	offer := a.MustAccept()
	before := people.Next(second, "place 1", func(f protocol.Ticket) bool { return f.Position == 1 })
	second.Cut()
	a.Cut()
	people.Next(first, "the line again", func(f protocol.Ticket) bool {
		return f.Ticket == offer.Ticket && f.Position == 1 && f.Reason == protocol.ReasonAgentLost
	})
	again := h.resume(two, "second", before.Log)
	if f := people.Next(again, "the place", func(protocol.Ticket) bool { return true }); f.Position != 2 || f.Reason != protocol.Returned || f.Log < before.Log {
		t.Errorf("back after log %d: %+v, want place 2 because of a return", before.Log, f)
	}
}

// [reset-1] A number that the log does not have any more means that it forked.
func TestANumberThatTheLogDoesNotReachIsAReset(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	h.come(url, protocol.Visitor, "v", "en").MustJoin("support")
	v := h.resume(url, "v", 1000)
	for _, want := range []string{"protocol.Reset", "protocol.Ticket"} {
		if got := fmt.Sprintf("%T", people.Next(v, want, func(protocol.ServerFrame) bool { return true })); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// [open-3] A person who resumes after an entry that is another by now hears so.
func TestResumingAfterAnEntryThatWasReplacedIsAReset(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	v := h.come(url, protocol.Visitor, "v", "en")
	ticket := v.MustJoin("support")
	first := v.MustSend(ticket, "m1", "hello")
	v.MustSend(ticket, "m2", "again")
	if _, err := v.Reopen(h.ctx, ticket, first.Number, first.AtMS); err != nil {
		t.Fatal(err)
	}
	if e := people.Next(v, "the rest", func(protocol.Entry) bool { return true }); e.Number != 2 {
		t.Errorf("resuming brings %d first, want 2", e.Number)
	}
	if _, err := v.Reopen(h.ctx, ticket, first.Number, first.AtMS-1); err != nil {
		t.Fatal(err)
	}
	if r := people.Next(v, "the reset", func(protocol.Reset) bool { return true }); r.Ticket != ticket {
		t.Errorf("reset of %q", r.Ticket)
	}
}

// [join-2]
func TestTwoTabsAreOneVisitor(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Rules.VisitorGrace = 300 })
	one, _ := h.open("one")
	two, _ := h.open("two")
	tab1 := h.come(one, protocol.Visitor, "v", "en")
	ticket := tab1.MustJoin("support")
	tab2 := h.come(two, protocol.Visitor, "v", "en")
	if again := tab2.MustJoin("support"); again != ticket {
		t.Errorf("the second tab got ticket %s, want %s", again, ticket)
	}
	tab2.Cut() // the session was bound to the second gateway last
	other := h.come(two, protocol.Visitor, "other", "en")
	other.MustJoin("support")
	h.come(two, protocol.Agent, "a", "en").MustBe(protocol.Available)
	people.Next(tab1, "the offer, long after the grace", func(f protocol.Ticket) bool { return f.Status == protocol.Offered })
}

func TestPastGraceThePlaceIsGone(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Rules.VisitorGrace = 100 })
	url, _ := h.open("one")
	gone, stays := h.come(url, protocol.Visitor, "gone", "en"), h.come(url, protocol.Visitor, "stays", "en")
	gone.MustJoin("support")
	stays.MustJoin("support")
	people.Next(stays, "place 2", func(f protocol.Ticket) bool { return f.Position == 2 })
	gone.Cut()
	people.Next(stays, "place 1", func(f protocol.Ticket) bool { return f.Position == 1 })
	back := h.come(url, protocol.Visitor, "gone", "en")
	if f := people.Next(back, "the end", func(protocol.Ticket) bool { return true }); f.Status != protocol.Abandoned || f.End != protocol.EndVisitorLost {
		t.Errorf("past grace the visitor sees %+v", f)
	}
}

func TestAnAgentLostPastGraceReturnsTheTicketToItsPlace(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) {
		s.Rules.AgentGrace = 100
		s.Agent = func(string) queue.AgentFacts {
			return queue.AgentFacts{Departments: []string{"support"}, Capacity: 1}
		}
	})
	url, _ := h.open("one")
	first, second := h.come(url, protocol.Visitor, "first", "en"), h.come(url, protocol.Visitor, "second", "en")
	ticket := first.MustJoin("support")
	second.MustJoin("support")
	agent := h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	agent.MustAccept()
	people.Next(first, "the agent", func(f protocol.Ticket) bool { return f.Status == protocol.Assigned })
	people.Next(second, "place 1", func(f protocol.Ticket) bool { return f.Position == 1 })
	agent.Cut()
	f := people.Next(first, "the line again", func(f protocol.Ticket) bool { return f.Position == 1 })
	if f.Ticket != ticket || f.Reason != protocol.ReasonAgentLost {
		t.Errorf("the first visitor sees %+v, want reason agent_lost", f)
	}
	if f := people.Next(second, "place 2", func(f protocol.Ticket) bool { return f.Position == 2 }); f.Reason != protocol.Returned {
		t.Errorf("the second visitor's place got worse because of %q", f.Reason)
	}
	if _, err := first.Send(h.ctx, ticket, "m", "are you there?"); err != nil {
		t.Errorf("a lost agent muted the visitor: %v", err)
	}
}
