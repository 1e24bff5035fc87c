package export

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Report says what was read of an export, and what it does not say.
type Report struct {
	Desk, Format string
	// Contacts are those that waited: Served, Left, and those still in line at the end.
	Contacts, Served, Left int
	Agents, Queues         int
	First, Last            time.Time
	// LeftOut counts the rows that could not be used, by the reason.
	LeftOut map[string]LeftOut
	Lacks   []string
}

// LeftOut counts rows, the first of which stands in Line.
type LeftOut struct{ N, Line int }

func (r *Report) leaveOut(why string, line int) {
	if r.LeftOut == nil {
		r.LeftOut = map[string]LeftOut{}
	}
	l := r.LeftOut[why]
	if l.N++; l.N == 1 || line < l.Line {
		l.Line = line
	}
	r.LeftOut[why] = l
}

func (r *Report) count(b *book, first, last time.Time) {
	r.First, r.Last, r.Contacts = first, last, len(b.contacts)
	queues := map[int32]bool{}
	for i := range b.contacts {
		c := &b.contacts[i]
		queues[c.queue] = true
		switch {
		case c.agent >= 0:
			r.Served++
		case c.ended != 0:
			r.Left++
		}
	}
	for _, a := range b.agents {
		if len(a.queues) > 0 {
			r.Agents++
		}
	}
	r.Queues = len(queues)
}

// Print writes the report.
func (r *Report) Print(out io.Writer) {
	const when = "2006-01-02 15:04"
	fmt.Fprintf(out, "Read as an export of %s: %d contacts of %d agents in %d queues, from %s to %s; %d were served, %d left, %d still waited.\n",
		r.Desk, r.Contacts, r.Agents, r.Queues, r.First.Format(when), r.Last.Format(when+" MST"), r.Served, r.Left, r.Contacts-r.Served-r.Left)
	if text := r.leftOut(); text != "" {
		fmt.Fprintf(out, "Left out%s.\n", text)
	}
	fmt.Fprintln(out, "What the export does not say, and what follows:")
	for _, l := range r.Lacks {
		fmt.Fprintf(out, "- %s\n", l)
	}
}

func (r *Report) leftOut() string {
	var parts []string
	for _, why := range slices.SortedFunc(maps.Keys(r.LeftOut), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.LeftOut[b].N, r.LeftOut[a].N), cmp.Compare(a, b))
	}) {
		l := r.LeftOut[why]
		parts = append(parts, fmt.Sprintf("%d that %s (line %d)", l.N, why, l.Line))
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}
