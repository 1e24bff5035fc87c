package oracle

import (
	"cmp"
	"slices"
	"time"

	"nextup/gateway/protocol"
)

// view is a Ticket or a Desk that somebody was shown.
type view struct {
	h      *History
	index  int // in h.Events
	log    uint64
	ticket *protocol.Ticket
	desk   *protocol.Desk
}

// viewsOf collects the views in the order of the log, and checks on the way that
// nobody's went back without a reset.
func viewsOf(r *Report, run *Run) []view {
	var all []view
	for _, h := range run.Histories {
		newest, conn := uint64(0), 0
		for i, e := range h.Events {
			v := view{h: h, index: i, ticket: e.Ticket, desk: e.Desk}
			switch {
			case e.Kind != Told:
				continue
			case e.Reset != nil && e.Reset.Ticket == "":
				newest = 0
				continue
			case e.Ticket != nil:
				v.log = e.Ticket.Log
			case e.Desk != nil:
				v.log = e.Desk.Log
			default:
				continue
			}
			r.looked(TrueViews)
			if v.log < newest && (!run.Rules.MayFork || conn == e.Conn) {
				r.wrong(TrueViews, "%s at %v on conn %d was shown number %d after %d", h.person(), e.At, e.Conn, v.log, newest)
			}
			newest, conn = v.log, e.Conn
			all = append(all, v)
		}
	}
	slices.SortStableFunc(all, func(a, b view) int { return cmp.Compare(a.log, b.log) })
	return all
}

// view holds a view against the world at its number.
func (c *replay) view(v *view) {
	if v.ticket != nil {
		c.ticketView(v, v.ticket)
	} else {
		c.deskView(v, v.desk)
	}
}

// ticketView holds a visitor's view: it is of their newest ticket, with its
// state, its place and its agent.
func (c *replay) ticketView(v *view, f *protocol.Ticket) {
	t := c.world.tickets[f.Ticket]
	newest := c.world.visitors[v.h.Subject]
	switch {
	case t == nil || newest == nil || newest.Ticket != f.Ticket:
		c.blame(v, "it is of %s, which is not their newest ticket", f.Ticket)
	case string(f.Status) != t.Status || f.End != endOf(t):
		c.blame(v, "it shows %s as %s %s, the log says %s %s", f.Ticket, f.Status, f.End, t.Status, t.End)
	case f.Position != c.world.position(t):
		c.blame(v, "it shows position %d, the log says %d", f.Position, c.world.position(t))
	case t.queued() && f.Size != len(c.world.lines[t.queue()]):
		c.blame(v, "it shows %d in line, the log says %d", f.Size, len(c.world.lines[t.queue()]))
	case t.Status == "assigned" && (f.Agent == nil || f.Agent.ID != t.Agent):
		c.blame(v, "it shows %+v as the agent, the log says %s", f.Agent, t.Agent)
	}
}

// deskView holds an agent's view: exactly what the log says they hold, with the
// tokens, and never above their capacity.
func (c *replay) deskView(v *view, f *protocol.Desk) {
	c.looked(Capacity)
	load := 0
	held := c.world.heldBy(v.h.Subject)
	shown := 0
	one := func(d protocol.DeskTicket, offer string) {
		shown++
		load += d.Weight
		t := held[d.Ticket]
		switch {
		case t == nil:
			c.blame(v, "it shows %s, which the log does not give them", d.Ticket)
		case offer != "" && (t.Status != "offered" || t.Offer.ID != offer),
			offer == "" && (t.Status != "assigned" || t.Token != d.Token):
			c.blame(v, "it shows %s with offer %q and token %d, the log says %s, token %d", d.Ticket, offer, d.Token, t.Status, t.Token)
		case d.VisitorLost != c.world.lost(t.Visitor):
			c.blame(v, "it shows the visitor of %s lost: %v, the log says %v", d.Ticket, d.VisitorLost, c.world.lost(t.Visitor))
		}
	}
	for _, o := range f.Offers {
		one(o.DeskTicket, o.Offer)
	}
	for _, t := range f.Tickets {
		one(t, "")
	}
	if shown != len(held) {
		c.blame(v, "it shows %d tickets, the log gives them %d", shown, len(held))
	}
	if f.Load != load || f.Load > f.Capacity {
		c.wrong(Capacity, "%s at %v: load %d, tickets of %d, capacity %d", v.h.person(), v.h.Events[v.index].At, f.Load, load, f.Capacity)
	}
}

// blame notes a view that the log does not bear out. Where records may have been
// lost it is forgiven if its person heard so afterwards, or had to come anew.
func (c *replay) blame(v *view, format string, args ...any) {
	e := v.h.Events[v.index]
	if c.run.Rules.MayFork && tookBack(v.h, v.index, "") {
		c.forgiven(TrueViews)
		return
	}
	c.wrong(TrueViews, "%s at %v, number %d: "+format, append([]any{v.h.person(), e.At.Round(time.Millisecond), v.log}, args...)...)
}

// tookBack says whether the person learned after the event that what they knew
// of a ticket ("" for their view) may be gone.
func tookBack(h *History, index int, ticket string) bool {
	conn := h.Events[index].Conn
	for _, e := range h.Events[index+1:] {
		if e.Conn == conn && (e.Kind == Ended || e.Reset != nil && (e.Reset.Ticket == ticket || e.Reset.Ticket == "")) {
			return true
		}
	}
	return false
}
