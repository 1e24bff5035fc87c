package gateway

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

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

	// people are the sessions with a conn on this gateway.
	people struct {
		sync.RWMutex
		visitors, agents map[string][]*conn
	}
}

func newSite(g *Gateway, s Site) *site {
	st := &site{g: g, Site: s, id: s.Rules.ID, log: g.log.With("site", s.Rules.ID), state: queue.NewState(s.Rules)}
	st.people.visitors = map[string][]*conn{}
	st.people.agents = map[string][]*conn{}
	st.dispatch = newDispatch(st)
	st.push = newPush(st)
	return st
}

func (s *site) start() {
	s.follower = s.g.options.Store.Follow(s.g.ctx, s.id, s)
	s.g.work.Go(s.dispatch.run)
	s.g.work.Go(s.push.run)
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
	s.mu.Unlock()
	s.showAll()
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
}

// tell shows everybody here what changed for them.
func (n *news) tell() {
	for v := range n.visitors {
		for _, c := range n.connsOf(v, false) {
			c.show()
		}
	}
	for a := range n.agents {
		for _, c := range n.connsOf(a, true) {
			c.show()
			c.dropLost()
		}
	}
	n.push.changed(n.queues, n.waits)
	n.dispatch.saw(n.steps)
	n.rebind()
}

// rebind says again that this gateway holds a conn of somebody whom another
// word (a conn closed in the same moment, another tab elsewhere) called lost.
func (n *news) rebind() {
	for v := range n.visitors {
		n.bindIfLost(n.connsOf(v, false), func(st *queue.State) bool {
			i := st.Visitor(v)
			return i != nil && i.Session.Lost()
		})
	}
	for a := range n.agents {
		n.bindIfLost(n.connsOf(a, true), func(st *queue.State) bool {
			i := st.Agent(a)
			return i != nil && i.Session.Lost()
		})
	}
}

func (n *news) bindIfLost(conns []*conn, lost func(st *queue.State) bool) {
	if len(conns) == 0 {
		return
	}
	var is bool
	n.read(func(st *queue.State) { is = lost(st) })
	if is {
		c := conns[0]
		n.g.work.Go(func() {
			if err := c.bind(n.g.ctx); err != nil {
				n.log.Warn("a session could not be bound again", "err", err)
			}
		})
	}
}

// enter adds a conn to its person's; first says that it is the only one.
func (s *site) enter(c *conn) {
	s.people.Lock()
	defer s.people.Unlock()
	m := s.peopleOf(c.isAgent())
	m[c.id.Subject] = append(m[c.id.Subject], c)
}

// exit removes a conn and says whether it was its person's last one here.
func (s *site) exit(c *conn) (last bool) {
	s.people.Lock()
	defer s.people.Unlock()
	m := s.peopleOf(c.isAgent())
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

func (s *site) peopleOf(agents bool) map[string][]*conn {
	if agents {
		return s.people.agents
	}
	return s.people.visitors
}

func (s *site) connsOf(subject string, agent bool) []*conn {
	s.people.RLock()
	defer s.people.RUnlock()
	return s.peopleOf(agent)[subject]
}

func (s *site) everybody() []*conn {
	s.people.RLock()
	defer s.people.RUnlock()
	var all []*conn
	for _, m := range []map[string][]*conn{s.people.visitors, s.people.agents} {
		for _, conns := range m {
			all = append(all, conns...)
		}
	}
	return all
}

func (s *site) showAll() {
	for _, c := range s.everybody() {
		c.show()
	}
	s.dispatch.wake()
}
