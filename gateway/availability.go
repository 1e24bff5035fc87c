package gateway

import (
	"time"

	"nextup/gateway/protocol"
)

// availabilityLook is how soon people are told that the log went or came back.
const availabilityLook = 200 * time.Millisecond

// watchLog tells everybody of the site when its log cannot be reached, and when
// it can again. Sockets stay open meanwhile: what was shown last is the best
// that anybody knows.
func (s *site) watchLog() {
	tick := time.NewTicker(availabilityLook)
	defer tick.Stop()
	available := true // a client that comes later hears from its hello
	for {
		select {
		case <-s.g.ctx.Done():
			return
		case <-tick.C:
		}
		ready := s.follower.Ready()
		if ready == available {
			continue
		}
		available = ready
		s.log.Warn("the log", "available", available, "err", s.follower.Err())
		f := protocol.Availability{Available: available, AsOfMS: int64(s.g.options.Store.Now())}
		for _, c := range s.everybody() {
			c.tellAvailability(f)
		}
	}
}

// tellAvailability sends the news, and the view as soon as there is one again.
func (c *conn) tellAvailability(f protocol.Availability) {
	c.view.Lock()
	live := c.view.live
	c.view.Unlock()
	if !live {
		return
	}
	c.send(f)
	if f.Available {
		c.showAgain(true)
	}
}
