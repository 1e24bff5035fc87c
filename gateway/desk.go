package gateway

import (
	"time"

	"nextup/gateway/protocol"
	"nextup/gateway/view"
	"nextup/queue"
)

// showDesk shows an agent everything they hold, and what they were invited into.
func (c *conn) showDesk() {
	var f protocol.Desk
	found := false
	c.site.Read(func(st *queue.State) { f, found = view.Desk(st, c.id.Subject, c.site.Now()) })
	if found {
		c.view.sent = time.Now()
		c.send(f)
	}
}
