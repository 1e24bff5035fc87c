package oracle

import (
	"slices"

	"nextup/gateway/protocol"
)

// entrance is a ticket that came into a line, or moved in it.
type entrance struct {
	number uint64
	after  *ticketImage
	reason protocol.Reason
}

// enters notes what may have made a person's place worse.
func (j *judge) enters(s step, c change) {
	before, after := c.before, c.after
	if !after.queued() {
		return
	}
	var reason protocol.Reason
	switch {
	case before == nil:
		reason = protocol.PriorityArrival
	case s.cause == "transferred" && (before.Status == "assigned" || before.queue() != after.queue()):
		reason = protocol.TransferIn
	case before.Status == "assigned":
		reason = protocol.Returned
	case s.cause == "raised":
		reason = protocol.Raised
	case s.cause == "lowered":
		reason = protocol.Lowered
	default:
		return
	}
	j.entered[after.queue()] = append(j.entered[after.queue()], entrance{s.Number, after, reason})
}

// worse: when a place is worse than in the view before, of the same line, the
// view says why, and the log holds a record of that kind between the two. On a new
// conn it may be an older one: a gateway that has just started knows how the
// tickets ahead came in, and not always when.
func (j *judge) worse(v *view) {
	before, f := v.before, v.ticket
	if before == nil || before.Ticket != f.Ticket || before.Position == 0 || before.Department != f.Department || before.Language != f.Language || f.Position == 0 {
		return
	}
	j.looked(WorseHasReason)
	t := j.tickets[f.Ticket]
	if f.Position <= before.Position || t == nil { // without a ticket it is blamed already
		return
	}
	all := j.entered[t.queue()]
	var could []protocol.Reason
	for i := len(all) - 1; i >= 0 && (v.first || all[i].number > before.Log); i-- {
		e := all[i]
		own := e.after.ID == t.ID
		if own && e.reason == protocol.Returned {
			e.reason = protocol.ReasonAgentLost
		}
		switch {
		case own && e.reason == protocol.Lowered, !own && e.reason != protocol.Lowered && e.after.before(t),
			own && e.reason != protocol.Raised: // it left the line and came back between the two views
			could = append(could, e.reason)
		}
	}
	switch {
	case j.run.Rules.MayFork && (f.Reason != "" || v.first): // what was lost may be why
		j.forgiven(WorseHasReason)
	case f.Reason == "" || !slices.Contains(could, f.Reason):
		j.wrong(WorseHasReason, "%s at %v: %s went from %d (number %d) to %d (number %d) for %q; the log knows %v",
			v.h.person(), v.h.Events[v.index].At, f.Ticket, before.Position, before.Log, f.Position, f.Log, f.Reason, could)
	}
}
