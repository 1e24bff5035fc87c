package session

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

// shown is what a client was shown last, and shows it what is new. Its lock is held while a
// frame is made and queued, and what was seen of the replica before what was seen last is
// not shown, so the frames come in the order of the log.
type shown struct {
	to     *peer
	mu     sync.Mutex
	live   bool
	ticket view.Ticket
	seen   uint64 // the log's number when the replica was looked at last
	sent   time.Time
	owed   bool // it was not shown, since the client had not read enough
	away   bool // the client was told last that the site is away
	board  fanout.BoardSeen
}

// begin shows the first view; from here on the client is shown every change.
func (v *shown) begin() {
	v.mu.Lock()
	v.live = true
	v.mu.Unlock()
	v.Show()
}

// Show implements fanout.Conn. It is the one path for the first frame, every update and a
// reconnect.
func (v *shown) Show() { v.showAgain(false) }

// showAgain is Show; with again it is sent even when nothing is new.
func (v *shown) showAgain(again bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.update(again)
}

// update is showAgain for a caller that holds the lock.
func (v *shown) update(again bool) {
	if !v.live || v.isBehind() {
		return
	}
	v.showAvailability()
	if v.to.site.Resetting() {
		return
	}
	switch v.to.id.Role {
	case protocol.Visitor:
		v.showTicket(again)
	case protocol.Agent:
		v.showDesk()
	case protocol.Supervisor:
		v.showBoard(again)
	}
}

// isBehind reports whether the client has not read enough to be shown more: the view that is
// owed is shown once it has. So frames that replace each other do not pile up. The
// caller holds the lock.
func (v *shown) isBehind() bool {
	v.owed = v.to.link.Behind()
	return v.owed
}

// resume shows what had to wait until the client had read what it was sent.
func (v *shown) resume() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.owed {
		v.update(true)
	}
}

// Reset implements fanout.Conn: it also forgets what was shown.
func (v *shown) Reset() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.live {
		v.ticket, v.seen, v.board = view.Ticket{}, 0, fanout.BoardSeen{}
		v.to.send(protocol.Reset{})
	}
}

// showTicket shows a visitor their whole place.
func (v *shown) showTicket(again bool) {
	var s view.TicketSnapshot
	v.to.site.Read(func(st *queue.State) {
		s = view.SnapshotOf(st, v.to.id.Subject)
		s.Restores = v.to.site.Restores()
	})
	v.place(&s, again)
}

// ShowSnapshot implements fanout.Conn.
func (v *shown) ShowSnapshot(s *view.TicketSnapshot) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.live && !v.to.site.Resetting() && s.Restores == v.to.site.Restores() && !v.isBehind() {
		v.place(s, false)
	}
}

// place brings the view up to date with a snapshot, unless a newer one was looked at;
// with again also when nothing is new. The caller holds the lock.
func (v *shown) place(s *view.TicketSnapshot, again bool) {
	if s.Ticket == nil || s.Log < v.seen {
		return
	}
	v.seen = s.Log
	t := &v.ticket
	f := t.Frame(s, v.to.site.Now(), v.to.site.Read)
	if !again && t.Reads(&f) {
		return
	}
	t.Note(s, f)
	v.sent = time.Now()
	if t.InLine() {
		v.to.site.positions.Inc()
	}
	v.to.send(t.Shown())
}

// showStale shows the view again if that is due, and returns the time until it may be due
// next.
func (v *shown) showStale() time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.live || v.to.id.Role == protocol.Visitor && !v.ticket.InLine() {
		return viewHeartbeat
	}
	if fresh := viewHeartbeat - time.Since(v.sent); fresh > 0 {
		return fresh
	}
	v.update(true)
	return viewHeartbeat
}

// showDesk shows an agent everything they hold, and what they were invited into.
func (v *shown) showDesk() {
	var f protocol.Desk
	found := false
	v.to.site.Read(func(st *queue.State) { f, found = view.Desk(st, v.to.id.Subject, v.to.site.Now()) })
	if found {
		v.sent = time.Now()
		v.to.send(f)
	}
}

// showBoard sends the board when something changed, a second has passed since the
// last one, and that one has been read; with again, also when nothing changed.
func (v *shown) showBoard(again bool) {
	now := time.Now()
	if now.Sub(v.sent) < fanout.BoardInterval || v.to.link.Waiting() > 0 && !v.sent.IsZero() {
		return
	}
	data, seen := v.to.site.people.Board.Newest(v.board, again)
	if data == nil {
		return
	}
	v.board, v.sent = seen, now
	v.to.sendRaw(data)
}

// ShowAvailability implements fanout.Conn: it sends the news, and the view as soon as there
// is one again. A client that does not read hears what holds once it does.
func (v *shown) ShowAvailability(available bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case !v.live || v.isBehind():
	case available:
		v.update(true)
	default:
		v.showAvailability()
	}
}

// showAvailability tells the client whether the site can serve it, unless it was told. The
// caller holds the lock.
func (v *shown) showAvailability() {
	if away := v.to.site.Away(); away != v.away {
		v.away = away
		v.to.send(protocol.Availability{Available: !away, AsOfMS: int64(v.to.site.Now())})
	}
}
