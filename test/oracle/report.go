package oracle

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Statement is a promise that is checked.
type Statement string

// The statements.
const (
	// An acknowledged message stands in the conversation once, under the number
	// that was acknowledged, and everybody whose conversation it is can read it.
	AcknowledgedOnce Statement = "an acknowledged message is in every participant's history exactly once"
	// Everybody has the same entry under the same number, and nothing that nobody
	// wrote.
	OneOrder Statement = "one order for all"
	// Numbers come one after the other; a resumed client begins where it stood.
	NoGap Statement = "no gap, nothing twice: a resumed client gets exactly what it lacks"
	// Nobody hears reset unless records may have been lost.
	ResetHasCause Statement = "a reset has a cause, and a fork is told"
	// From desks and at every number of the log.
	Capacity Statement = "an agent never holds more than its capacity"
	// At every number of the log, and in all that people were shown.
	OneOwner Statement = "a ticket has one state and at most one owner"
	// Tokens rise with each assignment; who lost a ticket writes no more.
	Fenced Statement = "fencing tokens rise and a stale one is refused"
	// See fairness.
	InOrder Statement = "within equal requirements the order of assignment is the order of score"
	// A view is what the log says at the view's number, and views go forward.
	TrueViews Statement = "what people are shown is what the log says, and never goes back"
	// Frame by frame, over reconnects too.
	WorseHasReason Statement = "a place that gets worse has a reason"
	// See grace.
	GraceKeeps Statement = "who is back within grace has the same ticket"
	EndsOnce   Statement = "past grace the ticket ends, and it ends once"
	// In the log's own time.
	Deadlines Statement = "an offer is accepted in time, and nobody is given up before their grace"
	// What was repeated because its answer was lost happened once.
	NoDouble Statement = "no double effect"
	// What a row of the matrix expects besides.
	RowExpects Statement = "what the fault's own row expects"
	// After quiet.
	NothingLeft Statement = "no key, goroutine or descriptor is left over"
)

// Statements lists all, in the order of the report.
func Statements() []Statement {
	return []Statement{
		AcknowledgedOnce, OneOrder, NoGap, ResetHasCause, Capacity, OneOwner, Fenced, InOrder, TrueViews,
		WorseHasReason, GraceKeeps, EndsOnce, Deadlines, NoDouble, NothingLeft, RowExpects,
	}
}

// Rules are what the oracle must know of a run.
type Rules struct {
	// Site is the site's id.
	Site string
	// VisitorGrace is the site's.
	VisitorGrace time.Duration
	// Slack is how much later than promised something may be noticed: what an
	// outage of the log took, and some time for a busy machine.
	Slack time.Duration
	// Staleness is how old the replica may have been on which an offer was
	// decided, in the log's time.
	Staleness time.Duration
	// MayFork says that records could be lost: acknowledged messages and views
	// may be gone then, for those who heard reset or had to connect anew.
	MayFork bool
	// Durable says that what was acknowledged is not among what could be lost.
	Durable bool
	// Blind is the socket of a gateway that was cut off from the log when it forked:
	// it cannot tell, and is to send its conns elsewhere.
	Blind string
}

// Run is all that there is to judge.
type Run struct {
	Rules     Rules
	Histories []*History
	Snapshot  *Snapshot
}

// maxDetails bounds how much is said of one statement.
const maxDetails = 12

// Finding is what came of one statement.
type Finding struct {
	// Looked counts what was checked, Wrong what was found wrong, Forgiven what
	// lost records excuse.
	Looked, Wrong, Forgiven int
	// Details are the first of what was wrong.
	Details []string
}

// Report is what came of all statements.
type Report struct {
	Findings map[Statement]*Finding
}

func newReport() *Report {
	r := &Report{Findings: map[Statement]*Finding{}}
	for _, s := range Statements() {
		r.Findings[s] = &Finding{}
	}
	return r
}

func (r *Report) looked(s Statement) { r.Findings[s].Looked++ }

func (r *Report) wrong(s Statement, format string, args ...any) {
	f := r.Findings[s]
	f.Wrong++
	if len(f.Details) < maxDetails {
		f.Details = append(f.Details, fmt.Sprintf(format, args...))
	}
}

func (r *Report) forgiven(s Statement) { r.Findings[s].Forgiven++ }

// Wrong lists the statements that do not hold.
func (r *Report) Wrong() []Statement {
	return slices.DeleteFunc(Statements(), func(s Statement) bool { return r.Findings[s].Wrong == 0 })
}

// Vacuous lists the statements that had nothing to look at.
func (r *Report) Vacuous() []Statement {
	return slices.DeleteFunc(Statements(), func(s Statement) bool { return r.Findings[s].Looked > 0 })
}

// Add notes what the runner looked at by itself, and what it found wrong.
func (r *Report) Add(s Statement, details ...string) {
	r.looked(s)
	for _, d := range details {
		r.wrong(s, "%s", d)
	}
}

// String is the report for people.
func (r *Report) String() string {
	var b strings.Builder
	for _, s := range Statements() {
		f := r.Findings[s]
		verdict := "holds"
		if f.Wrong > 0 {
			verdict = fmt.Sprintf("FAILS %d times", f.Wrong)
		}
		fmt.Fprintf(&b, "%-86s %7d looked at, %s", s, f.Looked, verdict)
		if f.Forgiven > 0 {
			fmt.Fprintf(&b, ", %d forgiven", f.Forgiven)
		}
		b.WriteByte('\n')
		for _, d := range f.Details {
			fmt.Fprintf(&b, "    %s\n", d)
		}
	}
	return b.String()
}

// Check judges a run.
func Check(run *Run) *Report {
	r := newReport()
	checkLogs(r, run)
	checkMessages(r, run)
	checkPlaces(r, run)
	checkGrace(r, run)
	checkWishes(r, run)
	checkResets(r, run)
	checkKeys(r, run)
	return r
}

// sortedKeys gives maps an order, so that a report can be compared.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
