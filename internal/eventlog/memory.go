package eventlog

import (
	"context"
	"sync"
	"time"
)

// Memory is a Backend in this process: it has no durability and one machine, and
// gives the same answers as Redis. Several stores may share one Memory; they are
// then to each other what gateways over one Redis are. It starts no goroutine that
// outlives what it has to deliver.
type Memory struct {
	clock      func() time.Time
	maxRecords int

	mu     sync.Mutex
	wall   *Clock
	logs   map[string]*memoryLog
	leases map[leaseKey]lease
	wakes  deliveries
}

// MemoryOption changes a Memory.
type MemoryOption func(*Memory)

// WithClock replaces the real clock.
func WithClock(now func() time.Time) MemoryOption {
	return func(m *Memory) { m.clock = now }
}

// WithMaxRecords bounds the records of one log; the default is 1<<18. Beyond it a
// log with Trim drops its oldest records, however young, and a log without Trim is
// full.
func WithMaxRecords(n int) MemoryOption {
	return func(m *Memory) { m.maxRecords = max(n, 1) }
}

// NewMemory returns an empty Memory.
func NewMemory(opts ...MemoryOption) *Memory {
	m := &Memory{
		clock:      time.Now,
		wall:       NewClock(),
		maxRecords: 1 << 18,
		logs:       map[string]*memoryLog{},
		leases:     map[leaseKey]lease{},
	}
	m.wakes.subs = map[string]map[*subscription]struct{}{}
	for _, o := range opts {
		o(m)
	}
	return m
}

func (m *Memory) nowLocked() int64 { return m.clock().UnixMilli() }

// logLocked returns the log of the name if it is there and has not expired.
func (m *Memory) logLocked(name string) *memoryLog {
	l := m.logs[name]
	if l != nil && l.expired(m.nowLocked()) {
		delete(m.logs, name)
		return nil
	}
	return l
}

// sweepLocked looks at a few logs and leases and drops those that expired, so that
// unused ones do not stay for ever. Go walks a map from a random place, so all are
// reached in time.
func (m *Memory) sweepLocked(now int64) {
	n := 0
	for name, l := range m.logs {
		if l.expired(now) {
			delete(m.logs, name)
		}
		if n++; n == 4 {
			break
		}
	}
	n = 0
	for key, l := range m.leases {
		if l.until <= now {
			delete(m.leases, key)
		}
		if n++; n == 4 {
			break
		}
	}
}

// Commit implements Backend.
func (m *Memory) Commit(ctx context.Context, log Log, commits []Commit) ([]Outcome, error) {
	if err := Check(log, commits); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, unavailable(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.nowLocked()
	m.sweepLocked(now)
	l := m.logLocked(log.Name)
	if l == nil {
		l = newMemoryLog()
	}
	if log.Trim == 0 && len(l.records)+len(commits) > m.maxRecords && !AllReleaseMemory(commits) {
		return nil, ErrFull
	}
	outcomes := make([]Outcome, len(commits))
	committed := false
	for i := range commits {
		outcomes[i] = l.commit(log, &commits[i], now)
		committed = committed || outcomes[i].Status == Committed
	}
	if committed {
		l.trim(log, m.maxRecords)
		if log.Keep > 0 {
			l.expires = now + log.Keep.Milliseconds()
		}
		m.logs[log.Name] = l
		m.wakes.wake(log.Name)
	}
	return outcomes, nil
}

// Heads implements Backend.
func (m *Memory) Heads(ctx context.Context, logs []Log) ([]Head, error) {
	if err := ctx.Err(); err != nil {
		return nil, unavailable(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	heads := make([]Head, len(logs))
	for i, log := range logs {
		if l := m.logLocked(log.Name); l != nil {
			heads[i] = l.head
		}
	}
	return heads, nil
}

// Read implements Backend.
func (m *Memory) Read(ctx context.Context, log Log, after uint64, limit int) ([]Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, unavailable(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.logLocked(log.Name); l != nil {
		return l.read(after, limit)
	}
	return nil, nil
}

// Scan implements Backend.
func (m *Memory) Scan(ctx context.Context, log Log, cursor uint64) ([]Entity, uint64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, unavailable(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.logLocked(log.Name); l != nil {
		page, next := l.scan(cursor)
		return page, next, nil
	}
	return nil, 0, nil
}

// Entity implements Backend.
func (m *Memory) Entity(ctx context.Context, log Log, name string) (Entity, error) {
	if err := ctx.Err(); err != nil {
		return Entity{}, unavailable(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.logLocked(log.Name); l != nil {
		if i, ok := l.index[name]; ok {
			return l.slots[i], nil
		}
	}
	return Entity{}, nil
}

// Ranked returns the keys (see RankKey) of a sorted set in order; tests compare a
// replica with them.
func (m *Memory) Ranked(_ context.Context, log Log, set string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.logLocked(log.Name); l != nil {
		return l.ranked(set), nil
	}
	return nil, nil
}

// Subscribe implements Backend.
func (m *Memory) Subscribe(log Log, hear func(Signal)) (stop func()) {
	return m.wakes.subscribe(log.Name, hear)
}

// Signal implements Backend.
func (m *Memory) Signal(ctx context.Context, log Log, payload []byte) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	m.wakes.note(log.Name, payload)
	return nil
}

type leaseKey struct{ log, name string }

type lease struct {
	owner string
	until int64
}

// Probe implements Backend.
func (m *Memory) Probe(ctx context.Context, _ Log) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	return nil
}

// Lease implements Backend.
func (m *Memory) Lease(ctx context.Context, log Log, name, owner string, ttl time.Duration) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, unavailable(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now, key := m.nowLocked(), leaseKey{log.Name, name}
	until := now + ttl.Milliseconds()
	if held, ok := m.leases[key]; ok && held.until > now && held.owner != owner {
		held.until = min(held.until, until) // or the clock was set back
		m.leases[key] = held
		return false, nil
	}
	m.leases[key] = lease{owner, until}
	m.sweepLocked(now)
	return true, nil
}

// Now implements Backend.
func (m *Memory) Now(log Log) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.nowLocked()
	if l := m.logLocked(log.Name); l != nil {
		return l.stamp(now)
	}
	return now
}

// Wall implements Backend.
func (m *Memory) Wall() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wall.Sample(m.nowLocked(), time.Now())
	ms, _ := m.wall.Now()
	return ms
}

// Ready implements Backend: memory is always there.
func (m *Memory) Ready(context.Context) error { return nil }

// Close implements Backend. There is nothing to end, and others may share m.
func (m *Memory) Close() error { return nil }
