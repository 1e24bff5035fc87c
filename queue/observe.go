package queue

import "maps"

// Play applies a change as the next record, at the stamp. It is the whole store
// of those who play with the rules on a virtual clock: there is one writer who
// decides on the newest state, so no version can have moved. The images of the
// change must be new ones, as the deciders' are.
func (s *State) Play(c Change, at Stamp) Step {
	return s.Apply(Record{Number: s.number + 1, ID: c.ID, At: at, Cause: c.Cause, By: c.By, Writes: c.Writes})
}

// Repeat applies a step that another State of the site has taken, to one that was
// forked from it and keeps up beside it, perhaps on another goroutine. It needs
// every step since the fork, in order.
func (s *State) Repeat(step Step) {
	r := step.Record
	r.Writes = make([]Write, len(step.Writes))
	for i, w := range step.Writes {
		if w.Image != nil {
			w.Image = w.Image.copied() // a State writes into what it takes
		}
		r.Writes[i] = w
	}
	s.Apply(r)
}

func (t *Ticket) copied() Image    { is := *t; return &is }
func (v *Visitor) copied() Image   { is := *v; return &is }
func (a *Agent) copied() Image     { is := *a; return &is }
func (p *Pause) copied() Image     { is := *p; return &is }
func (n *Node) copied() Image      { is := *n; return &is }
func (e *Estimates) copied() Image { is := *e; return &is }

// Fork returns a state that goes its own way from here, without the tickets
// that have ended: a playground for forecasts. Images are shared, which is safe
// because nobody changes one.
func (s *State) Fork() *State {
	f := &State{
		site: s.site, number: s.number, at: s.at, estimates: s.estimates,
		tickets:  make(map[string]*Ticket, len(s.tickets)-len(s.ended)),
		visitors: make(map[string]*Visitor, len(s.tickets)-len(s.ended)),
		agents:   maps.Clone(s.agents),
		nodes:    maps.Clone(s.nodes), sessionsOn: maps.Clone(s.sessionsOn),
		lines:   make(map[QueueID]*line, len(s.lines)),
		classes: make(map[classKey]*class, len(s.classes)),
		paused:  maps.Clone(s.paused),
		agenda:  s.agenda.clone(),
		held:    make(map[string]map[string]*Ticket, len(s.held)),
		guests:  map[string]map[string]*Ticket{},
		lost:    maps.Clone(s.lost),
	}
	keep := func(t *Ticket) {
		f.tickets[t.ID] = t
		if v := s.visitors[t.Visitor]; v != nil {
			f.visitors[v.ID] = v
		}
	}
	for q, l := range s.lines {
		f.lines[q] = &line{sorted: l.clone(), plain: l.plain}
		for _, t := range l.all() {
			keep(t)
		}
	}
	for k, c := range s.classes {
		f.classes[k] = &class{classKey: k, need: c.need, sorted: c.clone()}
	}
	for a, held := range s.held {
		f.held[a] = maps.Clone(held)
		for _, t := range held {
			keep(t)
		}
	}
	return f
}
