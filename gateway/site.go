package gateway

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"nextup/gateway/protocol"
	"nextup/queue"
)

// errReused says that a client used the id of one join for another.
var errReused = errors.New("gateway: this id was used for another join")

// errBusy says that a request met too many conflicts in a row.
var errBusy = errors.New("gateway: too much contention")

// site is this gateway's replica of one site and the people of it who are here.
type site struct {
	g  *Gateway
	id string
	// file is what the site file says now; see reload.go.
	file     atomic.Pointer[Site]
	log      *slog.Logger
	follower queue.Follower
	dispatch *dispatch
	learner  *learner
	push     *push
	board    *board
	day      *day

	mu    sync.RWMutex
	state *queue.State
	// differed is how many gateways had other rules in the last look, and differs
	// whether that counts; both are compareRules'.
	differed int
	differs  bool
	// resetting is set between a fork and the new snapshot; restores counts the
	// snapshots and moves under mu.
	resetting atomic.Bool
	restores  atomic.Uint64
	// withdrawn is what was logged last of withdrawn queues.
	withdrawn atomic.Pointer[string]
	// leaving is set while the sockets are sent elsewhere.
	leaving atomic.Bool

	availability *availability

	departures departures
	addresses  tally
	// people are the sessions with a conn on this gateway.
	people struct {
		sync.RWMutex
		visitors, agents, supervisors map[string][]*conn
		conns                         int
	}
}

func newSite(g *Gateway, s Site) *site {
	st := &site{g: g, id: s.Rules.ID, log: g.log.With("site", s.Rules.ID), state: queue.NewState(s.Rules)}
	st.file.Store(&s)
	st.people.visitors = map[string][]*conn{}
	st.people.agents = map[string][]*conn{}
	st.people.supervisors = map[string][]*conn{}
	st.availability = newAvailability()
	st.dispatch = newDispatch(st)
	st.learner = &learner{site: st}
	st.push = newPush(st)
	st.board = &board{site: st}
	st.day = newDay()
	return st
}

func (s *site) start() {
	s.follower = s.g.options.Store.Follow(s.g.ctx, s.id, s)
	s.g.work.Go(s.dispatch.run)
	s.g.work.Go(s.learner.run)
	s.g.work.Go(s.push.run)
	s.g.work.Go(s.board.run)
	s.g.work.Go(s.probeLog)
	s.g.work.Go(s.watchLog)
}

// read runs look on the replica. Images that look finds may be kept.
func (s *site) read(look func(st *queue.State)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	look(s.state)
}

// now is the time of the site's log.
func (s *site) now() queue.Stamp { return s.g.options.Store.Now(s.id) }

// tries bounds how often one wish is decided anew.
const tries = 12

// do decides a wish on the replica, commits it and returns once the replica has
// replayed it, with its log number (0 when there was nothing to do). It decides
// again when somebody was faster, with jittered back-off, and ends in errBusy.
func (s *site) do(ctx context.Context, decide func(st *queue.State) (queue.Change, error)) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := s.takes(); err != nil {
		return 0, err // at once, rather than after a time-out
	}
	for try := range tries {
		var c queue.Change
		var err error
		var seen uint64
		s.read(func(st *queue.State) {
			seen = st.Number()
			c, err = decide(st)
		})
		if err != nil || c.Empty() {
			return 0, err
		}
		out, err := s.g.options.Store.Commit(ctx, s.id, []queue.Change{c})
		if err != nil {
			s.availability.doubt(err)
			return 0, err
		}
		if err := s.follower.WaitFor(ctx, out[0].Number); err != nil {
			return 0, errors.Join(queue.ErrUnavailable, err)
		}
		switch out[0].Verdict {
		case queue.Done:
			s.g.metrics.committed(s.id, c.Cause)
			if out[0].Number <= seen { // found as committed before, or the log has forked and we do not know yet
				if err := s.follower.Sync(ctx); err != nil {
					return 0, err
				}
			}
			return out[0].Number, nil
		case queue.Late:
			return 0, queue.ErrUnknownOffer // only an offer has a last moment
		case queue.IDConflict:
			if c.Cause == queue.CauseJoined { // the client chose the id
				return 0, errReused
			}
			s.g.metrics.conflicts.WithLabelValues(s.id).Inc()
		case queue.Conflict, queue.Early:
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
	s.restores.Add(1)
	name := s.g.node.String()
	lost := s.state.NodeLost(name)
	s.day.restore(s.state)
	s.mu.Unlock()
	s.resetting.Store(false)
	for _, c := range s.everybody() {
		c.show()
	}
	s.dispatch.restored()
	s.learner.restored()
	s.sayWithdrawn()
	// What bound the people here may be among what was lost.
	s.g.work.Go(func() {
		if !s.g.draining.Load() && (!lost || !s.g.reborn(name)) {
			s.bindAll()
		}
	})
}

// Reset implements queue.Replica: what people were told may never have been.
// Nothing is shown until Restore has brought what is.
func (s *site) Reset() {
	s.log.Warn("the log forked: records were lost and their numbers used again; clients are reset")
	s.resetting.Store(true)
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
	if len(records) > 0 {
		s.g.metrics.replayed(s.id, records[0].At, s.now())
	}
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
	for _, a := range step.Presence { // those whom they serve are told
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
				n.queues[i.Queue()] = true
				n.guestsOf(i)
			}
		}
	}
	for _, q := range slices.Concat(step.Queues, step.Attended) {
		n.queues[q] = true
	}
	n.waits = n.waits || step.Estimates
	if name := n.g.node.String(); step.Cause == queue.CauseNodeLost && st.NodeLost(name) {
		n.lost = name
	}
}

// guestsOf notes the guests of a ticket.
func (n *news) guestsOf(t *queue.Ticket) {
	for _, guest := range t.Guests {
		n.agents[guest] = true
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
	n.learner.saw(n.steps)
	n.day.saw(n.steps)
	if n.lost != "" {
		n.g.work.Go(func() { n.g.reborn(n.lost) })
		return // it binds everybody
	}
	n.rebind()
}
