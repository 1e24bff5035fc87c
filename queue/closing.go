package queue

import (
	"slices"
	"strconv"
)

// Closing says that an assigned ticket is about to end. Until then it is open as
// any other: it has its agent, its fencing token and its place in their capacity.
// A log reader that does not know it leaves the ticket open.
type Closing struct {
	At      Stamp   `json:"at"`
	For     Millis  `json:"for"`
	Unknown Unknown `json:",embed"`
}

// Until is when the ticket ends.
func (c *Closing) Until() Stamp { return c.At.Add(c.For) }

// MaxClosing bounds Closing.For.
const MaxClosing Millis = 30_000

// closable finds a ticket that the agent may close; it is nil when they have done
// so already.
func (s *State) closable(cause Cause, agent, ticket string) (*Ticket, error) {
	if t := s.tickets.get(ticket); t != nil && t.Agent == agent && t.End == AgentClosed {
		return nil, nil
	}
	return s.theirs(cause, agent, ticket)
}

// theirs finds a conversation that the agent holds and that the cause is one for. Of others' tickets they are
// not told even that there are some, and a guest may not do what the holder may.
func (s *State) theirs(cause Cause, agent, ticket string) (*Ticket, error) {
	t := s.tickets.get(ticket)
	switch {
	case t == nil || t.Agent != agent && !slices.Contains(t.Guests, agent):
		return nil, ErrUnknownTicket
	case !t.may(cause):
		return nil, ErrEnded
	case t.Agent != agent:
		return nil, ErrForbidden
	}
	return t, nil
}

// Close ends a conversation for its agent, also one that is closing. Having closed
// it already is no error. Errors: ErrUnknownTicket, ErrEnded, ErrForbidden.
func (s *State) Close(agent, ticket string) (Change, error) {
	t, err := s.closable(CauseClosed, agent, ticket)
	if t == nil || err != nil {
		return Change{}, err
	}
	return s.end(CauseClosed, t, AgentClosed), nil
}

// CloseAfter has a conversation end in a while, unless CancelClose takes that
// back. One that is closing keeps its time. Errors: those of Close, and
// ErrForbidden for a time out of range.
func (s *State) CloseAfter(agent, ticket string, after Millis) (Change, error) {
	t, err := s.closable(CauseClosing, agent, ticket)
	switch {
	case t == nil || err != nil:
		return Change{}, err
	case after <= 0 || after > MaxClosing:
		return Change{}, ErrForbidden
	case t.Closing != nil:
		return Change{}, nil
	}
	c := change(CauseClosing, t.ID, t.Rev.Version)
	c.Intent, c.ReleasesMemory = intentID(strconv.FormatInt(int64(after), 10)), true
	c.write(t, t.closingAfter(after))
	return c, nil
}

// CancelClose goes on with a conversation that is closing; with any other it
// changes nothing. Errors: those of Close.
func (s *State) CancelClose(agent, ticket string) (Change, error) {
	t, err := s.theirs(CauseCloseCancelled, agent, ticket)
	switch {
	case err != nil:
		return Change{}, err
	case t.Closing == nil:
		return Change{}, nil
	}
	c := change(CauseCloseCancelled, t.ID, t.Rev.Version)
	c.ReleasesMemory = true
	c.write(t, t.closeCancelled())
	return c, nil
}

// closeLapsed ends a ticket that was closing for long enough.
func (s *State) closeLapsed(t *Ticket) Change {
	c := s.end(CauseClosed, t, AgentClosed)
	c.NotBefore = t.Closing.Until()
	return c
}
