package routing

import (
	"fmt"
	"strings"
	"time"
)

// statement is a promise that is judged.
type statement int

// The statements.
const (
	chained statement = iota
	onePlace
	oneOwner
	fenced
	capacity
	eligible
	inOrder
	nobodyWaits
	widened
	held
	lapsed
	scored
	trueViews
	worseHasReason
	linearTicket
	linearAgent
	settled
	statements // how many there are
)

func (s statement) String() string {
	return [...]string{
		chained:        "the log has no gap and names each predecessor",
		onePlace:       "a ticket is in exactly one place",
		oneOwner:       "a ticket has one owner, who was offered it or given it",
		fenced:         "fencing tokens rise with each assignment, and else stay",
		capacity:       "load is never over capacity",
		eligible:       "who is given a ticket may serve it, takes tickets and is there",
		inOrder:        "among equal requirements and without hold, the order of offers is the order of score",
		nobodyWaits:    "nobody waits while an eligible agent has room",
		widened:        "what a ticket asks for is what the rules say, step by step and in time",
		held:           "a hold is kept, and ends with its time or its agent",
		lapsed:         "offers are accepted in time, and two lapses in a row set the agent away",
		scored:         "a head start is what the rules say, or what a supervisor set with a reason",
		trueViews:      "what people are shown is what the log says at that number",
		worseHasReason: "a place that gets worse has a reason, and the log knows it",
		linearTicket:   "Porcupine: accept, close and transfer of a ticket are a register with one owner",
		linearAgent:    "Porcupine: what an agent holds is a counter bounded by their capacity",
		settled:        "in the end every ticket is served or given up",
	}[s]
}

// report is what came of all statements.
type report struct {
	looked, wrong [statements]int
	details       [statements][]string
	notes         []string
}

const maxDetails = 8

func (r *report) look(s statement) { r.looked[s]++ }

func (r *report) fail(s statement, format string, args ...any) {
	r.wrong[s]++
	if len(r.details[s]) < maxDetails {
		r.details[s] = append(r.details[s], fmt.Sprintf(format, args...))
	}
}

// note keeps a figure for people.
func (r *report) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

func (r *report) String() string {
	var b strings.Builder
	for s := range statements {
		verdict := "holds"
		if r.wrong[s] > 0 {
			verdict = fmt.Sprintf("FAILS %d times", r.wrong[s])
		}
		fmt.Fprintf(&b, "%-88s %8d looked at, %s\n", s, r.looked[s], verdict)
		for _, d := range r.details[s] {
			fmt.Fprintf(&b, "    %s\n", d)
		}
	}
	for _, n := range r.notes {
		fmt.Fprintln(&b, n)
	}
	return b.String()
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
