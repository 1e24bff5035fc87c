package queue

import (
	"slices"
	"strconv"
)

// Target is where a ticket goes: at least one is set.
type Target struct {
	// Agent is given the ticket by name, whatever it asks for: at once when they
	// are a guest in the conversation, else as soon as they have room, and for at
	// most Site.TransferHold.
	Agent string
	// Department and Language choose the queue; what is not set stays. The requirements
	// begins anew there: a tier that was asked for before is not asked for again.
	Department, Language string
	// Tier is the lowest that will do from now on, 1 to 3.
	Tier int
}

// TransferRequest gives a ticket away.
type TransferRequest struct {
	Ticket string
	// By is the agent that holds it, or any supervisor.
	By         string
	Supervisor bool
	To         Target
}

// Transfer gives a ticket to an agent, department, language or tier. It has kept
// the time of its join and its head start, so in the new line it stands where it
// would have stood; its conversation goes on. Errors: ErrUnknownTicket,
// ErrEnded, ErrForbidden, ErrNoAgent, ErrNoRoom, ErrUnknownDepartment,
// ErrUnknownLanguage.
func (s *State) Transfer(r TransferRequest) (Change, error) {
	t, err := s.ticketFor(CauseTransferred, r.Ticket)
	if err != nil {
		return Change{}, err
	}
	if !r.Supervisor && t.Agent != r.By {
		return Change{}, ErrForbidden
	}
	if r.To == (Target{}) || r.To.Tier < 0 || r.To.Tier > MaxTier {
		return Change{}, ErrNoAgent
	}
	var to *Agent
	if r.To.Agent != "" {
		to = s.agents[r.To.Agent]
		switch {
		case to == nil || !to.Present() || to.ID == t.Agent:
			return Change{}, ErrNoAgent
		case !to.Takes() && !slices.Contains(t.Guests, to.ID): // would not be waited for
			return Change{}, ErrNoAgent
		case to.Capacity < t.Weight:
			return Change{}, ErrNoRoom
		}
	}
	c := change(CauseTransferred, t.ID, t.Rev.Version, r.To.Agent, r.To.Department, r.To.Language, strconv.Itoa(r.To.Tier))
	c.By = r.By
	if to != nil && slices.Contains(t.Guests, to.ID) {
		return s.handOver(c, t, to, r)
	}
	after, err := s.moved(t, r.To)
	if err != nil {
		return Change{}, err
	}
	after.TransferredBy = r.By
	if to != nil {
		after.Prefers, after.Hold = to.ID, &Hold{Agent: to.ID, At: OwnStamp, For: s.site.TransferHold, Reason: HoldTransfer}
		after.Declines = slices.DeleteFunc(slices.Clone(after.Declines), func(p Decline) bool { return p.Agent == to.ID })
	}
	c.write(t, after)
	s.freed(&c, t)
	return c, nil
}

// MaxTier is the highest tier.
const MaxTier = 3

// moved is the ticket waiting in the queue that the target chooses.
func (s *State) moved(t *Ticket, to Target) (*Ticket, error) {
	dep, ok := s.site.Department(t.Department)
	if to.Department != "" {
		dep, ok = s.site.Department(to.Department)
	}
	reads := append([]string{t.Language}, t.Listed...)
	lang := t.Language
	if stays := s.Withdrawn(t.Queue()) && to.Department == "" && to.Language == ""; stays {
		dep.ID = t.Department // an agent or a tier is named: no other queue need have room for it
	} else {
		wanted := reads
		switch {
		case !ok:
			return nil, ErrUnknownDepartment
		case to.Language != "":
			wanted = []string{to.Language}
		case t.LanguageRequired:
			wanted = reads[:1]
		}
		if lang, ok = MatchLanguage(wanted, dep.Languages); !ok {
			return nil, ErrUnknownLanguage
		}
	}
	after := t.returned()
	if by := t.HeldBy(); by != "" {
		after = t.declinedBy(by)
	}
	after.Department, after.Language = dep.ID, lang
	if lang != t.Language { // the one before is still one that they read
		after.Listed = slices.DeleteFunc(reads, func(l string) bool { return l == lang })
	}
	after.Step, after.WaitingSince, after.Hold, after.Prefers = 0, OwnStamp, nil, ""
	topic := s.site.Topics[t.Topic]
	after.Weight = max(t.Weight, topic.Weight)
	if !topic.ServedIn(dep.ID) { // the person who sends it there knows why
		topic, after.Weight = Topic{}, 1
	}
	required := *s.requirementsOf(dep, lang, topic)
	required.text = ""
	if to.Tier != 0 {
		required.Tier = to.Tier
	}
	after.Requirements = &required
	if to.Tier > 1 && to.Agent == "" && !s.servable(after) {
		return nil, ErrNoAgent
	}
	return after, nil
}

// servable reports whether some agent, here or not, could serve the ticket.
func (s *State) servable(t *Ticket) bool {
	required := t.Requirements
	if s.Withdrawn(t.Queue()) {
		required = s.opened(required, t)
	}
	for _, a := range s.agents {
		if s.mayServe(a, t.Queue(), required) {
			return true
		}
	}
	return false
}

// handOver gives a conversation to an agent who is in it already.
func (s *State) handOver(c Change, t *Ticket, to *Agent, r TransferRequest) (Change, error) {
	if s.Load(to.ID)+t.Weight > to.Capacity {
		return Change{}, ErrNoRoom
	}
	after := t.assignedTo(to.ID)
	after.TransferredBy = r.By
	c.write(t, after)
	busy := *to
	busy.IdleSince = OwnStamp
	c.write(to, &busy)
	s.freed(&c, t)
	return c, nil
}

// freed notes since when the agent whose place a ticket took is idle.
func (s *State) freed(c *Change, t *Ticket) {
	if a := s.agents[t.HeldBy()]; a != nil {
		free := *a
		free.IdleSince = OwnStamp
		c.write(a, &free)
	}
}

// Consult invites a second agent into a conversation. It takes nothing of their
// capacity; inviting one who is there is no error. Errors: ErrUnknownTicket,
// ErrEnded, ErrForbidden, ErrNoAgent, ErrTooManyGuests.
func (s *State) Consult(agent, ticket, invited string) (Change, error) {
	t, err := s.ticketFor(CauseInvited, ticket)
	if err != nil {
		return Change{}, err
	}
	a := s.agents[invited]
	switch {
	case t.Agent != agent:
		return Change{}, ErrForbidden
	case a == nil || !a.Present() || invited == agent:
		return Change{}, ErrNoAgent
	case slices.Contains(t.Guests, invited):
		return Change{}, nil
	case len(t.Guests) >= MaxGuests:
		return Change{}, ErrTooManyGuests
	}
	c := change(CauseInvited, t.ID, t.Rev.Version, invited)
	c.By = agent
	c.write(t, t.withGuest(invited))
	return c, nil
}

// LeaveConsult takes a guest out of a conversation; of one that they are not in they
// are not told even that it is there.
func (s *State) LeaveConsult(agent, ticket string) (Change, error) {
	i := slices.IndexFunc(s.guests[agent], func(t *Ticket) bool { return t.ID == ticket })
	if i < 0 {
		return Change{}, ErrUnknownTicket
	}
	t := s.guests[agent][i]
	c := change(CauseGuestLeft, t.ID, t.Rev.Version, agent)
	c.ReleasesMemory = true
	c.write(t, t.withoutGuest(agent))
	return c, nil
}

// leaveAll takes an agent out of every conversation that they are a guest in.
func (s *State) leaveAll(c *Change, agent string) {
	for _, t := range s.Guesting(agent) {
		c.write(t, t.withoutGuest(agent))
	}
}
