package queue

import (
	"cmp"
	"slices"
	"sort"
)

// Record is a committed change, as the log hands it out.
type Record struct {
	Number uint64
	// ID is the commit id and becomes the version of all that was written.
	ID    string
	At    Stamp
	Cause Cause
	// By is who asked for it, where that is not plain from what was written.
	By     string
	Writes []Write // Was is not set
}

// Step is what a record did, for those who tell people about it.
type Step struct {
	Record
	// Tickets are the tickets written, as they were and as they are.
	Tickets []TicketStep
	// Agents and Visitors are the ids of those written.
	Agents, Visitors []string
	// Presence are the agents whose conn was lost or is back.
	Presence []string
	// Queues are those paused or resumed, Attended those in which an agent is
	// available for somebody and none was, or the other way round.
	Queues, Attended []QueueID
	// Estimates says that the published estimates changed.
	Estimates bool
	// Others are the names of written entities of kinds that have no list here.
	Others []string
}

// TicketStep is one ticket before and after; either may be nil.
type TicketStep struct{ Before, After *Ticket }

// Apply assigns the after-images of the next record. An image that is not newer
// than what is there (after a snapshot) changes nothing.
func (s *State) Apply(r Record) Step {
	rev := Revision{Version: r.ID, Number: r.Number}
	for _, w := range r.Writes {
		if w.Image != nil {
			w.Image.resolve(rev, r.At)
			s.intern(w.Name, w.Image)
		}
	}
	return s.take(r)
}

// take assigns the images of a record, which share what they can.
func (s *State) take(r Record) Step {
	step := Step{Record: r}
	for _, w := range r.Writes {
		s.assign(w, r, &step)
	}
	s.number, s.at = r.Number, r.At
	return step
}

// Restore replaces everything by the entities of a snapshot taken at or after the
// number. Their images must be resolved already (see Resolve).
func (s *State) Restore(number uint64, at Stamp, images []Image) {
	*s = *NewState(s.site)
	var ignored Step
	for _, i := range images {
		name := i.Name()
		s.intern(name, i)
		s.assign(Write{Name: name, Image: i}, Record{Number: i.revision().Number}, &ignored)
	}
	for id, n := range s.nodes { // sessions may have been loaded after their node
		s.assignNode(id, n, &ignored)
	}
	slices.SortFunc(s.ended, func(a, b *Ticket) int { return cmp.Compare(a.EndedAt, b.EndedAt) })
	for _, l := range s.lines {
		l.recall()
	}
	s.number, s.at = number, at
}

// Resolve gives an image of a snapshot the revision and stamp of the record
// that wrote it.
func Resolve(i Image, rev Revision, at Stamp) { i.resolve(rev, at) }

// assign puts one image, or its absence, in its place, unless a newer one is there.
func (s *State) assign(w Write, r Record, step *Step) {
	k, id := kindOf(w.Name)
	if k == nil {
		return // the removal of what only a newer version knows
	}
	before := k.find(s, id)
	if before != nil && before.revision().Number >= r.Number {
		return
	}
	k.put(s, id, before, w.Image, r, step)
}

func init() {
	register(ticketPrefix, kind{
		empty: func(string) Image { return &Ticket{} },
		find:  func(s *State, id string) Image { return present(s.tickets.get(id)) },
		put: func(s *State, _ string, before, after Image, r Record, step *Step) {
			was, _ := before.(*Ticket)
			is, _ := after.(*Ticket)
			s.assignTicket(was, is, r)
			step.Tickets = append(step.Tickets, TicketStep{was, is})
		},
		intern: func(s *State, i Image) { s.internTicket(i.(*Ticket)) },
	})
}

// assignTicket keeps the lines and the sets in step with a ticket.
func (s *State) assignTicket(was, is *Ticket, r Record) {
	s.classify(was, is)
	s.attendTicket(was, is)
	s.lineUp(was, is, r)
	s.updateDeadlines(was, is)
	if was != nil {
		unlist(s.held, was.HeldBy(), was.ID)
		for _, g := range was.Guests {
			unlist(s.guests, g, was.ID)
		}
	}
	if is == nil {
		if was != nil {
			s.tickets.remove(was.ID)
			s.forget(was)
		}
		return
	}
	s.tickets.put(is)
	list(s.held, is.HeldBy(), is)
	if is.Status == Assigned {
		for _, g := range is.Guests {
			list(s.guests, g, is)
		}
	}
	if is.Open() {
		return
	}
	if was != nil && !was.Open() { // only what is said of an ended ticket has changed
		s.forget(was)
		s.remember(is)
		return
	}
	s.ended = append(s.ended, is)
	if v := s.visitors.get(is.Visitor); v != nil && v.Ticket == is.ID {
		delete(s.lost, v.Name()) // no ticket waits for them any more
	}
}

// lineUp keeps the lines in step with a ticket.
func (s *State) lineUp(was, is *Ticket, r Record) {
	wasIn, isIn := was != nil && was.Queued(), is != nil && is.Queued()
	if wasIn && isIn && was.Queue() == is.Queue() && was.Score() == is.Score() {
		s.lines[was.Queue()].replace(was, is)
		return
	}
	if wasIn {
		s.lines[was.Queue()].remove(was)
	}
	if isIn {
		s.enter(was, is, r)
	}
}

// list and unlist keep a set of tickets by agent.
func list(set map[string]map[string]*Ticket, agent string, t *Ticket) {
	if agent == "" {
		return
	}
	if set[agent] == nil {
		set[agent] = map[string]*Ticket{}
	}
	set[agent][t.ID] = t
}

func unlist(set map[string]map[string]*Ticket, agent, ticket string) {
	delete(set[agent], ticket)
	if len(set[agent]) == 0 {
		delete(set, agent)
	}
}

// forget takes a ticket off the list of the ended; it is mostly the first, or one
// of the last. While a snapshot is loaded the list is in no order yet.
func (s *State) forget(t *Ticket) {
	is := func(u *Ticket) bool { return u.ID == t.ID }
	from := sort.Search(len(s.ended), func(i int) bool { return s.ended[i].EndedAt >= t.EndedAt })
	i := slices.IndexFunc(s.ended[from:], is)
	if i >= 0 {
		i += from
	} else {
		i = slices.IndexFunc(s.ended, is)
	}
	switch {
	case i == 0:
		s.ended[0] = nil
		s.ended = s.ended[1:]
	case i > 0:
		s.ended = slices.Delete(s.ended, i, i+1)
	}
}

// remember puts a ticket on the list of the ended again; it is mostly one of the
// last.
func (s *State) remember(t *Ticket) {
	i := len(s.ended)
	for i > 0 && s.ended[i-1].EndedAt > t.EndedAt {
		i--
	}
	s.ended = slices.Insert(s.ended, i, t)
}

// enter puts a ticket in its line and notes who it was put before, and why.
func (s *State) enter(was, is *Ticket, r Record) {
	l := s.line(is.Queue())
	l.insert(is)
	reason := PriorityArrival
	switch {
	case was == nil:
	case r.Cause == CauseTransferred || was.Queued() && was.Queue() != is.Queue():
		reason = TransferIn
	case !was.Queued():
		reason = Returned
	case was.Score() < is.Score():
		l.note(is, r.Number, Lowered)
		return
	default:
		reason = Raised
	}
	if all := l.all(); all[len(all)-1] != is {
		l.note(is, r.Number, reason)
	}
}

func put[T any](m map[string]*T, id string, v *T) {
	if v == nil {
		delete(m, id)
	} else {
		m[id] = v
	}
}
