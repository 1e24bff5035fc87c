package session

import (
	"sync/atomic"
	"time"

	"nextup/app"
	"nextup/gateway/protocol"
)

// lateReopen is how much longer a one-way link stays open than its client was told.
const lateReopen = time.Minute

// postLatency is how much later than by a socket a beat may come that is posted: by a new
// conn, and again where it was lost.
const postLatency = 5 * time.Second

// OneWay is what is different for a conn whose link brings nothing from the client, who
// posts frames instead, to any gateway.
type OneWay struct {
	// Name is the conn's, under which frames are posted. It is not secret: a frame counts
	// only with a token of the same person.
	Name string
	// Reopen is after how long the client is to open another conn in place of this one.
	Reopen time.Duration

	beaten atomic.Int64 // since the gateway's start; 0 before welcome
}

// tell adds to a welcome what the client has to know.
func (o *OneWay) tell(w *protocol.Welcome) {
	if o != nil {
		w.Conn, w.ReopenS = o.Name, int(o.Reopen.Seconds())
	}
}

// beatAlong sends a heartbeat down a one-way link when it is due, so that the client knows
// that the link lives and proxies do not take it for idle. It ends a link that is too old,
// and returns the time until the next look.
func (c *Conn) beatAlong() time.Duration {
	if c.OneWay == nil {
		return viewHeartbeat
	}
	age := time.Since(c.server.started)
	if age-c.opened > c.OneWay.Reopen+lateReopen {
		c.End(protocol.CloseRestart)
		return viewHeartbeat
	}
	beaten := time.Duration(c.OneWay.beaten.Load())
	if due := beaten + c.beats - age; beaten == 0 || due > 0 {
		return max(due, wheelStep)
	}
	if c.OneWay.beaten.Store(int64(age)); !c.link.Behind() {
		c.beat(nil)
	}
	return c.beats
}

// replaced counts the conns of a person whose client was told to open another by now. Each
// ends within lateReopen.
func (s *site) replaced(a *app.Actor) (n int) {
	for _, one := range s.people.OfPerson(a.Role, a.ID) {
		c := one.(*Conn) // no other enters
		if c.OneWay != nil && time.Since(c.server.started)-c.opened >= c.OneWay.Reopen {
			n++
		}
	}
	return n
}

// Holder reports whether the conn is one of the person's.
func (c *Conn) Holder(site string, role protocol.Role, subject string) bool {
	return c.id.Site == site && c.id.Role == role && c.id.Subject == subject
}
