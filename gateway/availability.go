package gateway

import "nextup/gateway/protocol"

// onAvailability tells every connected person of the site when the log can no longer
// serve them, and when it can again. Sockets stay open meanwhile: what was shown last
// is the best that is known.
func (s *site) onAvailability(available bool) {
	for _, c := range s.people.all() {
		c.tellAvailability(available)
	}
}

// tellAvailability sends the news, and the view as soon as there is one again.
func (c *conn) tellAvailability(available bool) {
	c.view.Lock()
	live := c.view.live
	c.view.Unlock()
	if !live {
		return // it hears when its first view comes
	}
	c.send(protocol.Availability{Available: available, AsOfMS: int64(c.site.Now())})
	if available {
		c.showAgain(true)
	}
}
