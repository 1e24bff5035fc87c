package queue

// line is one queue: its tickets, waiting or offered, in order.
type line struct {
	sorted[*Ticket]
	// ahead remembers the latest insertions that were not at the end, newest
	// last: they are why somebody's place got worse.
	ahead []insertion
}

type insertion struct {
	ticket *Ticket
	number uint64
	reason Reason
}

// maxAhead bounds line.ahead; a gateway reads it within a cadence.
const maxAhead = 64

func newLine() *line { return &line{sorted: sorted[*Ticket]{before: (*Ticket).Before}} }

// note remembers why the places behind t, or its own, got worse.
func (l *line) note(t *Ticket, number uint64, reason Reason) {
	if len(l.ahead) == maxAhead {
		l.ahead = append(l.ahead[:0], l.ahead[1:]...)
	}
	l.ahead = append(l.ahead, insertion{t, number, reason})
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
