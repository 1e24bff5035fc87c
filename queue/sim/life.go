package sim

import (
	"slices"

	"nextup/queue"
)

// This file holds what happens to a visitor after the join.

// dispatch applies what the product's own Dispatcher proposes, until it has nothing
// to offer.
func (r *run) dispatch() {
	for r.waiting > 0 && r.room > 0 || r.steps > 128 {
		r.steps = 0
		before, applied := r.waiting, 0
		for _, batch := range r.propose() {
			for _, c := range batch {
				if c.Cause == queue.CauseOffered {
					r.offered(c)
				} else {
					r.apply(c) // forgotten tickets, and what the time brings
					applied++
				}
			}
		}
		if r.waiting == before && applied == 0 {
			return
		}
	}
}

func (r *run) propose() [][]queue.Change {
	if r.rule != nil {
		return [][]queue.Change{r.match()}
	}
	return queue.Dispatcher{}.Propose(r.st, r.stamp())
}

// offered applies an offer; the agent accepts at once or after a gap.
func (r *run) offered(c queue.Change) {
	t := c.Writes[0].Image.(*queue.Ticket)
	v, a := r.open[t.ID], r.byID[t.Offer.Agent]
	r.apply(c)
	r.waiting--
	r.occupy(a, t.Weight)
	v.agent = a
	r.departed.taken(r, a, t)
	gap := r.Accept.Next(r.acceptRNG)
	switch ttl := float64(t.Offer.TTL); {
	case gap <= 0:
		r.accept(v)
	case gap <= ttl:
		r.push(event{at: r.now + gap, kind: accepted, visitor: v, mark: v.mark})
	default:
		r.push(event{at: r.now + ttl + 1, kind: offerEnds, visitor: v, mark: v.mark})
	}
}

// occupy and release account for places taken and freed.
func (r *run) occupy(a *agent, weight int)  { r.addLoad(a, weight) }
func (r *run) release(a *agent, weight int) { r.addLoad(a, -weight) }

func (r *run) addLoad(a *agent, by int) {
	r.result.accrue(r, a)
	a.load += by
	if a.on {
		r.room -= by
	}
}

func (r *run) accept(v *visitor) {
	t := r.st.Ticket(v.ticket)
	r.must(r.st.Accept(v.agent.id, t.Offer.ID))
	v.served = true
	r.reschedule(v.agent, func() { v.agent.active = append(v.agent.active, v) })
	r.outcome(v, r.now-v.joined, true, 0)
}

// lapse lets the Dispatcher take back an offer that was not accepted.
func (r *run) lapse(v *visitor) {
	a := v.agent
	v.mark++
	for _, batch := range (queue.Dispatcher{}).Propose(r.st, r.stamp()) {
		for _, c := range batch {
			if c.Cause == queue.CauseLapsed && c.Writes[0].Name == r.st.Ticket(v.ticket).Name() {
				r.apply(c)
			}
		}
	}
	v.agent = nil
	r.release(a, 1)
	r.waiting++
}

// reschedule changes what an agent holds: the agent's conversations get faster or
// slower, so what is left of each is brought up to date and its end is scheduled
// anew.
func (r *run) reschedule(a *agent, change func()) {
	speed := r.speed(a)
	for _, v := range a.active {
		v.left -= (r.now - v.at) * speed
	}
	n := len(a.active)
	change()
	if r.Slowdown == 0 && len(a.active) > n { // the others go on as scheduled
		a.active[n].at = r.now
		r.scheduleEnd(a.active[n], 1)
		return
	}
	for _, v := range a.active {
		v.at = r.now
		if r.Slowdown != 0 {
			r.scheduleEnd(v, r.speed(a))
		}
	}
}

func (r *run) scheduleEnd(v *visitor, speed float64) {
	v.mark++
	r.push(event{at: r.now + max(0, v.left)/speed, kind: finished, visitor: v, mark: v.mark})
}

// speed returns the speed of each conversation of the agent.
func (r *run) speed(a *agent) float64 {
	return 1 / (1 + r.Slowdown*float64(max(0, len(a.active)-1)))
}

func (r *run) finish(v *visitor) {
	a := v.agent
	r.must(r.st.Close(a.id, v.ticket))
	delete(r.open, v.ticket)
	v.mark++
	r.reschedule(a, func() { a.active = slices.DeleteFunc(a.active, func(u *visitor) bool { return u == v }) })
	r.release(a, 1)
	r.released(a)
}

// leave lets a visitor leave who is out of patience.
func (r *run) leave(v *visitor) {
	t := r.st.Ticket(v.ticket)
	a := v.agent
	v.mark++
	r.must(r.st.Leave(v.id, v.ticket))
	delete(r.open, v.ticket)
	if a != nil { // an offer was open
		r.release(a, 1)
		r.outcome(v, r.now-v.joined, false, r.now-v.joined)
		r.released(a)
		return
	}
	r.waiting--
	r.departed.add(t, v, r.now)
}

// released ends the potential waits of the departed visitors that an agent with room
// left after the dispatch would serve.
func (r *run) released(a *agent) {
	r.dispatch()
	if a.on && a.load < a.cap {
		r.departed.idle(r, a)
	}
}

func (r *run) shift(a *agent, on bool) {
	if a.on == on {
		return
	}
	status := queue.Away
	if on {
		status = queue.Available
	}
	r.result.accrue(r, a)
	if a.on = on; on {
		r.room += a.cap - a.load
	} else {
		r.room -= a.cap - a.load
	}
	r.must(r.st.SetStatus(a.id, status))
	if on {
		r.released(a)
	}
}

// outcome records the end of a wait.
func (r *run) outcome(v *visitor, wait float64, served bool, patience float64) {
	o := Outcome{
		Ticket: v.ticket, Queue: r.Queues[v.demand].Queue(), Class: r.className(v),
		Joined: Start + queue.Stamp(v.joined), Wait: wait, Served: served, Patience: patience,
	}
	if v.joined >= float64(r.Warmup) {
		r.result.add(&o)
	}
	if r.hooks.Outcome != nil {
		r.hooks.Outcome(o)
	}
}

// departed holds the visitors who left, in line as if they had stayed, until their
// potential waits are known.
type departed struct {
	by map[queue.QueueID][]departedVisitor
}

type departedVisitor struct {
	ticket  *queue.Ticket
	visitor *visitor
	left    float64
}

func (g *departed) add(t *queue.Ticket, v *visitor, now float64) {
	if g.by == nil {
		g.by = map[queue.QueueID][]departedVisitor{}
	}
	g.by[t.Queue()] = append(g.by[t.Queue()], departedVisitor{t, v, now})
}

// taken ends the waits of the visitors that the agent would have taken before t.
func (g *departed) taken(r *run, a *agent, t *queue.Ticket) {
	g.endWaits(r, a, func(other *queue.Ticket) bool { return other.Before(t) })
}

// idle ends the waits of all visitors that the agent may serve.
func (g *departed) idle(r *run, a *agent) {
	g.endWaits(r, a, func(*queue.Ticket) bool { return true })
}

func (g *departed) endWaits(r *run, a *agent, gone func(*queue.Ticket) bool) {
	for _, q := range a.queues {
		all := g.by[q]
		if len(all) == 0 {
			continue
		}
		keep := all[:0]
		for _, d := range all {
			if gone(d.ticket) {
				r.outcome(d.visitor, r.now-d.visitor.joined, false, d.left-d.visitor.joined)
			} else {
				keep = append(keep, d)
			}
		}
		g.by[q] = keep
	}
}
