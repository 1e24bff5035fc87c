package app

import (
	"context"
	"maps"
	"slices"

	"nextup/app/commands"
	"nextup/app/conversation"
	"nextup/queue"
)

// End ends a ticket wherever it stands, for an operator. To people it has ended as if its
// agent had closed it or, before it had one, its visitor had left: every release knows
// those. Who did it, and why, is in the audit log.
type End struct{ Ticket, Reason string }

func (End) roles() []Role                      { return admins }
func (c End) keys(*Site, *Actor) commands.Keys { return ticketKeys(c.Ticket) }

func (c End) run(ctx context.Context, s *Site, a *Actor) (Receipt, error) {
	number, err := s.Decide(ctx, Refusals{}, func(st *queue.State) (queue.Change, error) { return st.EndBy(a.ID, c.Ticket) })
	if err == nil {
		s.audit(ctx, a, auditEvent{action: "end", ticket: c.Ticket, log: number, reason: c.Reason})
	}
	return Receipt{Log: number}, err
}

// MaxTranscript bounds the entries that one Transcript returns.
const MaxTranscript = 1000

// Transcript returns the entries of a conversation after a number, at most MaxTranscript,
// as long as its log is kept. A ticket that is known may have none yet. It is for admins alone.
// What people wrote is left out unless a reason is given, which the audit log has then.
func (s *Site) Transcript(ctx context.Context, a *Actor, ticket string, after uint64, reason string) ([]conversation.Entry, error) {
	if a.Role != Admin {
		return nil, queue.ErrForbidden
	}
	entries, err := s.app.options.Conversations.History(ctx, s.id, ticket, after, MaxTranscript)
	switch {
	case err != nil:
		return nil, err
	case len(entries) == 0 && !s.kept(ctx, ticket):
		return nil, queue.ErrUnknownTicket
	case reason != "":
		s.audit(ctx, a, auditEvent{action: "read", ticket: ticket, reason: reason})
		return entries, nil
	}
	for i := range entries {
		entries[i].Body = conversation.Body{Kind: entries[i].Body.Kind}
	}
	return entries, nil
}

// kept reports whether a ticket is known or, where the site has forgotten it, its conversation.
func (s *Site) kept(ctx context.Context, ticket string) bool {
	known := false
	s.Read(func(st *queue.State) { known = st.Ticket(ticket) != nil })
	if known {
		return true
	}
	entries, err := s.app.options.Conversations.History(ctx, s.id, ticket, 0, 1)
	return err == nil && len(entries) > 0
}

// NodeInfo is what a living node says of itself.
type NodeInfo struct {
	Name string
	// Level is the highest that it knows.
	Level queue.Level
	// Differs lists the sites for which it runs another site file than this process.
	Differs []string
}

// Nodes lists the nodes that live, in order.
func (a *App) Nodes(ctx context.Context) ([]NodeInfo, error) {
	said, err := a.options.Presence.Announcements(ctx)
	if err != nil {
		return nil, err
	}
	nodes := make([]NodeInfo, 0, len(said))
	for _, name := range slices.Sorted(maps.Keys(said)) {
		n := NodeInfo{Name: name, Level: KnownLevel(said[name])}
		for _, id := range a.Sites() {
			if len(othersThan(a.Node(), id, a.sites[id].digestNow(), map[string]string{name: said[name]})) > 0 {
				n.Differs = append(n.Differs, id)
			}
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}
