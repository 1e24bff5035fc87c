package oracle

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Invariant is a promise that is checked.
type Invariant string

// The invariants.
const (
	// An acknowledged message stands in the conversation once, under the number
	// that was acknowledged, and each person whose conversation it is can read it.
	AcknowledgedOnce Invariant = "an acknowledged message is in every participant's history exactly once"
	// All have the same entry under the same number, and nothing that no person
	// wrote.
	OneOrder Invariant = "one order for all"
	// Numbers come one after the other; a resumed client begins where it stood.
	NoGap Invariant = "no gap, nothing twice: a resumed client gets exactly what it lacks"
	// No person hears reset unless records may have been lost.
	ResetHasCause Invariant = "a reset has a cause, and a fork is told"
	// From desks and at every number of the log.
	Capacity Invariant = "an agent never holds more than its capacity"
	// At every number of the log, and in all that people were shown.
	OneOwner Invariant = "a ticket has one state and at most one owner"
	// Tokens rise with each assignment; who lost a ticket writes no more.
	Fenced Invariant = "fencing tokens rise and a stale one is refused"
	// See order.
	InOrder Invariant = "within equal requirements the order of assignment is the order of score"
	// See served.
	Eligible Invariant = "who is given a ticket may serve it, takes tickets and is there"
	// See standing.
	NobodyWaits Invariant = "no ticket waits while an eligible agent has room"
	// See asks.
	Widened Invariant = "what a ticket asks for is what the rules say, step by step and in time"
	Held    Invariant = "a hold is kept, and ends with its time or its agent"
	// See score.
	Scored Invariant = "a head start is what the rules say, or what a supervisor set with a reason"
	// A view is what the log says at the view's number, and views go forward.
	TrueViews Invariant = "what people are shown is what the log says, and never goes back"
	// Frame by frame, over reconnects too.
	WorseHasReason Invariant = "a place that gets worse has a reason, and the log knows it"
	// See grace.
	GraceKeeps Invariant = "who is back within grace has the same ticket"
	EndsOnce   Invariant = "past grace the ticket ends, and it ends once"
	// In the log's own time.
	Deadlines Invariant = "an offer is accepted in time, and nobody is given up before their grace"
	// What was repeated because its answer was lost happened once.
	NoDouble Invariant = "no double effect"
	// See register and bounded: Porcupine looks for an order of the operations.
	LinearTicket Invariant = "accept, close and transfer of a ticket are a register with one owner"
	LinearAgent  Invariant = "what an agent holds is a counter bounded by their capacity"
	// What a row of the matrix expects besides.
	RowExpects Invariant = "what the fault's own row expects"
	// After quiet.
	NothingLeft Invariant = "no key, goroutine or descriptor is left over"
)

// Invariants lists all, in the order of the report.
func Invariants() []Invariant {
	return []Invariant{
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

// judged reports whether the run has what the invariant is about.
func (r *Run) judged(s Invariant) bool {
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

// maxDetails bounds how much is said of one invariant.
const maxDetails = 12

// Finding is what came of one invariant.
type Finding struct {
	// Looked counts what was checked, Wrong what was found wrong, Forgiven what
	// lost records excuse.
	Looked, Wrong, Forgiven int
	// Details are the first of what was wrong.
	Details []string
}

// Report is what came of the invariants that were judged.
type Report struct {
	Findings map[Invariant]*Finding
	// Notes are figures for people.
	Notes  []string
	judged []Invariant
}

func newReport(run *Run) *Report {
	r := &Report{
		Findings: map[Invariant]*Finding{},
		judged:   slices.DeleteFunc(Invariants(), func(s Invariant) bool { return !run.judged(s) }),
	}
	for _, s := range Invariants() {
		r.Findings[s] = &Finding{}
	}
	return r
}

func (r *Report) looked(s Invariant) { r.Findings[s].Looked++ }

func (r *Report) wrong(s Invariant, format string, args ...any) {
	f := r.Findings[s]
	f.Wrong++
	if len(f.Details) < maxDetails {
		f.Details = append(f.Details, fmt.Sprintf(format, args...))
	}
}

func (r *Report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

func (r *Report) forgiven(s Invariant) { r.Findings[s].Forgiven++ }

// Wrong lists the invariants that do not hold.
func (r *Report) Wrong() []Invariant {
	return slices.DeleteFunc(Invariants(), func(s Invariant) bool { return r.Findings[s].Wrong == 0 })
}

// Vacuous lists the invariants that had nothing to look at.
func (r *Report) Vacuous() []Invariant {
	return slices.DeleteFunc(slices.Clone(r.judged), func(s Invariant) bool { return r.Findings[s].Looked > 0 })
}

// Add notes what the runner looked at by itself, and what it found wrong.
func (r *Report) Add(s Invariant, details ...string) {
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
