package queue

import (
	"cmp"
	"math"
	"slices"
)

// line is one queue: its tickets, waiting or offered, in order.
type line struct {
	sorted[*Ticket]
	// plain is what is required of an agent by the tickets that ask for the queue's language alone.
	plain *Requirements
	// withdrawn says that the rules do not have the queue.
	withdrawn bool
	// ahead remembers the latest insertions that were not at the end, newest
	// last: they are why the place of a ticket behind them got worse.
	ahead []insertion
}

type insertion struct {
	ticket *Ticket
	number uint64
	reason Reason
}

// maxAhead bounds line.ahead, which is read within a cadence for visitors who are
// here and within the grace for those who come back. Each place that got worse has a
// reason while fewer than three quarters of maxAhead came in meanwhile.
const maxAhead = 4096

func newLine(q QueueID) *line {
	n := &Requirements{Languages: []string{q.Language}}
	n.text = n.key()
	return &line{sorted: sorted[*Ticket]{before: (*Ticket).Before}, plain: n, withdrawn: true}
}

// line returns the line of a queue. It makes one for a queue of a site file that this
// gateway does not know.
func (s *State) line(q QueueID) *line {
	l := s.lines[q]
	if l == nil {
		l = newLine(q)
		s.lines[q] = l
	}
	return l
}

// plain returns what a ticket requires of an agent that asks for no more than the queue's
// language.
func (s *State) plain(q QueueID) *Requirements { return s.line(q).plain }

// note remembers why the places behind t, or its own, got worse.
func (l *line) note(t *Ticket, number uint64, reason Reason) {
	if len(l.ahead) == maxAhead {
		l.ahead = append(l.ahead[:0], l.ahead[maxAhead/4:]...)
	}
	l.ahead = append(l.ahead, insertion{t, number, reason})
}

// recall works out what came in before others from the tickets of a snapshot,
// which show how they came but not always when: then their newest write stands
// for it, so that no place is worse without a reason.
func (l *line) recall() {
	var all []insertion
	behind := uint64(math.MaxUint64) // the earliest join of those behind
	for _, t := range slices.Backward(l.all()) {
		switch {
		case t.TransferredBy != "":
			all = append(all, insertion{t, t.Rev.Number, TransferIn})
		case t.Token > 0:
			all = append(all, insertion{t, t.Rev.Number, Returned})
		case t.HeadStartReason != "": // which way is not known; lowered, it is its own reason
			all = append(all, insertion{t, t.Rev.Number, Lowered}, insertion{t, t.Rev.Number, Raised})
		case t.Joined > behind:
			all = append(all, insertion{t, t.Joined, PriorityArrival})
		}
		behind = min(behind, t.Joined)
	}
	slices.SortStableFunc(all, func(a, b insertion) int { return cmp.Compare(a.number, b.number) })
	l.ahead = all[max(0, len(all)-maxAhead):]
}

// worsened says why t's place got worse after a log number, or "".
func (l *line) worsened(t *Ticket, since uint64) Reason {
	for i := len(l.ahead) - 1; i >= 0 && l.ahead[i].number > since; i-- {
		in := l.ahead[i]
		switch own := in.ticket.ID == t.ID; {
		case own && in.reason == Lowered, !own && in.reason != Lowered && in.ticket.Before(t):
			return in.reason
		}
	}
	return ""
}
