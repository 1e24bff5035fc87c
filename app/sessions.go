package app

import (
	"context"
	"slices"

	"nextup/queue"
)

// Connect has the log say that this process holds a connection of the person. Of an
// agent the facts are noted. It is the transport's word, not the person's: it waits for no
// command of theirs.
func (s *Site) Connect(ctx context.Context, a *Actor, facts queue.AgentFacts) error {
	if a.Role == Agent { // a log that lost a record while none here followed it gets it again
		s.Read(func(st *queue.State) {
			s.members.forgetMember(actorKey{a.Role, a.ID}, slices.Concat(st.Held(a.ID), st.Guesting(a.ID)))
		})
	}
	_, err := s.Decide(ctx, Refusals{}, func(st *queue.State) (queue.Change, error) {
		switch a.Role {
		case Visitor:
			return st.BindVisitor(a.ID, s.app.Node()), nil
		case Agent:
			return st.BindAgent(facts, s.app.Node()), nil
		case Supervisor, Admin, Host, Bot: // need no session
		}
		return queue.Change{}, nil
	})
	return err
}

// Disconnect has the log say that this process holds no connection of the person any
// more.
func (s *Site) Disconnect(ctx context.Context, a *Actor) error {
	_, err := s.Decide(ctx, Refusals{}, func(st *queue.State) (queue.Change, error) {
		switch a.Role {
		case Visitor:
			return st.LoseVisitor(a.ID, s.app.Node()), nil
		case Agent:
			return st.LoseAgent(a.ID, s.app.Node()), nil
		case Supervisor, Admin, Host, Bot: // have no session
		}
		return queue.Change{}, nil
	})
	return err
}

// HeldElsewhere reports whether another node holds the person's session, as far as is
// known.
func (s *Site) HeldElsewhere(a *Actor) bool {
	var held queue.Session
	s.Read(func(st *queue.State) {
		if v := st.Visitor(a.ID); v != nil && a.Role == Visitor {
			held = v.Session
		}
		if agent := st.Agent(a.ID); agent != nil && a.Role == Agent {
			held = agent.Session
		}
	})
	return held.Node != "" && !held.Lost() && held.Node != s.app.Node()
}
