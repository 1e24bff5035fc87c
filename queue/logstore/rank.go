package logstore

import (
	"context"
	"fmt"

	"nextup/internal/eventlog"
	"nextup/queue"
)

// Ranker is a backend that keeps a sorted set for each queue, as Redis does.
type Ranker interface {
	// Rank returns the 0-based place of a key in a set, or -1.
	Rank(ctx context.Context, log eventlog.Log, set, key string) (int64, error)
	// Ranked returns the keys of a set in order.
	Ranked(ctx context.Context, log eventlog.Log, set string) ([]string, error)
}

// Rank returns the 0-based rank of a ticket in its queue's sorted set, and the
// set's size. No answer to people is read from it: tests compare it with what
// people are shown.
func Rank(ctx context.Context, backend Ranker, site string, t *queue.Ticket) (rank, size int, err error) {
	log, set := LogOf(site), t.Queue().String()
	r, err := backend.Rank(ctx, log, set, eventlog.RankKey(t.Joined, t.ID))
	if err != nil {
		return 0, 0, fmt.Errorf("logstore: the rank of %s: %w", t.ID, err)
	}
	members, err := backend.Ranked(ctx, log, set)
	return int(r), len(members), err
}
