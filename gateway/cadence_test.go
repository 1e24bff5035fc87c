package gateway_test

import (
	"fmt"
	"slices"
	"testing"

	"nextup/gateway"
	"nextup/gateway/protocol"
	"nextup/queue"
	"nextup/test/people"
)

// [ticket-4] What the dispatcher's gateway learns is shown by every gateway, and is
// unknown, without a number, where no person speaks the language.
func TestAWaitIsLearnedAndShownEverywhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *gateway.SiteOptions) {
		s.Agent = func(string) queue.AgentFacts {
			return queue.AgentFacts{Departments: []string{"support"}, Capacity: 1}
		}
	})
	one, _ := h.open("one")
	two, _ := h.open("two")
	a := h.come(one, protocol.Agent, "a", "en").MustBe(protocol.Available)
	for i := range 6 {
		v := h.come(one, protocol.Visitor, fmt.Sprint("served", i), "en")
		v.MustJoin("support")
		offer := a.MustAccept()
		if _, err := a.CloseTicket(h.ctx, offer.Ticket); err != nil {
			t.Fatal(err)
		}
		v.Cut()
	}
	busy, waits, alone := h.come(one, protocol.Visitor, "busy", "en"), h.come(two, protocol.Visitor, "waits", "en"), h.come(two, protocol.Visitor, "alone", "zh")
	busy.MustJoin("support")
	a.MustAccept()
	waits.MustJoin("support")
	alone.MustJoin("support")
	f := people.Next(waits, "a wait", func(f protocol.Ticket) bool { return f.Wait != nil && f.Wait.Known })
	if f.Wait.HighS < 60 || f.Wait.HighS <= f.Wait.LowS {
		t.Errorf("the wait is shown as %+v", f.Wait)
	}
	// A second tab has not seen what the first one has, and shows the same but a step.
	tab := people.Next(h.come(one, protocol.Visitor, "waits", "en"), "a wait in a second tab", func(f protocol.Ticket) bool { return f.Wait != nil && f.Wait.Known })
	steps := []int{0, 60, 120, 240, 420, 600, 900, 1200, 1800, 2700, 3600, 7200}
	for _, ends := range [][2]int{{f.Wait.LowS, tab.Wait.LowS}, {f.Wait.HighS, tab.Wait.HighS}} {
		i, j := slices.Index(steps, ends[0]), slices.Index(steps, ends[1])
		if i < 0 || j < 0 || i-j > 1 || j-i > 1 {
			t.Errorf("the wait is shown as %+v, and in a second tab on another gateway as %+v", f.Wait, tab.Wait)
		}
	}
	if f := people.Next(alone, "a view", func(protocol.Ticket) bool { return true }); f.Wait == nil || *f.Wait != (protocol.Wait{}) {
		t.Errorf("nobody speaks zh, and the wait is %+v", f.Wait)
	}
}

// [cadence-1]
func TestEveryBandOfTheLineIsShown(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	var line []*people.Person
	tickets := make([]string, 130)
	for i := range tickets {
		p := h.come(url, protocol.Visitor, fmt.Sprint("v", i), "en")
		tickets[i] = p.MustJoin("support")
		line = append(line, p)
	}
	if _, err := line[0].Leave(h.ctx, tickets[0]); err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{1, 9, 10, 50, 99, 100, 129} {
		if f := people.Next(line[i], "the new place", func(f protocol.Ticket) bool { return f.Position == i }); f.Reason != "" {
			t.Errorf("a better place has the reason %q", f.Reason)
		}
	}
}

// [cadence-2]
func TestAViewComesAgainWithNothingNew(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	url, _ := h.open("one")
	v, a := h.come(url, protocol.Visitor, "v", "zh"), h.come(url, protocol.Agent, "a", "en")
	v.MustJoin("support")
	first := people.Next(v, "the place", func(f protocol.Ticket) bool { return f.Position == 1 })
	desk := people.Next(a, "the desk", func(protocol.Desk) bool { return true })
	if again := people.Next(v, "the place again", func(f protocol.Ticket) bool { return f.Position == 1 }); again.AsOfMS < first.AsOfMS+9_000 {
		t.Errorf("the view came again after %d ms", again.AsOfMS-first.AsOfMS)
	}
	if again := people.Next(a, "the desk again", func(protocol.Desk) bool { return true }); again.AsOfMS <= desk.AsOfMS {
		t.Error("a desk view as old as the first")
	}
}
