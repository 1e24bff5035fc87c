package app

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"nextup/internal/cadence"
	"nextup/queue"
)

// Connection is one connection of a person to this process, by any transport.
type Connection interface {
	Actor() *Actor
	// Facts is what the transport knows of an agent: their departments and capacity, the
	// languages of their token. It is asked for agents alone.
	Facts() queue.AgentFacts
}

// Connections finds the connections that one transport has at this process to the people of
// a site. Its methods may be called at any time.
type Connections interface {
	// Of returns a connection of the person, or nil if this process has none.
	Of(role Role, id string) Connection
	// All lists one connection or more of each person.
	All() []Connection
}

// How many changes a site commits at the same time: those that bind a person, and those that
// lose one.
const (
	maxBinding = 64
	maxLosing  = 16
)

// connections keeps the sessions in the log in agreement with the connections of this
// process. It binds a person again whose session the log has as lost while a connection is
// here: another connection ended in the same moment, or a tab elsewhere. It loses a person
// whose session is bound to this node without a connection here: the change that bound it
// was committed after the connection had gone.
type connections struct {
	site             *Site
	transports       []Connections // none while the process has no transport
	visitors, agents disconnects
}

// AddConnections adds the connections of one transport, before Start. The transport lists a
// connection before it calls Connect. A person is here while any transport has a connection
// of theirs.
func (s *Site) AddConnections(here Connections) {
	c := &s.connections
	if c.transports = append(c.transports, here); len(c.transports) == 1 {
		s.OnSteps(c.onSteps)
	}
}

func (c *connections) init(s *Site) {
	c.site = s
	for role, d := range map[Role]*disconnects{Visitor: &c.visitors, Agent: &c.agents} {
		*d = disconnects{app: s.app, lose: func(id string) { c.lose(&Actor{Role: role, ID: id}) }}
	}
}

// Disconnected follows the end of a person's last connection by a transport. The person is
// lost as soon as the log takes that, unless another transport has a connection of theirs.
// Disconnected returns at once.
func (s *Site) Disconnected(a *Actor) { s.connections.disconnected(a) }

func (c *connections) disconnected(a *Actor) {
	switch a.Role {
	case Visitor:
		c.visitors.add(a.ID)
	case Agent:
		c.agents.add(a.ID)
	case Supervisor, Admin, Host, Bot: // have no session
	}
}

// onSteps compares the sessions that steps may have changed with the connections.
func (c *connections) onSteps(st *queue.State, steps []queue.Step) {
	if c.site.app.leaving.Load() ||
		slices.ContainsFunc(steps, func(s queue.Step) bool { return c.site.app.IsOwnNode(s.LostNode()) }) {
		return // this process rejoins, or has by now, which binds them all
	}
	visitors, agents := map[string]bool{}, map[string]bool{}
	for i := range steps {
		for _, v := range steps[i].Visitors {
			visitors[v] = true
		}
		for _, a := range steps[i].Agents {
			agents[a] = true
		}
	}
	for v := range visitors {
		if t := st.TicketOf(v); t != nil && t.Open() {
			c.reconcile(&Actor{Role: Visitor, ID: v}, st.Visitor(v).Session)
		}
	}
	for id := range agents {
		if a := st.Agent(id); a != nil {
			c.reconcile(&Actor{Role: Agent, ID: id}, a.Session)
		}
	}
}

// reconcile compares one person's session with their connections.
func (c *connections) reconcile(a *Actor, session queue.Session) {
	lost := session.Lost()
	if !lost && session.Node != c.site.app.Node() {
		return
	}
	switch here := c.of(a); {
	case lost && here != nil:
		c.site.app.work.Go(func() { c.bind(here) })
	case !lost && here == nil:
		c.disconnected(a)
	}
}

// of returns a connection of the person by any transport, or nil.
func (c *connections) of(a *Actor) Connection {
	for _, transport := range c.transports {
		if one := transport.Of(a.Role, a.ID); one != nil {
			return one
		}
	}
	return nil
}

// bindAll binds every person with a connection here, of the role or, with "", of any role.
func (c *connections) bindAll(role Role) {
	var all errgroup.Group
	all.SetLimit(maxBinding)
	for _, transport := range c.transports {
		for _, one := range transport.All() {
			if role == "" || role == one.Actor().Role {
				all.Go(func() error {
					c.bind(one)
					return nil
				})
			}
		}
	}
	_ = all.Wait()
}

// bind binds the session of a person to this node, and tries again while the log is away. It
// leaves a session that another process has bound since: this connection is then another
// tab, or one that the client has given up.
func (c *connections) bind(one Connection) {
	a := one.Actor()
	c.retryWhile(a, true, func() error {
		if c.site.heldElsewhere(a) {
			return nil
		}
		return c.site.Connect(c.site.ctx, one)
	})
}

// lose writes to the log that this process has no connection of a person any more, and tries
// again while the log is away.
func (c *connections) lose(a *Actor) {
	c.retryWhile(a, false, func() error { return c.site.disconnect(c.site.ctx, a) })
}

// retryWhile does something until it succeeds, the person has come or gone, or the
// process ends.
func (c *connections) retryWhile(a *Actor, here bool, do func() error) {
	for wait := 100 * time.Millisecond; c.site.ctx.Err() == nil; wait = min(2*wait, 5*time.Second) {
		if (c.of(a) != nil) != here || do() == nil {
			return
		}
		cadence.Pause(c.site.ctx, wait)
	}
}

// disconnects queues the people of a role whose last connection here has gone, until the log
// has that. At most maxLosing are written at the same time; the others wait as a name each
// and not as a goroutine each, since a failure may cut very many at once. A person with a new
// connection by then is not called lost.
type disconnects struct {
	app  *App
	lose func(id string) // commits it

	mu     sync.Mutex
	queued []disconnect    // in order; never longer than there are names
	names  map[string]bool // those that are queued
	busy   int
}

type disconnect struct {
	id string
	at time.Time
}

// add queues a person, unless they are queued already.
func (d *disconnects) add(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.names[id] {
		return
	}
	if d.names == nil {
		d.names = map[string]bool{}
	}
	d.names[id] = true
	d.queued = append(d.queued, disconnect{id, time.Now()})
	if d.busy < maxLosing {
		d.busy++
		d.app.work.Go(d.run)
	}
}

// next removes and returns the first in the queue; ok is false if it is empty, and then the
// caller ends.
func (d *disconnects) next() (first disconnect, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.queued) == 0 {
		d.queued, d.names = nil, nil
		d.busy--
		return disconnect{}, false
	}
	first, d.queued = d.queued[0], d.queued[1:]
	delete(d.names, first.id)
	return first, true
}

// run loses one person of the queue after the other.
func (d *disconnects) run() {
	for {
		next, ok := d.next()
		if !ok {
			return
		}
		if d.app.leaving.Load() { // most are bound elsewhere at once, and then this is nothing
			cadence.Pause(d.app.ctx, time.Until(next.at.Add(time.Second)))
		}
		d.lose(next.id)
	}
}

// Connect writes to the log that this process has a connection of the person, with the facts
// of an agent. The transport calls it, not the person, so it waits for none of their
// commands.
func (s *Site) Connect(ctx context.Context, c Connection) error {
	a := c.Actor()
	var facts queue.AgentFacts
	if a.Role == Agent {
		facts = c.Facts()
		// A log that lost a record while none here followed it gets it again.
		s.Read(func(st *queue.State) {
			s.members.forgetMember(actorKey{a.Role, a.ID}, slices.Concat(st.Held(a.ID), st.Guesting(a.ID)))
		})
	}
	_, err := s.Decide(ctx, Refusals{}, func(st *queue.State) (queue.Change, error) {
		switch a.Role {
		case Visitor:
			return st.BindVisitor(a.ID, s.app.Node()), nil
		case Agent:
			return st.BindAgent(facts, s.app.Node()), nil
		case Supervisor, Admin, Host, Bot: // need no session
		}
		return queue.Change{}, nil
	})
	return err
}

// disconnect writes to the log that this process has no connection of the person any more.
func (s *Site) disconnect(ctx context.Context, a *Actor) error {
	_, err := s.Decide(ctx, Refusals{}, func(st *queue.State) (queue.Change, error) {
		switch a.Role {
		case Visitor:
			return st.LoseVisitor(a.ID, s.app.Node()), nil
		case Agent:
			return st.LoseAgent(a.ID, s.app.Node()), nil
		case Supervisor, Admin, Host, Bot: // have no session
		}
		return queue.Change{}, nil
	})
	return err
}

// heldElsewhere reports whether another node holds the person's session, as far as is
// known.
func (s *Site) heldElsewhere(a *Actor) bool {
	var held queue.Session
	s.Read(func(st *queue.State) {
		if v := st.Visitor(a.ID); v != nil && a.Role == Visitor {
			held = v.Session
		}
		if agent := st.Agent(a.ID); agent != nil && a.Role == Agent {
			held = agent.Session
		}
	})
	return held.Node != "" && !held.Lost() && held.Node != s.app.Node()
}
