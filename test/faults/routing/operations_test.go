package routing

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
	"nextup/test/oracle"
)

// deed is what somebody did to a ticket, or had done to it.
type deed string

const (
	accept   deed = "accept"   // by an agent
	assign   deed = "assigned" // to an agent: a desk showed it, and no accept came before
	end      deed = "close"    // by an agent
	leave    deed = "leave"    // by the visitor
	transfer deed = "transfer" // by an agent, or by a supervisor
	vanish   deed = "vanish"   // an agent was gone: perhaps past their grace
)

// operation is a deed as the client saw it: what was asked, when, and what came
// back when.
type operation struct {
	deed          deed
	ticket, agent string // agent: who does it, or to whom it is done; "" for others
	call, ret     time.Duration
	ok            bool
	code          protocol.Code
	// sure says that the answer is that of the only try, or that repeating changes
	// nothing.
	sure bool
}

func (o operation) String() string {
	return fmt.Sprintf("%s %s by %q: %v %s sure %v [%v–%v]", o.deed, o.ticket, o.agent, o.ok, o.code, o.sure, o.call, o.ret)
}

// forever is the return of what was never answered.
const forever = time.Duration(math.MaxInt64)

// book collects operations.
type book struct {
	mu  sync.Mutex
	all []operation
}

func (b *book) write(o operation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, o)
}

// earlier is how much before its stamp in a view a thing may have happened by
// the clients' clock: all are of one machine.
const earlier = time.Second

// happened adds to the clients' own operations what only shows in their views:
// the assignments that no accept made, and the agents' absences.
func happened(own []operation, histories []*oracle.History, start time.Time, end time.Duration) []operation {
	all := slices.Clone(own)
	accepts := map[string][]operation{}
	for _, o := range own {
		if o.deed == accept && (o.ok || !o.sure) {
			accepts[o.agent+o.ticket] = append(accepts[o.agent+o.ticket], o)
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
				all = append(all, operation{deed: vanish, agent: h.Subject, call: gone, ret: at, sure: true})
			}
			gone = 0
		}
		for _, e := range h.Events {
			switch {
			case e.Kind == oracle.Ended && gone == 0:
				gone = e.At - e.Silence
			case e.Kind != oracle.Told || e.Desk == nil:
			default:
				back(e.At)
				for _, t := range e.Desk.Tickets {
					key := fmt.Sprint(t.Ticket, t.Token)
					if t.Guest || seen[key] {
						continue
					}
					seen[key] = true
					when := time.UnixMilli(t.AssignedAtMS).Sub(start)
					if !slices.ContainsFunc(accepts[h.Subject+t.Ticket], func(o operation) bool { return o.call-earlier <= when && when-earlier <= o.ret }) {
						all = append(all, operation{deed: assign, ticket: t.Ticket, agent: h.Subject, call: when - earlier, ret: e.At, ok: true, sure: true})
					}
				}
			}
		}
		back(end)
	}
	return all
}

// ownership is a ticket's register: nobody's, an agent's, or ended.
type ownership string

const (
	nobodys ownership = ""
	over    ownership = "\x00"
)

// register says what a ticket may become by an operation. What was not sure may
// have happened or not; an absence may have been longer than the grace or not.
func register(was ownership, o operation) []ownership {
	mine := was == ownership(o.agent) && o.agent != ""
	var did []ownership // what it is if the deed was done; none: it cannot have been
	switch o.deed {
	case accept, assign:
		if was == nobodys || mine && o.deed == accept { // to accept again what one has is no error
			did = []ownership{ownership(o.agent)}
		}
	case end:
		if mine || was == over { // to have closed it already is no error
			did = []ownership{over}
		}
	case leave:
		did = []ownership{over}
	case transfer: // to the line, or to a guest, whose desk tells so
		if mine || o.agent == "" && was != over {
			did = []ownership{nobodys}
		}
	case vanish:
		if mine {
			return []ownership{was, nobodys}
		}
		return []ownership{was}
	}
	switch {
	case o.ok:
		return did
	case !o.sure:
		return append(did, was)
	case mine && (o.deed == end || o.deed == transfer) && denies(o.code):
		return nil // it was refused as not theirs while it was
	}
	return []ownership{was}
}

// denies says whether a refusal says that the ticket is not theirs.
func denies(c protocol.Code) bool {
	return c == protocol.CodeForbidden || c == protocol.CodeUnknownTicket || c == protocol.CodeConversationClosed
}

// registers is the model of one ticket.
func registers() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{nobodys} },
		Step: func(state, input, _ any) []any { return anys(register(state.(ownership), input.(operation))) },
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

// step says what the agent may hold after an operation on a ticket of theirs,
// by themselves or by others.
func (b bounded) step(was counter, o operation) []counter {
	has, theirs := was.has(o.ticket), o.agent == b.agent
	var did []counter
	switch o.deed {
	case vanish:
		if theirs { // past their grace everything is taken, at once
			return []counter{was, ""}
		}
		return []counter{was}
	case accept, assign:
		switch is := was.with(o.ticket); {
		case !theirs && !has, theirs && has && o.deed == accept:
			did = []counter{was}
		case theirs && !has && b.load(is) <= b.capacity:
			did = []counter{is}
		}
	case end:
		if theirs || !has {
			did = []counter{was.without(o.ticket)}
		}
	case transfer:
		if o.agent == "" || theirs == has {
			did = []counter{was.without(o.ticket)}
		}
	case leave:
		did = []counter{was.without(o.ticket)}
	}
	switch {
	case o.ok:
		return did
	case !o.sure:
		return append(did, was)
	}
	return []counter{was}
}

// counters is the model of one agent.
func (b bounded) counters() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{counter("")} },
		Step: func(state, input, _ any) []any { return anys(b.step(state.(counter), input.(operation))) },
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
func linear(r *report, rules *rules, all []operation, weights map[string]int) {
	by, absences := map[string][]operation{}, map[string][]operation{}
	for _, o := range all {
		if o.deed == vanish {
			absences[o.agent] = append(absences[o.agent], o)
		} else {
			by[o.ticket] = append(by[o.ticket], o)
		}
	}
	concern := map[string][]operation{} // by agent
	for _, own := range by {
		first := map[string]time.Duration{} // of an agent's operations on the ticket
		for _, o := range own {
			if at, known := first[o.agent]; o.agent != "" && (!known || o.call < at) {
				first[o.agent] = o.call
			}
		}
		part := slices.Clone(own)
		for a, from := range first {
			concern[a] = append(concern[a], own...)
			for _, o := range absences[a] {
				if o.ret >= from {
					part = append(part, o)
				}
			}
		}
		r.decide(linearTicket, registers(), part)
	}
	for _, a := range rules.agents {
		if part := slices.Concat(concern[a.id], absences[a.id]); len(part) > 0 {
			r.decide(linearAgent, bounded{a.id, a.capacity, weights}.counters(), part)
		}
	}
}

// decide asks Porcupine about one part of the history.
func (r *report) decide(s statement, m porcupine.Model, part []operation) {
	r.look(s)
	history := make([]porcupine.Operation, len(part))
	for i, o := range part {
		history[i] = porcupine.Operation{Input: o, Call: int64(o.call), Return: int64(o.ret)}
	}
	verdict := porcupine.CheckOperationsTimeout(m, history, 20*time.Second)
	if verdict == porcupine.Ok {
		return
	}
	slices.SortFunc(part, func(a, b operation) int { return cmp.Compare(a.call, b.call) })
	var b strings.Builder
	for _, o := range part[:min(len(part), 40)] {
		fmt.Fprintf(&b, "        %s\n", o)
	}
	r.fail(s, "%s: no order makes sense of these %d:\n%s", verdict, len(part), &b)
}
