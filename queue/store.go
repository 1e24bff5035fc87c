package queue

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrUnavailable wraps every failure to reach the log. What became of a change
// is then unknown; committing it again is safe.
var ErrUnavailable = errors.New("queue: the log cannot be reached")

// ErrFull says that the log's memory is full and nothing of the call was
// committed; only changes that free something are taken.
var ErrFull = fmt.Errorf("%w: its memory is full", ErrUnavailable)

// Verdict says what became of a change.
type Verdict uint8

// The verdicts.
const (
	// Done: the change is in the log under Outcome.Number, now or since an
	// earlier try.
	Done Verdict = iota + 1
	// Conflict: something it read has changed. Replay up to Outcome.Number and decide
	// again.
	Conflict
	// Early and Late: the log's time is outside the change's bounds.
	Early
	Late
	// IDConflict: another wish has the change's id. It counts as a Conflict where the
	// id was made from what was seen, and is final for an id that a client chose.
	IDConflict
)

// Head is a place in a site's log: that of its newest record so far. The zero Head is
// before the first.
type Head struct {
	Number uint64
	ID     string
	At     Stamp
}

// Outcome answers one change.
type Outcome struct {
	Verdict Verdict
	// Number is the change's own log number when Done, else the log's newest.
	Number uint64
}

// Store commits changes and lets gateways follow the log of a site. All methods
// may be called from many goroutines.
type Store interface {
	// Commit takes changes of one site in order, each accepted or refused alone.
	// An error (ErrUnavailable) leaves the fate of all of them unknown.
	Commit(ctx context.Context, site string, changes []Change) ([]Outcome, error)
	// Follow feeds the replica until ctx ends.
	Follow(ctx context.Context, site string, replica Replica) Follower
	// FollowFrom is Follow for a replica that holds everything up to a head already, such
	// as one that exports each record once and remembers where it is: it is given the
	// records after it and no snapshot. Restore is then the news that the log does not go
	// on from there, since it has forked (Reset comes first) or was trimmed.
	FollowFrom(ctx context.Context, site string, from Head, replica Replica) Follower
	// Lease takes or renews the lease of a site's elected node, and reports whether the
	// node holds it for ttl from now.
	Lease(ctx context.Context, site, node string, ttl time.Duration) (bool, error)
	// Probe returns nil if the site's log would take a change now, and ErrFull if it would
	// take only changes that release memory.
	Probe(ctx context.Context, site string) error
	// Now estimates the time of a site's log: the stamp that a change would have now.
	Now(site string) Stamp
	// Wall estimates the wall clock of what keeps the log, by which tokens expire. It
	// does not believe a clock that has just jumped.
	Wall() Stamp
}

// Replica is fed by a Store, by one goroutine at a time.
type Replica interface {
	// Knows is the highest level that the replica can read. A log at a higher one is not
	// given to it: the follower is not ready, with a TooOldError.
	Knows() Level
	// Restore replaces everything by a snapshot, its images resolved.
	Restore(number uint64, at Stamp, images []Image)
	// Apply takes the next records.
	Apply(records []Record)
	// Notify comes after each Restore and Apply, once the callers of
	// Follower.WaitFor that waited for them have been released.
	Notify()
	// Reset announces that the log has forked: what people were shown may never have
	// happened. Restore follows at once.
	Reset()
}

// Follower reports how far a replica has replayed the log.
type Follower interface {
	// WaitFor returns once the replica has replayed up to the number.
	WaitFor(ctx context.Context, number uint64) error
	// Sync replays the records that the log has by now, or returns why it cannot.
	Sync(ctx context.Context) error
	// Ready reports whether the replica is known to be up to date.
	Ready() bool
	// Err is why the replica is not ready, or nil.
	Err() error
	// Done is closed when the replica is fed no more.
	Done() <-chan struct{}
}
