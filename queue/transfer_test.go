package queue

import (
	"errors"
	"testing"
)

func TestTransfer(t *testing.T) {
	type outcome struct {
		err    error
		queue  QueueID
		offers []string
	}
	here := QueueID{"support", "en"}
	tests := []struct {
		name string
		by   string
		to   Target
		want outcome
	}{
		{"to an agent", "a", Target{Agent: "b"}, outcome{nil, here, []string{"v→b"}}},
		{"to an agent who does not speak the language", "a", Target{Agent: "z"}, outcome{nil, here, []string{"v→z"}}},
		{"to a department", "a", Target{Department: "trading"}, outcome{nil, QueueID{"trading", "en"}, []string{"v→b"}}},
		{"to a language", "a", Target{Language: "zh"}, outcome{nil, QueueID{"support", "zh"}, []string{"v→z"}}},
		{"to a tier", "a", Target{Tier: 3}, outcome{nil, here, []string{"v→chief"}}},
		{"by who does not hold it", "b", Target{Agent: "z"}, outcome{ErrForbidden, here, nil}},
		{"to nobody", "a", Target{}, outcome{ErrNoAgent, here, nil}},
		{"to oneself", "a", Target{Agent: "a"}, outcome{ErrNoAgent, here, nil}},
		{"to an unknown agent", "a", Target{Agent: "x"}, outcome{ErrNoAgent, here, nil}},
		{"to an agent who is offline", "a", Target{Agent: "gone"}, outcome{ErrNoAgent, here, nil}},
		{"to an agent who is away", "a", Target{Agent: "out"}, outcome{ErrNoAgent, here, nil}},
		{"to a tier that nobody has", "a", Target{Language: "zh", Tier: 2}, outcome{ErrNoAgent, here, nil}},
		{"to an unknown department", "a", Target{Department: "x"}, outcome{ErrUnknownDepartment, here, nil}},
		{"to a language that nobody has", "a", Target{Language: "fr"}, outcome{ErrUnknownLanguage, here, nil}},
		{"to a tier that is none", "a", Target{Tier: 4}, outcome{ErrNoAgent, here, nil}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newExchange(t)
			w.hire("a", speaks("en"))
			id := w.join("v", "support", "en")
			joined := w.Ticket(id).Score()
			w.dispatch()
			w.accept("a")
			w.hire("b", speaks("en"))
			w.hire("z", speaks("zh"))
			w.hire("chief", func(f *AgentFacts) { f.Languages, f.Tier = Fluent("en"), 3 })
			w.hire("gone", speaks("en"))
			w.must(w.SetStatus("gone", Offline))
			w.hire("out", speaks("en"))
			w.must(w.SetStatus("out", Away))
			c, err := w.Transfer(TransferRequest{Ticket: id, By: tt.by, To: tt.to})
			if !errors.Is(err, tt.want.err) {
				t.Fatalf("err %v, want %v", err, tt.want.err)
			}
			if err != nil {
				return
			}
			w.must(c, nil)
			w.expect("after", tt.want.offers...)
			after := w.Ticket(id)
			if after.Queue() != tt.want.queue || after.Score() != joined || after.TransferredBy != "a" || after.Token != 1 {
				t.Errorf("in %v, score moved by %d, by %q, token %d", after.Queue(), after.Score()-joined, after.TransferredBy, after.Token)
			}
			if w.Load("a") != 0 {
				t.Error("the place is still taken")
			}
		})
	}
}

func TestATicketGivenToABusyAgentWaitsForThemAWhile(t *testing.T) {
	w := newExchange(t)
	w.hire("a", func(f *AgentFacts) { f.Languages, f.Capacity = Fluent("en"), 1 })
	w.join("v1", "trading", "en")
	w.dispatch()
	w.accept("a")
	w.hire("b", speaks("en"))
	id := w.join("v2", "trading", "en")
	w.must(w.Transfer(TransferRequest{Ticket: id, By: "boss", Supervisor: true, To: Target{Agent: "a"}}))
	at := w.Ticket(id).Hold.At
	w.expect("held though b is free")
	w.now = at + 60_001
	w.expect("then anybody", "v2→b")
}

func TestConsultAndHandOver(t *testing.T) {
	w := newExchange(t)
	w.hire("a", speaks("en"))
	id := w.join("v", "trading", "en")
	w.dispatch()
	w.accept("a")
	w.hire("b", func(f *AgentFacts) { f.Languages, f.Capacity = Fluent("en"), 1 })
	w.must(w.Consult("a", id, "b"))
	if got := w.Guesting("b"); len(got) != 1 || w.Load("b") != 0 {
		t.Fatalf("b is a guest in %d, load %d", len(got), w.Load("b"))
	}
	if _, err := w.Consult("b", id, "a"); !errors.Is(err, ErrForbidden) {
		t.Errorf("a guest invites: %v", err)
	}
	if _, err := w.Consult("a", id, "nobody"); !errors.Is(err, ErrNoAgent) {
		t.Errorf("inviting nobody: %v", err)
	}
	w.must(w.LeaveConsult("b", id))
	if got := w.Guesting("b"); got != nil {
		t.Errorf("still a guest in %d", len(got))
	}
	w.must(w.Consult("a", id, "b"))
	over := TransferRequest{Ticket: id, By: "a", To: Target{Agent: "b"}}
	w.must(w.LoseAgent("b", "n1"), nil)
	if _, err := w.Transfer(over); !errors.Is(err, ErrNoAgent) {
		t.Errorf("handing over to a guest who is not there: %v", err)
	}
	w.must(w.BindAgent(AgentFacts{ID: "b", Languages: Fluent("en"), Departments: []string{"trading"}, Capacity: 1}, "n1"), nil)
	w.must(w.Transfer(over))
	if after := w.Ticket(id); after.Status != Assigned || after.Agent != "b" || after.Token != 2 || len(after.Guests) != 0 {
		t.Errorf("%s to %q, token %d, guests %v", after.Status, after.Agent, after.Token, after.Guests)
	}
	if w.Load("a") != 0 || w.Load("b") != 1 {
		t.Errorf("loads %d, %d", w.Load("a"), w.Load("b"))
	}
	w.must(w.Consult("b", id, "a"))
	w.must(w.LoseAgent("a", "n1"), nil)
	w.now = w.now.Add(w.site.AgentGrace) + 1
	w.dispatch()
	if got := w.Guesting("a"); got != nil {
		t.Error("a lost agent is still a guest")
	}
	w.hire("full", func(f *AgentFacts) { f.Languages, f.Capacity = Fluent("en"), 1 })
	w.must(w.Consult("b", id, "full"))
	w.join("v2", "trading", "en")
	w.dispatch()
	if _, err := w.Transfer(TransferRequest{Ticket: id, By: "b", To: Target{Agent: "full"}}); !errors.Is(err, ErrNoRoom) {
		t.Errorf("handing over to a full agent: %v", err)
	}
}

func TestATransferThatIsNotCommittedChangesNothing(t *testing.T) {
	w := newExchange(t)
	w.hire("a", speaks("en"))
	id := w.join("v", "support", "en")
	w.dispatch()
	w.must(w.Decline("a", w.Ticket(id).Offer.ID))
	if _, err := w.Transfer(TransferRequest{Ticket: id, By: "boss", Supervisor: true, To: Target{Agent: "a"}}); err != nil {
		t.Fatal(err)
	}
	if n := w.Ticket(id).declineCount("a"); n != 1 {
		t.Errorf("the ticket knows of %d declined offers, want 1", n)
	}
}

// A topic that a department does not serve asks for nothing there: not for
// skills, and not for more room than its agents have.
func TestATicketIsServedWhereItsTopicIsNot(t *testing.T) {
	w := newExchange(t)
	rules := *w.site
	rules.Topics = map[string]Topic{"fiat": {Departments: []string{"trading"}, Skills: []string{"bank"}, Weight: 4}}
	w.SetSite(&rules)
	id := w.join("v", "trading", "en", func(r *JoinRequest) { r.Topic = "fiat" })
	w.hire("a", speaks("en"))
	w.expect("where it is, it is too heavy for them")
	w.must(w.Transfer(TransferRequest{Ticket: id, By: "boss", Supervisor: true, To: Target{Department: "support"}}))
	w.expect("where nobody serves the topic", "v→a")
	w.must(w.Transfer(TransferRequest{Ticket: id, By: "boss", Supervisor: true, To: Target{Department: "trading"}}))
	if after := w.Ticket(id); after.Weight != 4 || len(after.Requirements.Skills) != 1 {
		t.Errorf("back where it is served, it weighs %d and asks for %+v", after.Weight, after.Requirements)
	}
}
