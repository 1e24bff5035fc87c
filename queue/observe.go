package queue

import (
	"maps"
	"slices"
)

// Play applies a change as the next record, at the stamp. It is the whole store
// of a simulation on a virtual clock: there is one writer, which
// decides on the newest state, so no version can have moved. The images of the
// change must be new ones, as the deciders' are.
func (s *State) Play(c Change, at Stamp) Step {
	return s.Apply(Record{Number: s.number + 1, ID: c.ID, At: at, Cause: c.Cause, By: c.By, Writes: c.Writes})
}

// Repeat applies a step that another State of the site has taken, to one that was
// forked from it and keeps up beside it, perhaps on another goroutine: the images
// are shared. It needs every step since the fork, in order.
func (s *State) Repeat(step Step) { s.take(step.Record) }

// Fork returns a state that goes its own way from here, without the tickets
// that have ended: a playground for forecasts. Images are shared, which is safe
// because none is ever modified.
func (s *State) Fork() *State {
	f := &State{
		site: s.site, number: s.number, at: s.at, estimates: s.estimates,
		tickets:  newTable(ticketID, s.tickets.len()-len(s.ended)),
		visitors: newTable(visitorID, s.tickets.len()-len(s.ended)),
		agents:   maps.Clone(s.agents),
		nodes:    maps.Clone(s.nodes), sessionsOn: maps.Clone(s.sessionsOn),
		lines:   make(map[QueueID]*line, len(s.lines)),
		classes: make(map[classKey]*class, len(s.classes)),
		paused:  maps.Clone(s.paused), others: maps.Clone(s.others),
		deadlines:      s.deadlines.clone(),
		held:           make(map[string][]*Ticket, len(s.held)),
		guests:         map[string][]*Ticket{},
		lost:           maps.Clone(s.lost),
		specifications: map[specificationKey]*Specification{},
	}
	f.visitors.grouped(visitorMark)
	keep := func(t *Ticket) {
		f.tickets.put(t)
		if v := s.visitors.get(t.Visitor); v != nil {
			f.visitors.put(v)
		}
	}
	for q, l := range s.lines {
		f.lines[q] = &line{sorted: l.clone(), plain: l.plain, withdrawn: l.withdrawn}
		for _, t := range l.all() {
			keep(t)
		}
	}
	for k, c := range s.classes {
		f.classes[k] = &class{classKey: k, requirements: c.requirements, sorted: c.clone()}
	}
	for a, held := range s.held {
		f.held[a] = slices.Clone(held)
		for _, t := range held {
			keep(t)
		}
	}
	return f
}
