package oracle

import (
	"time"

	"nextup/gateway/protocol"
)

// checkGrace judges each absence of a visitor with an open ticket, from the end
// of one conn to the first view on the next:
//
//   - shorter than the grace: the same ticket is there, open, or ended by its
//     agent meanwhile, or by the visitor's own leave;
//   - longer than the grace and Slack, when no agent had taken the ticket: it is
//     not in line any more.
//
// Between the two, both outcomes are right. A visitor who was in conversation has a grace
// that is much longer than a run.
func checkGrace(r *Report, run *Run) {
	for _, h := range run.Histories {
		if h.Role != protocol.Visitor {
			continue
		}
		var before *protocol.Ticket
		gone := time.Duration(-1) // since when there is no conn
		asked := false            // the visitor has asked to leave
		// After a longer absence the first view can be of the moment before the end.
		doubt := time.Duration(-1)
		for _, e := range h.Events {
			switch {
			case e.Kind == Ended && gone < 0:
				gone = e.At - e.Silence // a gateway that hangs was perhaps taken for dead long ago
			case e.Kind == Audited:
				before = nil // it ends the conn by itself, and tickets have ended
			case e.Kind == Asked && e.Ask.Type == protocol.TypeLeave:
				asked = true
			case e.Kind == Asked && e.Ask.Type == protocol.TypeJoin:
				asked = false
			case e.Kind == Told && e.Ticket != nil:
				if gone >= 0 && e.At-gone >= run.Rules.VisitorGrace-early {
					doubt = e.At + run.Rules.Slack
				}
				if gone >= 0 && before != nil && open(before.Status) && (e.At-gone >= run.Rules.VisitorGrace-early || e.At > doubt) {
					judgeAbsence(r, run, h, before, e, e.At-gone, asked)
				}
				before, gone = e.Ticket, -1
			}
		}
	}
}

// early is how much sooner than its client a gateway may notice the end of a conn.
const early = time.Second

func judgeAbsence(r *Report, run *Run, h *History, before *protocol.Ticket, e Event, absent time.Duration, asked bool) {
	f := e.Ticket
	grace := run.Rules.VisitorGrace
	switch {
	case absent < grace-early:
		r.looked(GraceKeeps)
		if f.Ticket != before.Ticket || !open(f.Status) && f.End != protocol.EndAgentClosed && !(asked && f.End == protocol.EndVisitorLeft) {
			if run.Rules.MayFork {
				r.forgiven(GraceKeeps)
				return
			}
			r.wrong(GraceKeeps, "%s was away for %v (grace %v) from %s (%s) and came back at %v to %s, %s %s",
				h.person(), absent.Round(time.Millisecond), grace, before.Ticket, before.Status, e.At.Round(time.Millisecond), f.Ticket, f.Status, f.End)
		}
	case absent > grace+run.Rules.Slack && before.Status == protocol.Waiting:
		r.looked(EndsOnce)
		if f.Ticket == before.Ticket && (f.Status == protocol.Waiting || f.Status == protocol.Offered) {
			r.wrong(EndsOnce, "%s was away for %v (grace %v) and at %v %s is still %s",
				h.person(), absent.Round(time.Millisecond), grace, e.At.Round(time.Millisecond), f.Ticket, f.Status)
		}
	}
}

func open(s protocol.TicketStatus) bool {
	return s == protocol.Waiting || s == protocol.Offered || s == protocol.Assigned
}
