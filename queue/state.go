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

	tickets   table[Ticket]
	visitors  table[Visitor]
	agents    map[string]*Agent
	estimates *Estimates
	// nodes are the lost ones; sessionsOn counts the sessions that are not lost by
	// the node that holds them.
	nodes      map[string]*Node
	sessionsOn map[string]int

	paused map[QueueID]*Pause
	// others are the images of kinds without a place of their own, by name.
	others map[string]Image

	// lines are what people see, classes what a match looks at: the same waiting
	// tickets in two orders.
	lines   map[QueueID]*line
	classes map[classKey]*class
	// held has the tickets that take each agent's capacity; guests has those whose
	// conversations each agent was invited into.
	held   map[string][]*Ticket
	guests map[string][]*Ticket
	// deadlines, lost and ended are what time will do.
	deadlines sorted[deadline]
	lost      map[string]Image // visitors with an open ticket, and agents
	// attended is nil in a fork, which shows nothing to people.
	attended       map[attendanceKey]*attendance
	specifications map[specificationKey]*Specification
	ended          []*Ticket // in order of EndedAt
}

func ticketID(t *Ticket) string   { return t.ID }
func visitorID(v *Visitor) string { return v.ID }

// NewState returns the state of a site whose log is empty. Every queue of the
// site exists from the start.
func NewState(site *Site) *State {
	s := &State{
		site:     site,
		tickets:  newTable(ticketID, 0),
		visitors: newTable(visitorID, 0),
		agents:   map[string]*Agent{},
		nodes:    map[string]*Node{}, sessionsOn: map[string]int{},
		paused:         map[QueueID]*Pause{},
		others:         map[string]Image{},
		lines:          map[QueueID]*line{},
		classes:        map[classKey]*class{},
		held:           map[string][]*Ticket{},
		guests:         map[string][]*Ticket{},
		deadlines:      sorted[deadline]{before: deadline.before},
		lost:           map[string]Image{},
		specifications: map[specificationKey]*Specification{},
	}
	s.visitors.grouped(visitorMark)
	s.relined()
	s.attendSite()
	return s
}

// SetSite puts new rules in force. What was decided under the old ones stays;
// tickets of a queue that is no more go on being served.
func (s *State) SetSite(site *Site) {
	s.site = site
	s.relined()
	s.attendSite()
	var all []deadline // at once: one by one, in no order, a long line takes seconds
	for t := range s.tickets.all() {
		if due := s.due(t); due != 0 {
			all = append(all, deadline{due, t})
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].before(all[j]) })
	s.deadlines = sorted[deadline]{buf: all, before: deadline.before}
}

// Site returns the rules.
func (s *State) Site() *Site { return s.site }

// Number is the newest log number that the state has seen, At its stamp.
func (s *State) Number() uint64 { return s.number }

// At is the stamp of the newest record.
func (s *State) At() Stamp { return s.at }

// Ticket returns a ticket, or nil.
func (s *State) Ticket(id string) *Ticket { return s.tickets.get(id) }

// Visitor returns a visitor, or nil.
func (s *State) Visitor(id string) *Visitor { return s.visitors.get(id) }

// Agent returns an agent, or nil.
func (s *State) Agent(id string) *Agent { return s.agents[id] }

// TicketOf returns a visitor's newest ticket, open or ended, or nil.
func (s *State) TicketOf(visitor string) *Ticket {
	v := s.visitors.get(visitor)
	if v == nil {
		return nil
	}
	return s.tickets.get(v.Ticket)
}

// Ended lists the tickets that ended at or after a time, oldest first.
func (s *State) Ended(since Stamp) []*Ticket {
	i := sort.Search(len(s.ended), func(i int) bool { return s.ended[i].EndedAt >= since })
	return slices.Clone(s.ended[i:])
}

// Tickets visits all tickets that are known, open and ended, in no order.
func (s *State) Tickets(visit func(t *Ticket)) {
	for t := range s.tickets.all() {
		visit(t)
	}
}

// NewestEnded lists the tickets that ended last, at most limit, the newest first, and
// counts those that it leaves out.
func (s *State) NewestEnded(limit int) (newest []*Ticket, older int) {
	older = max(0, len(s.ended)-limit)
	newest = slices.Clone(s.ended[older:])
	slices.Reverse(newest)
	return newest, older
}

// EndedCount is the number of tickets that have ended and are still known.
func (s *State) EndedCount() int { return len(s.ended) }

// Agents lists the agents ordered by id.
func (s *State) Agents() []*Agent {
	all := make([]*Agent, 0, len(s.agents))
	for _, a := range s.agents {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b *Agent) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Held lists the tickets that take an agent's capacity (assigned, offered or
// being wrapped up), oldest join first.
func (s *State) Held(agent string) []*Ticket { return byJoin(s.held[agent]) }

// AllHeld lists the tickets that take some agent's capacity, in no order.
func (s *State) AllHeld() []*Ticket {
	var all []*Ticket
	for _, held := range s.held {
		all = append(all, held...)
	}
	return all
}

// Guesting lists the conversations that an agent was invited into, oldest join
// first. They take nothing of their capacity.
func (s *State) Guesting(agent string) []*Ticket { return byJoin(s.guests[agent]) }

func byJoin(tickets []*Ticket) []*Ticket {
	all := slices.Clone(tickets)
	slices.SortFunc(all, func(a, b *Ticket) int { return cmp.Compare(a.Joined, b.Joined) })
	return all
}

// Load is the sum of the weights of the tickets that take an agent's capacity.
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

// AnyWaiting reports whether a ticket stands in any line.
func (s *State) AnyWaiting() bool {
	for _, l := range s.lines {
		if l.len() > 0 {
			return true
		}
	}
	return false
}

// Position is a ticket's 1-based rank in its line, 0 when it is in none.
func (s *State) Position(t *Ticket) int {
	l := s.lines[t.Queue()]
	if l == nil || !t.Queued() {
		return 0
	}
	return l.find(t) + 1
}

// Behind is the position of the first ticket of a line that stands behind t, which
// may have left it; 1 for no ticket.
func (s *State) Behind(q QueueID, t *Ticket) int {
	l := s.lines[q]
	if l == nil || t == nil {
		return 1
	}
	i := l.search(t)
	if all := l.all(); i < len(all) && !t.Before(all[i]) {
		i++
	}
	return i + 1
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
	if l := s.lines[t.Queue()]; l != nil {
		return l.worsened(t, since)
	}
	return ""
}

// AgentsWithRoom counts the agents who serve the queue and have room now.
func (s *State) AgentsWithRoom(q QueueID) int {
	n := 0
	for _, a := range s.agents {
		if a.Takes() && a.Serves(q) && s.Load(a.ID) < a.Capacity {
			n++
		}
	}
	return n
}
