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
	// By is the person who asked for it, where that is not plain from what was written.
	By     string
	Writes []Write // Before is not set
}

// Head is where the log was with this record as its newest.
func (r *Record) Head() Head { return Head{r.Number, r.ID, r.At} }

// Step is what a record did, for the code that tells people about it.
type Step struct {
	Record
	// Tickets are the tickets written, as they were and as they are.
	Tickets []TicketStep
	// Agents and Visitors are the ids of those written.
	Agents, Visitors []string
	// Presence are the agents whose conn was lost or is back.
	Presence []string
	// Queues are those paused or resumed, Attended those in which an agent is
	// available for some tickets and none was, or the other way round.
	Queues, Attended []QueueID
	// Estimates is set if the published estimates changed.
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
			ticketBefore, _ := before.(*Ticket)
			ticket, _ := after.(*Ticket)
			s.assignTicket(ticketBefore, ticket, r)
			step.Tickets = append(step.Tickets, TicketStep{ticketBefore, ticket})
		},
		intern: func(s *State, i Image) { s.internTicket(i.(*Ticket)) },
	})
}

// assignTicket keeps the lines and the sets in step with a ticket.
func (s *State) assignTicket(before, after *Ticket, r Record) {
	s.classify(before, after)
	s.attendTicket(before, after)
	s.lineUp(before, after, r)
	s.updateDeadlines(before, after)
	if before != nil {
		unlist(s.held, before.HeldBy(), before.ID)
		for _, g := range before.Guests {
			unlist(s.guests, g, before.ID)
		}
	}
	if after == nil {
		if before != nil {
			s.tickets.remove(before.ID)
			s.forget(before)
		}
		return
	}
	s.tickets.put(after)
	list(s.held, after.HeldBy(), after)
	if after.Status == Assigned {
		for _, g := range after.Guests {
			list(s.guests, g, after)
		}
	}
	if after.Open() {
		return
	}
	if before != nil && !before.Open() { // only what is said of an ended ticket has changed
		s.forget(before)
		s.remember(after)
		return
	}
	s.ended = append(s.ended, after)
	if v := s.visitors.get(after.Visitor); v != nil && v.Ticket == after.ID {
		delete(s.lost, v.Name()) // no ticket waits for them any more
	}
}

// lineUp keeps the lines in step with a ticket.
func (s *State) lineUp(before, after *Ticket, r Record) {
	wasIn, isIn := before != nil && before.Queued(), after != nil && after.Queued()
	if wasIn && isIn && before.Queue() == after.Queue() && before.Score() == after.Score() {
		s.lines[before.Queue()].replace(before, after)
		return
	}
	if wasIn {
		s.lines[before.Queue()].remove(before)
	}
	if isIn {
		s.enter(before, after, r)
	}
}

// list and unlist keep the tickets of each agent, which are few.
func list(by map[string][]*Ticket, agent string, t *Ticket) {
	if agent != "" {
		by[agent] = append(by[agent], t)
	}
}

func unlist(by map[string][]*Ticket, agent, ticket string) {
	if all, known := by[agent]; known {
		if all = slices.DeleteFunc(all, func(t *Ticket) bool { return t.ID == ticket }); len(all) == 0 {
			delete(by, agent)
			return
		}
		by[agent] = all
	}
}

// forget takes a ticket off the list of the ended. It is mostly the first, or one
// of the last. While a snapshot is loaded the list is in no order yet.
func (s *State) forget(t *Ticket) {
	same := func(u *Ticket) bool { return u.ID == t.ID }
	from := sort.Search(len(s.ended), func(i int) bool { return s.ended[i].EndedAt >= t.EndedAt })
	i := slices.IndexFunc(s.ended[from:], same)
	if i >= 0 {
		i += from
	} else {
		i = slices.IndexFunc(s.ended, same)
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

// enter puts a ticket in its line, and notes why it was put before others if it was.
func (s *State) enter(before, after *Ticket, r Record) {
	l := s.line(after.Queue())
	l.insert(after)
	reason := PriorityArrival
	switch {
	case before == nil:
	case r.Cause == CauseTransferred || before.Queued() && before.Queue() != after.Queue():
		reason = TransferIn
	case !before.Queued():
		reason = Returned
	case before.Score() < after.Score():
		l.note(after, r.Number, Lowered)
		return
	default:
		reason = Raised
	}
	if all := l.all(); all[len(all)-1] != after {
		l.note(after, r.Number, reason)
	}
}

func put[T any](m map[string]*T, id string, v *T) {
	if v == nil {
		delete(m, id)
	} else {
		m[id] = v
	}
}
