package main

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"

	"nextup/queue/sim"
)

// desk is a site that does what real ones do and the simulator, which offers every
// ticket at once, does not: its log is written and then replayed as a real one is.
type desk struct {
	name   string
	hours  float64
	queues []demand
	agents int
	// capacity is how many conversations an agent holds at once.
	capacity int
	// serves is the number of queues that an agent serves, drawn for each; 0 is all.
	serves int
	// breaks is the share of conversations after which an agent looks idle and takes
	// no other for a while.
	breaks float64
	rest   sim.Draw
	// changes is the hour after which the ranges are judged apart; 0 is none. With forgets, an
	// estimator that knows nothing takes over then.
	changes float64
	forgets bool
	// handsOn is the share of conversations that are given to the next queue after a third of
	// their time, where the visitor goes before those who have not been served.
	handsOn float64
	// arrivals, handling and staff are factors over time, in hours; nil is 1.
	arrivals, handling, staff func(hour float64) float64
}

// demand is the visitors of one queue of a desk.
type demand struct {
	perHour            float64
	handling, patience sim.Draw
	// offset is how many seconds pass until an agent may take a visitor.
	offset float64
}

// deskEvent is something that will happen at a desk.
type deskEvent struct {
	at       float64 // seconds
	n        int
	kind     deskEventKind
	agent, q int
	visitor  *caller
}

type deskEventKind uint8

const (
	calls deskEventKind = iota
	mayBeTaken
	hangsUp
	ends
	isBack
	changesStaff
)

// caller is a visitor of a desk.
type caller struct {
	ticket string
	q      int
	at     float64
	taken  bool
	gone   bool
	// handedOn is true from when the visitor's conversation is to be given to the next queue.
	handedOn bool
}

type deskAgent struct {
	on, resting bool
	held        int
	serves      []int
}

type deskEvents []deskEvent

func (h deskEvents) Len() int { return len(h) }
func (h deskEvents) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].n < h[j].n
}
func (h deskEvents) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *deskEvents) Push(x any)   { *h = append(*h, x.(deskEvent)) }
func (h *deskEvents) Pop() any {
	last := len(*h) - 1
	out := (*h)[last]
	*h = (*h)[:last]
	return out
}

// deskRun is one run of a desk.
type deskRun struct {
	*desk
	rng    *rand.Rand
	events deskEvents
	n      int
	now    float64
	agents []deskAgent
	lines  [][]*caller // those who may be taken, first come first
	log    strings.Builder
	joins  int
}

func factor(f func(float64) float64, hour float64) float64 {
	if f == nil {
		return 1
	}
	return f(hour)
}

// write returns the log of the desk.
func (d *desk) write(seed uint64) string {
	r := &deskRun{desk: d, rng: rand.New(rand.NewPCG(seed, 5)), agents: make([]deskAgent, d.agents), lines: make([][]*caller, len(d.queues))}
	r.log.WriteString("at_ms,event,ticket,agent,queue,head_start_s,capacity\n")
	for i := range r.agents {
		a := &r.agents[i]
		a.serves = r.rng.Perm(len(d.queues))
		if d.serves > 0 {
			a.serves = a.serves[:1+r.rng.IntN(d.serves)]
		}
	}
	for i := range d.queues { // every queue has an agent
		if a := &r.agents[i%len(r.agents)]; d.serves > 0 {
			a.serves = append([]int{i}, a.serves...)
		}
	}
	r.changeStaff()
	for q := range d.queues {
		r.nextCall(q)
	}
	for r.events.Len() > 0 {
		e := heap.Pop(&r.events).(deskEvent)
		if r.now = e.at; r.now > d.hours*3600 {
			break
		}
		r.handle(&e)
	}
	return r.log.String()
}

func (r *deskRun) push(e deskEvent) {
	r.n++
	e.n = r.n
	heap.Push(&r.events, e)
}

func (r *deskRun) row(kind, ticket, agent, queue string, head ...float64) {
	capacity := ""
	if kind == "agent_on" {
		capacity = fmt.Sprint(max(1, r.capacity))
	}
	headStart := ""
	if len(head) > 0 {
		headStart = fmt.Sprint(head[0])
	}
	fmt.Fprintf(&r.log, "%d,%s,%s,%s,%s,%s,%s\n", int64(math.Round(r.now*1000)), kind, ticket, agent, queue, headStart, capacity)
}

func agentName(i int) string { return fmt.Sprintf("a%d", i) }
func queueName(q int) string { return fmt.Sprintf("q%d", q) }

// changeStaff brings and sends home as many agents as the hour asks for; it is asked
// every minute.
func (r *deskRun) changeStaff() {
	want := int(math.Round(factor(r.staff, r.now/3600) * float64(len(r.agents))))
	for i := range r.agents {
		a := &r.agents[i]
		if on := i < want; on != a.on {
			a.on = on
			if !on {
				r.row("agent_off", "", agentName(i), "")
				continue
			}
			names := make([]string, len(a.serves))
			for k, q := range a.serves {
				names[k] = queueName(q)
			}
			r.row("agent_on", "", agentName(i), strings.Join(names, "|"))
			r.take(i)
		}
	}
	r.push(deskEvent{at: r.now + 60, kind: changesStaff})
}

func (r *deskRun) nextCall(q int) {
	rate := r.queues[q].perHour * factor(r.arrivals, r.now/3600)
	if rate <= 0 {
		rate = 1 // the factor is asked again soon
	}
	r.push(deskEvent{at: r.now + min(600, r.rng.ExpFloat64()*3600/rate), kind: calls, q: q})
}

func (r *deskRun) handle(e *deskEvent) {
	switch v := e.visitor; e.kind {
	case calls:
		r.call(e.q)
	case mayBeTaken:
		if !v.gone {
			r.lines[v.q] = append(r.lines[v.q], v)
			r.offer(v.q)
		}
	case hangsUp:
		if !v.taken {
			v.gone = true
			r.row("abandon", v.ticket, "", "")
		}
	case ends:
		r.row("close", v.ticket, agentName(e.agent), "")
		a := &r.agents[e.agent]
		a.held--
		if v.handedOn {
			r.handOn(v.q)
		}
		if r.rng.Float64() < r.breaks {
			a.resting = true
			r.push(deskEvent{at: r.now + r.rest.Next(r.rng)/1000, kind: isBack, agent: e.agent})
			return
		}
		r.take(e.agent)
	case isBack:
		r.agents[e.agent].resting = false
		r.take(e.agent)
	case changesStaff:
		r.changeStaff()
	}
}

func (r *deskRun) call(q int) {
	d := &r.queues[q]
	v := &caller{ticket: fmt.Sprintf("t%d", r.joins), q: q, at: r.now}
	r.joins++
	r.row("join", v.ticket, "", queueName(q))
	r.nextCall(q)
	if d.patience.Mean > 0 {
		r.push(deskEvent{at: r.now + d.patience.Next(r.rng)/1000, kind: hangsUp, visitor: v})
	}
	if d.offset > 0 {
		r.push(deskEvent{at: r.now + d.offset, kind: mayBeTaken, visitor: v})
		return
	}
	r.lines[q] = append(r.lines[q], v)
	r.offer(q)
}

// handOn puts a visitor who was served in a queue at the head of the next one's line.
func (r *deskRun) handOn(from int) {
	q := (from + 1) % len(r.queues)
	v := &caller{ticket: fmt.Sprintf("t%d", r.joins), q: q, at: r.now - handedOnHead}
	r.joins++
	r.row("join", v.ticket, "", queueName(q), handedOnHead)
	line := r.lines[q]
	at := sort.Search(len(line), func(i int) bool { return line[i].at > v.at })
	r.lines[q] = slices.Insert(line, at, v)
	r.offer(q)
}

// handedOnHead is the head start, in seconds, of those who were handed on.
const handedOnHead = 3600

// offer gives the queue's next visitor to an agent with room, if there is one.
func (r *deskRun) offer(q int) {
	first := r.rng.IntN(len(r.agents))
	for k := range r.agents {
		i := (first + k) % len(r.agents)
		for _, serves := range r.agents[i].serves {
			if serves == q && r.take(i) {
				return
			}
		}
	}
}

// take lets an agent take those who wait longest while the agent has room.
func (r *deskRun) take(i int) (took bool) {
	a := &r.agents[i]
	for a.on && !a.resting && a.held < max(1, r.capacity) {
		best := -1
		for _, q := range a.serves {
			for len(r.lines[q]) > 0 && r.lines[q][0].gone {
				r.lines[q] = r.lines[q][1:]
			}
			if len(r.lines[q]) > 0 && (best < 0 || r.lines[q][0].at < r.lines[best][0].at) {
				best = q
			}
		}
		if best < 0 {
			return took
		}
		v := r.lines[best][0]
		r.lines[best] = r.lines[best][1:]
		v.taken, took = true, true
		a.held++
		r.row("assign", v.ticket, agentName(i), "")
		d := &r.queues[best]
		takes := d.handling.Next(r.rng) / 1000 * factor(r.handling, r.now/3600)
		if r.handsOn > 0 && r.rng.Float64() < r.handsOn {
			v.handedOn = true
			takes /= 3
		}
		r.push(deskEvent{at: r.now + max(1, takes), kind: ends, agent: i, visitor: v})
	}
	return took
}
