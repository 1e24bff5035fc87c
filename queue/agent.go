package queue

import (
	"slices"
	"strconv"
	"strings"
)

// AgentFacts is what a token and the site file say of an agent.
type AgentFacts struct {
	ID, Name string
	// Languages are tags of the site; Departments are ids of the site.
	Languages, Departments []string
	Capacity               int
}

// BindAgent says that node holds a conn of an agent, and brings the facts up to
// date. A new agent, and one who was offline, begins away.
func (s *State) BindAgent(f AgentFacts, node string) Change {
	was := s.agents[f.ID]
	is := &Agent{ID: f.ID, DisplayName: f.Name, Languages: f.Languages, Departments: f.Departments, Capacity: f.Capacity, Status: Away}
	if was != nil {
		is.Session, is.IdleSince = was.Session, was.IdleSince
		if was.Status != Offline {
			is.Status = was.Status
		}
		if was.Session.Node == node && !was.Session.Lost() && sameFacts(was, is) {
			return Change{}
		}
	}
	is.Session = is.Session.bound(node)
	if was == nil {
		c := change(CauseBound, is.Name(), "", node)
		c.Intent = f.digest()
		c.alive(node)
		c.create(is)
		return c
	}
	c := change(CauseBound, is.Name(), was.Rev.Version, node)
	c.Intent = f.digest()
	c.alive(node)
	c.Frees = true
	c.write(was, is)
	return c
}

// digest tells two tokens of one agent apart.
func (f AgentFacts) digest() string {
	return intentID(f.ID, f.Name, strings.Join(f.Languages, ","), strings.Join(f.Departments, ","), strconv.Itoa(f.Capacity))
}

func sameFacts(a, b *Agent) bool {
	return a.DisplayName == b.DisplayName && a.Capacity == b.Capacity && a.Status == b.Status &&
		slices.Equal(a.Languages, b.Languages) && slices.Equal(a.Departments, b.Departments)
}

// LoseAgent says that node has lost its last conn of an agent. It is empty when
// the session has moved on.
func (s *State) LoseAgent(agent, node string) Change {
	a := s.agents[agent]
	if a == nil || a.Session.Node != node || a.Session.Lost() {
		return Change{}
	}
	is := *a
	is.Session.LostAt = Here
	c := change(CauseLost, a.Name(), a.Rev.Version)
	c.Frees = true
	c.write(a, &is)
	return c
}

// SetStatus changes whether an agent takes tickets. Going offline gives open
// offers back and is refused with ErrHolds while tickets are assigned.
func (s *State) SetStatus(agent string, status AgentStatus) (Change, error) {
	a := s.agents[agent]
	switch {
	case a == nil:
		return Change{}, ErrUnknownAgent
	case a.Status == status:
		return Change{}, nil
	}
	c := change(CauseStatus, a.ID, a.Rev.Version, string(status))
	is := *a
	is.Status = status
	if status == Available {
		is.IdleSince = Here
	}
	c.write(a, &is)
	if status == Offline {
		c.Frees = true
		for _, t := range s.Held(agent) {
			if t.Status == Assigned {
				return Change{}, ErrHolds
			}
			c.write(t, t.backInLine())
		}
	}
	return c, nil
}

// offerTo finds the ticket of an open offer of the agent.
func (s *State) offerTo(agent, offer string) (*Ticket, error) {
	for _, t := range s.held[agent] {
		if t.Status == Offered && t.Offer.ID == offer {
			return t, nil
		}
	}
	return nil, ErrUnknownOffer
}

// Accept makes an offered ticket the agent's, with a new fencing token. An
// offer that was accepted already by the same agent gives an empty change.
func (s *State) Accept(agent, offer string) (Change, error) {
	for _, t := range s.held[agent] {
		if t.Status == Assigned && offerID(t.ID, t.Attempts) == offer {
			return Change{}, nil
		}
	}
	t, err := s.offerTo(agent, offer)
	if err != nil {
		return Change{}, err
	}
	is := *t
	is.Status, is.Agent, is.Token, is.AssignedAt, is.Offer = Assigned, agent, t.Token+1, Here, nil
	c := change(CauseAccepted, offer)
	c.NotAfter = t.Offer.Deadline()
	c.write(t, &is)
	return c, nil
}

// Decline gives an offer back: the ticket has never left its place. An offer
// that the same agent has passed on already gives an empty change.
func (s *State) Decline(agent, offer string) (Change, error) {
	t, err := s.offerTo(agent, offer)
	if err != nil {
		id, _, _ := strings.Cut(offer, ".")
		if t := s.tickets[id]; t != nil && t.passes(agent) > 0 {
			return Change{}, nil
		}
		return Change{}, err
	}
	c := change(CauseDeclined, offer)
	c.Frees = true
	c.write(t, t.passed())
	return c, nil
}

// Close ends a conversation for its agent. Having closed it already is no error.
func (s *State) Close(agent, ticket string) (Change, error) {
	if t := s.tickets[ticket]; t != nil && t.Agent == agent && t.End == AgentClosed {
		return Change{}, nil
	}
	t, err := s.openTicket(ticket)
	if err != nil {
		return Change{}, err
	}
	if t.Status != Assigned || t.Agent != agent {
		return Change{}, ErrForbidden
	}
	return s.end(CauseClosed, t, AgentClosed), nil
}

// offerID names the n-th offer of a ticket.
func offerID(ticket string, attempt int) string { return ticket + "." + strconv.Itoa(attempt) }

// backInLine is the ticket waiting again, where it stood.
func (t *Ticket) backInLine() *Ticket {
	is := *t
	is.Status, is.Offer, is.Agent, is.AssignedAt = Waiting, nil, "", 0
	return &is
}

// passed is the ticket waiting again after the agent it was offered to did not
// take it.
func (t *Ticket) passed() *Ticket {
	is := t.backInLine()
	is.Passed = append(slices.Clone(t.Passed), t.Offer.Agent)
	if n := len(is.Passed); n > maxPassed {
		is.Passed = is.Passed[n-maxPassed:]
	}
	return is
}
