package eta

import (
	"math"
	"slices"
	"sort"

	"nextup/queue"
)

// model describes a site from now on: which tickets wait, and how fast each group
// of agents who may serve the same will take one.
//
// With n places busy and exponential conversations the k-th in line waits for k
// ends, each after 1/(nμ): Gamma distributed (Whitt, "Predicting queueing
// delays", Management Science 45, 1999). Here nμ is a rate over time, worked out
// from the ages of the very conversations that are open: a renewal argument (Cox,
// "Renewal theory", 1962, section 4), exact for any distribution of their length
// as long as a ticket waits.
type model struct {
	number uint64
	now    queue.Stamp
	lines  []line
	// index finds a line by name, base the line of the tickets that ask for no more
	// than their queue does.
	index   map[string]int
	base    map[queue.QueueID]int
	groups  []*group
	ends    [spans]float64 // when the time spans end, in seconds from now
	streams []overtaker
	accept  float64
	waiting int // tickets in all lines
}

// line holds the tickets of a queue with the same requirements, in order.
type line struct {
	queue   queue.QueueID
	name    string
	need    *queue.Requirements
	tickets []*queue.Ticket
	theta   float64 // rate at which each of them is abandoned
	paused  bool
	// places is the capacity of the agents who serve it now, idle that which is free.
	places, idle float64
}

// group is the agents of one kind.
type group struct {
	kind   string
	agent  *queue.Agent
	serves []int          // lines
	rate   [spans]float64 // takes per second
	// comes and leaves are the seconds until the group is planned to come and to
	// leave; 0 for a group that is there, horizon for one that stays.
	comes, leaves float64
	// places is the capacity in all, idle what is not taken, free the part of that which takes
	// a ticket at once.
	places, idle, free float64
	left               [spans + 1]float64 // places not yet free for the first time, by span
}

// overtaker is a stream of arrivals with a head start.
type overtaker struct {
	line int
	head queue.Stamp
	rate float64
}

// The time ahead is divided into spans that grow by a factor; the first is in
// units of the mean conversation. They end after 23 of those.
const (
	spans     = 30
	spanGrows = 1.2
	firstSpan = 0.1
)

// maxLines bounds the lines of a site beyond the queues' own: tickets with other
// requirements count in their queue's.
const maxLines = 256

func (e *Estimator) newModel(st *queue.State, now queue.Stamp) *model {
	queues := st.Site().Queues()
	m := &model{
		number: st.Number(), now: now, index: map[string]int{}, base: map[queue.QueueID]int{},
		accept: e.rates.accept, ends: e.rates.ends,
	}
	for _, q := range queues {
		need := st.QueueRequirements(q)
		m.base[q] = len(m.lines)
		m.index[queue.CurveName(q, need)] = len(m.lines)
		m.lines = append(m.lines, line{queue: q, name: q.String(), need: need, theta: e.rates.patience[q.String()], paused: st.Paused(q) != nil})
	}
	for _, q := range queues {
		var last *queue.Requirements // tickets of a class share one value
		at := m.base[q]
		m.lines[at].tickets = make([]*queue.Ticket, 0, st.Size(q))
		st.Sweep(q, 1, st.Size(q), func(_ int, t *queue.Ticket) bool {
			if t.Status != queue.Waiting {
				return true
			}
			if t.Requirements != last {
				at, last = m.lineOf(t), t.Requirements
			}
			m.lines[at].tickets = append(m.lines[at].tickets, t)
			m.waiting++
			return true
		})
	}
	for _, k := range keys(e.known.Streams) {
		s := e.known.Streams[k]
		for _, q := range queues {
			if s.Head > 0 && q.String() == s.Queue {
				m.streams = append(m.streams, overtaker{m.base[q], queue.Stamp(s.Head), s.rate(now)})
			}
		}
	}
	e.group(m, st)
	return m
}

// lineOf finds or makes the line of a ticket.
func (m *model) lineOf(t *queue.Ticket) int {
	name := queue.CurveName(t.Queue(), t.Requirements)
	i, known := m.index[name]
	if known {
		return i
	}
	base := m.base[t.Queue()]
	if len(m.index) >= len(m.base)+maxLines {
		return base
	}
	m.index[name] = len(m.lines)
	m.lines = append(m.lines, line{queue: t.Queue(), name: name, need: t.Requirements, theta: m.lines[base].theta, paused: m.lines[base].paused})
	return m.index[name]
}

// ahead returns how many tickets of the line stand before a ticket.
func (l *line) ahead(t *queue.Ticket) int {
	return sort.Search(len(l.tickets), func(i int) bool { return !l.tickets[i].Before(t) })
}

// groupKey is what the agents of a group have in common.
type groupKey struct {
	kind          string
	comes, leaves float64
}

// group puts the agents who take tickets, or are planned to, into groups and
// computes the rates of the groups.
func (e *Estimator) group(m *model, st *queue.State) {
	by := map[groupKey]*group{}
	e.served.of(st.Site(), m)
	add := func(p *agentView, planned *queue.Planned) {
		comes, leaves, ok := m.shift(p, planned)
		if !ok {
			return
		}
		key := groupKey{p.kind, comes, leaves}
		g := by[key]
		if g == nil {
			g = &group{kind: p.kind, agent: p.Agent, comes: comes, leaves: leaves}
			g.serves = e.served.by(p, m)
			by[key] = g
			m.groups = append(m.groups, g)
		}
		e.places(m, g, p)
	}
	plan := st.Site().Planned
	for _, id := range e.agentIDs() {
		if p := e.agents[id]; p.Agent != nil {
			add(p, plan[id])
		}
	}
	for _, id := range keys(plan) {
		if e.agents[id] == nil {
			add(expected(plan[id]), plan[id])
		}
	}
	for _, g := range m.groups {
		e.renew(m, g)
		for _, i := range g.serves {
			if g.comes == 0 {
				m.lines[i].places += g.places
				m.lines[i].idle += g.idle
			}
		}
	}
}

// served remembers which lines the agents of a kind serve, while the site has the same lines.
type served struct {
	site  *queue.Site
	lines []string
	kinds map[string][]int
}

// of forgets what is of other lines than the model's.
func (s *served) of(site *queue.Site, m *model) {
	if s.site == site && slices.EqualFunc(s.lines, m.lines, func(name string, l line) bool { return name == l.name }) {
		return
	}
	*s = served{site: site, kinds: map[string][]int{}}
	for i := range m.lines {
		s.lines = append(s.lines, m.lines[i].name)
	}
}

// by returns the lines that an agent serves.
func (s *served) by(p *agentView, m *model) []int {
	lines, known := s.kinds[p.kind]
	if !known {
		for i := range m.lines {
			if p.Meets(m.lines[i].need, m.lines[i].queue.Department) {
				lines = append(lines, i)
			}
		}
		s.kinds[p.kind] = lines
	}
	return lines
}

// places adds the capacity of an agent to a group, with the time at which each
// place will be free.
func (e *Estimator) places(m *model, g *group, p *agentView) {
	g.places += float64(p.Capacity)
	if g.comes > 0 {
		g.occupy(m, nil, 0, 1, g.comes, float64(p.Capacity))
		return
	}
	// An agent with room will hold as many as they can while a ticket waits.
	speed := e.known.speed(max(p.conversations(), min(p.Capacity, maxConcurrent)))
	for _, id := range keys(p.held) {
		k := p.held[id]
		z := e.rates.service[k.queue]
		if z == nil {
			continue // of a queue that no longer exists
		}
		age, before, after := 0.0, 0.0, e.rates.wrapUp
		since := max(0, e.known.elapsed(k.since, m.now))
		switch k.stage {
		case offered:
			before = e.rates.accept
		case talking:
			age = k.work + since*speed
		case wrapping:
			z, after = nil, min(e.rates.wrapUp, max(0, float64(k.until-m.now)/1000))
		}
		for _, d := range e.rates.delays {
			g.occupy(m, z, age, speed, before+d+after, float64(k.weight)/float64(len(e.rates.delays)))
		}
	}
	room := float64(max(0, p.Capacity-p.load))
	g.idle += room
	if room == 0 {
		return
	}
	if e.rates.instant {
		g.free += room
		return
	}
	// Only visitors who are not taken at once ever see an estimate, so it assumes
	// that the agents with room have let the first seconds pass.
	ignored := max(p.ignored, edges[1])
	here := e.rates.pickup.survival(ignored)
	for j := range spans + 1 {
		g.left[j] += room * e.rates.pickup.survival(ignored+m.from(j)) / here
	}
}

// from returns when span j begins, in seconds from now.
func (m *model) from(j int) float64 {
	if j == 0 {
		return 0
	}
	return m.ends[j-1]
}

// occupy adds a place that is taken for the rest of a conversation of that age and
// then for some more seconds; without a hazard, for those seconds alone.
func (g *group) occupy(m *model, z *hazard, age, speed, more, weight float64) {
	i, passed := 0, 0.0
	if z != nil {
		i = bin(age)
		passed = z.cumulative(age)
	}
	for j := range spans + 1 {
		t := m.from(j) - more
		switch {
		case t <= 0:
			g.left[j] += weight
		case z == nil:
			return
		default:
			at := age + t*speed
			for i+1 < bins && edges[i+1] <= at {
				i++
			}
			gone := z.c[i] + z.h[i]*(at-edges[i]) - passed
			if gone > maxHazard {
				return
			}
			g.left[j] += weight * math.Exp(-gone)
		}
	}
}

// maxHazard is the cumulative hazard beyond which conversations are taken to have
// ended: one in 160,000 has not.
const maxHazard = 12

// renew computes how many tickets are taken in each span if one always waits:
// every place is either not yet free for the first time, or was taken in an
// earlier span and is not free again, so the number taken in a span follows from
// the places that became free. This is the renewal equation (Cox 1962) on a grid.
func (e *Estimator) renew(m *model, g *group) {
	k := e.rates.kernels[g.kind]
	if k == nil {
		k = e.newKernel(m, g)
		e.rates.kernels[g.kind] = k
	}
	var taken [spans]float64
	for j := range spans {
		busy := g.left[j+1]
		for i, busyStill := range k[j][:j] {
			busy += taken[i] * busyStill
		}
		taken[j] = max(0, g.places-g.free-busy) / max(k[j][j], 1e-3)
		long := m.ends[j] - m.from(j)
		g.rate[j] = taken[j] / long * min(1, max(0, (g.leaves-m.from(j))/long))
	}
}
