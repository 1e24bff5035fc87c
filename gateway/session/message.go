package session

import (
	"errors"

	"nextup/gateway/admission"
	"nextup/gateway/protocol"
)

// How many frames in a row may be refused by the limit, and how many may come
// before a good hello, until the conn is closed as a flood.
const (
	maxOver        = 200
	maxBeforeHello = 10
)

// Take takes one frame and hands its answer to the Reply. It waits for nothing outside,
// since the worker that calls it serves other clients too. Where the frame is a hello that
// may be said, Take returns it, and the link calls Hello elsewhere. Without more the
// conn takes no frame any more.
func (c *Conn) Take(data []byte, to Reply) (hello *protocol.Hello, more bool) {
	if within, more := c.count(len(data), to); !within || !more {
		return nil, more
	}
	req, err := protocol.Decode(data)
	var refusal *protocol.Refusal
	if errors.As(err, &refusal) {
		c.answerRefusal(to, refusal.Frame())
		return nil, true
	}
	if h, ok := req.(protocol.Hello); ok && c.site == nil {
		c.Greeted()
		return &h, true
	} else if ok || c.site == nil {
		c.refuse(to, req.RequestID(), admission.ErrHelloFirst)
		return nil, true
	}
	if _, ok := req.(protocol.Heartbeat); ok {
		c.beat(to)
		return nil, true
	}
	c.submit(req, to)
	return nil, true
}

// Frame counts a frame of the link's own, of so many bytes; see count.
func (c *Conn) Frame(size int) (within, more bool) { return c.count(size, nil) }

// count counts a frame of any kind, and ends a conn that sends too many and does not listen
// to the answers. A frame that is not within the limits is dropped, which the Reply hears.
func (c *Conn) count(size int, to Reply) (within, more bool) {
	c.server.metrics.framesIn.Inc()
	if c.allowance == nil { // it has said no hello
		if c.over++; c.over > maxBeforeHello {
			c.End(protocol.CloseFlood)
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
		c.End(protocol.CloseFlood)
		noAnswer(to)
		return false, false
	}
	if c.over == 1 || to != nil { // one answer a burst: a flood must not make us write one
		c.answer(to, protocol.Error{
			Code: protocol.CodeRateLimited, Message: "Too many frames: this and those that follow are dropped until you slow down.",
			RetryAfterMS: 1000,
		})
	}
	return false, true
}

// Gone takes the conn out of everything. The link that has ended calls it once.
func (c *Conn) Gone() {
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
