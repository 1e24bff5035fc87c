package eta

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unique"

	"nextup/queue"
)

// view is the site as its records tell it: which agents are there, what they hold
// and for how long, and whether they let a ticket wait that they could take.
type view struct {
	agents   map[string]*agentView
	ids      []string // of the agents, sorted; nil when that has to be done again
	withRoom []*agentView
	waiting  map[string]*waitingGroup // by the name of a line
	ended    map[string]int           // number of conversations, by queue, since the view began
	synced   bool
}

func newView() view {
	return view{agents: map[string]*agentView{}, waiting: map[string]*waitingGroup{}, ended: map[string]int{}}
}

// waitingGroup counts the tickets that wait in a queue with the same requirements.
type waitingGroup struct {
	department string
	need       *queue.Requirements
	n          int
}

// agentView is what the records tell of an agent.
type agentView struct {
	*queue.Agent
	// kind names what the agent may serve: agents of one kind are alike.
	kind kind
	held []occupation // sorted by ticket
	load int
	// ignored is for how many seconds a ticket has waited that the agent has room
	// for: an agent who has not taken it for a minute will not in the next second. It
	// counts up to idleAt while ignoring.
	ignored  float64
	ignoring bool
	idleAt   queue.Stamp
}

// occupation is what takes an agent's place: an offer, a conversation or its
// wrap-up.
type occupation struct {
	ticket string
	queue  string
	stage  occupationStage
	since  queue.Stamp // up to when work counts; when the offer or wrap-up began
	until  queue.Stamp // of a wrap-up
	ended  int         // view.ended of the queue, as of since
	work   float64     // seconds at full speed
	weight int
}

type occupationStage uint8

const (
	offered occupationStage = iota
	talking
	wrapping
)

// conversations returns the number of conversations that the agent holds.
func (p *agentView) conversations() int {
	n := 0
	for i := range p.held {
		if p.held[i].stage == talking {
			n++
		}
	}
	return n
}

// find returns the index at which the occupation by a ticket stands or would stand.
func (p *agentView) find(ticket string) (i int, found bool) {
	return slices.BinarySearchFunc(p.held, ticket, func(k occupation, id string) int { return strings.Compare(k.ticket, id) })
}

// kind is a name that is compared as fast as a number: each look puts all agents into groups.
type kind = unique.Handle[string]

// kindOf returns the name of what an agent may serve.
func kindOf(a *queue.Agent) kind {
	var b strings.Builder
	for _, l := range slices.Sorted(maps.Keys(a.Languages)) {
		b.WriteString(l + strconv.Itoa(a.Languages[l]) + ",")
	}
	return unique.Make(b.String() + "|" + strings.Join(a.Departments, ",") + "|" + strings.Join(a.Skills, ",") + "|" + strconv.Itoa(a.Tier))
}

// sync fills the view from a state, once: from then on the records keep it
// current.
func (e *Estimator) sync(st *queue.State) {
	if e.synced {
		return
	}
	previous := e.agents
	e.view = newView()
	e.synced = true
	for _, q := range st.Site().Queues() {
		st.Sweep(q, 1, st.Size(q), func(_ int, t *queue.Ticket) bool {
			e.countWaiting(t, 1)
			return true
		})
	}
	for _, a := range st.Agents() {
		e.observeAgent(a.ID, a, e.known.At)
		p := e.agents[a.ID]
		if old := previous[a.ID]; old != nil {
			p.ignored = old.ignored
		}
		for _, t := range st.Held(a.ID) {
			e.occupy(p, t, st.At())
		}
		e.updateRoom(p, e.known.At)
	}
}

// observeAgent takes the new facts of an agent; nil stands for one who was
// forgotten.
func (e *Estimator) observeAgent(id string, a *queue.Agent, at queue.Stamp) {
	p := e.agents[id]
	if p == nil {
		p = &agentView{}
		e.agents[id], e.ids = p, nil
	}
	if p.Agent = a; a != nil {
		p.kind = kindOf(a)
	}
	e.updateRoom(p, at)
	if a == nil {
		delete(e.agents, id)
		e.ids = nil
	}
}

// updateRoom keeps the list of agents with room, and notes whether this one lets a
// ticket wait.
func (e *Estimator) updateRoom(p *agentView, at queue.Stamp) {
	e.spendIdle(p, at)
	room := p.Agent != nil && p.Takes() && p.load < p.Capacity
	i := slices.Index(e.withRoom, p)
	switch {
	case room && i < 0:
		p.ignored = 0
		e.withRoom = append(e.withRoom, p)
	case !room && i >= 0:
		e.withRoom = slices.Delete(e.withRoom, i, i+1)
	}
	p.ignoring = room && e.ignoresSomebody(p)
}

func (e *Estimator) ignoresSomebody(p *agentView) bool {
	for _, c := range e.waiting {
		if p.Meets(c.need, c.department) {
			return true
		}
	}
	return false
}

// spendIdle adds the time up to at in which an agent has let a ticket wait.
func (e *Estimator) spendIdle(p *agentView, at queue.Stamp) {
	if dt := e.known.elapsed(p.idleAt, at); p.ignoring && dt > 0 {
		e.known.Pickup.addTime(p.ignored, p.ignored+dt, 1)
		p.ignored += dt
	}
	p.idleAt = at
}

// countWaiting keeps the number of tickets that wait for any agent, and reports
// whether a group began or ended. A ticket that is held for one agent is not
// ignored by the others.
func (e *Estimator) countWaiting(t *queue.Ticket, by int) (changed bool) {
	if t == nil || t.Status != queue.Waiting || t.Hold != nil {
		return false
	}
	name := queue.CurveName(t.Queue(), t.Requirements)
	c := e.waiting[name]
	if c == nil {
		if by < 0 {
			return false
		}
		c = &waitingGroup{t.Department, t.Requirements, 0}
		e.waiting[name] = c
	}
	if c.n += by; c.n <= 0 {
		delete(e.waiting, name)
	}
	return c.n == 0 || c.n == by
}

// observeTicket learns from a change of a ticket.
func (e *Estimator) observeTicket(before, after *queue.Ticket, at queue.Stamp) {
	if before != nil && before.HeldBy() != "" {
		e.finish(before, after, at)
	}
	if after != nil && after.HeldBy() != "" {
		e.begin(before, after, at)
	}
	gone, come := e.countWaiting(before, -1), e.countWaiting(after, 1)
	if gone || come {
		for _, p := range e.withRoom {
			e.spendIdle(p, at)
			p.ignoring = e.ignoresSomebody(p)
		}
	}
}

// begin begins the occupation of an agent's place by a ticket.
func (e *Estimator) begin(before, after *queue.Ticket, at queue.Stamp) {
	p := e.agents[after.HeldBy()]
	if p == nil {
		return // the next sync with the state brings the agent
	}
	if before != nil && before.Status == queue.Waiting && p.Agent != nil {
		e.spendIdle(p, at)
		e.known.Pickup.addEnd(p.ignored, rememberedPickups)
		p.ignored = 0
	}
	e.accrue(p, at)
	e.occupy(p, after, at)
	e.updateRoom(p, at)
}

// occupy adds the occupation of an agent's place by a ticket, as of now.
func (e *Estimator) occupy(p *agentView, t *queue.Ticket, now queue.Stamp) {
	k := occupation{ticket: t.ID, queue: t.Queue().String(), since: now, weight: t.Weight}
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
		// Time before the view began is in the checkpoint, or nothing is known of it:
		// those who talked as long and have ended were not seen either.
		k.work = max(0, e.known.elapsed(t.AssignedAt, now))
	}
	if i, found := p.find(t.ID); found {
		p.held[i] = k
	} else {
		p.held = slices.Insert(p.held, i, k)
	}
	p.load += t.Weight
}

// finish ends the occupation of an agent's place by a ticket.
func (e *Estimator) finish(before, after *queue.Ticket, at queue.Stamp) {
	e.ends++
	closed := before.Status == queue.Assigned && after != nil && after.Status == queue.Closed
	p, i, found := e.agents[before.HeldBy()], 0, false
	if p != nil {
		i, found = p.find(before.ID)
	}
	if !found { // begun before the view did
		if closed {
			took := max(0, e.known.elapsed(before.AssignedAt, after.EndedAt))
			z := e.known.service(before.Queue().String())
			z.addTime(0, took, 1)
			z.addEnd(took, rememberedEnds)
			e.ended[before.Queue().String()]++
		}
		return
	}
	n := e.accrue(p, at)
	k := p.held[i]
	p.held = slices.Delete(p.held, i, i+1)
	p.load -= k.weight
	switch {
	case k.stage == offered && after != nil && after.Status == queue.Assigned:
		e.known.Accept.add(e.known.elapsed(k.since, at))
	case k.stage == talking && (closed || handedOn(before, after)):
		e.known.service(k.queue).addEnd(k.work, rememberedEnds)
		e.ended[k.queue]++
		e.paceSeen++
		e.known.Concurrency[min(n, maxConcurrent)].addEnd()
		if closed && after.WrapUp == 0 {
			e.known.WrapUp.add(0)
		}
	case k.stage == wrapping:
		e.known.WrapUp.add(e.known.elapsed(k.since, at))
	}
	if after == nil || after.HeldBy() != before.HeldBy() {
		e.updateRoom(p, at)
	}
}

// handedOn reports whether an agent gave a conversation away: it is over for their place.
func handedOn(before, after *queue.Ticket) bool {
	return before.Status == queue.Assigned && after != nil && after.HeldBy() != before.Agent && after.TransferredBy == before.Agent
}

// agentIDs returns the sorted ids of the agents.
func (e *Estimator) agentIDs() []string {
	if e.ids == nil {
		e.ids = keys(e.agents)
	}
	return e.ids
}

// accrueAll adds the time of all conversations up to at.
func (e *Estimator) accrueAll(at queue.Stamp) {
	for _, id := range e.agentIDs() {
		e.accrue(e.agents[id], at)
	}
}

// accrue adds the time of an agent's conversations up to at, and returns how many
// they are.
func (e *Estimator) accrue(p *agentView, at queue.Stamp) int {
	n := p.conversations()
	speed := e.known.speed(n)
	for i := range p.held {
		k := &p.held[i]
		dt := e.known.elapsed(k.since, at)
		if k.stage != talking || dt <= 0 {
			continue
		}
		to := k.work + dt*speed
		weight := e.weight(k)
		e.known.service(k.queue).addTime(k.work, to, weight)
		if z := e.rates.service[k.queue]; z != nil {
			expected := z.cumulative(to) - z.cumulative(k.work)
			e.known.Concurrency[min(n, maxConcurrent)].E += weight * expected / speed
			e.paceExpected += expected / e.rates.pace
		}
		k.work, k.since, k.ended = to, at, e.ended[k.queue]
	}
	return n
}

// weight returns the weight of the time of a conversation that accrue has not
// added yet.
func (e *Estimator) weight(k *occupation) float64 {
	return meanWeight(e.ended[k.queue]-k.ended, rememberedEnds)
}

// keys returns the sorted keys of a map: sums of floats depend on their order, and the same records
// must give the same estimates.
func keys[T any](m map[string]T) []string {
	all := make([]string, 0, len(m))
	for key := range m {
		all = append(all, key)
	}
	slices.Sort(all)
	return all
}
