package gateway

import (
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"nextup/app"
	"nextup/gateway/protocol"
	"nextup/queue"
)

// site is one tenant, and the people of it who are connected here.
type site struct {
	*app.Site
	g *Gateway
	// file is what the site file says now; see reload.go.
	file atomic.Pointer[Site]
	log  *slog.Logger

	people    people
	push      *push
	board     *board
	day       *day
	addresses tally
	// leaving is set while the sockets are sent elsewhere.
	leaving atomic.Bool
}

// newSite subscribes to a site that is not followed yet.
func newSite(g *Gateway, file Site) *site {
	s := &site{Site: g.app.Site(file.Rules.ID), g: g, log: g.log.With("site", file.Rules.ID), people: newPeople(), day: newDay()}
	s.file.Store(&file)
	s.push = newPush(g.ctx, s.Site, &s.people, g.metrics, file.Rules)
	s.board = &board{replica: s.Site, people: &s.people, day: s.day, evicts: g.options.Evicts, log: s.log}
	s.SetConnections(&s.people)
	s.OnRestore(s.day.restore)
	s.OnSteps(s.day.onSteps)
	s.OnRestore(func(*queue.State) { s.push.changed(nil, true) })
	s.OnSteps(s.push.onSteps)
	s.OnRestore(s.onRestore)
	s.OnSteps(s.onSteps)
	s.OnReset(s.onReset)
	s.OnAvailability(s.onAvailability)
	s.OnDrift(s.board.setDrift)
	return s
}

func (s *site) start() {
	s.g.work.Go(s.push.run)
	s.g.work.Go(func() { s.board.run(s.g.ctx) })
}

// onRestore shows every connected person what a new snapshot says.
func (s *site) onRestore(*queue.State) {
	for _, c := range s.people.all() {
		c.show()
	}
}

// onReset tells clients that what they were told may never have been. Nothing is
// shown until a snapshot has brought what is.
func (s *site) onReset() {
	for _, c := range s.people.all() {
		c.reset()
	}
}

// onSteps shows the people connected here what changed for them.
func (s *site) onSteps(st *queue.State, steps []queue.Step) {
	n := concerned{visitors: map[string]bool{}, agents: map[string]bool{}}
	for i := range steps {
		n.add(st, &steps[i])
	}
	for v := range n.visitors {
		for _, c := range s.people.of(v, protocol.Visitor) {
			c.show()
		}
	}
	for a := range n.agents {
		for _, c := range s.people.of(a, protocol.Agent) {
			c.show()
			c.dropLost()
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
		for _, i := range []*queue.Ticket{t.Before, t.After} {
			if i != nil {
				n.visitors[i.Visitor] = true
				n.agents[i.HeldBy()] = true
				n.guestsOf(i)
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

// queuesOf finds the lines whose order steps may have changed, and whether every
// wait may have.
func queuesOf(steps []queue.Step) (queues map[queue.QueueID]bool, all bool) {
	queues = map[queue.QueueID]bool{}
	for _, step := range steps {
		for _, t := range step.Tickets {
			for _, i := range []*queue.Ticket{t.Before, t.After} {
				if i != nil {
					queues[i.Queue()] = true
				}
			}
		}
		for _, q := range slices.Concat(step.Queues, step.Attended) {
			queues[q] = true
		}
		all = all || step.Estimates
	}
	return queues, all
}

// grace is how long a visitor whose conn is lost keeps their place.
func (s *site) grace() time.Duration {
	return time.Duration(s.file.Load().Rules.VisitorGrace) * time.Millisecond
}
