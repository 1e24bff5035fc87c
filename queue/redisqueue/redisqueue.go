// Package redisqueue is queue.Store on Redis: single, Sentinel or Cluster. All
// keys of a site share one hash tag, so a site lives on one shard and a change
// is one script. What the keys are is told in package redislog.
package redisqueue

import (
	"context"
	"fmt"

	"nextup/internal/eventlog"
	"nextup/internal/eventlog/redislog"
	"nextup/queue"
	"nextup/queue/logstore"
)

// Store is a store that can also be asked what Redis itself holds.
type Store struct {
	*logstore.Store
	backend *redislog.Backend
}

// New returns a store over a backend, which stays the caller's to close.
func New(backend *redislog.Backend) *Store {
	return &Store{logstore.New(backend), backend}
}

// Rank is the 0-based rank of a ticket in its queue's sorted set, and the set's
// size. No answer to people is read from it: it is the witness that what they
// are shown is what Redis holds.
func (s *Store) Rank(ctx context.Context, site string, t *queue.Ticket) (rank, size int, err error) {
	log, set := logstore.LogOf(site), t.Queue().String()
	r, err := s.backend.Rank(ctx, log, set, eventlog.RankKey(t.Joined, t.ID))
	if err != nil {
		return 0, 0, fmt.Errorf("redisqueue: the rank of %s: %w", t.ID, err)
	}
	members, err := s.backend.Ranked(ctx, log, set)
	return int(r), len(members), err
}
