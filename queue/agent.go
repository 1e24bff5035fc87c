package queue

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// AgentFacts is what a token and the site file say of an agent.
type AgentFacts struct {
	ID, Name string
	// Languages are tags of the site, each with how well it is spoken; Departments
	// are ids of the site.
	Languages   map[string]Proficiency
	Departments []string
	Skills      []string
	Tier        int
	Capacity    int
}

// BindAgent says that node holds a conn of an agent, and brings the facts up to
// date. A new agent, and one that was offline, begins away. A lower capacity
// takes no ticket away: nothing comes until there is room again.
func (s *State) BindAgent(f AgentFacts, node string) Change {
	before, after := s.agents[f.ID], f.Agent()
	after.Status = Away
	version := ""
	if before != nil {
		version = before.Rev.Version
		after.Session, after.IdleSince, after.Unknown = before.Session, before.IdleSince, before.Unknown
		if before.Status != Offline {
			after.Status, after.AwayReason, after.Lapses = before.Status, before.AwayReason, before.Lapses
		}
		if before.Session.Node == node && !before.Session.Lost() && sameFacts(before, after) {
			return Change{}
		}
	}
	after.Session = after.Session.bound(node)
	c := change(CauseBound, after.Name(), version, node)
	c.Intent = f.digest()
	c.alive(node)
	if before == nil {
		c.create(after)
		return c
	}
	c.ReleasesMemory = true
	c.write(before, after)
	return c
}

// digest tells two tokens of one agent apart.
func (f AgentFacts) digest() string {
	words := []string{f.ID, f.Name, strings.Join(f.Departments, ","), strings.Join(f.Skills, ","), strconv.Itoa(f.Tier), strconv.Itoa(f.Capacity)}
	for _, l := range slices.Sorted(maps.Keys(f.Languages)) {
		words = append(words, l, strconv.Itoa(f.Languages[l]))
	}
	return intentID(words...)
}

func sameFacts(a, b *Agent) bool {
	return a.DisplayName == b.DisplayName && a.Capacity == b.Capacity && a.Tier == b.Tier && a.Status == b.Status &&
		maps.Equal(a.Languages, b.Languages) && slices.Equal(a.Departments, b.Departments) && slices.Equal(a.Skills, b.Skills)
}

// LoseAgent says that node has lost its last conn of an agent. It is empty when
// the session has moved on.
func (s *State) LoseAgent(agent, node string) Change {
	a := s.agents[agent]
	if a == nil || a.Session.Node != node || a.Session.Lost() {
		return Change{}
	}
	after := *a
	after.Session.LostAt = OwnStamp
	c := change(CauseLost, a.Name(), a.Rev.Version)
	c.ReleasesMemory = true
	c.write(a, &after)
	return c
}

// SetStatus changes whether an agent takes tickets. Going offline gives open
// offers back and is refused with ErrHolds while tickets are assigned.
func (s *State) SetStatus(agent string, status AgentStatus) (Change, error) {
	before := s.agents[agent]
	switch {
	case before == nil:
		return Change{}, ErrUnknownAgent
	case before.Status == status:
		return Change{}, nil
	}
	c := change(CauseStatus, before.ID, before.Rev.Version, string(status))
	after := *before
	after.Status, after.AwayReason, after.Lapses = status, "", 0
	if status == Available {
		after.IdleSince = OwnStamp
	}
	c.write(before, &after)
	if status == Offline {
		c.ReleasesMemory = true
		for _, t := range s.Held(agent) {
			given := t.givenUp()
			if !Legal(CauseStatus, t, given) {
				return Change{}, ErrHolds
			}
			c.write(t, given)
		}
		s.leaveAll(&c, agent)
	}
	return c, nil
}

// givenUp returns the ticket without the agent that held it: back in line where it
// stood, or no longer being wrapped up.
func (t *Ticket) givenUp() *Ticket {
	if t.Open() {
		return t.returned()
	}
	return t.wrappedUp()
}

// offerTo finds the ticket of an offer of the agent that the cause is an answer to.
func (s *State) offerTo(cause Cause, agent, offer string) (*Ticket, error) {
	for _, t := range s.held[agent] {
		if t.may(cause) && t.Offer != nil && t.Offer.ID == offer {
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
	t, err := s.offerTo(CauseAccepted, agent, offer)
	if err != nil {
		return Change{}, err
	}
	c := change(CauseAccepted, offer)
	c.NotAfter = t.Offer.Deadline()
	c.write(t, t.assignedTo(agent))
	s.answered(&c, agent)
	return c, nil
}

// Decline gives an offer back: the ticket has never left its place. An offer
// that the same agent has declined already gives an empty change.
func (s *State) Decline(agent, offer string) (Change, error) {
	t, err := s.offerTo(CauseDeclined, agent, offer)
	if err != nil {
		id, _, _ := strings.Cut(offer, ".")
		if t := s.tickets.get(id); t != nil && t.declineCount(agent) > 0 {
			return Change{}, nil
		}
		return Change{}, err
	}
	c := change(CauseDeclined, offer)
	c.ReleasesMemory = true
	c.write(t, t.declinedBy(agent))
	s.answered(&c, agent)
	return c, nil
}

// answered forgets the offers that an agent let lapse before this one.
func (s *State) answered(c *Change, agent string) {
	if a := s.agents[agent]; a != nil && a.Lapses > 0 {
		after := *a
		after.Lapses = 0
		c.write(a, &after)
	}
}

// Finish says that an agent has wrapped up a conversation: its place is free.
// Having done so is no error.
func (s *State) Finish(agent, ticket string) (Change, error) {
	t := s.tickets.get(ticket)
	switch {
	case t == nil || t.Agent != agent:
		return Change{}, ErrUnknownTicket
	case !t.may(CauseWrappedUp):
		return Change{}, ErrForbidden
	case t.WrapUp == 0:
		return Change{}, nil
	}
	return s.finish(t), nil
}

// finish ends a wrap-up, whether its agent says so or its time is over.
func (s *State) finish(t *Ticket) Change {
	c := change(CauseWrappedUp, t.ID, t.Rev.Version)
	c.ReleasesMemory = true
	c.write(t, t.wrappedUp())
	if a := s.agents[t.Agent]; a != nil {
		free := *a
		free.IdleSince = OwnStamp
		c.write(a, &free)
	}
	return c
}

// offerID names the n-th offer of a ticket.
func offerID(ticket string, attempt int) string { return ticket + "." + strconv.Itoa(attempt) }
