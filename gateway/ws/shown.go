package ws

import (
	"sync"
	"time"

	"nextup/gateway/fanout"
	"nextup/gateway/protocol"
	"nextup/gateway/view"
	"nextup/queue"
)

// viewHeartbeat is how often the view of a waiting visitor, or of an agent,
// comes again with nothing new in it but its as-of time. It also wakes the
// timers of a page in a hidden tab, which browsers slow down.
const viewHeartbeat = 10 * time.Second

// viewState is what a conn was shown last. Its lock is held while a frame is made and
// queued, and what was seen of the replica before what was seen last is not shown,
// so the frames come in the order of the log.
type viewState struct {
	sync.Mutex
	live   bool
	ticket view.Ticket
	seen   uint64 // the log's number when the replica was looked at last
	sent   time.Time
	owed   bool // it was not shown, since the client had not read enough
	board  fanout.BoardSeen
}

// begin shows the first view; from here on the conn hears of every change.
func (c *conn) begin() {
	c.view.Lock()
	c.view.live = true
	c.view.Unlock()
	if c.site.Away() { // the others have been told
		c.ShowAvailability(false)
	}
	c.Show()
}

// Show implements fanout.Conn. It is the one path for the first frame, every update and a
// reconnect.
func (c *conn) Show() { c.showAgain(false) }

// showAgain is Show; with again it is sent even when nothing is new.
func (c *conn) showAgain(again bool) {
	c.view.Lock()
	defer c.view.Unlock()
	c.update(again)
}

// update is showAgain for who holds the view's lock.
func (c *conn) update(again bool) {
	if !c.view.live || c.site.Resetting() || c.isBehind() {
		return
	}
	switch c.id.Role {
	case protocol.Visitor:
		c.showTicket(again)
	case protocol.Agent:
		c.showDesk()
	case protocol.Supervisor:
		c.showBoard(again)
	}
}

// isBehind says that the client has not read enough to be shown more: the view that is
// owed is shown once it has. So frames that replace each other do not pile up. The
// caller holds the view's lock.
func (c *conn) isBehind() bool {
	c.view.owed = c.socket.Behind()
	return c.view.owed
}

// Reset implements fanout.Conn: it also forgets what was shown.
func (c *conn) Reset() {
	c.view.Lock()
	defer c.view.Unlock()
	if c.view.live {
		c.view.ticket, c.view.seen, c.view.board = view.Ticket{}, 0, fanout.BoardSeen{}
		c.send(protocol.Reset{})
	}
}

// showTicket shows a visitor their whole place.
func (c *conn) showTicket(again bool) {
	var s view.TicketSnapshot
	c.site.Read(func(st *queue.State) {
		s = view.SnapshotOf(st, c.id.Subject)
		s.Restores = c.site.Restores()
	})
	c.place(&s, again)
}

// ShowSnapshot implements fanout.Conn.
func (c *conn) ShowSnapshot(s *view.TicketSnapshot) {
	c.view.Lock()
	defer c.view.Unlock()
	if c.view.live && !c.site.Resetting() && s.Restores == c.site.Restores() && !c.isBehind() {
		c.place(s, false)
	}
}

// place brings the view up to date with a snapshot, unless a newer one was looked at;
// with again also when nothing is new. The caller holds the view's lock.
func (c *conn) place(s *view.TicketSnapshot, again bool) {
	if s.Ticket == nil || s.Log < c.view.seen {
		return
	}
	c.view.seen = s.Log
	v := &c.view.ticket
	f := v.Frame(s, c.site.Now(), c.site.Read)
	if !again && v.Reads(&f) {
		return
	}
	v.Note(s, f)
	c.view.sent = time.Now()
	if v.InLine() {
		c.site.positions.Inc()
	}
	c.send(v.Shown())
}

// showStale shows the view again if that is due, and says when it may be next.
func (c *conn) showStale() time.Duration {
	c.view.Lock()
	defer c.view.Unlock()
	if !c.view.live || c.id.Role == protocol.Visitor && !c.view.ticket.InLine() {
		return viewHeartbeat
	}
	if fresh := viewHeartbeat - time.Since(c.view.sent); fresh > 0 {
		return fresh
	}
	c.update(true)
	return viewHeartbeat
}

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

// showBoard sends the board when something changed, a second has passed since the
// last one, and that one has been read; with again, also when nothing changed.
func (c *conn) showBoard(again bool) {
	now := time.Now()
	if now.Sub(c.view.sent) < fanout.BoardInterval || c.socket.Waiting() > 0 && !c.view.sent.IsZero() {
		return
	}
	data, seen := c.site.people.Board.Newest(c.view.board, again)
	if data == nil {
		return
	}
	c.view.board, c.view.sent = seen, now
	c.sendRaw(data)
}

// ShowAvailability implements fanout.Conn: it sends the news, and the view as soon as there
// is one again.
func (c *conn) ShowAvailability(available bool) {
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
