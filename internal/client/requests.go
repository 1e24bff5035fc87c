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

// CloseAfter ends a conversation in some seconds, unless CancelClose comes before.
func (c *Conn) CloseAfter(ctx context.Context, ticket string, seconds int) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypeClose, func(e protocol.Envelope) protocol.Request {
		return protocol.Close{Envelope: e, Ticket: ticket, AfterS: seconds}
	})
}

// CancelClose goes on with a conversation that is closing.
func (c *Conn) CancelClose(ctx context.Context, ticket string) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypeCancelClose, func(e protocol.Envelope) protocol.Request {
		return protocol.CancelClose{Envelope: e, Ticket: ticket}
	})
}

// Renew replaces the token.
func (c *Conn) Renew(ctx context.Context, token string) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypeRenew, func(e protocol.Envelope) protocol.Request {
		return protocol.Renew{Envelope: e, Token: token}
	})
}

// Rate tells how a visitor liked a conversation, from 1 to 5.
func (c *Conn) Rate(ctx context.Context, ticket string, score int, comment string) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypeRate, func(e protocol.Envelope) protocol.Request {
		return protocol.Rate{Envelope: e, Ticket: ticket, Score: score, Comment: comment}
	})
}

// Finish ends the wrap-up of a closed ticket.
func (c *Conn) Finish(ctx context.Context, ticket string) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypeFinish, func(e protocol.Envelope) protocol.Request {
		return protocol.Finish{Envelope: e, Ticket: ticket}
	})
}

// Transfer passes a ticket on, with a note for the next agent, or "".
func (c *Conn) Transfer(ctx context.Context, ticket string, to protocol.TransferTo, note string) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypeTransfer, func(e protocol.Envelope) protocol.Request {
		return protocol.Transfer{Envelope: e, Ticket: ticket, To: to, Note: note}
	})
}

// Consult invites another agent into a conversation.
func (c *Conn) Consult(ctx context.Context, ticket, agent string) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypeConsult, func(e protocol.Envelope) protocol.Request {
		return protocol.Consult{Envelope: e, Ticket: ticket, Agent: agent}
	})
}

// Note writes what visitors do not see.
func (c *Conn) Note(ctx context.Context, ticket, messageID, text string) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypeNote, func(e protocol.Envelope) protocol.Request {
		return protocol.Note{Envelope: e, Ticket: ticket, MessageID: messageID, Text: text}
	})
}

// Whisper is a supervisor's word to the agents of a conversation.
func (c *Conn) Whisper(ctx context.Context, ticket, messageID, text string) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypeWhisper, func(e protocol.Envelope) protocol.Request {
		return protocol.Whisper{Envelope: e, Ticket: ticket, MessageID: messageID, Text: text}
	})
}

// HeadStart sets the head start of a ticket in line, for a reason.
func (c *Conn) HeadStart(ctx context.Context, ticket string, seconds int64, reason string) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypeHeadStart, func(e protocol.Envelope) protocol.Request {
		return protocol.HeadStart{Envelope: e, Ticket: ticket, HeadStartS: seconds, Reason: reason}
	})
}

// Pause stops serving a queue, or goes on with it.
func (c *Conn) Pause(ctx context.Context, department, language string, paused bool, reason string) (protocol.OK, error) {
	return c.Request(ctx, protocol.TypePause, func(e protocol.Envelope) protocol.Request {
		return protocol.Pause{Envelope: e, Department: department, Language: language, Paused: paused, Reason: reason}
	})
}

// Typing tells that this person began or stopped writing; no answer comes.
func (c *Conn) Typing(ctx context.Context, ticket string, on bool) error {
	return c.write(ctx, protocol.Typing{Type: protocol.TypeTyping, Ticket: ticket, On: on})
}
