package queue

import (
	"errors"
	"testing"
)

func TestLoweringACapacityTakesNothingAway(t *testing.T) {
	w := newExchange(t)
	w.hire("a", speaks("en"))
	w.join("v1", "trading", "en")
	w.join("v2", "trading", "en")
	w.dispatch()
	w.accept("a")
	w.hire("a", func(f *AgentFacts) { f.Languages, f.Capacity = Fluent("en"), 1 })
	w.join("v3", "trading", "en")
	w.expect("over the new capacity")
	w.must(w.Close("a", w.TicketOf("v1").ID))
	w.expect("just at it")
	w.must(w.Close("a", w.TicketOf("v2").ID))
	w.expect("under it", "v3→a")
}

func TestTheCapacityOfWhoIsOfflineCountsNoMore(t *testing.T) {
	w := newExchange(t)
	w.hire("was", func(f *AgentFacts) { f.Languages, f.Capacity = Fluent("en"), 6 })
	heavy := JoinRequest{Ticket: "t", Visitor: "v", Department: "trading", Languages: []string{"en"}, Weight: 6}
	if _, err := w.Join(heavy); err != nil {
		t.Errorf("while they are there: %v", err)
	}
	w.must(w.SetStatus("was", Offline))
	if _, err := w.Join(heavy); !errors.Is(err, ErrTooHeavy) {
		t.Errorf("the site has no agent of more than 4 any more: %v", err)
	}
}

func TestAutoAcceptAssignsWithoutAsking(t *testing.T) {
	w := newExchange(t)
	w.hire("a", func(f *AgentFacts) { f.Languages, f.Tier = Fluent("en"), 3 })
	id := w.join("v", "engineering", "en")
	w.dispatch()
	if after := w.Ticket(id); after.Status != Assigned || after.Agent != "a" || after.Token != 1 {
		t.Errorf("%s to %q with token %d", after.Status, after.Agent, after.Token)
	}
}

func TestWrapUpKeepsThePlaceTaken(t *testing.T) {
	serve := func(t *testing.T) (*world, string) {
		w := newExchange(t)
		w.hire("a", func(f *AgentFacts) { f.Languages, f.Capacity = Fluent("en"), 1 })
		id := w.join("v1", "support", "en")
		w.dispatch()
		w.accept("a")
		w.must(w.Close("a", id))
		w.join("v2", "support", "en")
		w.expect("while it is wrapped up")
		return w, id
	}
	t.Run("until its time is over", func(t *testing.T) {
		w, _ := serve(t)
		w.now += 15_000
		w.expect("after", "v2→a")
	})
	t.Run("until the agent is done", func(t *testing.T) {
		w, id := serve(t)
		w.must(w.Finish("a", id))
		if c, err := w.Finish("a", id); err != nil || !c.Empty() {
			t.Errorf("twice: %v, %v", c.Cause, err)
		}
		w.expect("after", "v2→a")
	})
	t.Run("not when they go offline", func(t *testing.T) {
		w, id := serve(t)
		w.must(w.SetStatus("a", Offline))
		if w.Load("a") != 0 || w.Ticket(id).Status != Closed {
			t.Errorf("load %d, %s", w.Load("a"), w.Ticket(id).Status)
		}
	})
	t.Run("not when they are lost", func(t *testing.T) {
		w, id := serve(t)
		w.must(w.LoseAgent("a", "n1"), nil)
		w.now = w.now.Add(w.site.AgentGrace) + 1
		w.dispatch()
		if w.Load("a") != 0 || w.Ticket(id).Status != Closed {
			t.Errorf("load %d, %s", w.Load("a"), w.Ticket(id).Status)
		}
	})
}
