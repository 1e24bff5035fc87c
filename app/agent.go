package app

import (
	"context"
	"errors"

	"nextup/app/commands"
	"nextup/app/conversation"
	"nextup/queue"
)

// SetStatus changes whether an agent takes tickets.
type SetStatus struct{ Status queue.AgentStatus }

// Accept makes the ticket of an offer the agent's.
type Accept struct{ Offer string }

// Decline gives an offer back.
type Decline struct{ Offer string }

// Close ends a conversation of the agent's, at once or after a while, which CancelClose
// takes back.
type Close struct {
	Ticket string
	After  queue.Millis
}

// CancelClose goes on with a conversation that is closing.
type CancelClose struct{ Ticket string }

// Finish ends the wrap-up of a closed ticket.
type Finish struct{ Ticket string }

// Consult invites a second agent into a conversation.
type Consult struct{ Ticket, Agent string }

func (SetStatus) roles() []Role                       { return agents }
func (SetStatus) keys(*Site, *Actor) commands.Keys    { return commands.Keys{} }
func (Accept) roles() []Role                          { return agents }
func (c Accept) keys(s *Site, a *Actor) commands.Keys { return ticketKeys(s.offered(a, c.Offer)) }
func (Decline) roles() []Role                         { return agents }
func (Decline) keys(*Site, *Actor) commands.Keys      { return commands.Keys{} }
func (Close) roles() []Role                           { return agents }
func (c Close) keys(*Site, *Actor) commands.Keys      { return ticketKeys(c.Ticket) }
func (CancelClose) roles() []Role                     { return agents }
func (CancelClose) keys(*Site, *Actor) commands.Keys  { return commands.Keys{} }
func (Finish) roles() []Role                          { return agents }
func (Finish) keys(*Site, *Actor) commands.Keys       { return commands.Keys{} }
func (Consult) roles() []Role                         { return agents }
func (c Consult) keys(*Site, *Actor) commands.Keys    { return ticketKeys(c.Ticket) }

func (c SetStatus) run(ctx context.Context, s *Site, a *Actor) (Receipt, error) {
	number, err := s.Decide(ctx, Refusals{}, func(st *queue.State) (queue.Change, error) { return st.SetStatus(a.ID, c.Status) })
	return Receipt{Log: number}, err
}

// offered finds the ticket that an agent is offered, "" for none.
func (s *Site) offered(a *Actor, offer string) (ticket string) {
	s.Read(func(st *queue.State) {
		for _, t := range st.Held(a.ID) {
			if t.Status == queue.Offered && t.Offer.ID == offer {
				ticket = t.ID
			}
		}
	})
	return ticket
}

// run answers only after the conversation knows the new fencing token, so that nothing
// that an earlier agent still sends can come after what this one sees.
func (c Accept) run(ctx context.Context, s *Site, a *Actor) (Receipt, error) {
	ticket := s.offered(a, c.Offer)
	number, err := s.Decide(ctx, Refusals{Late: queue.ErrUnknownOffer}, func(st *queue.State) (queue.Change, error) {
		return st.Accept(a.ID, c.Offer)
	})
	if err != nil {
		return Receipt{}, err
	}
	if err := s.recordMember(ctx, a, ticket); !errors.Is(err, conversation.ErrUntried) {
		return Receipt{Log: number}, err
	}
	return Receipt{Log: number}, nil // it is theirs; the next command in the conversation records the member
}

func (c Decline) run(ctx context.Context, s *Site, a *Actor) (Receipt, error) {
	number, err := s.Decide(ctx, Refusals{}, func(st *queue.State) (queue.Change, error) { return st.Decline(a.ID, c.Offer) })
	return Receipt{Log: number}, err
}

func (c Close) run(ctx context.Context, s *Site, a *Actor) (Receipt, error) {
	number, err := s.Decide(ctx, Refusals{}, func(st *queue.State) (queue.Change, error) {
		if c.After > 0 {
			return st.CloseAfter(a.ID, c.Ticket, c.After)
		}
		return st.Close(a.ID, c.Ticket)
	})
	return Receipt{Log: number}, err
}

func (c CancelClose) run(ctx context.Context, s *Site, a *Actor) (Receipt, error) {
	number, err := s.Decide(ctx, Refusals{}, func(st *queue.State) (queue.Change, error) { return st.CancelClose(a.ID, c.Ticket) })
	return Receipt{Log: number}, err
}

func (c Finish) run(ctx context.Context, s *Site, a *Actor) (Receipt, error) {
	number, err := s.Decide(ctx, Refusals{}, func(st *queue.State) (queue.Change, error) { return st.Finish(a.ID, c.Ticket) })
	return Receipt{Log: number}, err
}

func (c Consult) run(ctx context.Context, s *Site, a *Actor) (Receipt, error) {
	number, err := s.Decide(ctx, Refusals{}, func(st *queue.State) (queue.Change, error) {
		if t := st.Ticket(c.Ticket); t == nil || !a.takesPart(t) {
			return queue.Change{}, queue.ErrUnknownTicket
		}
		return st.Consult(a.ID, c.Ticket, c.Agent)
	})
	if errors.Is(err, queue.ErrNoAgent) {
		return Receipt{}, &UnknownError{err, s.colleagues(a, (*queue.Agent).Present)}
	}
	return Receipt{Log: number}, err
}

// maxKnown bounds the agents that a refusal lists.
const maxKnown = 50

// colleagues lists the other agents who may be chosen, by id.
func (s *Site) colleagues(a *Actor, may func(*queue.Agent) bool) []string {
	known := []string{}
	s.Read(func(st *queue.State) {
		for _, other := range st.Agents() {
			if may(other) && other.ID != a.ID && len(known) < maxKnown {
				known = append(known, other.ID)
			}
		}
	})
	return known
}
