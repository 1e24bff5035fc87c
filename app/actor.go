package app

import (
	"slices"

	"nextup/app/conversation"
	"nextup/queue"
)

// Role is what an actor is to the site.
type Role string

// The roles. Which may submit a command is in the command's list.
const (
	Visitor    Role = "visitor"
	Agent      Role = "agent"
	Supervisor Role = "supervisor"
	Admin      Role = "admin" // runs the gateways
	Host       Role = "host"  // a server of the site's own
	Bot        Role = "bot"
)

// Actor says who submits a command, and as what they came. What they came by is the
// transport's own.
type Actor struct {
	Role Role
	ID   string
	Name string
	// Languages, Tier and Urgency are what the site's own systems say of a visitor.
	Languages     []string
	Tier, Urgency string
	// Conn is the transport's number of what they came by, for the log; 0 for none.
	Conn uint64
}

// person is the actor as an author of entries.
func (a *Actor) person() conversation.Person {
	return conversation.Person{Role: conversation.Role(a.Role), ID: a.ID, Name: a.Name}
}

// takesPart reports whether the actor may write to an open ticket's conversation: the
// visitor to their own, an agent who holds it, held it last or is a guest in it, and any
// supervisor.
func (a *Actor) takesPart(t *queue.Ticket) bool {
	switch a.Role {
	case Visitor:
		return t.Visitor == a.ID
	case Agent:
		return t.Agent == a.ID && !t.Queued() || slices.Contains(t.Guests, a.ID)
	case Supervisor:
		return true
	case Admin, Host, Bot:
	}
	return false
}

// mayRead reports whether the actor may read a conversation: one that they take part in,
// one that is offered to them, and an earlier one of a visitor that they serve.
func (a *Actor) mayRead(st *queue.State, t *queue.Ticket) bool {
	return a.takesPart(t) || a.Role == Agent &&
		(t.Status == queue.Offered && t.Offer.Agent == a.ID || !t.Open() && servesVisitor(st, a.ID, t.Visitor))
}

// servesVisitor reports whether an agent holds or wraps up a ticket of the visitor, or
// was invited into it; an offer alone does not count. The visitor may have another
// ticket by now.
func servesVisitor(st *queue.State, agent, visitor string) bool {
	theirs := func(t *queue.Ticket) bool { return t.Visitor == visitor && t.Status != queue.Offered }
	return slices.ContainsFunc(st.Held(agent), theirs) || slices.ContainsFunc(st.Guesting(agent), theirs)
}

// AuthoriseRead finds the ticket of a conversation that the actor may read, or fails
// with ErrNotYours.
func (s *Site) AuthoriseRead(a *Actor, ticket string) (t *queue.Ticket, err error) {
	s.Read(func(st *queue.State) {
		if t = st.Ticket(ticket); t == nil || !a.mayRead(st, t) {
			t, err = nil, ErrNotYours
		}
	})
	return t, err
}

// authoriseWrite finds the ticket of an open conversation that the actor takes part in.
func (s *Site) authoriseWrite(a *Actor, ticket string) (t *queue.Ticket, err error) {
	s.Read(func(st *queue.State) { t = st.Ticket(ticket) })
	switch {
	case t == nil || !a.takesPart(t):
		return nil, ErrNotYours
	case !t.Open():
		return nil, queue.ErrEnded
	}
	return t, nil
}
