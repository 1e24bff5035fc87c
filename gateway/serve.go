package gateway

import (
	"context"
	"errors"
	"slices"
	"time"

	"nextup/gateway/commands"
	"nextup/gateway/protocol"
	"nextup/gateway/socket"
	"nextup/queue"
)

// How many frames in a row may be refused by the limit, and how many may come
// before a good hello, until the conn is closed as a flood.
const (
	maxOver        = 200
	maxBeforeHello = 10
)

// commandTimeout is how long a command may take, the time included that it waits
// for those before it.
const commandTimeout = 6 * time.Second

// Message implements socket.Handler: it takes one frame. It waits for nothing
// outside, since the worker that calls it serves other sockets too.
func (c *conn) Message(text bool, data []byte) socket.Next {
	c.heard()
	if !text {
		c.end(protocol.CloseProtocol)
		return socket.Enough
	}
	if within, more := c.Frame(len(data)); !more {
		return socket.Enough
	} else if !within {
		return socket.More
	}
	req, err := protocol.Decode(data)
	var refusal *protocol.Refusal
	if errors.As(err, &refusal) {
		c.g.metrics.refusals.WithLabelValues(string(refusal.Code)).Inc()
		c.send(refusal.Frame())
		return socket.More
	}
	if hello, ok := req.(protocol.Hello); ok && c.site == nil {
		c.greeted.Store(true)
		c.g.strangers.stir(c)
		c.g.pool.Go(func() { c.socket.Resume(c.hello(hello)) })
		return socket.Hold
	} else if ok || c.site == nil {
		c.refuse(req.RequestID(), errHelloFirst)
		return socket.More
	}
	if _, ok := req.(protocol.Heartbeat); ok {
		c.beat()
		return socket.More
	}
	if !slices.Contains(mayRequest[c.id.Role], req.FrameType()) {
		c.refuse(req.RequestID(), queue.ErrForbidden)
		return socket.More
	}
	c.submit(req)
	return socket.More
}

// Frame implements socket.Handler: it counts a frame of any kind, and ends a conn
// that sends too many.
func (c *conn) Frame(size int) (within, more bool) {
	c.g.metrics.framesIn.Inc()
	if c.allowance == nil { // nobody yet
		if c.over++; c.over > maxBeforeHello {
			c.end(protocol.CloseFlood)
			return false, false
		}
		return true, true
	}
	limit := c.allowance.take(size)
	if limit != "" {
		return false, c.refuseFlood(limit)
	}
	c.over = 0
	return true, true
}

// submit has a request handled and answered, after those before it that concern
// the same.
func (c *conn) submit(req protocol.Request) {
	deadline := time.Now().Add(commandTimeout)
	err := c.commands.Submit(&c.g.pool, c.keysOf(req), func() {
		ctx, cancel := context.WithDeadline(c.g.ctx, deadline)
		defer cancel()
		ok, err := c.handle(ctx, req)
		switch {
		case err != nil:
			c.refuse(req.RequestID(), err)
		case req.FrameType() != protocol.TypeTyping:
			ok.ID = req.RequestID()
			c.send(ok)
		}
	})
	// One who is sent elsewhere asks again there, and typing is worth no answer.
	if errors.Is(err, commands.ErrFull) && req.FrameType() != protocol.TypeTyping {
		c.refuse(req.RequestID(), err)
	}
}

// keysOf names what a request concerns: a conversation, the line and the agents ("",
// which is no ticket), or both.
func (c *conn) keysOf(req protocol.Request) commands.Keys {
	switch r := req.(type) {
	case protocol.Open:
		return commands.Keys{r.Ticket, r.Ticket}
	case protocol.Send:
		return commands.Keys{r.Ticket, r.Ticket}
	case protocol.Typing:
		return commands.Keys{r.Ticket, r.Ticket}
	case protocol.Read:
		return commands.Keys{r.Ticket, r.Ticket}
	case protocol.Note:
		return commands.Keys{r.Ticket, r.Ticket}
	case protocol.Whisper:
		return commands.Keys{r.Ticket, r.Ticket}
	case protocol.Leave:
		return commands.Keys{"", r.Ticket}
	case protocol.Close:
		return commands.Keys{"", r.Ticket}
	case protocol.Transfer:
		return commands.Keys{"", r.Ticket}
	case protocol.Consult:
		return commands.Keys{"", r.Ticket}
	case protocol.Accept:
		return commands.Keys{"", c.ticketOf(r.Offer)}
	case protocol.Renew: // a slow key server holds up nothing else
		return commands.Keys{string(protocol.TypeRenew), string(protocol.TypeRenew)}
	}
	return commands.Keys{}
}

// ticketOf finds the ticket that this agent is offered, "" for none.
func (c *conn) ticketOf(offer string) (ticket string) {
	c.site.Read(func(st *queue.State) {
		for _, t := range st.Held(c.id.Subject) {
			if t.Status == queue.Offered && t.Offer.ID == offer {
				ticket = t.ID
			}
		}
	})
	return ticket
}

// mayRequest says which frames a role may send; heartbeats are everybody's.
var mayRequest = map[protocol.Role][]protocol.Type{
	protocol.Visitor: {
		protocol.TypeJoin, protocol.TypeLeave, protocol.TypeRate, protocol.TypeOpen, protocol.TypeSend,
		protocol.TypeTyping, protocol.TypeRead, protocol.TypeRenew,
	},
	protocol.Agent: {
		protocol.TypeStatus, protocol.TypeAccept, protocol.TypeDecline, protocol.TypeClose, protocol.TypeCancelClose,
		protocol.TypeFinish, protocol.TypeTransfer, protocol.TypeConsult, protocol.TypeLeave, protocol.TypeNote,
		protocol.TypeOpen, protocol.TypeSend, protocol.TypeTyping, protocol.TypeRead, protocol.TypeRenew,
	},
	protocol.Supervisor: {
		protocol.TypeTransfer, protocol.TypeHeadStart, protocol.TypePause, protocol.TypeNote, protocol.TypeWhisper,
		protocol.TypeOpen, protocol.TypeSend, protocol.TypeTyping, protocol.TypeRead, protocol.TypeRenew,
	},
}

// handle runs a request of a role that may make it.
func (c *conn) handle(ctx context.Context, req protocol.Request) (protocol.OK, error) {
	if err := ctx.Err(); err != nil {
		return protocol.OK{}, err
	}
	if err := c.site.Takes(); err != nil && req.FrameType() != protocol.TypeRenew {
		return protocol.OK{}, err // at once, rather than after a time-out
	}
	switch r := req.(type) {
	case protocol.Join:
		return c.join(ctx, r)
	case protocol.Leave:
		return c.leaveTicket(ctx, r)
	case protocol.Rate:
		return c.rate(ctx, r)
	case protocol.Finish:
		return c.finish(ctx, r)
	case protocol.Transfer:
		return c.transfer(ctx, r)
	case protocol.Consult:
		return c.consult(ctx, r)
	case protocol.Note:
		return c.appendText(ctx, protocol.EntryNote, r.Ticket, r.MessageID, r.Text)
	case protocol.Whisper:
		return c.appendText(ctx, protocol.EntryWhisper, r.Ticket, r.MessageID, r.Text)
	case protocol.HeadStart:
		return c.setHeadStart(ctx, r)
	case protocol.Pause:
		return c.pauseQueue(ctx, r)
	case protocol.Status:
		return c.setStatus(ctx, r)
	case protocol.Accept:
		return c.acceptOffer(ctx, r)
	case protocol.Decline:
		return c.declineOffer(ctx, r)
	case protocol.Close:
		return c.closeTicket(ctx, r)
	case protocol.CancelClose:
		return c.cancelClose(ctx, r)
	case protocol.Open:
		return c.open(ctx, r)
	case protocol.Send:
		return c.say(ctx, r)
	case protocol.Read:
		return c.markRead(ctx, r)
	case protocol.Typing:
		c.typing(ctx, r)
		return protocol.OK{}, nil
	case protocol.Renew:
		return c.renew(ctx, r)
	}
	return protocol.OK{}, errors.New("gateway: a frame without a handler")
}

// refuseFlood answers a frame over the limit, and ends a conn that does not
// listen to the answers; it says whether the conn goes on.
func (c *conn) refuseFlood(limit string) bool {
	c.g.metrics.limited.WithLabelValues(c.site.ID(), limit).Inc()
	c.g.metrics.refusals.WithLabelValues(string(protocol.CodeRateLimited)).Inc()
	if c.over++; c.over > maxOver {
		c.end(protocol.CloseFlood)
		return false
	}
	if c.over == 1 { // one answer a burst: a flood must not make us write one
		c.send(protocol.Error{
			Code: protocol.CodeRateLimited, Message: "Too many frames: this and those that follow are dropped until you slow down.",
			RetryAfterMS: 1000,
		})
	}
	return true
}

// beat answers a heartbeat with the log's time.
func (c *conn) beat() {
	beat := protocol.Heartbeat{AsOfMS: int64(c.site.Now())}
	c.site.Read(func(st *queue.State) { beat.Log = st.Number() })
	c.send(beat)
}

// Gone implements socket.Handler: it takes a conn that has ended out of everything.
func (c *conn) Gone() {
	defer close(c.ended)
	c.g.strangers.leave(c)
	c.g.metrics.connections.Dec()
	c.g.conns.remove(c)
	c.subs.stopAll()
	if c.site == nil || !c.site.exit(c) {
		return
	}
	if c.id.Role == protocol.Visitor {
		c.site.disconnects.add(c.id.Subject)
		return
	}
	c.g.work.Go(func() {
		if c.g.draining.Load() { // most are bound elsewhere at once, and then this is nothing
			pause(c.g.ctx, time.Second)
		}
		c.site.lose(c.id.Subject, c.id.Role)
	})
}
