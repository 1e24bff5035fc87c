package app

import (
	"context"
	"math"
	"sync"

	"nextup/queue"
)

const (
	// maxMembers bounds the conversations whose members are remembered; forgetting costs
	// an idempotent append for each.
	maxMembers = 50_000
	// barged is what members have for a supervisor instead of a token: a supervisor has no
	// assignment, so writes are not fenced.
	barged = math.MaxUint64
)

// members are the members whose records their conversations have, by ticket, as far
// as this process wrote them.
type members struct {
	mu sync.Mutex
	by map[string]map[actorKey]uint64
}

func (m *members) has(ticket string, who actorKey, token uint64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.by[ticket][who] == token
}

func (m *members) add(ticket string, who actorKey, token uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.by == nil || len(m.by) >= maxMembers {
		m.by = map[string]map[actorKey]uint64{}
	}
	if m.by[ticket] == nil {
		m.by[ticket] = map[actorKey]uint64{}
	}
	m.by[ticket][who] = token
}

func (m *members) forget(ticket string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.by, ticket)
}

// forgetMember forgets that an actor is a member of the tickets' conversations.
func (m *members) forgetMember(who actorKey, tickets []*queue.Ticket) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range tickets {
		delete(m.by[t.ID], who)
	}
}

func (m *members) forgetAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.by)
}

// forgetEnded forgets the members of conversations that have ended.
func (m *members) forgetEnded(_ *queue.State, steps []queue.Step) {
	for _, s := range steps {
		for _, t := range s.Tickets {
			if t.After != nil && !t.After.Open() {
				m.forget(t.After.ID)
			}
		}
	}
}

// ConversationForked has the members of a conversation recorded anew: its log has lost
// entries.
func (s *Site) ConversationForked(ticket string) {
	s.metrics.forked(s.ID(), conversationLog)
	s.members.forget(ticket)
}

// recordMember copies an agent's assignment of a ticket into its conversation, or their
// invitation: what an agent writes must come after the record that they are a member,
// also when the accept was cut short. With "" it does so for all that they hold, but not
// where they were invited: a guest is a member once they open or write. It is
// idempotent, and nothing for other actors.
func (s *Site) recordMember(ctx context.Context, a *Actor, ticket string) error {
	if a.Role != Agent {
		return nil
	}
	key := actorKey{a.Role, a.ID}
	var held []*queue.Ticket
	s.Read(func(st *queue.State) {
		if t := st.Ticket(ticket); t != nil {
			if a.takesPart(t) {
				held = []*queue.Ticket{t}
			}
			return
		}
		held = st.Held(a.ID)
	})
	for _, t := range held {
		if t.Status != queue.Assigned || ticket != "" && t.ID != ticket || s.members.has(t.ID, key, t.Token) {
			continue
		}
		if err := s.recordLoss(ctx, t); err != nil {
			return err
		}
		if err := s.app.options.Conversations.Member(ctx, s.id, t.ID, t.Rev.Number, a.person(), t.Token); err != nil {
			return err
		}
		s.members.add(t.ID, key, t.Token)
	}
	return nil
}

// barge records in the conversation that a supervisor has come into it. It is idempotent.
func (s *Site) barge(ctx context.Context, a *Actor, ticket string) error {
	key := actorKey{a.Role, a.ID}
	t, err := s.authoriseWrite(a, ticket)
	if err != nil || s.members.has(ticket, key, barged) {
		return err
	}
	if err := s.app.options.Conversations.Member(ctx, s.id, ticket, t.Rev.Number, a.person(), 0); err != nil {
		return err
	}
	s.members.add(ticket, key, barged)
	return nil
}
