package queue

import (
	"errors"
	"testing"
)

// lives make worlds with one ticket, by where it stands.
func lives(t *testing.T) map[string]func() *world {
	t.Helper()
	site := demoSite()
	site.Departments[0].WrapUp = 60_000
	site.Departments[0].Widening = []Widening{{After: 1000, Languages: SpreadFallback}}
	site.Fallback = "es"
	site.StickyWindow, site.StickyHold, site.TransferHold = 86_400_000, 60_000, 60_000
	all := map[string]func() *world{}
	to := func(where string, steps ...func(w *world)) {
		all[where] = func() *world {
			w := newWorld(t)
			w.SetSite(site)
			w.must(w.Join(JoinRequest{Ticket: "t", Visitor: "v", Department: "support", Languages: []string{"en"}, Node: "n1"}))
			for _, step := range steps {
				step(w)
			}
			return w
		}
	}
	agents := func(w *world) {
		w.agent("a", 1, "en")
		w.agent("b", 1, "en")
	}
	offer := func(w *world) {
		agents(w)
		w.must(w.Match(w.now, 1)[0], nil)
	}
	accept := func(w *world) {
		offer(w)
		w.accept("a")
		w.accept("b")
	}
	owner := func(w *world) (agent, other string) {
		if w.Ticket("t").Agent == "a" {
			return "a", "b"
		}
		return "b", "a"
	}
	guest := func(w *world) {
		accept(w)
		a, b := owner(w)
		w.must(w.Consult(a, "t", b))
	}
	to("waiting")
	to("waiting, agents there", agents)
	to("held", accept, func(w *world) {
		a, b := owner(w)
		w.must(w.Transfer(TransferRequest{Ticket: "t", By: a, To: Target{Agent: b}}))
	})
	to("offered", offer)
	to("assigned", accept)
	to("with a guest", guest)
	to("closing", accept, func(w *world) {
		a, _ := owner(w)
		w.must(w.CloseAfter(a, "t", 20_000))
	})
	to("closed", accept, func(w *world) {
		a, _ := owner(w)
		w.must(w.Close(a, "t"))
	})
	to("wrapped up", accept, func(w *world) {
		a, _ := owner(w)
		w.must(w.Close(a, "t"))
		w.must(w.Finish(a, "t"))
	})
	to("abandoned", func(w *world) { w.must(w.Leave("v", "t")) })
	return all
}

// Whatever is tried with a ticket, wherever it stands, comes to a legal transition or to
// nothing, and there is no legal transition that nothing comes to.
func TestEveryTransitionIsLegalAndEveryLegalOneIsTaken(t *testing.T) {
	by := func(c Change) (Change, error) { return c, nil }
	due := func(w *world) []Change {
		w.now += 2 * 86_400_000
		var all []Change
		for _, batch := range (Dispatcher{}).Propose(w.State, w.now) {
			all = append(all, batch...)
		}
		return all
	}
	tries := map[string]func(w *world, agent string) []Change{}
	try := func(what string, f func(w *world, agent string) (Change, error)) {
		tries[what] = func(w *world, agent string) []Change {
			c, err := f(w, agent)
			if err != nil || c.Empty() {
				return nil
			}
			return []Change{c}
		}
	}
	try("offer", func(w *world, _ string) (Change, error) {
		if all := w.Match(w.now, 1); len(all) > 0 {
			return all[0], nil
		}
		return Change{}, nil
	})
	try("offer in a department that does not ask", func(w *world, _ string) (Change, error) {
		site := *w.site
		site.Departments = append([]Department{}, site.Departments...)
		site.Departments[0].AutoAccept = true
		w.SetSite(&site)
		if all := w.Match(w.now, 1); len(all) > 0 {
			return all[0], nil
		}
		return Change{}, nil
	})
	try("accept", func(w *world, a string) (Change, error) { return w.Accept(a, "t.1") })
	try("decline", func(w *world, a string) (Change, error) { return w.Decline(a, "t.1") })
	try("close", func(w *world, a string) (Change, error) { return w.Close(a, "t") })
	try("close in a while", func(w *world, a string) (Change, error) { return w.CloseAfter(a, "t", 1000) })
	try("cancel the close", func(w *world, a string) (Change, error) { return w.CancelClose(a, "t") })
	try("wrap up", func(w *world, a string) (Change, error) { return w.Finish(a, "t") })
	try("leave", func(w *world, _ string) (Change, error) { return w.Leave("v", "t") })
	try("rate", func(w *world, _ string) (Change, error) { return w.Rate("v", "t", 5, "") })
	try("raise", func(w *world, _ string) (Change, error) { return w.SetHeadStart("t", 1000, "", "s") })
	try("lower", func(w *world, _ string) (Change, error) { return w.SetHeadStart("t", -1000, "", "s") })
	try("transfer to a queue", func(w *world, a string) (Change, error) {
		return w.Transfer(TransferRequest{Ticket: "t", By: a, Supervisor: true, To: Target{Department: "trading"}})
	})
	for _, other := range []string{"a", "b"} {
		try("transfer to "+other, func(w *world, a string) (Change, error) {
			return w.Transfer(TransferRequest{Ticket: "t", By: a, To: Target{Agent: other}})
		})
		try("invite "+other, func(w *world, a string) (Change, error) { return w.Consult(a, "t", other) })
	}
	try("leave as a guest", func(w *world, a string) (Change, error) { return w.LeaveConsult(a, "t") })
	try("go off line", func(w *world, a string) (Change, error) { return w.SetStatus(a, Offline) })
	try("the agent is lost for good", func(w *world, a string) (Change, error) {
		if w.Agent(a) == nil {
			return Change{}, nil
		}
		w.must(w.LoseAgent(a, "n1"), nil)
		w.now = w.now.Add(w.site.AgentGrace + 1)
		return by(w.expireAgent(w.Agent(a)))
	})
	tries["the visitor is lost for good"] = func(w *world, _ string) []Change {
		if c := w.LoseVisitor("v", "n1"); !c.Empty() {
			w.must(c, nil)
		}
		w.now = w.now.Add(w.site.AssignedGrace + 1)
		return w.expire(w.now, 0)
	}
	tries["time passes"] = func(w *world, _ string) []Change { return due(w) }

	taken := map[Cause]map[Transition]bool{CauseJoined: {{"", Waiting}: true}}
	for where, live := range lives(t) {
		for what, f := range tries {
			for _, agent := range []string{"a", "b"} {
				w := live()
				for _, c := range f(w, agent) {
					if !w.commit(c) {
						continue
					}
					for _, ts := range w.steps[len(w.steps)-1].Tickets {
						if !Legal(c.Cause, ts.Before, ts.After) {
							t.Errorf("%s, %s: %s brings %+v to %+v", where, what, c.Cause, ts.Before, ts.After)
						}
						if taken[c.Cause] == nil {
							taken[c.Cause] = map[Transition]bool{}
						}
						tr := Transition{From: ts.Before.Status}
						if ts.After != nil {
							tr.To = ts.After.Status
						}
						taken[c.Cause][tr] = true
					}
				}
			}
		}
	}
	for cause, legal := range transitions {
		for _, tr := range legal {
			if !taken[cause][tr] {
				t.Errorf("nothing came to %q → %q by %s", tr.From, tr.To, cause)
			}
		}
	}
}

// A rule that forgets where a ticket stands does no harm: no log takes what it wants.
func TestNoLogTakesAChangeThatIsNotLegal(t *testing.T) {
	as := func(status Status) *Ticket {
		return &Ticket{ID: "t", Visitor: "v", Status: status, Specification: &Specification{}, Progress: &Progress{}}
	}
	for _, tt := range []struct {
		cause         Cause
		before, after *Ticket
		want          error
	}{
		{CauseJoined, nil, as(Waiting), nil},
		{CauseJoined, nil, as(Assigned), ErrIllegal},
		{CauseAccepted, as(Offered), as(Assigned), nil},
		{CauseAccepted, as(Closed), as(Assigned), ErrIllegal},
		{CauseDeclined, as(Assigned), as(Waiting), ErrIllegal},
		{CauseForgotten, as(Closed), nil, nil},
		{CauseForgotten, as(Waiting), nil, ErrIllegal},
		{CauseEstimated, as(Waiting), as(Waiting), ErrIllegal},
	} {
		c := change(tt.cause, "x")
		switch {
		case tt.before == nil:
			c.create(tt.after)
		case tt.after == nil:
			c.remove(tt.before)
		default:
			c.write(tt.before, tt.after)
		}
		if _, err := EncodeRecord(&c, make([][]byte, 1)); !errors.Is(err, tt.want) {
			t.Errorf("%s from %+v to %+v: %v, want %v", tt.cause, tt.before, tt.after, err, tt.want)
		}
	}
}

// What is not legal where a ticket stands is refused before anything is decided.
func TestWhatIsNotLegalWhereATicketStandsIsRefused(t *testing.T) {
	for _, tt := range []struct {
		where, what string
		decide      func(w *world) (Change, error)
		want        error
	}{
		{"assigned", "raise", func(w *world) (Change, error) { return w.SetHeadStart("t", 1000, "", "s") }, ErrForbidden},
		{"waiting", "rate", func(w *world) (Change, error) { return w.Rate("v", "t", 5, "") }, ErrForbidden},
		{"assigned", "wrap up", func(w *world) (Change, error) { return w.Finish(w.Ticket("t").Agent, "t") }, ErrForbidden},
		{"closed", "raise", func(w *world) (Change, error) { return w.SetHeadStart("t", 1000, "", "s") }, ErrEnded},
		{"waiting, agents there", "invite", func(w *world) (Change, error) { return w.Consult("a", "t", "b") }, ErrForbidden},
	} {
		t.Run(tt.where+", "+tt.what, func(t *testing.T) {
			if c, err := tt.decide(lives(t)[tt.where]()); !errors.Is(err, tt.want) || !c.Empty() {
				t.Errorf("%+v, %v; want %v", c, err, tt.want)
			}
		})
	}
}
