package gateway

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"nextup/gateway/protocol"
	"nextup/queue"
)

// errBusy says that a request met too many conflicts in a row.
var errBusy = errors.New("gateway: too much contention")

// site is this gateway's replica of one site and the people of it who are here.
type site struct {
	g *Gateway
	Site
	id       string
	log      *slog.Logger
	follower queue.Follower
	dispatch *dispatch
	push     *push

	mu    sync.RWMutex
	state *queue.State

	addresses tally
	// people are the sessions with a conn on this gateway.
	people struct {
		sync.RWMutex
		visitors, agents, supervisors map[string][]*conn
		conns                         int
	}
}

func newSite(g *Gateway, s Site) *site {
	st := &site{g: g, Site: s, id: s.Rules.ID, log: g.log.With("site", s.Rules.ID), state: queue.NewState(s.Rules)}
	st.people.visitors = map[string][]*conn{}
	st.people.agents = map[string][]*conn{}
	st.people.supervisors = map[string][]*conn{}
	st.dispatch = newDispatch(st)
	st.push = newPush(st)
	return st
}

func (s *site) start() {
	s.follower = s.g.options.Store.Follow(s.g.ctx, s.id, s)
	s.g.work.Go(s.dispatch.run)
	s.g.work.Go(s.push.run)
	s.g.work.Go(s.watchLog)
}

// read runs look on the replica. Images that look finds may be kept.
func (s *site) read(look func(st *queue.State)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	look(s.state)
}

// tries bounds how often one wish is decided anew.
const tries = 12

// do decides a wish on the replica, commits it and returns once the replica has
// replayed it, with its log number (0 when there was nothing to do). It decides
// again when somebody was faster, with jittered back-off, and ends in errBusy.
func (s *site) do(ctx context.Context, decide func(st *queue.State) (queue.Change, error)) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if !s.follower.Ready() {
		return 0, queue.ErrUnavailable // at once, rather than after a time-out
	}
	for try := range tries {
		var c queue.Change
		var err error
		s.read(func(st *queue.State) { c, err = decide(st) })
		if err != nil || c.Empty() {
			return 0, err
		}
		out, err := s.g.options.Store.Commit(ctx, s.id, []queue.Change{c})
		if err != nil {
			return 0, err
		}
		if err := s.follower.WaitFor(ctx, out[0].Number); err != nil {
			return 0, errors.Join(queue.ErrUnavailable, err)
		}
		switch out[0].Verdict {
		case queue.Done:
			s.g.metrics.committed(s.id, c.Cause)
			return out[0].Number, nil
		case queue.Late:
			return 0, queue.ErrUnknownOffer // only an offer has a last moment
		case queue.Moved, queue.Early:
			s.g.metrics.conflicts.WithLabelValues(s.id).Inc()
		}
		pause(ctx, rand.N(time.Millisecond<<min(try, 6)))
	}
	return 0, errBusy
}

// pause waits, or less if ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// Restore implements queue.Replica.
func (s *site) Restore(number uint64, at queue.Stamp, images []queue.Image) {
	s.mu.Lock()
	s.state.Restore(number, at, images)
	name := s.g.node.String()
	lost := s.state.NodeLost(name)
	s.mu.Unlock()
	for _, c := range s.everybody() {
		c.show()
	}
	s.dispatch.wake()
	// What bound the people here may be among what was lost.
	s.g.work.Go(func() {
		if !lost || !s.g.reborn(name) {
			s.bindAll()
		}
	})
}

// Reset implements queue.Replica: what people were told may never have been.
func (s *site) Reset() {
	s.log.Warn("the log forked: records were lost and their numbers used again; clients are reset")
	for _, c := range s.everybody() {
		c.reset()
	}
}

// Apply implements queue.Replica.
func (s *site) Apply(records []queue.Record) {
	n := newsOf(s)
	s.mu.Lock()
	for _, r := range records {
		n.add(s.state, s.state.Apply(r))
	}
	s.mu.Unlock()
	n.tell()
}

// news is what a batch of records changed for the people who are here.
type news struct {
	*site
	visitors map[string]bool // whose ticket or session changed
	agents   map[string]bool // whose desk changed
	queues   map[queue.QueueID]bool
	waits    bool
	lost     string // this node's name, if the log calls it lost
	steps    []queue.Step
}

func newsOf(s *site) *news {
	return &news{site: s, visitors: map[string]bool{}, agents: map[string]bool{}, queues: map[queue.QueueID]bool{}}
}

// add notes a step just applied to st.
func (n *news) add(st *queue.State, step queue.Step) {
	n.steps = append(n.steps, step)
	for _, a := range step.Agents {
		n.agents[a] = true
	}
	for _, v := range step.Visitors {
		n.visitors[v] = true
		if t := st.TicketOf(v); t != nil {
			n.agents[t.HeldBy()] = true // a desk shows whether its visitors are there
		}
	}
	for _, t := range step.Tickets {
		for _, i := range []*queue.Ticket{t.Was, t.Is} {
			if i != nil {
				n.visitors[i.Visitor] = true
				n.agents[i.HeldBy()] = true
				n.queues[i.Queue()] = true
			}
		}
	}
	n.waits = n.waits || step.Estimates
	if name := n.g.node.String(); step.Cause == queue.CauseNodeLost && st.NodeLost(name) {
		n.lost = name
	}
}

// tell shows everybody here what changed for them.
func (n *news) tell() {
	for v := range n.visitors {
		for _, c := range n.connsOf(v, protocol.Visitor) {
			c.show()
		}
	}
	for a := range n.agents {
		for _, c := range n.connsOf(a, protocol.Agent) {
			c.show()
			c.dropLost()
		}
	}
	n.push.changed(n.queues, n.waits)
	n.dispatch.saw(n.steps)
	if n.lost != "" {
		n.g.work.Go(func() { n.g.reborn(n.lost) })
		return // it binds everybody
	}
	n.rebind()
}

// rebind makes the log agree with who is here. It binds again whom another word
// (a conn closed in the same moment, another tab elsewhere) called lost while a
// conn is here, and loses who is bound to this node and not here (a bind that
// was committed after its conn had gone).
func (n *news) rebind() {
	for v := range n.visitors {
		n.agree(v, protocol.Visitor, func(st *queue.State) (queue.Session, bool) {
			i := st.Visitor(v)
			if t := st.TicketOf(v); t == nil || !t.Open() {
				return queue.Session{}, false
			}
			return i.Session, true
		})
	}
	for a := range n.agents {
		n.agree(a, protocol.Agent, func(st *queue.State) (queue.Session, bool) {
			i := st.Agent(a)
			if i == nil {
				return queue.Session{}, false
			}
			return i.Session, true
		})
	}
}

// agree compares one person's session with who is here.
func (n *news) agree(subject string, role protocol.Role, session func(*queue.State) (queue.Session, bool)) {
	var held queue.Session
	var known bool
	n.read(func(st *queue.State) { held, known = session(st) })
	here := n.connsOf(subject, role)
	switch {
	case !known || n.g.draining.Load():
	case held.Lost() && len(here) > 0:
		n.g.work.Go(func() { n.bindOrTry(here[0]) })
	case !held.Lost() && held.Node == n.g.node.String() && len(here) == 0:
		n.g.work.Go(func() { n.lose(subject, role) })
	}
}

// insist does something until it succeeds, the person's presence here is not
// what it was, or the gateway ends.
func (s *site) insist(subject string, role protocol.Role, here bool, do func() error) {
	for wait := 100 * time.Millisecond; s.g.ctx.Err() == nil; wait = min(2*wait, 5*time.Second) {
		if (len(s.connsOf(subject, role)) > 0) != here || do() == nil {
			return
		}
		pause(s.g.ctx, wait)
	}
}

// bindOrTry binds a person who is here, again and again while the log is away.
func (s *site) bindOrTry(c *conn) {
	s.insist(c.id.Subject, c.id.Role, true, func() error { return c.bind(s.g.ctx) })
}

// bindAll binds everybody who is here.
func (s *site) bindAll() {
	var all errgroup.Group
	all.SetLimit(64)
	for _, c := range s.everybody() {
		all.Go(func() error {
			s.bindOrTry(c)
			return nil
		})
	}
	_ = all.Wait()
}

// lose says that this gateway holds no conn of a person any more, again and
// again while the log is away.
func (s *site) lose(subject string, role protocol.Role) {
	s.insist(subject, role, false, func() error {
		_, err := s.do(s.g.ctx, func(st *queue.State) (queue.Change, error) {
			switch role {
			case protocol.Visitor:
				return st.LoseVisitor(subject, s.g.node.String()), nil
			case protocol.Agent:
				return st.LoseAgent(subject, s.g.node.String()), nil
			case protocol.Supervisor: // needs no session
			}
			return queue.Change{}, nil
		})
		return err
	})
}

// enter adds a conn to its person's, or names the limit that it would break.
func (s *site) enter(c *conn) (limit string) {
	s.people.Lock()
	defer s.people.Unlock()
	m := s.peopleOf(c.id.Role)
	switch {
	case s.people.conns >= s.Limits.Conns:
		return "conns"
	case len(m[c.id.Subject]) >= s.Limits.ConnsPerPerson:
		return "conns_per_person"
	case !s.addresses.add(c.from, s.Limits.ConnsPerAddress):
		return "conns_per_address"
	}
	m[c.id.Subject] = append(m[c.id.Subject], c)
	s.people.conns++
	return ""
}

// exit removes a conn and says whether it was its person's last one here.
func (s *site) exit(c *conn) (last bool) {
	s.addresses.remove(c.from)
	s.people.Lock()
	defer s.people.Unlock()
	s.people.conns--
	m := s.peopleOf(c.id.Role)
	var left []*conn // a new slice: others may be reading the old one
	for _, other := range m[c.id.Subject] {
		if other != c {
			left = append(left, other)
		}
	}
	if len(left) == 0 {
		delete(m, c.id.Subject)
		return true
	}
	m[c.id.Subject] = left
	return false
}

func (s *site) peopleOf(role protocol.Role) map[string][]*conn {
	switch role {
	case protocol.Agent:
		return s.people.agents
	case protocol.Supervisor:
		return s.people.supervisors
	case protocol.Visitor:
		return s.people.visitors
	}
	return s.people.visitors
}

func (s *site) connsOf(subject string, role protocol.Role) []*conn {
	s.people.RLock()
	defer s.people.RUnlock()
	return s.peopleOf(role)[subject]
}

func (s *site) everybody() []*conn {
	s.people.RLock()
	defer s.people.RUnlock()
	var all []*conn
	for _, m := range []map[string][]*conn{s.people.visitors, s.people.agents, s.people.supervisors} {
		for _, conns := range m {
			all = append(all, conns...)
		}
	}
	return all
}
