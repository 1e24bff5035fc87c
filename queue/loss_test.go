package queue

import "testing"

// Who is back in line is told why, whatever else happened to their ticket since.
func TestWhyATicketIsBackInLine(t *testing.T) {
	lose := func(w *world, agent string) {
		w.must(w.LoseAgent(agent, "n1"), nil)
		w.now = w.now.Add(w.site.AgentGrace) + 1
		w.dispatch()
	}
	boss := func(w *world, id string, to Target) {
		w.now += 1000
		w.must(w.Transfer(TransferRequest{Ticket: id, By: "boss", Supervisor: true, To: to}))
	}
	tests := []struct {
		name string
		does func(w *world, id string)
		lost string // the agent whose loss is the newest reason
	}{
		{"its agent was lost", func(w *world, _ string) { lose(w, "a") }, "a"},
		{"its agent's gateway was lost", func(w *world, _ string) {
			w.must(w.LoseNode("n1"), nil)
			w.now = w.now.Add(w.site.AgentGrace) + 1
			w.dispatch()
		}, "a"},
		{"its agent came back in time", func(w *world, _ string) {
			w.must(w.LoseAgent("a", "n1"), nil)
			w.must(w.BindAgent(AgentFacts{ID: "a", Languages: Fluent("en"), Capacity: 1}, "n2"), nil)
		}, ""},
		{"its agent passed it on", func(w *world, id string) {
			w.must(w.Transfer(TransferRequest{Ticket: id, By: "a", To: Target{Department: "support"}}))
		}, ""},
		{"a supervisor took it from an agent who was lost", func(w *world, id string) {
			w.must(w.LoseAgent("a", "n1"), nil)
			boss(w, id, Target{Department: "support"})
		}, ""},
		{"a supervisor moved it after its agent was lost", func(w *world, id string) {
			lose(w, "a")
			boss(w, id, Target{Department: "support"})
		}, ""},
		{"it was raised after its agent was lost", func(w *world, id string) {
			lose(w, "a")
			w.must(w.SetHeadStart(id, 60_000, "lost", "boss"))
		}, "a"},
		{"a guest was lost", func(w *world, id string) {
			w.hire("b", speaks("en"))
			w.must(w.Consult("a", id, "b"))
			lose(w, "b")
		}, ""},
	}
	for _, tt := range tests {
		t.Run("[ticket-10] "+tt.name, func(t *testing.T) {
			w := newExchange(t)
			w.hire("a", func(f *AgentFacts) { f.Languages, f.Capacity = Fluent("en"), 1 })
			id := w.join("v", "trading", "en")
			w.dispatch()
			w.accept("a")
			before := w.number
			tt.does(w, id)
			after := w.Ticket(id)
			switch {
			case after.LostSince(before) != (tt.lost != ""):
				t.Errorf("%s, lost: %+v, waiting since %d; want the loss of %q", after.Status, after.Loss, after.WaitingSince, tt.lost)
			case tt.lost != "" && (after.Status != Waiting || after.Loss.Agent != tt.lost || after.Loss.Token != 1 || after.LostSince(w.number)):
				t.Errorf("%s with %+v", after.Status, after.Loss)
			}
		})
	}
}

// The loss keeps the number of its record through later writes and a snapshot.
func TestALossKeepsTheNumberOfItsRecord(t *testing.T) {
	w := newExchange(t)
	w.hire("a", speaks("en"))
	id := w.join("v", "trading", "en")
	w.dispatch()
	w.accept("a")
	w.must(w.LoseAgent("a", "n1"), nil)
	w.now = w.now.Add(w.site.AgentGrace) + 1
	w.dispatch()
	number := w.number
	w.hire("b", speaks("en"))
	w.dispatch()
	w.accept("b")
	if l := w.Ticket(id).Loss; l == nil || l.Number != number || l.Token != 1 {
		t.Errorf("the loss is %+v, want number %d", l, number)
	}
}
