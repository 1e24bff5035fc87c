package queue

import (
	"fmt"
	"maps"
	"slices"
)

// Transition is a change of where a ticket stands; "" is that there is none.
type Transition struct{ From, To Status }

// transitions are the legal ones by their causes. The rules ask it what may be done
// (ticketFor, may), and no change that it does not have is written to a log (Change.Check).
var transitions = map[Cause][]Transition{
	CauseJoined:   {{"", Waiting}},
	CauseOffered:  {{Waiting, Offered}},
	CauseAccepted: {{Offered, Assigned}, {Waiting, Assigned}}, // from waiting in a department with AutoAccept
	CauseDeclined: {{Offered, Waiting}},
	CauseLapsed:   {{Offered, Waiting}},

	CauseWidened:   {{Waiting, Waiting}},
	CauseHoldEnded: {{Waiting, Waiting}},
	CauseRaised:    {{Waiting, Waiting}, {Offered, Offered}},
	CauseLowered:   {{Waiting, Waiting}, {Offered, Offered}},

	CauseTransferred: {{Waiting, Waiting}, {Offered, Waiting}, {Assigned, Waiting}, {Assigned, Assigned}}, // to a guest
	CauseInvited:     {{Assigned, Assigned}},
	CauseGuestLeft:   {{Assigned, Assigned}},

	CauseClosing:        {{Assigned, Assigned}},
	CauseCloseCancelled: {{Assigned, Assigned}},
	CauseClosed:         {{Assigned, Closed}},
	CauseLeft:           {{Waiting, Abandoned}, {Offered, Abandoned}, {Assigned, Closed}},
	CauseWrappedUp:      {{Closed, Closed}},
	CauseRated:          {{Assigned, Assigned}, {Closed, Closed}},
	CauseForgotten:      {{Closed, ""}, {Abandoned, ""}},

	// An agent goes off line: offers return, wrap-ups end, a guest leaves.
	CauseStatus: {{Offered, Waiting}, {Closed, Closed}, {Assigned, Assigned}},
	// The same when an agent's grace is over, and their conversations return, or end
	// if they were closing; and the end of a ticket whose visitor's grace is over.
	CauseExpired: {
		{Offered, Waiting}, {Closed, Closed}, {Assigned, Assigned}, {Assigned, Waiting},
		{Waiting, Abandoned}, {Offered, Abandoned}, {Assigned, Closed},
	},
}

// TicketCauses lists the causes that do something to a ticket, in no order.
func TicketCauses() []Cause { return slices.Collect(maps.Keys(transitions)) }

// Transitions lists the legal transitions of a cause.
func Transitions(c Cause) []Transition { return slices.Clone(transitions[c]) }

// Legal reports whether a cause may bring a ticket from one image to another one, of
// which either may be nil.
func Legal(c Cause, before, after *Ticket) bool {
	var t Transition
	if before != nil {
		t.From = before.Status
	}
	if after != nil {
		t.To = after.Status
	}
	return slices.Contains(transitions[c], t)
}

// Check returns an ErrIllegal if the change has a write of a ticket that is not legal.
func (c *Change) Check() error {
	for _, w := range c.Writes {
		before, had := w.Before.(*Ticket)
		after, has := w.Image.(*Ticket)
		if (had || has) && !Legal(c.Cause, before, after) {
			return fmt.Errorf("%w: %s of %s", ErrIllegal, c.Cause, w.Name)
		}
	}
	return nil
}

// may reports whether the cause is one for a ticket that stands where this one does.
func (t *Ticket) may(c Cause) bool {
	return slices.ContainsFunc(transitions[c], func(tr Transition) bool { return tr.From == t.Status })
}

// ticketFor finds a ticket that stands where the cause may do something to it.
func (s *State) ticketFor(c Cause, id string) (*Ticket, error) {
	t := s.tickets.get(id)
	switch {
	case t == nil:
		return nil, ErrUnknownTicket
	case t.may(c):
		return t, nil
	case !t.Open():
		return nil, ErrEnded
	default:
		return nil, ErrForbidden
	}
}

// joined is the new ticket of a visitor, with what it asks for.
func joined(r JoinRequest, specification *Specification) *Ticket {
	return &Ticket{
		ID: r.Ticket, Visitor: r.Visitor, VisitorName: r.Name,
		Specification: specification, Progress: &Progress{},
		Status: Waiting, JoinedAt: OwnStamp, WaitingSince: OwnStamp,
	}
}

// offeredTo is the ticket offered to an agent for so long, once more than before.
func (t *Ticket) offeredTo(agent string, ttl Millis) *Ticket {
	after := t.Copy()
	after.Attempts++
	after.Status = Offered
	after.Offer = &Offer{ID: offerID(t.ID, after.Attempts), Agent: agent, At: OwnStamp, TTL: ttl}
	return after
}

// assignedTo is the ticket as an agent's, with a new fencing token, whether they took
// an offer, were not asked, or were a guest of the agent before.
func (t *Ticket) assignedTo(agent string) *Ticket {
	after := t.withoutGuest(agent)
	after.Status, after.Agent, after.Token = Assigned, agent, t.Token+1
	after.FirstAt, after.AssignedAt = t.AnsweredAt(), OwnStamp
	after.Offer, after.Hold, after.Closing = nil, nil, nil
	return after
}

// returned is the ticket waiting again, where it stood.
func (t *Ticket) returned() *Ticket {
	after := t.Copy()
	after.Status, after.Agent = Waiting, ""
	after.FirstAt, after.AssignedAt = t.AnsweredAt(), 0
	after.Offer, after.Guests, after.Closing = nil, nil, nil
	return after
}

// declinedBy is the ticket waiting again after an agent declined it, let its offer
// lapse or gave it away. A hold for them is over.
func (t *Ticket) declinedBy(agent string) *Ticket {
	after := t.returned()
	after.Declines = append(slices.Clone(t.Declines), Decline{Agent: agent, At: OwnStamp})
	if n := len(after.Declines); n > maxDeclines {
		after.Declines = after.Declines[n-maxDeclines:]
	}
	if t.Hold != nil && t.Hold.Agent == agent {
		after.Hold = nil
	}
	return after
}

// agentLost is the ticket waiting again after its agent was lost for good.
func (t *Ticket) agentLost() *Ticket {
	after := t.returned()
	after.Loss = &Loss{Agent: t.Agent, Token: t.Token, At: OwnStamp}
	return after
}

// holdEnded is the ticket which other agents may serve too.
func (t *Ticket) holdEnded() *Ticket {
	after := t.Copy()
	after.Hold = nil
	return after
}

// raisedTo is the ticket with another head start, whichever way.
func (t *Ticket) raisedTo(headStart Millis, reason string) *Ticket {
	after := t.Copy()
	after.HeadStart, after.HeadStartReason = headStart, reason
	return after
}

// closingAfter is the ticket that ends after a while.
func (t *Ticket) closingAfter(d Millis) *Ticket {
	after := t.Copy()
	after.Closing = &Closing{At: OwnStamp, For: d}
	return after
}

// closeCancelled is the ticket that goes on.
func (t *Ticket) closeCancelled() *Ticket {
	after := t.Copy()
	after.Closing = nil
	return after
}

// ended is the ticket closed, or abandoned if it stood in line. Its place in the agent's
// capacity stays taken for the wrap-up.
func (t *Ticket) ended(why EndReason, wrapUp Millis) *Ticket {
	after := t.Copy()
	after.Status, after.WrapUp = Closed, wrapUp
	if t.Queued() {
		after.Status, after.WrapUp = Abandoned, 0
	}
	after.End, after.EndedAt = why, OwnStamp
	after.Offer, after.Hold, after.Guests, after.Closing = nil, nil, nil, nil
	return after
}

// wrappedUp is the ended ticket that takes no more of its agent's capacity.
func (t *Ticket) wrappedUp() *Ticket {
	after := t.Copy()
	after.WrapUp = 0
	return after
}

// withGuest and withoutGuest are the ticket with one guest more and without one.
func (t *Ticket) withGuest(agent string) *Ticket {
	after := t.Copy()
	after.Guests = append(slices.Clone(t.Guests), agent)
	return after
}

func (t *Ticket) withoutGuest(agent string) *Ticket {
	after := t.Copy()
	after.Guests = slices.DeleteFunc(slices.Clone(t.Guests), func(g string) bool { return g == agent })
	return after
}

// rated is the ticket with what its visitor thought of it.
func (t *Ticket) rated(score int, comment string) *Ticket {
	after := t.Copy()
	after.Rating = &Rating{Score: score, Comment: comment, At: OwnStamp}
	return after
}
