package app

import (
	"context"

	"nextup/app/commands"
	"nextup/app/conversation"
	"nextup/queue"
)

// Open authorises the reading of a conversation, from now on and as long as AuthoriseRead
// does, and readies it: an agent is recorded as a member, and one that has ended is closed.
type Open struct {
	Ticket string
	// Again says that the actor is reading it already.
	Again bool
}

// Send writes a message. A supervisor is recorded as a member first: people do not hear
// from one that they have not been told of.
type Send struct{ Ticket, MessageID, Text string }

// Note writes what only staff reads.
type Note struct{ Ticket, MessageID, Text string }

// Whisper writes a supervisor's word to the agents.
type Whisper struct{ Ticket, MessageID, Text string }

// MarkRead notes up to which entry a person has read. It does nothing for a supervisor:
// people do not see that a supervisor reads.
type MarkRead struct {
	Ticket string
	UpTo   uint64
}

// Typing passes on that a person is writing, if it can be, to those who follow the
// conversation: Signal is what they are given, in a form of the transports' own.
type Typing struct {
	Ticket string
	Signal []byte
}

func (Open) roles() []Role                          { return people }
func (c Open) keys(*Site, *Actor) commands.Keys     { return conversationKeys(c.Ticket) }
func (Send) roles() []Role                          { return people }
func (c Send) keys(*Site, *Actor) commands.Keys     { return conversationKeys(c.Ticket) }
func (Note) roles() []Role                          { return staff }
func (c Note) keys(*Site, *Actor) commands.Keys     { return conversationKeys(c.Ticket) }
func (Whisper) roles() []Role                       { return supervisors }
func (c Whisper) keys(*Site, *Actor) commands.Keys  { return conversationKeys(c.Ticket) }
func (MarkRead) roles() []Role                      { return people }
func (c MarkRead) keys(*Site, *Actor) commands.Keys { return conversationKeys(c.Ticket) }
func (Typing) roles() []Role                        { return people }
func (c Typing) keys(*Site, *Actor) commands.Keys   { return conversationKeys(c.Ticket) }

func (c Open) run(ctx context.Context, s *Site, a *Actor) (Receipt, error) {
	t, err := s.AuthoriseRead(a, c.Ticket)
	switch {
	case err != nil:
	case t.Open():
		err = s.recordMember(ctx, a, c.Ticket)
	default:
		err = s.restoreEnd(ctx, t)
	}
	if err == nil && a.Role == Supervisor && !c.Again {
		s.audit(ctx, a, auditEvent{action: "monitor", ticket: t.ID})
	}
	return Receipt{}, err
}

func (c Send) run(ctx context.Context, s *Site, a *Actor) (Receipt, error) {
	if a.Role == Supervisor {
		if err := s.barge(ctx, a, c.Ticket); err != nil {
			return Receipt{}, err
		}
	}
	return s.write(ctx, a, conversation.Message, c.Ticket, c.MessageID, c.Text)
}

func (c Note) run(ctx context.Context, s *Site, a *Actor) (Receipt, error) {
	return s.write(ctx, a, conversation.Note, c.Ticket, c.MessageID, c.Text)
}

func (c Whisper) run(ctx context.Context, s *Site, a *Actor) (Receipt, error) {
	return s.write(ctx, a, conversation.Whisper, c.Ticket, c.MessageID, c.Text)
}

// write appends what has an id and a text: a message, a note or a whisper.
func (s *Site) write(ctx context.Context, a *Actor, kind conversation.Kind, ticket, id, text string) (Receipt, error) {
	t, err := s.authoriseWrite(a, ticket)
	if err != nil {
		return Receipt{}, err
	}
	if err := s.recordMember(ctx, a, ticket); err != nil {
		return Receipt{}, err
	}
	number, at, err := s.app.options.Conversations.Append(ctx, s.id, ticket, conversation.Draft{
		Kind: kind, From: a.person(), MessageID: id, Body: conversation.Text(text), Token: a.token(t),
	})
	if err != nil {
		return Receipt{}, err
	}
	s.metrics.messages.WithLabelValues(s.id, string(a.Role)).Inc()
	if a.Role == Supervisor {
		s.audit(ctx, a, auditEvent{action: auditOf[kind], ticket: ticket, entry: number, atMS: at})
	}
	return Receipt{MessageID: id, Number: number, AtMS: at}, nil
}

// token is the fencing token that a write carries: that of the assignment, for
// its agent and their guests. Visitors and supervisors are not fenced.
func (a *Actor) token(t *queue.Ticket) uint64 {
	if a.Role == Agent {
		return t.Token
	}
	return 0
}

func (c MarkRead) run(ctx context.Context, s *Site, a *Actor) (Receipt, error) {
	t, err := s.authoriseWrite(a, c.Ticket)
	if err != nil || a.Role == Supervisor {
		return Receipt{}, err
	}
	if err := s.recordMember(ctx, a, c.Ticket); err != nil {
		return Receipt{}, err
	}
	number, at, err := s.app.options.Conversations.Append(ctx, s.id, c.Ticket, conversation.Draft{
		Kind: conversation.Read, From: a.person(), UpTo: c.UpTo, Token: a.token(t),
	})
	return Receipt{Number: number, AtMS: at}, err
}

func (c Typing) run(ctx context.Context, s *Site, a *Actor) (Receipt, error) {
	if _, err := s.authoriseWrite(a, c.Ticket); err != nil {
		return Receipt{}, err
	}
	if a.Role == Supervisor && !s.members.has(c.Ticket, actorKey{a.Role, a.ID}, barged) {
		return Receipt{}, nil // people do not see a supervisor who has not come in
	}
	return Receipt{}, s.app.options.Conversations.Signal(ctx, s.id, c.Ticket, c.Signal)
}

// Follow delivers a conversation's entries after a place to a receiver, which asks for each
// delivery whether the actor may read it (AuthoriseRead).
func (s *Site) Follow(ticket string, after conversation.Place, r conversation.Receiver) *conversation.Subscription {
	return s.app.options.Conversations.Subscribe(s.id, ticket, after, r)
}
