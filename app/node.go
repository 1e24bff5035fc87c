package app

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"nextup/internal/cadence"
	"nextup/presence"
	"nextup/queue"
)

// node is this process's name among the nodes. A name that the log calls lost is never
// used again, so a process that was taken for dead goes on under a new one.
type node struct {
	base string
	mu   sync.RWMutex
	name string
	// former are the names that the log has called lost.
	former []string
}

func newNode(base string) *node {
	if base == "" {
		base = "gateway"
	}
	n := &node{base: base}
	n.rename("")
	return n
}

func (n *node) String() string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.name
}

// rename takes a new name if old is still the name, and reports whether it did.
func (n *node) rename(old string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.name != old {
		return false
	}
	if old != "" {
		n.former = append(n.former, old)
	}
	n.name = n.base + "-" + uuid.NewString()[:8]
	return true
}

// Node is the name under which the log knows this process now.
func (a *App) Node() string { return a.node.String() }

// IsOwnNode reports whether a name is this process's now, or was until the log called it
// lost: then the process rejoins, or has done so.
func (a *App) IsOwnNode(name string) bool {
	a.node.mu.RLock()
	defer a.node.mu.RUnlock()
	return name == a.node.name || slices.Contains(a.node.former, name)
}

// holdLease renews the node's lease until the App ends, and then gives it back.
func (a *App) holdLease() {
	for more := true; more; more = cadence.Wait(a.ctx, presence.Renewal) {
		if err := a.renewLease(); err != nil && a.ctx.Err() == nil {
			a.leaseLog.Log(a.log, "the node's lease is not renewed", "err", err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = a.options.Presence.Leave(ctx, a.Node()) // else it runs out
}

func (a *App) renewLease() error {
	ctx, cancel := context.WithTimeout(a.ctx, presence.Renewal)
	defer cancel()
	err := a.options.Presence.Renew(ctx, a.Node(), presence.TTL)
	if err == nil {
		a.renewed.Store(int64(time.Since(a.started)))
	}
	return err
}

// TakenForLost is for how long the other nodes, if they still reach the registry, have
// taken this one for lost: 0 or less while they do not.
func (a *App) TakenForLost() time.Duration {
	silent := time.Since(a.started) - time.Duration(a.renewed.Load())
	return silent - presence.TTL - presence.Certainty
}

// noticeLoss rejoins when the log calls this node lost.
func (s *Site) noticeLoss(st *queue.State, steps []queue.Step) {
	for _, step := range steps {
		if step.Cause == queue.CauseNodeLost {
			s.rejoinIfLost(st)
			return
		}
	}
}

// restored binds all who are connected here: what bound them may be among what was lost.
func (s *Site) restored(st *queue.State) {
	s.logWithdrawn(st)
	switch {
	case st.NodeLost(s.app.Node()):
		s.rejoinIfLost(st) // which binds them
	case !s.app.leaving.Load():
		s.app.work.Go(func() { s.connections.bindAll("") })
	}
}

func (s *Site) rejoinIfLost(st *queue.State) {
	if name := s.app.Node(); st.NodeLost(name) {
		s.app.work.Go(func() { s.app.rejoin(name) })
	}
}

// rejoin takes a new name after the log has called this one lost.
func (a *App) rejoin(lost string) {
	if a.leaving.Load() || !a.node.rename(lost) { // a process that leaves has said so itself
		return
	}
	a.log.Warn("this gateway was taken for lost; it goes on under a new name", "lost", lost, "now", a.Node())
	if err := a.renewLease(); err != nil {
		a.leaseLog.Log(a.log, "the node's lease is not renewed", "err", err)
	}
	for _, s := range a.sites {
		s.connections.bindAll("")
	}
}

// Leaving keeps this process from rejoining: it is about to end.
func (a *App) Leaving() { a.leaving.Store(true) }

// Leave has each site's log say that this node has gone, and with it every session that
// it still holds.
func (a *App) Leave(ctx context.Context) {
	a.Leaving()
	name := a.Node()
	for _, s := range a.sites {
		if _, err := s.Decide(ctx, Refusals{}, func(st *queue.State) (queue.Change, error) { return st.LoseNode(name), nil }); err != nil {
			s.log.Warn("the log does not know that this gateway goes; its lease will tell", "err", err)
		}
	}
}

// nodeCheck is how often a process looks for lost nodes, of the sites that it was
// elected for. While none holds a session of any site, it looks every idleNodeCheck
// whether one does: well before the lease of one that comes and dies has run out.
const (
	nodeCheck     = 500 * time.Millisecond
	idleNodeCheck = time.Second
)

// watchNodes puts the nodes that have gone into the logs of the sites for which this
// process was elected. One look at the registry serves them all.
func (a *App) watchNodes() {
	watch := presence.NewWatch(a.options.Presence)
	for every := nodeCheck; cadence.Wait(a.ctx, every); {
		every = idleNodeCheck
		if a.loseNodes(watch, time.Now()) {
			every = nodeCheck
		}
	}
}

// loseNodes looks for lost nodes once, and reports whether any node holds a session of a
// site, also of one for which this process may be elected only later.
func (a *App) loseNodes(watch *presence.Watch, now time.Time) (held bool) {
	holds := map[string][]*Site{} // sites by the nodes that hold sessions of theirs
	for _, s := range a.sites {
		var nodes []string
		s.Read(func(st *queue.State) { nodes = st.Nodes() })
		held = held || len(nodes) > 0
		if !s.Elected() {
			continue
		}
		for _, n := range nodes {
			holds[n] = append(holds[n], s)
		}
	}
	if len(holds) == 0 {
		return held
	}
	nodes := make([]string, 0, len(holds))
	for n := range holds {
		nodes = append(nodes, n)
	}
	ctx, cancel := context.WithTimeout(a.ctx, nodeCheck)
	lost, err := watch.Lost(ctx, nodes, now)
	cancel()
	if err != nil {
		return held // the registry is away; so is the log, which says so
	}
	for _, n := range lost {
		for _, s := range holds[n] {
			s.loseNode(n)
		}
	}
	return held
}

func (s *Site) loseNode(name string) {
	if _, err := s.Decide(s.ctx, Refusals{}, func(st *queue.State) (queue.Change, error) { return st.LoseNode(name), nil }); err != nil {
		s.lossLog.Log(s.log, "a lost node is not in the log yet", "lost", name, "err", err)
		return
	}
	s.log.Warn("a node is lost", "lost", name)
}
