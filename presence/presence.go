// Package presence knows which nodes live. A node is one gateway process; it holds
// a lease that it renews while it lives, and only the lease shows that it does. What
// becomes of the sessions of a lost node is a change in each site's log and is
// decided in package queue; this package only finds the nodes that are lost, with
// care:
//
//		err := registry.Renew(ctx, node, presence.TTL) // every presence.Renewal
//		watch := presence.NewWatch(registry)
//		lost, err := watch.Lost(ctx, nodes, time.Now()) // several times within presence.Certainty
//
//	  - A lease lasts TTL and is renewed every Renewal, so one late renewal does no
//	    harm. Renewal is the cadence of what else a process asks Redis.
//	  - A node is lost only after its lease was missing in every look of a span of
//	    Certainty, all of them answered. When the registry itself was away, all
//	    leases have run out together, and the living nodes need a moment to renew.
//	  - A node that was taken for dead and lives goes on under a new name: a name
//	    that was lost once is lost for ever.
package presence

import (
	"context"
	"maps"
	"sync"
	"time"
)

// The times of a lease. A node that is killed is noticed after at most TTL +
// Certainty + one look: within five seconds.
const (
	TTL       = 2500 * time.Millisecond
	Renewal   = time.Second
	Certainty = 1500 * time.Millisecond
)

// Registry keeps the leases. All methods may be called from many goroutines.
type Registry interface {
	// Renew extends the node's lease to ttl from now.
	Renew(ctx context.Context, node string, ttl time.Duration) error
	// Leave ends the node's lease.
	Leave(ctx context.Context, node string) error
	// Living reports for each of the nodes whether it holds a lease.
	Living(ctx context.Context, nodes []string) ([]bool, error)
	// Announce stores a text of a node for the others to read, in place of its last.
	Announce(ctx context.Context, node, word string) error
	// Announcements returns the texts of all nodes that hold a lease.
	Announcements(ctx context.Context) (map[string]string, error)
}

// Watch finds the nodes that are lost. It is not safe for concurrent use.
type Watch struct {
	registry Registry
	missing  map[string]time.Time // since when each was missing, in consecutive answered looks
}

// NewWatch returns a Watch that has not looked yet.
func NewWatch(r Registry) *Watch {
	return &Watch{registry: r, missing: map[string]time.Time{}}
}

// Lost looks at the nodes and returns those that are lost at now. Call it several
// times within Certainty. After an error the spans begin anew.
func (w *Watch) Lost(ctx context.Context, nodes []string, now time.Time) ([]string, error) {
	living, err := w.registry.Living(ctx, nodes)
	if err != nil {
		clear(w.missing)
		return nil, err
	}
	missing := map[string]time.Time{}
	var lost []string
	for i, n := range nodes {
		if living[i] {
			continue
		}
		since, before := w.missing[n]
		if !before {
			since = now
		}
		missing[n] = since
		if now.Sub(since) >= Certainty {
			lost = append(lost, n)
		}
	}
	w.missing = missing
	return lost, nil
}

// Memory is a Registry in this process, for gateways over one memory.
type Memory struct {
	now           func() time.Time
	mu            sync.Mutex
	leases        map[string]time.Time
	announcements map[string]string
}

// NewMemory returns an empty registry; now is the clock, nil the real one.
func NewMemory(now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	return &Memory{now: now, leases: map[string]time.Time{}, announcements: map[string]string{}}
}

// Renew implements Registry.
func (m *Memory) Renew(_ context.Context, node string, ttl time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.leases[node] = m.now().Add(ttl)
	return nil
}

// Leave implements Registry.
func (m *Memory) Leave(_ context.Context, node string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.leases, node)
	return nil
}

// Living implements Registry. It drops the leases that have run out.
func (m *Memory) Living(_ context.Context, nodes []string) ([]bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	for n, until := range m.leases {
		if now.After(until) {
			delete(m.leases, n)
		}
	}
	living := make([]bool, len(nodes))
	for i, n := range nodes {
		_, living[i] = m.leases[n]
	}
	return living, nil
}

// Announce implements Registry.
func (m *Memory) Announce(_ context.Context, node, word string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.announcements[node] = word
	return nil
}

// Announcements implements Registry. It drops the texts of nodes without a lease.
func (m *Memory) Announcements(context.Context) (map[string]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	maps.DeleteFunc(m.announcements, func(node, _ string) bool {
		until, ok := m.leases[node]
		return !ok || now.After(until)
	})
	return maps.Clone(m.announcements), nil
}
