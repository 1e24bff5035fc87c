package oracle

import (
	"cmp"
	"slices"
	"time"

	"nextup/gateway/protocol"
)

// view is a Ticket or a Desk that a person was shown.
type view struct {
	h      *History
	index  int // in h.Events
	log    uint64
	ticket *protocol.Ticket
	before *protocol.Ticket // the one shown before, since the newest reset
	first  bool             // of its conn
	desk   *protocol.Desk
}

// viewsOf collects the views in the order of the log, and checks on the way that
// no person's went back without a reset.
func viewsOf(r *Report, run *Run) []view {
	var all []view
	for _, h := range run.Histories {
		var before *protocol.Ticket
		newest, conn := uint64(0), 0
		for i, e := range h.Events {
			v := view{h: h, index: i, ticket: e.Ticket, desk: e.Desk}
			switch {
			case e.Kind != Told:
				continue
			case e.Reset != nil && e.Reset.Ticket == "":
				newest, before = 0, nil
				continue
			case e.Ticket != nil:
				v.log, v.before, v.first = e.Ticket.Log, before, e.Conn != conn
				before = e.Ticket
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

// view holds what a person was shown against the world at its number.
func (j *judge) view(v *view) {
	if v.ticket != nil {
		j.ticketView(v, v.ticket)
		j.worse(v)
	} else {
		j.deskView(v, v.desk)
	}
}

// ticketView holds a visitor's view: it is of their newest ticket, with its state,
// its place, what it asks for, and its agent.
func (j *judge) ticketView(v *view, f *protocol.Ticket) {
	t, newest := j.tickets[f.Ticket], j.visitors[v.h.Subject]
	if t == nil || newest == nil || newest.Ticket != f.Ticket {
		j.blame(v, "it is of %s, which is not their newest ticket", f.Ticket)
		return
	}
	if string(f.Status) != t.Status || string(f.End) != t.End || f.Department != t.Department || f.Language != t.Language {
		j.blame(v, "it shows %s as %s %s in %s/%s, the log says %s %s in %s", f.Ticket, f.Status, f.End, f.Department, f.Language, t.Status, t.End, t.queue())
	}
	position, size := 0, 0
	if t.queued() {
		position, size = slices.Index(j.lines[t.queue()], t)+1, len(j.lines[t.queue()])
		hold := ""
		if f.Hold != nil {
			hold = f.Hold.Agent.ID
		}
		if t.Hold != nil && hold != t.Hold.Agent || t.Hold == nil && hold != "" {
			j.blame(v, "it shows a hold for %q, the log %+v", hold, t.Hold)
		}
		if f.Widened != t.Step || !slices.Equal(f.Languages, t.Need.Languages) || f.Paused != j.paused[t.queue()] {
			j.blame(v, "it shows step %d, %v, paused %v; the log says %d, %v, %v", f.Widened, f.Languages, f.Paused, t.Step, t.Need.Languages, j.paused[t.queue()])
		}
	}
	if f.Position != position || f.Size != size {
		j.blame(v, "it shows place %d of %d, the log says %d of %d", f.Position, f.Size, position, size)
	}
	if t.Status == "assigned" && (f.Agent == nil || f.Agent.ID != t.Agent) {
		j.blame(v, "it shows %+v as the agent, the log says %s", f.Agent, t.Agent)
	}
}

// deskView: an agent is shown exactly what the log says they hold, each with the
// token that it has, and never more than their capacity.
func (j *judge) deskView(v *view, f *protocol.Desk) {
	agent := v.h.Subject
	a := j.agents[agent]
	if a == nil {
		j.blame(v, "the log does not know them")
		return
	}
	if string(f.Status) != a.Status || string(f.AwayReason) != a.AwayReason || f.Capacity != a.Capacity || f.Load != j.load(agent) {
		j.blame(v, "it shows %s %q, %d of %d; the log says %s %q, %d of %d", f.Status, f.AwayReason, f.Load, f.Capacity, a.Status, a.AwayReason, j.load(agent), a.Capacity)
	}
	shown, invited, load := 0, 0, 0
	holds := func(d protocol.DeskTicket) *ticketImage {
		shown++
		load += d.Weight
		t := j.held[agent][d.Ticket]
		if t != nil && t.open() && d.VisitorLost == j.present(t) {
			j.blame(v, "it shows the visitor of %s lost: %v, the log says %v", d.Ticket, d.VisitorLost, !j.present(t))
		}
		return t
	}
	for _, o := range f.Offers {
		if t := holds(o.DeskTicket); t == nil || t.Status != "offered" || t.Offer.ID != o.Offer {
			j.blame(v, "it shows the offer %s of %s, the log says %+v", o.Offer, o.Ticket, t)
		}
	}
	for _, d := range f.Tickets {
		if d.Guest {
			invited++
			if t := j.guests[agent][d.Ticket]; t == nil || d.Owner == nil || d.Owner.ID != t.Agent || d.Token != t.Token {
				j.blame(v, "it shows them as a guest of %+v in %s, the log says %+v", d.Owner, d.Ticket, t)
			}
		} else if t := holds(d); t == nil || t.Status == "offered" || t.Token != d.Token || (d.WrapUpUntilMS > 0) != (t.Status == "closed") {
			j.blame(v, "it shows %s with token %d, wrapped up until %d; the log says %+v", d.Ticket, d.Token, d.WrapUpUntilMS, t)
		}
	}
	if shown != len(j.held[agent]) || invited != len(j.guests[agent]) {
		j.blame(v, "it shows %d and %d as a guest, the log says %d and %d", shown, invited, len(j.held[agent]), len(j.guests[agent]))
	}
	j.looked(Capacity)
	if f.Load != load || f.Load > f.Capacity {
		j.wrong(Capacity, "%s at %v: load %d, tickets of %d, capacity %d", v.h.person(), v.h.Events[v.index].At, f.Load, load, f.Capacity)
	}
}

// blame notes a view that the log does not bear out. Where records may have been
// lost it is forgiven if its person heard so afterwards, or had to come anew.
func (j *judge) blame(v *view, format string, args ...any) {
	e := v.h.Events[v.index]
	if j.run.Rules.MayFork && tookBack(v.h, v.index, "") {
		j.forgiven(TrueViews)
		return
	}
	j.wrong(TrueViews, "%s at %v, number %d: "+format, append([]any{v.h.person(), e.At.Round(time.Millisecond), v.log}, args...)...)
}

// tookBack reports whether the person learned after the event that what they knew
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
