package gateway

import (
	"slices"
	"sync"
	"time"

	"nextup/gateway/protocol"
	"nextup/queue"
	"nextup/queue/eta"
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
	ticket protocol.Ticket
	seen   uint64 // the log's number when the replica was looked at last
	sent   time.Time
	owed   bool // it was not shown, since the client had not read enough
	// display is the wait as this person sees it, which does not flicker.
	display eta.Display
	// waiting is since when the ticket shown last waits, or waited: it changes with
	// a transfer.
	waiting queue.Stamp
	board   boardSeen
}

// begin shows the first view; from here on the conn hears of every change.
func (c *conn) begin() {
	c.view.Lock()
	c.view.live = true
	c.view.Unlock()
	if c.site.Away() { // the others have been told
		c.tellAvailability(false)
	}
	c.show()
}

// show brings the conn's view up to date with the replica. It is the one path
// for the first frame, every update and a reconnect.
func (c *conn) show() { c.showAgain(false) }

// showAgain is show; with again it is sent even when nothing is new.
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

// reset tells the client to drop what it knows, and forgets what was shown.
func (c *conn) reset() {
	c.view.Lock()
	defer c.view.Unlock()
	if c.view.live {
		c.view.ticket, c.view.seen, c.view.board = protocol.Ticket{}, 0, boardSeen{}
		c.send(protocol.Reset{})
	}
}

// showTicket shows a visitor their whole place.
func (c *conn) showTicket(again bool) {
	var s ticketSnapshot
	c.site.Read(func(st *queue.State) { s = c.site.snapshotOf(st, c.id.Subject) })
	c.place(&s, again)
}

// showSnapshot shows a visitor what was seen of their place just now.
func (c *conn) showSnapshot(s *ticketSnapshot) {
	c.view.Lock()
	defer c.view.Unlock()
	if c.view.live && !c.site.Resetting() && s.restored == c.site.Restores() && !c.isBehind() {
		c.place(s, false)
	}
}

// place brings the view up to date with a snapshot, unless a newer one was looked at;
// with again also when nothing is new. The caller holds the view's lock.
func (c *conn) place(s *ticketSnapshot, again bool) {
	if s.ticket == nil || s.log < c.view.seen {
		return
	}
	c.view.seen = s.log
	f := c.ticketFrame(s)
	if !again && sameToRead(&c.view.ticket, &f) {
		return
	}
	if isWaiting(&f) {
		c.site.push.positions.Inc()
	}
	c.view.ticket, c.view.waiting, c.view.sent = f, s.ticket.WaitingSince, time.Now()
	c.send(&c.view.ticket)
}

func isWaiting(f *protocol.Ticket) bool { return f.Position > 0 }

// showStale shows the view again if that is due, and says when it may be next.
func (c *conn) showStale() time.Duration {
	c.view.Lock()
	defer c.view.Unlock()
	if !c.view.live || c.id.Role == protocol.Visitor && !isWaiting(&c.view.ticket) {
		return viewHeartbeat
	}
	if fresh := viewHeartbeat - time.Since(c.view.sent); fresh > 0 {
		return fresh
	}
	c.update(true)
	return viewHeartbeat
}

// sameToRead says whether a person would read the same off both frames. How
// many stand behind changes all the time and is brought along by the others.
func sameToRead(a, b *protocol.Ticket) bool {
	return a.Ticket == b.Ticket && a.Status == b.Status && a.Position == b.Position && a.End == b.End &&
		a.Department == b.Department && a.Language == b.Language && a.Widened == b.Widened && a.Paused == b.Paused &&
		a.AgentLost == b.AgentLost && a.Unattended == b.Unattended && same(a.Wait, b.Wait) && same(a.Agent, b.Agent) && same(a.Hold, b.Hold) && same(a.Rating, b.Rating) &&
		slices.Equal(a.Languages, b.Languages)
}

func same[T comparable](a, b *T) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

// ticketSnapshot is what the replica says of a visitor's newest ticket at a log number.
type ticketSnapshot struct {
	ticket   *queue.Ticket // nil for none
	log      uint64
	restored uint64 // how often the replica had been replaced
	// What a ticket in line has.
	position, size int
	wait           queue.EstimatedWait
	paused         bool
	unattended     bool
	hold           *protocol.Hold
	// agent has the ticket, or had it last.
	agent     *protocol.Person
	agentLost bool
}

// snapshotOf looks at a visitor's newest ticket.
func (s *site) snapshotOf(st *queue.State, visitor string) ticketSnapshot {
	t := st.TicketOf(visitor)
	is := ticketSnapshot{ticket: t, log: st.Number(), restored: s.Restores()}
	switch {
	case t == nil:
	case t.Queued():
		q := t.Queue()
		is.position, is.size, is.paused = st.Position(t), st.Size(q), st.Paused(q) != nil
		is.wait, is.hold, is.unattended = st.CurveOf(t).At(is.position), holdOf(st, t), st.Unattended(t)
	case st.Agent(t.Agent) != nil:
		is.agent, is.agentLost = agentPerson(st, t.Agent), agentLost(st, t)
	}
	return is
}

// ticketFrame is what a visitor reads of a snapshot of their ticket.
func (c *conn) ticketFrame(s *ticketSnapshot) protocol.Ticket {
	t := s.ticket
	now := c.site.Now()
	f := protocol.Ticket{
		Ticket: t.ID, Status: protocol.TicketStatus(t.Status),
		Department: t.Department, Language: t.Language, JoinedAtMS: int64(t.JoinedAt),
		End: protocol.EndReason(t.End), Rating: ratingOf(t), Agent: s.agent, AgentLost: s.agentLost,
		AsOfMS: int64(now), Log: s.log,
	}
	if !t.Queued() {
		return f
	}
	was := &c.view.ticket
	if was.Ticket != t.ID {
		c.view.display = eta.Display{}
	}
	w := waitFrame(c.view.display.Show(s.wait, now))
	f.Position, f.Size, f.Wait, f.Widened, f.Hold = s.position, s.size, &w, t.Step, s.hold
	f.Paused, f.Unattended = s.paused, s.unattended
	if t.Requirements != nil {
		f.Languages = t.Requirements.Languages
	}
	f.Reason = c.reason(s, f.Position)
	return f
}

// reason says why the place of a ticket in line is worse than it was shown, or why
// the ticket is in line again. The first view of a conn does not know what was shown
// before, only the log's number.
func (c *conn) reason(s *ticketSnapshot, position int) (reason protocol.Reason) {
	t, was := s.ticket, &c.view.ticket
	first, same := was.Ticket == "" && was.Log > 0, was.Ticket == t.ID
	switch back := same && was.Status == protocol.Assigned; {
	case (first || same) && t.LostSince(was.Log), back && t.WaitingSince == c.view.waiting:
		return protocol.ReasonAgentLost
	case back:
		return protocol.TransferIn
	case first || same && was.Position > 0 && position > was.Position:
		c.site.Read(func(st *queue.State) { reason = protocol.Reason(st.Worsened(t, was.Log)) })
	}
	return reason
}

// waitFrame is a range as people are shown it.
func waitFrame(r eta.Range) protocol.Wait {
	return protocol.Wait{Known: r.Known, LowS: r.Low, HighS: r.High}
}
