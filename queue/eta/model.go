package eta

import (
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
	// base finds the line of the tickets that ask for no more than their queue does, index
	// the other lines by name.
	base    map[queue.QueueID]int
	index   map[string]int
	groups  []*group
	ends    grid
	streams []overtaker
	accept  float64
	waiting int // tickets in all lines
}

// line holds the tickets of a queue with the same requirements, in order.
type line struct {
	queue   queue.QueueID
	name    string // of its curve as it is published
	curve   string // the name with the requirements
	need    *queue.Requirements
	tickets []*queue.Ticket
	theta   float64 // rate at which each of them is abandoned
	paused  bool
	// places is the capacity of the agents who serve it now, idle that which is free.
	places, idle float64
	groups       []*group // that serve it
}

// group is the agents of one kind.
type group struct {
	kind   kind
	agent  *queue.Agent
	serves []int // lines
	// comes and leaves are the seconds until the group is planned to come and to
	// leave; 0 for a group that is there, horizon for one that stays.
	comes, leaves float64
	// places is the capacity in all, idle what is not taken, free the part of that which takes
	// a ticket at once.
	places, idle, free float64
	renewal
}

// overtaker is a stream of arrivals with a head start.
type overtaker struct {
	line int
	head queue.Stamp
	rate float64
}

// maxLines bounds the lines of a site beyond the queues' own: tickets with other
// requirements count in their queue's.
const maxLines = 256

func (e *Estimator) newModel(st *queue.State, now queue.Stamp) *model {
	base := e.baseOf(st)
	m := &model{number: st.Number(), now: now, lines: slices.Clone(base.lines), base: base.of, index: map[string]int{}, accept: e.rates.accept, ends: e.rates.ends}
	for i := range m.lines {
		l := &m.lines[i]
		l.theta, l.paused = e.rates.patience[l.name], st.Paused(l.queue) != nil
	}
	for _, q := range base.queues {
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
		for _, q := range base.queues {
			if s.Head > 0 && m.lines[m.base[q]].name == s.Queue {
				m.streams = append(m.streams, overtaker{m.base[q], queue.Stamp(s.Head), s.rate(now)})
			}
		}
	}
	e.group(m, st)
	return m
}

// bases are the lines of a site that are there without any ticket.
type bases struct {
	site   *queue.Site
	queues []queue.QueueID
	lines  []line
	of     map[queue.QueueID]int
}

// baseOf returns the bases of a state, which change with the rules of its site alone.
func (e *Estimator) baseOf(st *queue.State) *bases {
	if e.bases.site != st.Site() {
		b := bases{site: st.Site(), queues: st.Site().Queues(), of: map[queue.QueueID]int{}}
		for _, q := range b.queues {
			need := st.QueueRequirements(q)
			b.of[q] = len(b.lines)
			b.lines = append(b.lines, line{queue: q, name: q.String(), curve: queue.CurveName(q, need), need: need})
		}
		e.bases = b
	}
	return &e.bases
}

// lineOf finds or makes the line of a ticket.
func (m *model) lineOf(t *queue.Ticket) int {
	base := m.base[t.Queue()]
	name := queue.CurveName(t.Queue(), t.Requirements)
	if name == m.lines[base].curve {
		return base
	}
	if i, known := m.index[name]; known {
		return i
	}
	if len(m.index) >= maxLines {
		return base
	}
	m.index[name] = len(m.lines)
	m.lines = append(m.lines, line{queue: t.Queue(), name: name, curve: name, need: t.Requirements, theta: m.lines[base].theta, paused: m.lines[base].paused})
	return m.index[name]
}

// ahead returns how many tickets of the line stand before a ticket.
func (l *line) ahead(t *queue.Ticket) int {
	return sort.Search(len(l.tickets), func(i int) bool { return !l.tickets[i].Before(t) })
}

// groupKey is what the agents of a group have in common.
type groupKey struct {
	kind          kind
	comes, leaves float64
}

// group puts the agents who take tickets, or are planned to, into groups.
func (e *Estimator) group(m *model, st *queue.State) {
	by, used := map[groupKey]*group{}, e.groups
	e.served.of(st.Site(), m)
	add := func(p *agentView, planned *queue.Planned) {
		comes, leaves, ok := m.shift(p, planned)
		if !ok {
			return
		}
		key := groupKey{p.kind, comes, leaves}
		g := by[key]
		if g == nil {
			g = &group{}
			if n := len(m.groups); n < len(used) { // by the model before, which is over
				g = used[n]
			}
			*g = group{
				kind: p.kind, agent: p.Agent, comes: comes, leaves: leaves, serves: e.served.by(p, m),
				renewal: renewal{taken: g.taken[:0], ignoring: g.ignoring[:0]},
			}
			by[key] = g
			m.groups = append(m.groups, g)
		}
		e.places(g, p, m.now)
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
	if len(m.groups) > len(used) {
		e.groups = m.groups
	}
	for _, g := range m.groups {
		for _, i := range g.serves {
			l := &m.lines[i]
			l.groups = append(l.groups, g)
			if g.comes == 0 {
				l.places += g.places
				l.idle += g.idle
			}
		}
	}
}

// served remembers which lines the agents of a kind serve, while the site has the same lines.
type served struct {
	site  *queue.Site
	lines []string
	kinds map[kind][]int
}

// of forgets what is of other lines than the model's.
func (s *served) of(site *queue.Site, m *model) {
	if s.site == site && slices.EqualFunc(s.lines, m.lines, func(name string, l line) bool { return name == l.name }) {
		return
	}
	*s = served{site: site, kinds: map[kind][]int{}}
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

// places adds the capacity of an agent to a group, with what takes each place.
func (e *Estimator) places(g *group, p *agentView, now queue.Stamp) {
	g.places += float64(p.Capacity)
	if g.comes > 0 {
		g.occupy(nil, 0, 1, g.comes, float64(p.Capacity))
		return
	}
	// An agent with room will hold as many as they can while a ticket waits.
	speed := e.known.speed(max(p.conversations(), min(p.Capacity, maxConcurrent)))
	for i := range p.held {
		k := &p.held[i]
		z := e.rates.service[k.queue]
		if z == nil {
			continue // of a queue that no longer exists
		}
		age, before, after := 0.0, 0.0, e.rates.wrapUp
		since := max(0, e.known.elapsed(k.since, now))
		switch k.stage {
		case offered:
			before = e.rates.accept
		case talking:
			age = k.work + since*speed
		case wrapping:
			z, after = nil, min(e.rates.wrapUp, max(0, float64(k.until-now)/1000))
		}
		for _, d := range e.rates.delays {
			g.occupy(z, age, speed, before+d+after, float64(k.weight)/float64(len(e.rates.delays)))
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
	g.ignoring = append(g.ignoring, ignoring{room, max(p.ignored, edges[1])})
}
