package queue

import (
	"cmp"
	"container/heap"
	"slices"
)

// Match proposes offers: tickets in order of score over all lines, each to the
// eligible agent who has the lowest load for their capacity, then the fewest
// languages (polyglots stay free for those who need them), then is idle longest.
// It proposes at most limit changes.
//
// An agent who passed on a ticket comes after all others for it, and is offered
// it again only when nothing else is left for them: one ticket that somebody
// does not want holds up nobody behind it.
//
// An agent is eligible who is available and present, serves the line and has
// room for the weight. A ticket whose visitor is lost keeps its place and is
// passed over. The changes build on each other in order: the second offer to an
// agent, and the second one of a line, name the first one's commit as the version
// that they saw.
//
// The cost is that of the lines that somebody free serves, from the front until
// the room is used up; with nobody free it is one look at each agent.
func (s *State) Match(limit int) []Change {
	m := match{State: s, limit: limit, before: map[QueueID]Read{}}
	m.gather()
	m.walk(func(k *candidate, t *Ticket) bool { return t.passes(k.agent.ID) == 0 })
	m.walk(func(*candidate, *Ticket) bool { return true })
	return m.changes
}

func (s *State) visitorLost(t *Ticket) bool {
	v := s.visitors[t.Visitor]
	return v != nil && v.Session.Lost()
}

// match is the scratch paper of one Match.
type match struct {
	*State
	limit      int
	candidates []*candidate
	changes    []Change
	// before is the newest offer of each line, as the next one must see it.
	before map[QueueID]Read
}

// candidate is an agent with room, as the changes proposed so far leave them.
type candidate struct {
	agent *Agent // Rev.Version is that of the newest change proposed
	load  int
	turn  int // raised by each offer of this match: later turns are less idle
}

func (c *candidate) room() int { return c.agent.Capacity - c.load }

// cursor walks one line.
type cursor struct {
	line       *line
	at         int
	candidates []*candidate
}

func (c *cursor) ticket() *Ticket { return c.line.all()[c.at] }

func (c *cursor) next() { c.at++ }

// done says that nothing further back in the line can be matched.
func (c *cursor) done() bool {
	c.candidates = slices.DeleteFunc(c.candidates, func(k *candidate) bool { return k.room() < c.line.lightest() })
	return len(c.candidates) == 0 || c.at >= c.line.len()
}

type cursors []*cursor

func (c cursors) Len() int           { return len(c) }
func (c cursors) Less(i, j int) bool { return c[i].ticket().before(c[j].ticket()) }
func (c cursors) Swap(i, j int)      { c[i], c[j] = c[j], c[i] }
func (c *cursors) Push(x any)        { *c = append(*c, x.(*cursor)) }
func (c *cursors) Pop() any {
	last := len(*c) - 1
	popped := (*c)[last]
	*c = (*c)[:last]
	return popped
}

// gather finds the agents with room.
func (m *match) gather() {
	for _, a := range m.agents {
		if load := m.Load(a.ID); a.Takes() && load < a.Capacity {
			m.candidates = append(m.candidates, &candidate{agent: a, load: load})
		}
	}
}

// cursors puts one at the head of each line that a candidate serves.
func (m *match) cursors() cursors {
	by := map[QueueID]*cursor{}
	for _, k := range m.candidates {
		for _, d := range k.agent.Departments {
			for _, l := range k.agent.Languages {
				q := QueueID{d, l}
				line := m.lines[q]
				if line == nil || line.len() == 0 {
					continue
				}
				if by[q] == nil {
					by[q] = &cursor{line: line}
				}
				by[q].candidates = append(by[q].candidates, k)
			}
		}
	}
	var all cursors
	for _, c := range by {
		if !c.done() {
			all = append(all, c)
		}
	}
	heap.Init(&all)
	return all
}

// walk offers the tickets of all lines in order of score to those who may.
func (m *match) walk(may func(*candidate, *Ticket) bool) {
	offered := map[string]bool{}
	for _, c := range m.changes {
		offered[c.Writes[0].Name] = true
	}
	cursors := m.cursors()
	for cursors.Len() > 0 && len(m.changes) < m.limit {
		c := cursors[0]
		if t := c.ticket(); t.Status == Waiting && !m.visitorLost(t) && !offered[t.Name()] {
			if k := c.choose(t, may); k != nil {
				m.offer(k, t)
			}
		}
		if c.next(); c.done() {
			heap.Pop(&cursors)
		} else {
			heap.Fix(&cursors, 0)
		}
	}
}

// choose is the rule of who gets a ticket.
func (c *cursor) choose(t *Ticket, may func(*candidate, *Ticket) bool) *candidate {
	var best *candidate
	for _, k := range c.candidates {
		if k.room() >= t.Weight && may(k, t) && (best == nil || k.better(best, t)) {
			best = k
		}
	}
	return best
}

func (c *candidate) better(than *candidate, t *Ticket) bool {
	return cmp.Or(
		cmp.Compare(t.passes(c.agent.ID), t.passes(than.agent.ID)),
		cmp.Compare(c.load*than.agent.Capacity, than.load*c.agent.Capacity),
		cmp.Compare(len(c.agent.Languages), len(than.agent.Languages)),
		cmp.Compare(c.turn, than.turn),
		cmp.Compare(c.agent.IdleSince, than.agent.IdleSince),
		cmp.Compare(c.agent.ID, than.agent.ID),
	) < 0
}

// passes counts how often the agent did not take the ticket.
func (t *Ticket) passes(agent string) int {
	n := 0
	for _, p := range t.Passed {
		if p == agent {
			n++
		}
	}
	return n
}

// offer proposes that k takes t, and counts it as taken from here on.
func (m *match) offer(k *candidate, t *Ticket) {
	dep, _ := m.site.Department(t.Department)
	is := *t
	is.Status, is.Attempts = Offered, t.Attempts+1
	is.Offer = &Offer{ID: offerID(t.ID, is.Attempts), Agent: k.agent.ID, At: Here, TTL: dep.OfferTTL}
	busy := *k.agent
	busy.IdleSince = Here
	c := change(CauseOffered, is.Offer.ID, t.Rev.Version, k.agent.Rev.Version)
	c.Intent = intentID(k.agent.ID)
	c.write(t, &is)
	c.write(k.agent, &busy)
	// If the offer before this one is refused (its agent has moved), so is this:
	// nobody behind is served because somebody in front met a conflict.
	if seen, ok := m.before[t.Queue()]; ok {
		c.Reads = append(c.Reads, seen)
	}
	m.before[t.Queue()] = Read{is.Name(), c.ID}
	m.changes = append(m.changes, c)
	next := busy
	next.IdleSince, next.Rev.Version = k.agent.IdleSince, c.ID
	k.agent, k.load, k.turn = &next, k.load+t.Weight, len(m.changes)
}
