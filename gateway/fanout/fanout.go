// Package fanout brings what the log says to the people who are connected: it keeps who
// is here, finds out whose view the steps of a site change, and has the connections show
// it.
//
//	people := fanout.New(ctx, site, rules, fanout.Options{Metrics: metrics, Evicts: evicts, Logger: log}) // before the App starts
//	defer people.Close()
//	limit := people.Enter(conn, address, bounds) // from here on conn hears of every change
//	last := people.Exit(conn, address)
//
// A step that changes a person's ticket or desk is shown to them at once. What changes
// with every step before them in line, a place and a wait, is shown by a cadence (push.go),
// and supervisors are shown the board by another (board.go). Both rest while there is
// nothing to show: a change of a line, or a supervisor who comes, wakes them.
//
// The package makes no frame but the board, which all supervisors share; a Conn makes its
// own from the state, with package view.
package fanout

import (
	"context"
	"log/slog"
	"sync"

	"nextup/app"
	"nextup/gateway/view"
	"nextup/queue"
)

// Conn is the connection of a person. Its methods never block.
type Conn interface {
	app.Connection
	// Show brings its view up to date with the state.
	Show()
	// ShowSnapshot brings the view of a visitor up to date with a snapshot of their ticket
	// that was taken just now.
	ShowSnapshot(s *view.TicketSnapshot)
	// Reset tells the client to drop what it was shown: it may never have been.
	Reset()
	// ShowAvailability tells the client that the site can no longer serve it, or can again.
	ShowAvailability(available bool)
	// DropUnreadable stops following conversations that the person may no longer read.
	DropUnreadable()
}

// Options are what a Site is made of beside what it shows. All are required.
type Options struct {
	Metrics *Metrics
	// Evicts reports whether the log throws away what it holds when it is full.
	Evicts func() bool
	Logger *slog.Logger
}

// Site shows the people of one site what happens there. New makes it and Close ends it.
type Site struct {
	*People
	Board *Board
	push  *push
	stop  context.CancelFunc
	work  sync.WaitGroup
}

// New subscribes to a site that is not followed yet, under the given rules.
func New(ctx context.Context, site *app.Site, rules *queue.Site, o Options) *Site {
	people, day := newPeople(), newDay()
	s := &Site{
		People: people,
		Board:  &Board{replica: site, people: people, day: day, evicts: o.Evicts, log: o.Logger},
		push:   newPush(site, people, o.Metrics, rules),
	}
	site.AddConnections(people)
	site.OnRestore(day.restore)
	site.OnSteps(day.onSteps)
	site.OnRestore(func(*queue.State) { s.push.changed(nil, true) })
	site.OnSteps(s.push.onSteps)
	site.OnRestore(func(*queue.State) { s.each(Conn.Show) })
	site.OnSteps(s.onSteps)
	// Nothing is shown after a reset until a snapshot has come.
	site.OnReset(func() { s.each(Conn.Reset) })
	// Connections stay open while the log is away: what was shown last is the best that
	// is known.
	site.OnAvailability(func(available bool) { s.each(func(c Conn) { c.ShowAvailability(available) }) })
	site.OnDrift(s.Board.setDrift)
	ctx, s.stop = context.WithCancel(ctx)
	s.work.Go(func() { s.push.run(ctx) })
	s.work.Go(func() { s.Board.run(ctx) })
	return s
}

// Close ends the cadences.
func (s *Site) Close() {
	s.stop()
	s.work.Wait()
}

// ApplyRules shows what new rules change.
func (s *Site) ApplyRules(rules *queue.Site) {
	s.push.applyRules(rules)
	s.push.changed(nil, true)
}

// onSteps shows the people connected here what changed for them.
func (s *Site) onSteps(st *queue.State, steps []queue.Step) {
	n := concerned{visitors: map[string]bool{}, agents: map[string]bool{}}
	for i := range steps {
		n.add(st, &steps[i])
	}
	for v := range n.visitors {
		for _, c := range s.of(app.Visitor, v) {
			c.Show()
		}
	}
	for a := range n.agents {
		for _, c := range s.of(app.Agent, a) {
			c.Show()
			c.DropUnreadable()
		}
	}
}

// concerned are the people whose views a batch of steps may change.
type concerned struct {
	visitors map[string]bool // whose ticket or session changed
	agents   map[string]bool // whose desk changed
}

// add notes a step, after which the state is st.
func (n concerned) add(st *queue.State, step *queue.Step) {
	for _, a := range step.Agents {
		n.agents[a] = true
	}
	for _, a := range step.Presence { // the visitors that they serve are told
		for _, t := range st.Held(a) {
			if t.Status == queue.Assigned {
				n.visitors[t.Visitor] = true
				n.guestsOf(t)
			}
		}
	}
	for _, v := range step.Visitors {
		n.visitors[v] = true
		if t := st.TicketOf(v); t != nil { // a desk shows whether its visitors are there
			n.agents[t.HeldBy()] = true
			n.guestsOf(t)
		}
	}
	for _, t := range step.Tickets {
		for _, ticket := range []*queue.Ticket{t.Before, t.After} {
			if ticket != nil {
				n.visitors[ticket.Visitor] = true
				n.agents[ticket.HeldBy()] = true
				n.guestsOf(ticket)
			}
		}
	}
}

// guestsOf notes the guests of a ticket.
func (n concerned) guestsOf(t *queue.Ticket) {
	for _, guest := range t.Guests {
		n.agents[guest] = true
	}
}
