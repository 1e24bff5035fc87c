package session

import (
	"errors"

	"nextup/gateway/admission"
	"nextup/gateway/protocol"
	"nextup/gateway/socket"
)

// How many frames in a row may be refused by the limit, and how many may come
// before a good hello, until the conn is closed as a flood.
const (
	maxOver        = 200
	maxBeforeHello = 10
)

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
		c.sendRefusal(refusal.Frame())
		return socket.More
	}
	if hello, ok := req.(protocol.Hello); ok && c.site == nil {
		c.greeted.Store(true)
		c.server.strangers.Stir(c)
		c.server.app.Pool().Go(func() { c.socket.Resume(c.hello(hello)) })
		return socket.Hold
	} else if ok || c.site == nil {
		c.refuse(req.RequestID(), admission.ErrHelloFirst)
		return socket.More
	}
	if _, ok := req.(protocol.Heartbeat); ok {
		c.beat()
		return socket.More
	}
	c.submit(req)
	return socket.More
}

// Frame implements socket.Handler: it counts a frame of any kind, and ends a conn
// that sends too many and does not listen to the answers.
func (c *conn) Frame(size int) (within, more bool) {
	c.server.metrics.framesIn.Inc()
	if c.allowance == nil { // it has said no hello
		if c.over++; c.over > maxBeforeHello {
			c.end(protocol.CloseFlood)
			return false, false
		}
		return true, true
	}
	limit := c.allowance.take(size)
	if limit == "" {
		c.over = 0
		return true, true
	}
	c.server.gate.Limited(c.site.ID(), limit)
	c.server.metrics.refusals.WithLabelValues(string(protocol.CodeRateLimited)).Inc()
	if c.over++; c.over > maxOver {
		c.end(protocol.CloseFlood)
		return false, false
	}
	if c.over == 1 { // one answer a burst: a flood must not make us write one
		c.send(protocol.Error{
			Code: protocol.CodeRateLimited, Message: "Too many frames: this and those that follow are dropped until you slow down.",
			RetryAfterMS: 1000,
		})
	}
	return false, true
}

// Gone implements socket.Handler: it takes a conn that has ended out of everything.
func (c *conn) Gone() {
	defer close(c.ended)
	c.server.strangers.Leave(c)
	c.server.metrics.connections.Dec()
	c.server.conns.remove(c)
	c.subscriptions.stopAll()
	if c.site != nil {
		c.site.log.Debug("a conn has ended", "conn", c.actor.Conn, "node", c.server.app.Node())
	}
	if c.site != nil && c.site.people.Exit(c, c.from) {
		c.site.Disconnected(&c.actor)
	}
}
