package sim

import (
	"slices"

	"nextup/queue"
)

// This file is what happens to a visitor after the join.

// dispatch lets the product's own Dispatcher propose until it has nothing to
// offer.
func (r *run) dispatch() {
	for r.waiting > 0 && r.room > 0 || r.steps > 128 {
		r.steps = 0
		before, played := r.waiting, 0
		for _, batch := range r.propose() {
			for _, c := range batch {
				if c.Cause == queue.CauseOffered {
					r.offered(c)
				} else {
					r.play(c) // forgetting, and what time does
					played++
				}
			}
		}
		if r.waiting == before && played == 0 {
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

// offered plays an offer; the agent accepts at once or after a gap.
func (r *run) offered(c queue.Change) {
	t := c.Writes[0].Image.(*queue.Ticket)
	v, a := r.open[t.ID], r.byID[t.Offer.Agent]
	r.play(c)
	r.waiting--
	r.take(a, t.Weight)
	v.agent = a
	r.ghosts.taken(r, a, t)
	gap := r.Accept.Next(r.gaps)
	switch ttl := float64(t.Offer.TTL); {
	case gap <= 0:
		r.accept(v)
	case gap <= ttl:
		r.push(event{at: r.now + gap, kind: accepted, who: v, mark: v.mark})
	default:
		r.push(event{at: r.now + ttl + 1, kind: offerEnds, who: v, mark: v.mark})
	}
}

// take and give keep account of places.
func (r *run) take(a *agent, weight int) { r.change(a, weight) }
func (r *run) give(a *agent, weight int) { r.change(a, -weight) }

func (r *run) change(a *agent, by int) {
	r.result.busy(r, a)
	a.load += by
	if a.on {
		r.room -= by
	}
}

func (r *run) accept(v *visitor) {
	t := r.st.Ticket(v.ticket)
	r.must(r.st.Accept(v.agent.id, t.Offer.ID))
	v.served = true
	r.pace(v.agent, func() { v.agent.active = append(v.agent.active, v) })
	r.outcome(v, r.now-v.joined, true, 0)
}

// lapse lets the Dispatcher take back an offer that nobody accepted.
func (r *run) lapse(v *visitor) {
	a := v.agent
	v.mark++
	for _, batch := range (queue.Dispatcher{}).Propose(r.st, r.stamp()) {
		for _, c := range batch {
			if c.Cause == queue.CauseLapsed && c.Writes[0].Name == r.st.Ticket(v.ticket).Name() {
				r.play(c)
			}
		}
	}
	v.agent = nil
	r.give(a, 1)
	r.waiting++
}

// pace changes what an agent holds: their conversations get faster or slower, so
// what is left of each is brought up to date and its end planned anew.
func (r *run) pace(a *agent, change func()) {
	speed := r.speed(a)
	for _, v := range a.active {
		v.left -= (r.now - v.at) * speed
	}
	n := len(a.active)
	change()
	if r.Slowdown == 0 && len(a.active) > n { // the others go on as planned
		a.active[n].at = r.now
		r.plan(a.active[n], 1)
		return
	}
	for _, v := range a.active {
		v.at = r.now
		if r.Slowdown != 0 {
			r.plan(v, r.speed(a))
		}
	}
}

func (r *run) plan(v *visitor, speed float64) {
	v.mark++
	r.push(event{at: r.now + max(0, v.left)/speed, kind: finished, who: v, mark: v.mark})
}

// speed is that of each conversation of the agent.
func (r *run) speed(a *agent) float64 {
	return 1 / (1 + r.Slowdown*float64(max(0, len(a.active)-1)))
}

func (r *run) finish(v *visitor) {
	a := v.agent
	r.must(r.st.Close(a.id, v.ticket))
	delete(r.open, v.ticket)
	v.mark++
	r.pace(a, func() { a.active = slices.DeleteFunc(a.active, func(u *visitor) bool { return u == v }) })
	r.give(a, 1)
	r.freed(a)
}

// leave is a visitor out of patience.
func (r *run) leave(v *visitor) {
	t := r.st.Ticket(v.ticket)
	a := v.agent
	v.mark++
	r.must(r.st.Leave(v.id, v.ticket))
	delete(r.open, v.ticket)
	if a != nil { // an offer was open
		r.give(a, 1)
		r.outcome(v, r.now-v.joined, false, r.now-v.joined)
		r.freed(a)
		return
	}
	r.waiting--
	r.ghosts.add(t, v, r.now)
}

// freed settles who would have been served by an agent whom nobody else needs.
func (r *run) freed(a *agent) {
	r.dispatch()
	if a.on && a.load < a.cap {
		r.ghosts.idle(r, a)
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
	r.result.busy(r, a)
	if a.on = on; on {
		r.room += a.cap - a.load
	} else {
		r.room -= a.cap - a.load
	}
	r.must(r.st.SetStatus(a.id, status))
	if on {
		r.freed(a)
	}
}

// outcome tells that a wait has ended.
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

// ghosts are the visitors who left, as they would still stand in line.
type ghosts struct {
	by map[queue.QueueID][]ghost
}

type ghost struct {
	ticket *queue.Ticket
	who    *visitor
	left   float64
}

func (g *ghosts) add(t *queue.Ticket, v *visitor, now float64) {
	if g.by == nil {
		g.by = map[queue.QueueID][]ghost{}
	}
	g.by[t.Queue()] = append(g.by[t.Queue()], ghost{t, v, now})
}

// taken ends the waits of those whom the agent would have taken instead of t.
func (g *ghosts) taken(r *run, a *agent, t *queue.Ticket) {
	g.settle(r, a, func(is *queue.Ticket) bool { return is.Before(t) })
}

// idle ends the waits of all whom the agent serves.
func (g *ghosts) idle(r *run, a *agent) {
	g.settle(r, a, func(*queue.Ticket) bool { return true })
}

func (g *ghosts) settle(r *run, a *agent, gone func(*queue.Ticket) bool) {
	for _, q := range a.queues {
		all := g.by[q]
		if len(all) == 0 {
			continue
		}
		keep := all[:0]
		for _, is := range all {
			if gone(is.ticket) {
				r.outcome(is.who, r.now-is.who.joined, false, is.left-is.who.joined)
			} else {
				keep = append(keep, is)
			}
		}
		g.by[q] = keep
	}
}
