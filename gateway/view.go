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

// shown is what a conn was shown last. Holding its lock from looking at the
// replica to queueing the frame keeps the frames in the order of the log.
type shown struct {
	sync.Mutex
	live   bool
	ticket protocol.Ticket
	sent   time.Time
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
	c.show()
}

// show brings the conn's view up to date with the replica. It is the one path
// for the first frame, every update and a reconnect.
func (c *conn) show() { c.showAgain(false) }

// showAgain is show; with again it is sent even when nothing is new.
func (c *conn) showAgain(again bool) {
	c.view.Lock()
	defer c.view.Unlock()
	if !c.view.live || c.site.resetting.Load() {
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

// reset tells the client to drop what it knows, and forgets what this conn knew:
// what was shown, and the assignments whose records its conversations have.
func (c *conn) reset() {
	c.subs.forget()
	c.view.Lock()
	defer c.view.Unlock()
	if c.view.live {
		c.view.ticket, c.view.board = protocol.Ticket{}, boardSeen{}
		c.send(protocol.Reset{})
	}
}

// showTicket shows a visitor their whole place.
func (c *conn) showTicket(again bool) {
	was := &c.view.ticket
	var f protocol.Ticket
	var waiting queue.Stamp
	c.site.read(func(st *queue.State) { f, waiting = c.ticketFrame(st) })
	if f.Ticket == "" || !again && sameToRead(was, &f) {
		return
	}
	if isWaiting(&f) {
		c.site.g.metrics.positions.WithLabelValues(c.site.id).Inc()
	}
	c.view.ticket, c.view.waiting, c.view.sent = f, waiting, time.Now()
	c.send(f)
}

func isWaiting(f *protocol.Ticket) bool { return f.Position > 0 }

// stale says whether the view is due again.
func (c *conn) stale(now time.Time) bool {
	c.view.Lock()
	defer c.view.Unlock()
	return c.view.live && (c.id.Role != protocol.Visitor || isWaiting(&c.view.ticket)) && now.Sub(c.view.sent) >= viewHeartbeat
}

// sameToRead says whether a person would read the same off both frames. How
// many stand behind changes all the time and is brought along by the others.
func sameToRead(a, b *protocol.Ticket) bool {
	return a.Ticket == b.Ticket && a.Status == b.Status && a.Position == b.Position && a.End == b.End &&
		a.Department == b.Department && a.Language == b.Language && a.Widened == b.Widened && a.Paused == b.Paused &&
		same(a.Wait, b.Wait) && same(a.Agent, b.Agent) && same(a.Hold, b.Hold) && same(a.Rating, b.Rating) &&
		slices.Equal(a.Languages, b.Languages)
}

func same[T comparable](a, b *T) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

// ticketFrame is the view of the visitor's newest ticket, or empty, and since
// when it waits.
func (c *conn) ticketFrame(st *queue.State) (protocol.Ticket, queue.Stamp) {
	t := st.TicketOf(c.id.Subject)
	if t == nil {
		return protocol.Ticket{}, 0
	}
	f := protocol.Ticket{
		Ticket: t.ID, Status: protocol.TicketStatus(t.Status),
		Department: t.Department, Language: t.Language, JoinedAtMS: int64(t.JoinedAt),
		End: protocol.EndReason(t.End), Rating: ratingOf(t),
		AsOfMS: int64(c.g.options.Store.Now()), Log: st.Number(),
	}
	if t.Queued() {
		c.place(st, t, &f)
	} else if st.Agent(t.Agent) != nil {
		f.Agent = agentPerson(st, t.Agent)
	}
	return f, t.WaitingSince
}

// place fills in what a ticket in line has: its place, its wait, and who may
// serve it.
func (c *conn) place(st *queue.State, t *queue.Ticket, f *protocol.Ticket) {
	f.Position, f.Size = st.Position(t), st.Size(t.Queue())
	if c.view.ticket.Ticket != t.ID {
		c.view.display = eta.Display{}
	}
	w := waitFrame(c.view.display.Show(st.WaitOf(t), c.g.options.Store.Now()))
	f.Wait, f.Widened, f.Paused = &w, t.Step, st.Paused(t.Queue()) != nil
	if t.Need != nil {
		f.Languages = t.Need.Languages
	}
	f.Hold = holdOf(st, t)
	// The first view of a conn does not know the place that was shown before,
	// only the log's number.
	was := &c.view.ticket
	if first := was.Ticket == "" && was.Log > 0; first || was.Ticket == t.ID && was.Position > 0 && f.Position > was.Position {
		f.Reason = protocol.Reason(st.Worsened(t, was.Log))
	}
	if was.Ticket == t.ID && was.Status == protocol.Assigned {
		f.Reason = protocol.Returned
		if t.WaitingSince != c.view.waiting {
			f.Reason = protocol.TransferIn
		}
	}
}

// waitFrame is a range as people are shown it.
func waitFrame(r eta.Range) protocol.Wait {
	return protocol.Wait{Known: r.Known, LowS: r.Low, HighS: r.High}
}
