package gateway

import (
	"maps"
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
	}
}

// reset tells the client to drop what it knows, and forgets what this conn knew:
// what was shown, and the assignments whose records its conversations have.
func (c *conn) reset() {
	c.subs.forget()
	c.view.Lock()
	defer c.view.Unlock()
	if c.view.live {
		c.view.ticket = protocol.Ticket{}
		c.send(protocol.Reset{})
	}
}

// showTicket shows a visitor their whole place.
func (c *conn) showTicket(again bool) {
	was := &c.view.ticket
	var f protocol.Ticket
	c.site.read(func(st *queue.State) { f = c.ticketFrame(st) })
	if f.Ticket == "" || !again && sameToRead(was, &f) {
		return
	}
	if isWaiting(&f) {
		c.site.g.metrics.positions.WithLabelValues(c.site.id).Inc()
	}
	c.view.ticket, c.view.sent = f, time.Now()
	c.send(f)
}

func isWaiting(f *protocol.Ticket) bool { return f.Position > 0 }

// stale says whether the view is due again.
func (c *conn) stale(now time.Time) bool {
	c.view.Lock()
	defer c.view.Unlock()
	return c.view.live && (c.isAgent() || isWaiting(&c.view.ticket)) && now.Sub(c.view.sent) >= viewHeartbeat
}

// sameToRead says whether a person would read the same off both frames. How
// many stand behind changes all the time and is brought along by the others.
func sameToRead(a, b *protocol.Ticket) bool {
	sameWait := (a.Wait == nil) == (b.Wait == nil) && (a.Wait == nil || *a.Wait == *b.Wait)
	sameAgent := (a.Agent == nil) == (b.Agent == nil) && (a.Agent == nil || *a.Agent == *b.Agent)
	return a.Ticket == b.Ticket && a.Status == b.Status && a.Position == b.Position && a.End == b.End && sameWait && sameAgent
}

// ticketFrame is the view of the visitor's newest ticket, or empty.
func (c *conn) ticketFrame(st *queue.State) protocol.Ticket {
	t := st.TicketOf(c.id.Subject)
	if t == nil {
		return protocol.Ticket{}
	}
	f := protocol.Ticket{
		Ticket: t.ID, Status: protocol.TicketStatus(t.Status),
		Department: t.Department, Language: t.Language, JoinedAtMS: int64(t.JoinedAt),
		End:    protocol.EndReason(t.End),
		AsOfMS: int64(c.g.options.Store.Now()), Log: st.Number(),
	}
	if t.Queued() {
		f.Position, f.Size = st.Position(t), st.Size(t.Queue())
		if c.view.ticket.Ticket != t.ID {
			c.view.display = eta.Display{}
		}
		w := waitFrame(c.view.display.Show(st.Wait(t.Queue(), f.Position), c.g.options.Store.Now()))
		f.Wait = &w
		// The first view of a conn does not know the place that was shown before,
		// only the log's number.
		was := &c.view.ticket
		if first := was.Ticket == "" && was.Log > 0; first || was.Ticket == t.ID && was.Position > 0 && f.Position > was.Position {
			f.Reason = protocol.Reason(st.Worsened(t, was.Log))
		}
		if was.Ticket == t.ID && was.Status == protocol.Assigned {
			f.Reason = protocol.Returned
		}
	} else if a := st.Agent(t.Agent); a != nil {
		f.Agent = &protocol.Person{Role: protocol.Agent, ID: a.ID, Name: a.DisplayName}
	}
	return f
}

// waitFrame is a range as people are shown it.
func waitFrame(r eta.Range) protocol.Wait {
	return protocol.Wait{Known: r.Known, LowS: r.Low, HighS: r.High}
}

// showDesk shows an agent everything they hold.
func (c *conn) showDesk() {
	var f protocol.Desk
	found := false
	c.site.read(func(st *queue.State) {
		a := st.Agent(c.id.Subject)
		if a == nil {
			return
		}
		found = true
		f = protocol.Desk{
			Status: protocol.AgentStatus(a.Status), Capacity: a.Capacity, Load: st.Load(a.ID), Languages: slices.Sorted(maps.Keys(a.Languages)),
			Offers: []protocol.DeskOffer{}, Tickets: []protocol.DeskTicket{},
			AsOfMS: int64(c.g.options.Store.Now()), Log: st.Number(),
		}
		for _, t := range st.Held(a.ID) {
			if t.Status == queue.Offered {
				f.Offers = append(f.Offers, protocol.DeskOffer{Offer: t.Offer.ID, DeadlineMS: int64(t.Offer.Deadline()), DeskTicket: deskTicket(st, t)})
			} else {
				f.Tickets = append(f.Tickets, deskTicket(st, t))
			}
		}
	})
	if found {
		c.view.sent = time.Now()
		c.send(f)
	}
}

func deskTicket(st *queue.State, t *queue.Ticket) protocol.DeskTicket {
	d := protocol.DeskTicket{
		Ticket: t.ID, Department: t.Department, Language: t.Language, Topic: t.Topic, VisitorTier: t.VisitorTier, Weight: t.Weight,
		Visitor:    protocol.Person{Role: protocol.Visitor, ID: t.Visitor, Name: t.VisitorName},
		JoinedAtMS: int64(t.JoinedAt),
	}
	if t.Status == queue.Assigned {
		d.AssignedAtMS, d.Token = int64(t.AssignedAt), t.Token
	}
	if v := st.Visitor(t.Visitor); v != nil {
		d.VisitorLost = v.Session.Lost()
	}
	return d
}
