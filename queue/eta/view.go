package eta

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"nextup/queue"
)

// view is the site as its records tell it: who is there, what they hold and for
// how long, and whether they let somebody wait whom they could take.
type view struct {
	people  map[string]*person
	roomy   []*person
	waiting map[string]*crowd // by the name of a line
	ended   map[string]int    // conversations, by queue, since the view began
	synced  bool
}

func newView() view {
	return view{people: map[string]*person{}, waiting: map[string]*crowd{}, ended: map[string]int{}}
}

// crowd are those who wait in a queue for the same.
type crowd struct {
	department string
	need       *queue.Requirements
	n          int
}

// person is the view of an agent.
type person struct {
	*queue.Agent
	// kind is a word for what they may serve: agents of one kind are alike.
	kind string
	held map[string]*talk
	load int
	// ignored is for how many seconds somebody has waited whom the agent has room
	// for: who does not take them for a minute will not in the next second. It is
	// true up to idleAt while ignoring.
	ignored  float64
	ignoring bool
	idleAt   queue.Stamp
}

// talk is what takes an agent's place: an offer, a conversation or its wrap-up.
type talk struct {
	queue  string
	stage  talkStage
	since  queue.Stamp // up to when work is true; when the offer or wrap-up began
	until  queue.Stamp // of a wrap-up
	ended  int         // of the queue, up to since
	work   float64     // seconds at full speed
	weight int
}

type talkStage uint8

const (
	offered talkStage = iota
	talking
	wrapping
)

// talks counts the conversations.
func (p *person) talks() int {
	n := 0
	for _, k := range p.held {
		if k.stage == talking {
			n++
		}
	}
	return n
}

// kindOf names what an agent may serve.
func kindOf(a *queue.Agent) string {
	var b strings.Builder
	for _, l := range slices.Sorted(maps.Keys(a.Languages)) {
		b.WriteString(l + strconv.Itoa(a.Languages[l]) + ",")
	}
	return b.String() + "|" + strings.Join(a.Departments, ",") + "|" + strings.Join(a.Skills, ",") + "|" + strconv.Itoa(a.Tier)
}

// sync brings the view in line with a state, once: from then on the records keep
// it so.
func (e *Estimator) sync(st *queue.State) {
	if e.synced {
		return
	}
	was := e.people
	e.view = newView()
	e.synced = true
	for _, q := range st.Site().Queues() {
		st.Sweep(q, 1, st.Size(q), func(_ int, t *queue.Ticket) bool {
			e.count(t, 1)
			return true
		})
	}
	for _, a := range st.Agents() {
		e.seeAgent(a.ID, a, e.known.At)
		p := e.people[a.ID]
		if old := was[a.ID]; old != nil {
			p.ignored = old.ignored
		}
		for _, t := range st.Held(a.ID) {
			e.take(p, t, st.At())
		}
		e.notice(p, e.known.At)
	}
}

// seeAgent takes in the facts of an agent; nil is one who was forgotten.
func (e *Estimator) seeAgent(id string, a *queue.Agent, at queue.Stamp) {
	p := e.people[id]
	if p == nil {
		p = &person{held: map[string]*talk{}}
		e.people[id] = p
	}
	if p.Agent = a; a != nil {
		p.kind = kindOf(a)
	}
	e.notice(p, at)
	if a == nil {
		delete(e.people, id)
	}
}

// notice keeps the agents with room listed, and notes which of them let somebody
// wait.
func (e *Estimator) notice(p *person, at queue.Stamp) {
	e.settle(p, at)
	room := p.Agent != nil && p.Takes() && p.load < p.Capacity
	i := slices.Index(e.roomy, p)
	switch {
	case room && i < 0:
		p.ignored = 0
		e.roomy = append(e.roomy, p)
	case !room && i >= 0:
		e.roomy = slices.Delete(e.roomy, i, i+1)
	}
	p.ignoring = room && e.letsWait(p)
}

func (e *Estimator) letsWait(p *person) bool {
	for _, c := range e.waiting {
		if p.Meets(c.need, c.department) {
			return true
		}
	}
	return false
}

// settle spends the time that an agent has let somebody wait.
func (e *Estimator) settle(p *person, at queue.Stamp) {
	if dt := e.known.elapsed(p.idleAt, at); p.ignoring && dt > 0 {
		e.known.Pickup.spend(p.ignored, p.ignored+dt, 1)
		p.ignored += dt
	}
	p.idleAt = at
}

// count keeps the number of those who wait for anybody. A ticket held for one
// agent is ignored by nobody else.
func (e *Estimator) count(t *queue.Ticket, by int) (changed bool) {
	if t == nil || t.Status != queue.Waiting || t.Hold != nil {
		return false
	}
	name := queue.CurveName(t.Queue(), t.Requirements)
	c := e.waiting[name]
	if c == nil {
		if by < 0 {
			return false
		}
		c = &crowd{t.Department, t.Requirements, 0}
		e.waiting[name] = c
	}
	if c.n += by; c.n <= 0 {
		delete(e.waiting, name)
	}
	return c.n == 0 || c.n == by
}

// seeTicket takes in what became of a ticket.
func (e *Estimator) seeTicket(was, is *queue.Ticket, at queue.Stamp) {
	if was != nil && was.HeldBy() != "" {
		e.drop(was, is, at)
	}
	if is != nil && is.HeldBy() != "" {
		e.hold(was, is, at)
	}
	gone, come := e.count(was, -1), e.count(is, 1)
	if gone || come {
		for _, p := range e.roomy {
			e.settle(p, at)
			p.ignoring = e.letsWait(p)
		}
	}
}

// hold begins what takes an agent's place.
func (e *Estimator) hold(was, is *queue.Ticket, at queue.Stamp) {
	p := e.people[is.HeldBy()]
	if p == nil {
		return // the next look at the state will bring them
	}
	if was != nil && was.Status == queue.Waiting && p.Agent != nil {
		e.settle(p, at)
		e.known.Pickup.end(p.ignored, pickups)
		p.ignored = 0
	}
	e.segment(p, at)
	e.take(p, is, at)
	e.notice(p, at)
}

// take notes what a ticket takes of an agent, as of now.
func (e *Estimator) take(p *person, t *queue.Ticket, now queue.Stamp) {
	k := &talk{queue: t.Queue().String(), since: now, weight: t.Weight}
	k.ended = e.ended[k.queue]
	switch t.Status {
	case queue.Offered:
		k.stage = offered
		if t.Offer.At > 0 {
			k.since = t.Offer.At
		}
	case queue.Closed:
		k.stage, k.since, k.until = wrapping, t.EndedAt, t.EndedAt.Add(t.WrapUp)
	case queue.Assigned, queue.Waiting, queue.Abandoned:
		k.stage = talking
		if k.work = max(0, e.known.elapsed(t.AssignedAt, now)); k.work > 0 {
			e.known.service(k.queue).spend(0, k.work, 1) // begun before we looked
		}
	}
	p.held[t.ID] = k
	p.load += t.Weight
}

// drop ends what took an agent's place.
func (e *Estimator) drop(was, is *queue.Ticket, at queue.Stamp) {
	e.ends++
	closed := was.Status == queue.Assigned && is != nil && is.Status == queue.Closed
	p := e.people[was.HeldBy()]
	if p == nil || p.held[was.ID] == nil { // begun before we looked
		if closed {
			took := max(0, e.known.elapsed(was.AssignedAt, is.EndedAt))
			z := e.known.service(was.Queue().String())
			z.spend(0, took, 1)
			z.end(took, memory)
			e.ended[was.Queue().String()]++
		}
		return
	}
	n := e.segment(p, at)
	k := p.held[was.ID]
	delete(p.held, was.ID)
	p.load -= k.weight
	switch {
	case k.stage == offered && is != nil && is.Status == queue.Assigned:
		e.known.Accept.add(e.known.elapsed(k.since, at))
	case k.stage == talking && closed:
		e.known.service(k.queue).end(k.work, memory)
		e.ended[k.queue]++
		e.known.Together[min(n, maxTogether)].end()
		if is.WrapUp == 0 {
			e.known.WrapUp.add(0)
		}
	case k.stage == wrapping:
		e.known.WrapUp.add(e.known.elapsed(k.since, at))
	}
	if is == nil || is.HeldBy() != was.HeldBy() {
		e.notice(p, at)
	}
}

// segment spends the time of an agent's conversations up to at, and says how
// many they are.
func (e *Estimator) segment(p *person, at queue.Stamp) int {
	n := p.talks()
	speed := e.known.speed(n)
	for _, id := range keys(p.held) {
		k := p.held[id]
		dt := e.known.elapsed(k.since, at)
		if k.stage != talking || dt <= 0 {
			continue
		}
		to := k.work + dt*speed
		weight := e.weight(k)
		e.known.service(k.queue).spend(k.work, to, weight)
		if z := e.rates.service[k.queue]; z != nil {
			e.known.Together[min(n, maxTogether)].E += weight * (z.cum(to) - z.cum(k.work)) / speed
		}
		k.work, k.since, k.ended = to, at, e.ended[k.queue]
	}
	return n
}

// weight is that of the time of a conversation that was not taken in yet.
func (e *Estimator) weight(k *talk) float64 { return faded(e.ended[k.queue]-k.ended, memory) }

// keys are sorted: sums of floats depend on their order, and the same records
// must give the same estimates.
func keys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
