package oracle

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"nextup/gateway/protocol"
)

// Action is what was done to a ticket.
type Action string

// The actions.
const (
	Accept   Action = "accept"   // by an agent
	Assign   Action = "assigned" // to an agent: a desk showed it, and no accept came before
	Close    Action = "close"    // by an agent
	Leave    Action = "leave"    // by the visitor
	Transfer Action = "transfer" // by an agent, or by a supervisor
	Vanish   Action = "vanish"   // an agent was gone: perhaps past their grace
)

// Operation is an action as the client saw it: what was asked, when, and what came
// back when.
type Operation struct {
	Action        Action
	Ticket, Agent string // Agent does it, or it is done to them; "" for others
	Call, Return  time.Duration
	OK            bool
	Code          protocol.Code
	// Sure reports that the answer is that of the only try, or that repeating changes
	// nothing.
	Sure bool
}

func (o Operation) String() string {
	return fmt.Sprintf("%s %s by %q: %v %s sure %v [%v–%v]", o.Action, o.Ticket, o.Agent, o.OK, o.Code, o.Sure, o.Call, o.Return)
}

// Forever is the return of what was never answered.
const Forever = time.Duration(math.MaxInt64)

// Operations collects what the clients of a run did. It may be written from many
// goroutines.
type Operations struct {
	// Start is the beginning of the run, and End how long it went on.
	Start time.Time
	End   time.Duration

	mu  sync.Mutex
	all []Operation
}

// Write adds an operation.
func (b *Operations) Write(o Operation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, o)
}

// checkOperations has Porcupine look at what the clients did.
func checkOperations(r *Report, run *Run) {
	if run.Operations == nil || run.Rules.Routing == nil {
		return
	}
	weights := map[string]int{}
	for _, h := range run.Histories {
		for _, e := range h.Events {
			if e.Desk == nil {
				continue
			}
			for _, d := range e.Desk.Tickets {
				weights[d.Ticket] = d.Weight
			}
			for _, o := range e.Desk.Offers {
				weights[o.Ticket] = o.Weight
			}
		}
	}
	o := run.Operations
	r.linear(run.Rules.Routing.Agents, happened(o.all, run.Histories, o.Start, o.End), weights)
}

// earlier is how much before its stamp in a view a thing may have happened by
// the clients' clock: all are of one machine.
const earlier = time.Second

// happened adds to the clients' own operations what only shows in their views:
// the assignments that no accept made, and the agents' absences.
func happened(own []Operation, histories []*History, start time.Time, end time.Duration) []Operation {
	all := slices.Clone(own)
	accepts := map[string][]Operation{}
	for _, o := range own {
		if o.Action == Accept && (o.OK || !o.Sure) {
			accepts[o.Agent+o.Ticket] = append(accepts[o.Agent+o.Ticket], o)
		}
	}
	for _, h := range histories {
		if h.Role != protocol.Agent {
			continue
		}
		seen := map[string]bool{}
		gone := time.Duration(0)
		back := func(at time.Duration) {
			if gone > 0 {
				all = append(all, Operation{Action: Vanish, Agent: h.Subject, Call: gone, Return: at, Sure: true})
			}
			gone = 0
		}
		for _, e := range h.Events {
			switch {
			case e.Kind == Ended && gone == 0:
				gone = e.At - e.Silence
			case e.Kind != Told || e.Desk == nil:
			default:
				back(e.At)
				for _, t := range e.Desk.Tickets {
					key := fmt.Sprint(t.Ticket, t.Token)
					if t.Guest || seen[key] {
						continue
					}
					seen[key] = true
					when := time.UnixMilli(t.AssignedAtMS).Sub(start)
					if !slices.ContainsFunc(accepts[h.Subject+t.Ticket], func(o Operation) bool { return o.Call-earlier <= when && when-earlier <= o.Return }) {
						all = append(all, Operation{Action: Assign, Ticket: t.Ticket, Agent: h.Subject, Call: when - earlier, Return: e.At, OK: true, Sure: true})
					}
				}
			}
		}
		back(end)
	}
	return all
}

// ownership is a ticket's register: free, an agent's, or ended.
type ownership string

const (
	nobodys ownership = ""
	over    ownership = "\x00"
)

// register returns what a ticket may become by an operation. What was not sure may
// have happened or not; an absence may have been longer than the grace or not.
func register(before ownership, o Operation) []ownership {
	mine := before == ownership(o.Agent) && o.Agent != ""
	var did []ownership // what it is if the action was done; none: it cannot have been
	switch o.Action {
	case Accept, Assign:
		if before == nobodys || mine && o.Action == Accept { // to accept again what one has is no error
			did = []ownership{ownership(o.Agent)}
		}
	case Close:
		if mine || before == over { // to have closed it already is no error
			did = []ownership{over}
		}
	case Leave:
		did = []ownership{over}
	case Transfer: // to the line, or to a guest, whose desk tells so
		if mine || o.Agent == "" && before != over {
			did = []ownership{nobodys}
		}
	case Vanish:
		if mine {
			return []ownership{before, nobodys}
		}
		return []ownership{before}
	}
	switch {
	case o.OK:
		return did
	case !o.Sure:
		return append(did, before)
	case mine && (o.Action == Close || o.Action == Transfer) && denies(o.Code):
		return nil // it was refused as not theirs while it was
	}
	return []ownership{before}
}

// denies reports whether a refusal says that the ticket is not theirs.
func denies(c protocol.Code) bool {
	return c == protocol.CodeForbidden || c == protocol.CodeUnknownTicket || c == protocol.CodeConversationClosed
}

// registers is the model of one ticket.
func registers() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{nobodys} },
		Step: func(state, input, _ any) []any { return anys(register(state.(ownership), input.(Operation))) },
	}
	return m.ToModel()
}

// counter is what an agent holds: tickets in order, with commas.
type counter string

func (c counter) has(ticket string) bool {
	return slices.Contains(strings.Split(string(c), ","), ticket)
}

func (c counter) with(ticket string) counter {
	all := append(c.tickets(), ticket)
	slices.Sort(all)
	return counter(strings.Join(all, ","))
}

func (c counter) without(ticket string) counter {
	return counter(strings.Join(slices.DeleteFunc(c.tickets(), func(t string) bool { return t == ticket }), ","))
}

func (c counter) tickets() []string {
	if c == "" {
		return nil
	}
	return strings.Split(string(c), ",")
}

// bounded is the counter of one agent: what they hold never weighs more than
// their capacity. Places taken by offers and by wrapping up, which the clients do
// not see as operations, only make it less.
type bounded struct {
	agent    string
	capacity int
	weights  map[string]int
}

func (b bounded) load(c counter) int {
	load := 0
	for _, t := range c.tickets() {
		load += b.weights[t]
	}
	return load
}

// step returns what the agent may hold after an operation on a ticket of theirs,
// by themselves or by others.
func (b bounded) step(before counter, o Operation) []counter {
	has, theirs := before.has(o.Ticket), o.Agent == b.agent
	var did []counter
	switch o.Action {
	case Vanish:
		if theirs { // past their grace everything is taken, at once
			return []counter{before, ""}
		}
		return []counter{before}
	case Accept, Assign:
		switch after := before.with(o.Ticket); {
		case !theirs && !has, theirs && has && o.Action == Accept:
			did = []counter{before}
		case theirs && !has && b.load(after) <= b.capacity:
			did = []counter{after}
		}
	case Close:
		if theirs || !has {
			did = []counter{before.without(o.Ticket)}
		}
	case Transfer:
		if o.Agent == "" || theirs == has {
			did = []counter{before.without(o.Ticket)}
		}
	case Leave:
		did = []counter{before.without(o.Ticket)}
	}
	switch {
	case o.OK:
		return did
	case !o.Sure:
		return append(did, before)
	}
	return []counter{before}
}

// counters is the model of one agent.
func (b bounded) counters() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{counter("")} },
		Step: func(state, input, _ any) []any { return anys(b.step(state.(counter), input.(Operation))) },
	}
	return m.ToModel()
}

func anys[T comparable](all []T) []any {
	out := make([]any, 0, len(all))
	for _, v := range all {
		if !slices.Contains(out, any(v)) {
			out = append(out, v)
		}
	}
	return out
}

// linear has Porcupine look for an order of the operations: by ticket, and by
// agent.
func (r *Report) linear(agents []Agent, all []Operation, weights map[string]int) {
	by, absences := map[string][]Operation{}, map[string][]Operation{}
	for _, o := range all {
		if o.Action == Vanish {
			absences[o.Agent] = append(absences[o.Agent], o)
		} else {
			by[o.Ticket] = append(by[o.Ticket], o)
		}
	}
	concern := map[string][]Operation{} // by agent
	for _, own := range by {
		first := map[string]time.Duration{} // of an agent's operations on the ticket
		for _, o := range own {
			if at, known := first[o.Agent]; o.Agent != "" && (!known || o.Call < at) {
				first[o.Agent] = o.Call
			}
		}
		part := slices.Clone(own)
		for a, from := range first {
			concern[a] = append(concern[a], own...)
			for _, o := range absences[a] {
				if o.Return >= from {
					part = append(part, o)
				}
			}
		}
		r.decide(LinearTicket, registers(), part)
	}
	for _, a := range agents {
		if part := slices.Concat(concern[a.ID], absences[a.ID]); len(part) > 0 {
			r.decide(LinearAgent, bounded{a.ID, a.Capacity, weights}.counters(), part)
		}
	}
}

// decide asks Porcupine about one part of the history.
func (r *Report) decide(s Invariant, m porcupine.Model, part []Operation) {
	r.looked(s)
	history := make([]porcupine.Operation, len(part))
	for i, o := range part {
		history[i] = porcupine.Operation{Input: o, Call: int64(o.Call), Return: int64(o.Return)}
	}
	verdict := porcupine.CheckOperationsTimeout(m, history, 20*time.Second)
	if verdict == porcupine.Ok {
		return
	}
	slices.SortFunc(part, func(a, b Operation) int { return cmp.Compare(a.Call, b.Call) })
	var b strings.Builder
	for _, o := range part[:min(len(part), 40)] {
		fmt.Fprintf(&b, "        %s\n", o)
	}
	r.wrong(s, "%s: no order makes sense of these %d:\n%s", verdict, len(part), &b)
}
