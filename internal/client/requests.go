package client

import (
	"context"

	"nextup/gateway/protocol"
)

// Join asks for a place in line.
func (c *Conn) Join(ctx context.Context, department string, languages ...string) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypeJoin, func(e protocol.Envelope) protocol.Request {
		return protocol.Join{Envelope: e, Department: department, Languages: languages}
	})
}

// Leave ends the visitor's ticket.
func (c *Conn) Leave(ctx context.Context, ticket string) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypeLeave, func(e protocol.Envelope) protocol.Request {
		return protocol.Leave{Envelope: e, Ticket: ticket}
	})
}

// Status sets the agent's status.
func (c *Conn) Status(ctx context.Context, s protocol.AgentStatus) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypeStatus, func(e protocol.Envelope) protocol.Request {
		return protocol.Status{Envelope: e, Status: s}
	})
}

// Accept takes an offer.
func (c *Conn) Accept(ctx context.Context, offer string) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypeAccept, func(e protocol.Envelope) protocol.Request {
		return protocol.Accept{Envelope: e, Offer: offer}
	})
}

// Decline gives an offer back.
func (c *Conn) Decline(ctx context.Context, offer string) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypeDecline, func(e protocol.Envelope) protocol.Request {
		return protocol.Decline{Envelope: e, Offer: offer}
	})
}

// Open asks for a conversation from an entry on.
func (c *Conn) Open(ctx context.Context, ticket string, after uint64) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypeOpen, func(e protocol.Envelope) protocol.Request {
		return protocol.Open{Envelope: e, Ticket: ticket, After: after}
	})
}

// Reopen asks for a conversation after an entry that was received with a stamp.
func (c *Conn) Reopen(ctx context.Context, ticket string, after uint64, atMS int64) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypeOpen, func(e protocol.Envelope) protocol.Request {
		return protocol.Open{Envelope: e, Ticket: ticket, After: after, AtMS: atMS}
	})
}

// Send appends a message.
func (c *Conn) Send(ctx context.Context, ticket, messageID, text string) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypeSend, func(e protocol.Envelope) protocol.Request {
		return protocol.Send{Envelope: e, Ticket: ticket, MessageID: messageID, Text: text}
	})
}

// Read marks entries as seen.
func (c *Conn) Read(ctx context.Context, ticket string, upTo uint64) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypeRead, func(e protocol.Envelope) protocol.Request {
		return protocol.Read{Envelope: e, Ticket: ticket, UpTo: upTo}
	})
}

// CloseTicket ends a conversation for its agent.
func (c *Conn) CloseTicket(ctx context.Context, ticket string) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypeClose, func(e protocol.Envelope) protocol.Request {
		return protocol.Close{Envelope: e, Ticket: ticket}
	})
}

// Renew replaces the token.
func (c *Conn) Renew(ctx context.Context, token string) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypeRenew, func(e protocol.Envelope) protocol.Request {
		return protocol.Renew{Envelope: e, Token: token}
	})
}

// Typing says that this person began or stopped writing; nobody answers.
func (c *Conn) Typing(ctx context.Context, ticket string, on bool) error {
	return c.write(ctx, protocol.Typing{Type: protocol.TypeTyping, Ticket: ticket, On: on})
}
