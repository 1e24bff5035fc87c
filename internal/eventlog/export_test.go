package eventlog

import (
	"maps"
	"slices"
)

// Checkpoint remembers the log; restore puts it back, as a failover to a replica
// that lags does.
func (m *Memory) Checkpoint(log Log) (restore func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := m.logs[log.Name].clone()
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.logs[log.Name] = kept.clone()
	}
}

func (l *memoryLog) clone() *memoryLog {
	c := *l
	c.records, c.slots = slices.Clone(l.records), slices.Clone(l.slots)
	c.aging, c.free = slices.Clone(l.aging), slices.Clone(l.free)
	c.ids, c.index = maps.Clone(l.ids), maps.Clone(l.index)
	c.ranks = map[string]map[string]int64{}
	for name, set := range l.ranks {
		c.ranks[name] = maps.Clone(set)
	}
	return &c
}

// Logs counts the logs held.
func (m *Memory) Logs() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.logs)
}
