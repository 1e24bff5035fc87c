package routing

import (
	"cmp"
	"fmt"
	"slices"

	"nextup/gateway/protocol"
	"nextup/test/oracle"
)

// view is a Ticket or a Desk that somebody was shown.
type view struct {
	who, subject string
	log          uint64
	ticket       *protocol.Ticket
	before       *protocol.Ticket // the one shown before, since the newest reset
	first        bool             // of its conn
	desk         *protocol.Desk
}

// viewsOf collects what was shown in the order of the log, and judges on the way
// that nobody's view went back.
func viewsOf(r *report, histories []*oracle.History) []view {
	var all []view
	for _, h := range histories {
		var before *protocol.Ticket
		newest, conn := uint64(0), 0
		for _, e := range h.Events {
			v := view{who: fmt.Sprintf("%s %s at %v", h.Role, h.Subject, e.At), subject: h.Subject, ticket: e.Ticket, desk: e.Desk}
			switch {
			case e.Kind != oracle.Told:
				continue
			case e.Reset != nil && e.Reset.Ticket == "":
				r.fail(trueViews, "%s heard a reset: no record could be lost", v.who)
				newest, before = 0, nil
				continue
			case e.Ticket != nil:
				v.log, v.before, v.first = e.Ticket.Log, before, e.Conn != conn
				before, conn = e.Ticket, e.Conn
			case e.Desk != nil:
				v.log = e.Desk.Log
			default:
				continue
			}
			if v.log < newest {
				r.fail(trueViews, "%s was shown number %d after %d", v.who, v.log, newest)
			}
			newest = v.log
			all = append(all, v)
		}
	}
	slices.SortStableFunc(all, func(a, b view) int { return cmp.Compare(a.log, b.log) })
	return all
}

// view holds what somebody was shown against the world at its number.
func (j *judge) view(v view) {
	j.look(trueViews)
	if v.ticket != nil {
		j.ticketView(v, v.ticket)
		j.worse(v)
	} else {
		j.deskView(v, v.desk)
	}
}

func (j *judge) ticketView(v view, f *protocol.Ticket) {
	t, newest := j.tickets[f.Ticket], j.visitors[v.subject]
	blame := func(format string, args ...any) {
		j.fail(trueViews, "%s, number %d: "+format, append([]any{v.who, v.log}, args...)...)
	}
	if t == nil || newest == nil || newest.Ticket != f.Ticket {
		blame("it is of %s, which is not their newest ticket", f.Ticket)
		return
	}
	if string(f.Status) != t.Status || string(f.End) != t.End || f.Department != t.Department || f.Language != t.Language {
		blame("it shows %s as %s %s in %s/%s, the log says %s %s in %s", f.Ticket, f.Status, f.End, f.Department, f.Language, t.Status, t.End, t.queue())
	}
	position, size := 0, 0
	if t.queued() {
		position, size = slices.Index(j.lines[t.queue()], t)+1, len(j.lines[t.queue()])
		hold := ""
		if f.Hold != nil {
			hold = f.Hold.Agent.ID
		}
		if t.Hold != nil && hold != t.Hold.Agent || t.Hold == nil && hold != "" {
			blame("it shows a hold for %q, the log %+v", hold, t.Hold)
		}
		if f.Widened != t.Step || !slices.Equal(f.Languages, t.Need.Languages) || f.Paused != j.paused[t.queue()] {
			blame("it shows step %d, %v, paused %v; the log says %d, %v, %v", f.Widened, f.Languages, f.Paused, t.Step, t.Need.Languages, j.paused[t.queue()])
		}
	}
	if f.Position != position || f.Size != size {
		blame("it shows place %d of %d, the log says %d of %d", f.Position, f.Size, position, size)
	}
	if agent := t.Agent; t.Status == "assigned" && (f.Agent == nil || f.Agent.ID != agent) {
		blame("it shows %+v as the agent, the log says %s", f.Agent, agent)
	}
}

// deskView: an agent is shown exactly what the log says they hold, each with the
// token that it has.
func (j *judge) deskView(v view, f *protocol.Desk) {
	blame := func(format string, args ...any) {
		j.fail(trueViews, "%s, number %d: "+format, append([]any{v.who, v.log}, args...)...)
	}
	a := j.agents[v.subject]
	if a == nil {
		blame("the log does not know them")
		return
	}
	if string(f.Status) != a.Status || string(f.AwayReason) != a.AwayReason || f.Capacity != a.Capacity || f.Load != j.load(v.subject) {
		blame("it shows %s %q, %d of %d; the log says %s %q, %d of %d", f.Status, f.AwayReason, f.Load, f.Capacity, a.Status, a.AwayReason, j.load(v.subject), a.Capacity)
	}
	if f.Load > f.Capacity {
		j.fail(capacity, "%s: load %d of %d", v.who, f.Load, f.Capacity)
	}
	shown, invited := 0, 0
	for _, o := range f.Offers {
		shown++
		if t := j.held[v.subject][o.Ticket]; t == nil || t.Status != "offered" || t.Offer.ID != o.Offer {
			blame("it shows the offer %s of %s, the log says %+v", o.Offer, o.Ticket, t)
		}
	}
	for _, d := range f.Tickets {
		if d.Guest {
			invited++
			if t := j.guests[v.subject][d.Ticket]; t == nil || d.Owner == nil || d.Owner.ID != t.Agent || d.Token != t.Token {
				blame("it shows them as a guest of %+v in %s, the log says %+v", d.Owner, d.Ticket, t)
			}
			continue
		}
		shown++
		t := j.held[v.subject][d.Ticket]
		if t == nil || t.Status == "offered" || t.Token != d.Token || (d.WrapUpUntilMS > 0) != (t.Status == "closed") {
			blame("it shows %s with token %d, wrapped up until %d; the log says %+v", d.Ticket, d.Token, d.WrapUpUntilMS, t)
		}
	}
	if shown != len(j.held[v.subject]) || invited != len(j.guests[v.subject]) {
		blame("it shows %d and %d as a guest, the log says %d and %d", shown, invited, len(j.held[v.subject]), len(j.guests[v.subject]))
	}
}

// entry is a ticket that came into a line, or moved in it.
type entry struct {
	number uint64
	is     *ticketImage
	reason protocol.Reason
}

// enters notes what may have made somebody's place worse.
func (j *judge) enters(s step, c change) {
	was, is := c.was, c.is
	if !is.queued() {
		return
	}
	var reason protocol.Reason
	switch {
	case was == nil:
		reason = protocol.PriorityArrival
	case s.cause == "transferred" && (was.Status == "assigned" || was.queue() != is.queue()):
		reason = protocol.TransferIn
	case was.Status == "assigned":
		reason = protocol.Returned
	case s.cause == "raised":
		reason = protocol.Raised
	case s.cause == "lowered":
		reason = protocol.Lowered
	default:
		return
	}
	j.entered[is.queue()] = append(j.entered[is.queue()], entry{s.Number, is, reason})
}

// worse: when a place is worse than in the view before, of the same line, the
// view says why, and the log holds a record of that kind between the two. On a new
// conn it may be an older one: a gateway that has just started knows how the
// tickets ahead came in, and not always when.
func (j *judge) worse(v view) {
	was, f := v.before, v.ticket
	if was == nil || was.Ticket != f.Ticket || was.Position == 0 || was.Department != f.Department || was.Language != f.Language || f.Position <= was.Position {
		return
	}
	j.look(worseHasReason)
	t := j.tickets[f.Ticket]
	if t == nil {
		return // judged already
	}
	all := j.entered[t.queue()]
	var could []protocol.Reason
	for i := len(all) - 1; i >= 0 && (v.first || all[i].number > was.Log); i-- {
		e := all[i]
		own := e.is.ID == t.ID
		if own && e.reason == protocol.Returned {
			e.reason = protocol.ReasonAgentLost
		}
		switch {
		case own && e.reason == protocol.Lowered, !own && e.reason != protocol.Lowered && e.is.before(t),
			own && e.reason != protocol.Raised: // it left the line and came back between the two views
			could = append(could, e.reason)
		}
	}
	if f.Reason == "" || !slices.Contains(could, f.Reason) {
		j.fail(worseHasReason, "%s: %s went from %d (number %d) to %d (number %d) for %q; the log knows %v",
			v.who, f.Ticket, was.Position, was.Log, f.Position, f.Log, f.Reason, could)
	}
}
