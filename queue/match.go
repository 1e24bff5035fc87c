package queue

import (
	"cmp"
	"container/heap"
	"slices"
)

// Match proposes offers: tickets in order of score over all classes, each to the
// eligible agent with the fewest declines of it, then the one that the visitor
// knows, with more of the skills it wishes for, with the lowest load for the
// capacity, with the lowest tier, with the fewest languages and skills (specialists
// and polyglots stay free for tickets that require them), and idle longest. It
// proposes at most limit changes.
//
// An agent is eligible that is available and present, meets the requirements and has
// room for the weight. A decline has a cooldown as long as an offer lasts: a ticket
// that an agent does not want holds up no ticket behind it. A ticket whose visitor is lost keeps its place and is passed
// over, and so is a paused queue. The changes build on each other in order: the
// second offer to an agent, and the second one of a class, name the first one's
// commit as the version that they saw.
//
// The cost is that of one look at each class and agent with room, and of the
// tickets from the front until the room is used up.
func (s *State) Match(now Stamp, limit int) []Change {
	m := match{State: s, now: now, limit: limit}
	m.run()
	return m.changes
}

func (m *match) run() {
	if len(m.classes) == 0 {
		return // no ticket waits
	}
	if m.gather(); len(m.candidates) > 0 {
		m.walk()
	}
}

func (s *State) visitorLost(t *Ticket) bool {
	v := s.visitors.get(t.Visitor)
	return v != nil && v.Session.Lost()
}

// match is the scratch paper of one Match.
type match struct {
	*State
	now        Stamp
	limit      int
	candidates []*candidate
	changes    []Change
	// next is the earliest end of a cooldown that an agent with room met: nothing else
	// in a match depends on the time.
	next Stamp
}

// candidate is an agent with room, as the changes proposed so far leave them.
type candidate struct {
	agent *Agent // Rev.Version is that of the newest change proposed
	load  int
	turn  int // raised by each offer of this match: later turns are less idle
}

func (c *candidate) room() int { return c.agent.Capacity - c.load }

// cursor walks one class.
type cursor struct {
	*class
	at         int
	candidates []*candidate
	// seen is the newest offer of the class, as the next one must see it.
	seen Read
}

func (c *cursor) ticket() *Ticket { return c.all()[c.at] }

// done says that nothing further back in the class can be matched.
func (c *cursor) done() bool {
	c.candidates = slices.DeleteFunc(c.candidates, func(k *candidate) bool { return k.room() < c.weight })
	return len(c.candidates) == 0 || c.at >= c.len()
}

type cursors []*cursor

func (c cursors) Len() int           { return len(c) }
func (c cursors) Less(i, j int) bool { return c[i].ticket().Before(c[j].ticket()) }
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
		if !a.Takes() {
			continue
		}
		if load := m.Load(a.ID); load < a.Capacity {
			m.candidates = append(m.candidates, &candidate{agent: a, load: load})
		}
	}
}

// cursors puts one at the head of each class that a candidate may serve.
func (m *match) cursors() cursors {
	var all cursors
	for _, c := range m.classes {
		if m.paused[c.queue] != nil {
			continue
		}
		at := &cursor{class: c}
		for _, k := range m.candidates {
			if k.room() >= c.weight && m.eligible(c, k.agent) {
				at.candidates = append(at.candidates, k)
			}
		}
		if !at.done() {
			all = append(all, at)
		}
	}
	heap.Init(&all)
	return all
}

// walk offers the tickets of all classes in order of score to agents that may serve them.
func (m *match) walk() {
	cursors := m.cursors()
	for cursors.Len() > 0 && len(m.changes) < m.limit {
		c := cursors[0]
		if t := c.ticket(); !m.visitorLost(t) {
			if k := m.choose(c, t); k != nil {
				m.offer(c, k, t)
			}
		}
		if c.at++; c.done() {
			heap.Pop(&cursors)
		} else {
			heap.Fix(&cursors, 0)
		}
	}
}

// choose returns the agent that gets a ticket, or nil.
func (m *match) choose(c *cursor, t *Ticket) *candidate {
	var best *candidate
	pause := m.offerTTL(t)
	for _, k := range c.candidates {
		if k.room() < t.Weight {
			continue
		}
		if end := t.cooldownEnd(k.agent.ID, pause); m.now < end {
			m.next = min(m.next, end)
			continue
		}
		if best == nil || k.better(best, t) {
			best = k
		}
	}
	return best
}

// strayOfferTTL is how long offers last from a department that the rules have no
// more: as long as where nothing is said.
const strayOfferTTL Millis = 20_000

func (s *State) offerTTL(t *Ticket) Millis {
	if dep, known := s.site.Department(t.Department); known {
		return dep.OfferTTL
	}
	return strayOfferTTL
}

func (c *candidate) better(than *candidate, t *Ticket) bool {
	return cmp.Or(
		cmp.Compare(t.declineCount(c.agent.ID), t.declineCount(than.agent.ID)),
		-cmpBool(c.agent.ID == t.Prefers, than.agent.ID == t.Prefers),
		-cmp.Compare(c.agent.has(t.Wishes), than.agent.has(t.Wishes)),
		cmp.Compare(c.load*than.agent.Capacity, than.load*c.agent.Capacity),
		cmp.Compare(max(c.agent.Tier, 1), max(than.agent.Tier, 1)),
		cmp.Compare(c.agent.breadth(), than.agent.breadth()),
		cmp.Compare(c.turn, than.turn),
		cmp.Compare(c.agent.IdleSince, than.agent.IdleSince),
		cmp.Compare(c.agent.ID, than.agent.ID),
	) < 0
}

func cmpBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// has counts the skills that the agent has of those.
func (a *Agent) has(skills []string) int {
	n := 0
	for _, s := range skills {
		if slices.Contains(a.Skills, s) {
			n++
		}
	}
	return n
}

// breadth is how much else the agent could be needed for.
func (a *Agent) breadth() int { return len(a.Languages) + len(a.Skills) }

// offer proposes that k takes t, and counts it as taken from here on.
func (m *match) offer(at *cursor, k *candidate, t *Ticket) {
	dep, _ := m.site.Department(t.Department)
	after := t.offeredTo(k.agent.ID, m.offerTTL(t))
	cause, id := CauseOffered, after.Offer.ID
	if dep.AutoAccept {
		cause, after = CauseAccepted, after.assignedTo(k.agent.ID)
	}
	busy := *k.agent
	busy.IdleSince = OwnStamp
	c := change(cause, id, t.Rev.Version, k.agent.Rev.Version)
	c.Intent = intentID(k.agent.ID)
	c.write(t, after)
	c.write(k.agent, &busy)
	// If the offer before this one is refused (its agent has moved), so is this:
	// no ticket is served before one in front of it because that one met a conflict.
	if at.seen.Name != "" {
		c.Reads = append(c.Reads, at.seen)
	}
	at.seen = Read{after.Name(), c.ID}
	m.changes = append(m.changes, c)
	next := busy
	next.IdleSince, next.Rev.Version = k.agent.IdleSince, c.ID
	k.agent, k.load, k.turn = &next, k.load+t.Weight, len(m.changes)
}
