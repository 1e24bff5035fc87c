package gateway_test

import (
	"slices"
	"testing"

	"nextup/gateway"
	"nextup/gateway/protocol"
	"nextup/presence"
	"nextup/queue"
	"nextup/queue/logstore"
	"nextup/test/people"
)

// [ticket-10] The gateway tells the partner in a conversation at once that the conn is lost,
// and that it is back, however it went and came.
func TestAVisitorIsToldAtOnceThatTheirAgentsConnIsLost(t *testing.T) {
	registry := &silence{Memory: presence.NewMemory(nil), dead: map[string]bool{}}
	tests := map[string]func(g *gateway.Gateway, a *people.Person){
		"its conn breaks": func(_ *gateway.Gateway, a *people.Person) { a.Cut() },
		"its gateway is lost": func(g *gateway.Gateway, a *people.Person) {
			g.Freeze()
			a.Cut()
			registry.kill(g.Node())
		},
	}
	for name, goes := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.registry = registry
			stays, _ := h.open("stays")
			dies, g := h.open("dies")
			v := h.come(stays, protocol.Visitor, "v", "en")
			ticket := v.MustJoin("support")
			a := h.come(dies, protocol.Agent, "a", "en").MustBe(protocol.Available)
			a.MustAccept()
			people.Next(v, "the agent", func(f protocol.Ticket) bool { return f.Status == protocol.Assigned && !f.AgentLost })
			goes(g, a)
			f := people.Next(v, "that the agent is lost", func(f protocol.Ticket) bool { return f.AgentLost })
			if f.Ticket != ticket || f.Status != protocol.Assigned || f.Agent == nil || f.Agent.ID != "a" || f.Reason != "" {
				t.Errorf("the visitor is told %+v", f)
			}
			h.come(stays, protocol.Agent, "a", "en")
			if f := people.Next(v, "that the agent is back", func(f protocol.Ticket) bool { return !f.AgentLost }); f.Status != protocol.Assigned {
				t.Errorf("with the agent back, the visitor is told %+v", f)
			}
		})
	}
}

// What is no loss is not told as one: an agent from which a new site file takes everything
// from goes on with who they have, and so does one who came back in time.
func TestAnAgentWhomTheSiteFileDropsIsNotLost(t *testing.T) {
	h := newHouse(t)
	url, g := h.open("one")
	v, a, ticket := h.served(url, "v", "a")
	h.reload(g, func(s *gateway.SiteOptions) {
		s.Agent = func(string) queue.AgentFacts { return queue.AgentFacts{} }
	})
	people.Next(a, "what the file says now", func(d protocol.Desk) bool { return d.Capacity == 0 && len(d.Tickets) == 1 })
	a.MustSend(ticket, "m1", "still here")
	_, err := a.Status(h.ctx, protocol.Offline)
	wantCode(t, err, protocol.CodeForbidden) // an agent who signs out gives up no visitor
	if _, err := a.CloseTicket(h.ctx, ticket); err != nil {
		t.Fatal(err)
	}
	people.Next(v, "the end, and no loss before", func(f protocol.Ticket) bool {
		if f.AgentLost || f.Reason != "" {
			t.Errorf("the visitor is told %+v", f)
		}
		return f.Status == protocol.Closed
	})
	if read := v.MustRead(ticket, 3); slices.ContainsFunc(read, func(e protocol.Entry) bool { return e.Kind == protocol.EntryAgentLost }) {
		t.Errorf("the conversation reads %v", kinds(read))
	}
}

// [desk-8]
func TestAGuestIsToldThatTheOwnersConnIsLost(t *testing.T) {
	h := newHouse(t, staff(map[string]queue.AgentFacts{"a": both, "b": both}))
	url, _ := h.open("one")
	b := h.come(url, protocol.Agent, "b", "en")
	_, a, ticket := h.served(url, "v", "a")
	if _, err := a.Consult(h.ctx, ticket, "b"); err != nil {
		t.Fatal(err)
	}
	b.OnDesk(ticket, func(d protocol.DeskTicket) bool { return d.Guest && !d.AgentLost })
	a.Cut()
	b.OnDesk(ticket, func(d protocol.DeskTicket) bool { return d.AgentLost })
	h.come(url, protocol.Agent, "a", "en")
	b.OnDesk(ticket, func(d protocol.DeskTicket) bool { return !d.AgentLost })
}

// [ticket-5] [ticket-10] [entry-3] The reason is the person's own, also for one who
// was not here when it happened, and the conversation has a record of it, before
// that of the next person.
func TestWhoLostTheirAgentIsToldSoAndTheConversationSaysIt(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Rules.AgentGrace = 100 })
	one, _ := h.open("one")
	two, _ := h.open("two")
	v, a, ticket := h.served(one, "v", "a")
	a.MustSend(ticket, "m1", "one moment")
	log := people.Next(v, "the agent", func(f protocol.Ticket) bool { return f.Status == protocol.Assigned }).Log
	v.Cut()
	other := h.come(one, protocol.Visitor, "other", "en")
	other.MustJoin("support")
	a.Cut()
	people.Next(other, "that somebody has their place back", func(f protocol.Ticket) bool { return f.Position == 2 && f.Reason == protocol.Returned })
	again := h.resume(two, "v", log)
	f := people.Next(again, "the line", func(f protocol.Ticket) bool { return f.Status == protocol.Waiting })
	if f.Reason != protocol.ReasonAgentLost || f.Position != 1 || f.AgentLost {
		t.Errorf("on coming back the visitor is told %+v", f)
	}
	if _, err := h.come(one, protocol.Supervisor, "s").Pause(h.ctx, "support", "en", true, ""); err != nil {
		t.Fatal(err)
	}
	if f := people.Next(again, "the next frame", func(f protocol.Ticket) bool { return f.Paused }); f.Reason != "" {
		t.Errorf("it is told again: %+v", f)
	}
	if _, err := h.come(one, protocol.Supervisor, "s").Pause(h.ctx, "support", "en", false, ""); err != nil {
		t.Fatal(err)
	}
	b := h.come(two, protocol.Agent, "b", "en").MustBe(protocol.Available)
	if offer := b.MustAccept(); offer.Ticket != ticket {
		t.Fatalf("the next agent is offered %s, want %s", offer.Ticket, ticket)
	}
	read := b.MustRead(ticket, 4)
	want := []protocol.EntryKind{protocol.EntryMember, protocol.EntryMessage, protocol.EntryAgentLost, protocol.EntryMember}
	if !slices.Equal(kinds(read), want) || read[2].From == nil || read[2].From.ID != "a" || read[2].From.Name != "Name of a" || read[3].From.ID != "b" {
		t.Errorf("the conversation reads %+v", read)
	}
	if _, err := b.CloseTicket(h.ctx, ticket); err != nil {
		t.Fatal(err)
	}
	if read := again.MustRead(ticket, 5); read[4].Kind != protocol.EntryClosed {
		t.Errorf("after the end it reads %v: the loss was written again", kinds(read))
	}
}

// A dispatcher that comes later makes up for the record that the one before did not
// live to write.
func TestTheRecordOfALossIsMadeByTheNextDispatcher(t *testing.T) {
	h := newHouse(t)
	one, first := h.open("one")
	_, _, ticket := h.served(one, "v", "a")
	first.Freeze()
	replica := newReader()
	store := logstore.New(h.memory)
	follower := store.Follow(h.ctx, "demo", replica)
	if err := follower.Sync(h.ctx); err != nil {
		t.Fatal(err)
	}
	commit := func(decide func(*queue.State) []queue.Change) {
		t.Helper()
		var due []queue.Change
		replica.Read(func(st *queue.State) { due = decide(st) })
		out, err := store.Commit(h.ctx, "demo", due)
		if err != nil || len(out) == 0 || out[0].Verdict != queue.Done {
			t.Fatalf("%d changes: %v, %v", len(due), out, err)
		}
		if err := follower.WaitFor(h.ctx, out[0].Number); err != nil {
			t.Fatal(err)
		}
	}
	commit(func(st *queue.State) []queue.Change {
		return []queue.Change{st.LoseAgent("a", st.Agent("a").Session.Node)}
	})
	commit(func(st *queue.State) []queue.Change {
		st.Site().AgentGrace = -100_000 // is over
		return queue.Dispatcher{}.Propose(st, store.Now("demo"))[0]
	})
	h.open("two")
	two, _ := h.open("two")
	v := h.resume(two, "v", 1)
	read := v.MustRead(ticket, 2)
	if read[1].Kind != protocol.EntryAgentLost {
		t.Errorf("the conversation reads %v", kinds(read))
	}
}
