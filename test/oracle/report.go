package oracle

import (
	"fmt"
	"maps"
	"slices"
	"strings"
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
	// See order.
	InOrder Statement = "within equal requirements the order of assignment is the order of score"
	// See served.
	Eligible Statement = "who is given a ticket may serve it, takes tickets and is there"
	// See standing.
	NobodyWaits Statement = "no ticket waits while an eligible agent has room"
	// See asks.
	Widened Statement = "what a ticket asks for is what the rules say, step by step and in time"
	Held    Statement = "a hold is kept, and ends with its time or its agent"
	// See score.
	Scored Statement = "a head start is what the rules say, or what a supervisor set with a reason"
	// A view is what the log says at the view's number, and views go forward.
	TrueViews Statement = "what people are shown is what the log says, and never goes back"
	// Frame by frame, over reconnects too.
	WorseHasReason Statement = "a place that gets worse has a reason, and the log knows it"
	// See grace.
	GraceKeeps Statement = "who is back within grace has the same ticket"
	EndsOnce   Statement = "past grace the ticket ends, and it ends once"
	// In the log's own time.
	Deadlines Statement = "an offer is accepted in time, and nobody is given up before their grace"
	// What was repeated because its answer was lost happened once.
	NoDouble Statement = "no double effect"
	// See register and bounded: Porcupine looks for an order of the operations.
	LinearTicket Statement = "accept, close and transfer of a ticket are a register with one owner"
	LinearAgent  Statement = "what an agent holds is a counter bounded by their capacity"
	// What a row of the matrix expects besides.
	RowExpects Statement = "what the fault's own row expects"
	// After quiet.
	NothingLeft Statement = "no key, goroutine or descriptor is left over"
)

// Statements lists all, in the order of the report.
func Statements() []Statement {
	return []Statement{
		AcknowledgedOnce, OneOrder, NoGap, ResetHasCause, Capacity, OneOwner, Fenced, Eligible, InOrder, NobodyWaits, Widened, Held,
		Scored, TrueViews, WorseHasReason, GraceKeeps, EndsOnce, Deadlines, NoDouble, LinearTicket, LinearAgent, NothingLeft, RowExpects,
	}
}

// Run is all that there is to judge.
type Run struct {
	Rules     Rules
	Histories []*History
	Snapshot  *Snapshot
	// Ranks are what the sorted sets of the queues held while the run went on, in
	// order; see WatchRanks.
	Ranks []Rank
	// Operations are what the clients did, if they wrote it down.
	Operations *Operations
}

// judged reports whether the run has what the statement is about.
func (r *Run) judged(s Statement) bool {
	switch s {
	case Widened, Held, Scored:
		return r.Rules.Routing != nil
	case NobodyWaits:
		return r.Rules.Patience > 0
	case LinearTicket, LinearAgent:
		return r.Operations != nil
	default:
		return true
	}
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

// Report is what came of the statements that were judged.
type Report struct {
	Findings map[Statement]*Finding
	// Notes are figures for people.
	Notes  []string
	judged []Statement
}

func newReport(run *Run) *Report {
	r := &Report{
		Findings: map[Statement]*Finding{},
		judged:   slices.DeleteFunc(Statements(), func(s Statement) bool { return !run.judged(s) }),
	}
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

func (r *Report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

func (r *Report) forgiven(s Statement) { r.Findings[s].Forgiven++ }

// Wrong lists the statements that do not hold.
func (r *Report) Wrong() []Statement {
	return slices.DeleteFunc(Statements(), func(s Statement) bool { return r.Findings[s].Wrong == 0 })
}

// Vacuous lists the statements that had nothing to look at.
func (r *Report) Vacuous() []Statement {
	return slices.DeleteFunc(slices.Clone(r.judged), func(s Statement) bool { return r.Findings[s].Looked > 0 })
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
	for _, s := range r.judged {
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
	for _, n := range r.Notes {
		fmt.Fprintln(&b, n)
	}
	return b.String()
}

// Check judges a run.
func Check(run *Run) *Report {
	r := newReport(run)
	checkLogs(r, run)
	checkMessages(r, run)
	checkGrace(r, run)
	checkWishes(r, run)
	checkResets(r, run)
	checkKeys(r, run)
	checkOperations(r, run)
	return r
}

// sortedKeys gives maps an order, so that a report can be compared.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
