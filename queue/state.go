package queue

import (
	"cmp"
	"slices"
	"sort"
)

// State is one site as the log tells it up to a number. It is not safe for
// concurrent use; images handed out by it are never modified and may be kept.
type State struct {
	site   *Site
	number uint64
	at     Stamp

	tickets   map[string]*Ticket
	visitors  map[string]*Visitor
	agents    map[string]*Agent
	estimates *Estimates
	// nodes are the lost ones; sessionsOn counts the sessions that are not lost by
	// the node that holds them.
	nodes      map[string]*Node
	sessionsOn map[string]int

	lines map[QueueID]*line
	// held is what takes an agent's capacity: the tickets assigned or offered.
	held map[string]map[string]*Ticket
	// offered, lost and ended are the things that time will end.
	offered map[string]*Ticket
	lost    map[string]Image // visitors with an open ticket, and agents
	ended   []*Ticket        // in order of EndedAt
}

// NewState returns the state of a site whose log is empty. Every queue of the
// site exists from the start.
func NewState(site *Site) *State {
	s := &State{
		site:     site,
		tickets:  map[string]*Ticket{},
		visitors: map[string]*Visitor{},
		agents:   map[string]*Agent{},
		nodes:    map[string]*Node{}, sessionsOn: map[string]int{},
		lines:   map[QueueID]*line{},
		held:    map[string]map[string]*Ticket{},
		offered: map[string]*Ticket{},
		lost:    map[string]Image{},
	}
	for _, q := range site.Queues() {
		s.lines[q] = &line{}
	}
	return s
}

// Site returns the rules.
func (s *State) Site() *Site { return s.site }

// Number is the newest log number that the state has seen, At its stamp.
func (s *State) Number() uint64 { return s.number }

// At is the stamp of the newest record.
func (s *State) At() Stamp { return s.at }

// Ticket returns a ticket, or nil.
func (s *State) Ticket(id string) *Ticket { return s.tickets[id] }

// Visitor returns a visitor, or nil.
func (s *State) Visitor(id string) *Visitor { return s.visitors[id] }

// Agent returns an agent, or nil.
func (s *State) Agent(id string) *Agent { return s.agents[id] }

// TicketOf returns a visitor's newest ticket, open or ended, or nil.
func (s *State) TicketOf(visitor string) *Ticket {
	v := s.visitors[visitor]
	if v == nil {
		return nil
	}
	return s.tickets[v.Ticket]
}

// Ended lists the tickets that ended at or after a time, oldest first.
func (s *State) Ended(since Stamp) []*Ticket {
	i := sort.Search(len(s.ended), func(i int) bool { return s.ended[i].EndedAt >= since })
	return slices.Clone(s.ended[i:])
}

// Agents lists the agents ordered by id.
func (s *State) Agents() []*Agent {
	all := make([]*Agent, 0, len(s.agents))
	for _, a := range s.agents {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b *Agent) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Held lists the tickets that are assigned or offered to an agent, oldest join
// first.
func (s *State) Held(agent string) []*Ticket {
	var all []*Ticket
	for _, t := range s.held[agent] {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *Ticket) int { return cmp.Compare(a.Joined, b.Joined) })
	return all
}

// Load is the sum of the weights of the tickets assigned or offered to an
// agent.
func (s *State) Load(agent string) int {
	load := 0
	for _, t := range s.held[agent] {
		load += t.Weight
	}
	return load
}

// Size is the number of tickets in a line.
func (s *State) Size(q QueueID) int {
	if l := s.lines[q]; l != nil {
		return l.len()
	}
	return 0
}

// Position is a ticket's 1-based rank in its line, 0 when it is in none.
func (s *State) Position(t *Ticket) int {
	l := s.lines[t.Queue()]
	if l == nil || !t.Queued() {
		return 0
	}
	return l.find(t) + 1
}

// Sweep calls visit for the tickets of a line in order, from position from to
// position to (1-based, inclusive), until it returns false.
func (s *State) Sweep(q QueueID, from, to int, visit func(position int, t *Ticket) bool) {
	l := s.lines[q]
	if l == nil {
		return
	}
	all := l.all()
	for i := max(from, 1) - 1; i < min(to, len(all)); i++ {
		if !visit(i+1, all[i]) {
			return
		}
	}
}

// Worsened says why a ticket's place got worse after a log number: the newest
// insertion before it that is younger than since, or "".
func (s *State) Worsened(t *Ticket, since uint64) Reason {
	l := s.lines[t.Queue()]
	if l == nil {
		return ""
	}
	for _, in := range slices.Backward(l.ahead) {
		if in.number <= since {
			return ""
		}
		if in.ticket.ID != t.ID && in.ticket.before(t) {
			return in.reason
		}
	}
	return ""
}

// AgentsWithRoom counts the agents who would be offered a ticket of the queue
// now.
func (s *State) AgentsWithRoom(q QueueID) int {
	n := 0
	for _, a := range s.agents {
		if a.Takes() && a.Serves(q) && s.Load(a.ID) < a.Capacity {
			n++
		}
	}
	return n
}
