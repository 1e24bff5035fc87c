package gateway

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"

	"nextup/internal/lograte"
	"nextup/presence"
	"nextup/queue"
)

// nodeLook is how often the dispatcher looks for lost nodes.
const nodeLook = 500 * time.Millisecond

// node is this process's name among the gateways. A name that the log calls
// lost is never used again, so a process that was taken for dead goes on under
// a new one.
type node struct {
	base string
	mu   sync.RWMutex
	name string
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

// rename takes a new name if old is still the name, and says whether it did.
func (n *node) rename(old string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.name != old {
		return false
	}
	n.name = n.base + "-" + uuid.NewString()[:8]
	return true
}

// live renews the node's lease until the gateway ends, and then gives it back.
func (g *Gateway) live() {
	tick := time.NewTicker(presence.Renewal)
	defer tick.Stop()
	var unrenewed lograte.Warning
	for {
		if err := g.renewLease(); err != nil && g.ctx.Err() == nil {
			unrenewed.Log(g.log, "the node's lease is not renewed", "err", err)
		}
		for _, s := range g.sites {
			if s.parted() && s.leaving.CompareAndSwap(false, true) {
				g.work.Go(s.sendElsewhere)
			}
		}
		select {
		case <-g.ctx.Done():
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_ = g.options.Presence.Leave(ctx, g.node.String()) // else it runs out
			return
		case <-tick.C:
		}
	}
}

func (g *Gateway) renewLease() error {
	ctx, cancel := context.WithTimeout(g.ctx, presence.Renewal)
	defer cancel()
	err := g.options.Presence.Renew(ctx, g.node.String(), presence.TTL)
	if err == nil {
		g.renewed.Store(int64(time.Since(g.started)))
	}
	return err
}

// parted says that the others have taken this gateway for lost so long ago that
// half of its visitors' grace has passed, if they still reach the log.
func (s *site) parted() bool {
	silent := time.Since(s.g.started) - time.Duration(s.g.renewed.Load())
	return silent > presence.TTL+presence.Certainty+s.grace()/2
}

func (s *site) grace() time.Duration {
	return time.Duration(s.file.Load().Rules.VisitorGrace) * time.Millisecond
}

// sendElsewhere closes the site's sockets one after the other over an eighth of
// the grace, while this gateway stays parted from the log: elsewhere they keep
// their places, if the log is away for this gateway alone.
func (s *site) sendElsewhere() {
	defer s.leaving.Store(false)
	all := s.everybody()
	if len(all) == 0 {
		return
	}
	s.log.Warn("the log is away for long: sockets are sent elsewhere", "sockets", len(all))
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i := 0; i < len(all) && s.parted() && s.g.ctx.Err() == nil; i++ {
		pause(s.g.ctx, s.grace()/8/time.Duration(len(all)))
		s.g.work.Go(all[i].retire)
	}
}

// reborn takes a new name after the log has called this one lost, and binds
// everybody here to it. It says no if that has been done.
func (g *Gateway) reborn(lost string) bool {
	if g.draining.Load() || !g.node.rename(lost) { // who leaves has said so itself
		return false
	}
	g.log.Warn("this gateway was taken for lost; it goes on under a new name", "lost", lost, "now", g.node.String())
	if err := g.renewLease(); err != nil {
		g.log.Warn("the node's lease is not renewed", "err", err)
	}
	for _, s := range g.sites {
		s.bindAll()
	}
	return true
}

// lookForLostNodes looks twice a second, beside the dispatcher: no offer waits for
// the registry to answer.
func (d *dispatch) lookForLostNodes() {
	now := time.Now()
	if now.Sub(d.looked) < nodeLook || !d.looking.CompareAndSwap(false, true) {
		return
	}
	d.looked = now
	d.g.work.Go(func() {
		defer d.looking.Store(false)
		d.lostNodes(now)
	})
}

// lostNodes puts the nodes that have gone into the site's log, each once.
func (d *dispatch) lostNodes(now time.Time) {
	var nodes []string
	d.read(func(st *queue.State) { nodes = st.Nodes() })
	ctx, cancel := context.WithTimeout(d.g.ctx, nodeLook)
	lost, err := d.watch.Lost(ctx, nodes, now)
	cancel()
	if err != nil {
		return // the registry is away; so is the log, which says so
	}
	for _, n := range lost {
		if _, err := d.do(d.g.ctx, func(st *queue.State) (queue.Change, error) { return st.LoseNode(n), nil }); err != nil {
			d.lossUnsaid.Log(d.log, "a lost node is not in the log yet", "lost", n, "err", err)
		} else {
			d.log.Warn("a node is lost", "lost", n)
		}
	}
}
