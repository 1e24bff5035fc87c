// Package eventlog is the one log mechanism of Nextup. A log is an ordered,
// gap-free list of records with a small set of entities beside it. Every process
// that follows it and assigns the records' after-images holds the same state. The
// package knows nothing of queues or messages: bodies are bytes to it.
//
//	log := eventlog.Log{Name: "s:demo", Remember: time.Hour, Trim: time.Hour}
//	backend := eventlog.NewMemory() // or redislog.Open
//	outcomes, err := backend.Commit(ctx, log, []eventlog.Commit{{
//		ID: "join:42", Reads: []eventlog.Read{{Name: "v:ana"}}, // which must be absent
//		Writes: []eventlog.Write{{Name: "v:ana", Body: body}}, Data: record,
//	}})
//	f := eventlog.NewFollower(backend, log, replica, eventlog.FollowerOptions{})
//	go f.Run(ctx)
//	err = f.WaitFor(ctx, outcomes[0].Head.Number) // the replica holds the record now
//
// # Committing
//
// A Commit is decided by the caller, against versions of entities that it saw, and
// is accepted or refused here as a whole. One call may carry many
// commits to one log; each stands alone. An entity's version is the ID of the
// commit that wrote it last, so a later commit of the same call may build on an
// earlier one that is not accepted yet. A commit's ID comes from its intent and
// is remembered: the same ID again is answered with the first one's number
// (Duplicate), and with another Intent it is refused (IDConflict).
//
// # Following
//
// Numbers start at 1. Each record names its predecessor's commit ID. A record
// whose predecessor is another than the follower's newest, a head behind the
// follower's, or another ID at its number means that the log lost records and used
// their numbers again: a fork, healed by a new snapshot. What is published is only
// a wake-up; the stream of records is the truth, and a Follower reads what it
// lacks whenever it is in doubt.
//
// # Time
//
// Every record is stamped by the log (Unix milliseconds), and NotBefore and NotAfter
// are compared with the log's time, never with the caller's. Stamps follow the
// server's wall clock, but never go back. Where that clock was ahead and was set
// back, they go on from the newest by the time that really passes, a 64th slower
// until the clock has caught up: so a deadline is late by that much at most, or, in a
// log that has no record for as long as it was ahead, by that once. Now estimates
// that time. Times that others set, such as the expiry of a token, are compared
// with Wall, which does not believe a clock that has just jumped.
package eventlog

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

// Errors of a backend.
var (
	// ErrTrimmed means that the records after the given number are no longer all
	// there: take a snapshot.
	ErrTrimmed = errors.New("eventlog: the records asked for were trimmed")
	// ErrUnavailable wraps every failure to reach the log. What became of a
	// commit is then unknown, and retrying it is safe.
	ErrUnavailable = errors.New("eventlog: the log cannot be reached")
	// ErrFull is an ErrUnavailable of which the fate is known: nothing of the
	// call was committed, for want of memory. A try before it may have been.
	ErrFull = fmt.Errorf("%w: its memory is full", ErrUnavailable)
	// ErrUntried is an ErrUnavailable of which the fate is known: the log is known to
	// take nothing, so nothing was sent.
	ErrUntried = fmt.Errorf("%w: nothing was tried", ErrUnavailable)
)

// Log names a log and gives the times for which its content is kept.
type Log struct {
	// Name is unique among all logs, at most 256 bytes, without braces.
	Name string
	// Remember is how long commit IDs are remembered; 0 means as long as the log.
	Remember time.Duration
	// Trim is the least age at which records may be dropped; 0 keeps them all.
	Trim time.Duration
	// Keep is how long the log outlives its last commit at least, and at most a 64th
	// longer; 0 means for ever.
	Keep time.Duration
}

// Head identifies the newest record. The zero Head is that of an empty log.
type Head struct {
	Number uint64
	ID     string
	// At is the newest record's stamp.
	At int64
}

// UnknownHead stands for a head that could not be read.
var UnknownHead = Head{Number: math.MaxUint64}

// Record is one committed step.
type Record struct {
	Number uint64
	// ID is the commit's, Prev its predecessor's ("" for number 1).
	ID, Prev string
	// At is the stamp in Unix milliseconds.
	At int64
	// Data is the commit's Data, untouched.
	Data []byte
}

// Entity is the value that a log holds under a name, as a snapshot shows it.
type Entity struct {
	Name string
	// Version is the ID of the commit that wrote it last; Number and At are that
	// record's.
	Version string
	Number  uint64
	At      int64
	Body    []byte
}

// Commit is a proposal to append one record.
type Commit struct {
	// ID comes from the intent, at most 128 bytes of printable ASCII without
	// space. Intent is a digest of what was asked for.
	ID, Intent string
	// Reads are compared first; one mismatch is a Conflict.
	Reads []Read
	// Writes are applied to the entities.
	Writes []Write
	// Ranks are applied to the log's sorted sets.
	Ranks []Rank
	// NotBefore and NotAfter bound the log's time, inclusive; 0 is no bound.
	NotBefore, NotAfter int64
	// Fence, when not 0, must not be below the log's fence. RaiseFence raises the
	// log's fence to at least that.
	Fence, RaiseFence uint64
	// Seal refuses every later commit that is not itself a Seal.
	Seal bool
	// ReleasesMemory marks a commit that ends something, so that memory will be given back: a
	// call of which every commit is marked is taken even by a full log.
	ReleasesMemory bool
	// Data becomes the record's.
	Data []byte
}

// Read is a version that the caller saw; "" means that the entity was absent.
type Read struct{ Name, Version string }

// Write sets an entity's body; nil removes the entity.
type Write struct {
	Name string
	Body []byte
}

// Rank adds a member to a sorted set, or removes it.
//
// Members sort by Score, then by Number: the member's key in the set is
// RankKey(Number, Member). A log with Keep has no sorted sets.
type Rank struct {
	Set, Member string
	// Number 0 stands for the number of this very record.
	Number uint64
	// Score is in milliseconds. FromStamp adds this very record's stamp to it.
	Score     int64
	FromStamp bool
	Remove    bool
}

// Status is what became of a commit.
type Status uint8

// The outcomes of a commit.
const (
	Committed Status = iota + 1
	// Duplicate: this ID was committed before; Head is that record's.
	Duplicate
	// Conflict: a version differs.
	Conflict
	// IDConflict: this ID was committed before with another Intent.
	IDConflict
	// TooEarly and TooLate: the log's time is outside the bounds.
	TooEarly
	TooLate
	// Fenced: the log's fence is above the commit's.
	Fenced
	// Sealed: the log takes no more.
	Sealed
)

// Outcome answers one commit. Head.Number and Head.At are those of the commit's
// record when Status is Committed or Duplicate; else those of the log's head.
type Outcome struct {
	Status Status
	Head   Head
}

// Signal is what subscribers of a log hear. With a nil Payload it is a wake-up:
// there may be something to read. Otherwise it is a transient note from Signal,
// which is not stored and may be lost.
type Signal struct {
	Payload []byte
	// Pushed, if a wake-up has it, is what there is to read for a follower that has
	// read up to its After. It is a fast path: it may be missing, and a follower at
	// another record reads the log.
	Pushed *Pushed
}

// Pushed are records as they were committed, in order, without a gap.
type Pushed struct {
	// After is the head before the first of them.
	After   Head
	Records []Record
}

// Last returns the last record as a head.
func (p *Pushed) Last() Head { return headOf(&p.Records[len(p.Records)-1]) }

// Backend keeps logs. All methods may be called from many goroutines. Bytes
// handed out must not be changed.
type Backend interface {
	// Commit applies the commits in order, each accepted or refused alone, and
	// returns one Outcome for each. An error means that the fate of all of them
	// is unknown.
	Commit(ctx context.Context, log Log, commits []Commit) ([]Outcome, error)
	// Heads returns the heads of the logs, in their order. Servers fail alone: besides
	// an error there may be heads, with UnknownHead for those that could not be read.
	Heads(ctx context.Context, logs []Log) ([]Head, error)
	// Read returns up to limit records numbered above after, in order, or
	// ErrTrimmed.
	Read(ctx context.Context, log Log, after uint64, limit int) ([]Record, error)
	// Scan returns a page of the entities and the cursor of the next; it starts
	// and ends with cursor 0. A page may be empty, and an entity may come twice.
	Scan(ctx context.Context, log Log, cursor uint64) ([]Entity, uint64, error)
	// Entity returns the entity of that name, the zero Entity if there is none.
	Entity(ctx context.Context, log Log, name string) (Entity, error)
	// Subscribe calls hear, on a goroutine that it must not block, at every
	// signal of the log until stop is called. It returns once the subscription
	// is asked for, and a first wake-up tells that it is established; while the
	// connection is being repaired signals may be lost, and a wake-up follows the
	// repair. Calls of hear may overlap, and one may still run when stop returns.
	Subscribe(log Log, hear func(Signal)) (stop func())
	// Signal sends a transient note to all subscribers of the log.
	Signal(ctx context.Context, log Log, payload []byte) error
	// Lease takes or renews the named lease of the log for owner and reports
	// whether owner holds it for ttl from now.
	Lease(ctx context.Context, log Log, name, owner string, ttl time.Duration) (bool, error)
	// Probe is nil if a commit to the log would be taken now and be as durable as
	// it is when it is acknowledged: what can be read may refuse to be written. It
	// commits something beside the log that no reader of the log sees. Answers may
	// be some hundred milliseconds old. ErrFull says that only commits that free
	// memory would be taken, any other error that none would.
	Probe(ctx context.Context, log Log) error
	// Now estimates the log's time in Unix milliseconds: the stamp that a record would
	// have now. It goes back only where the log does, one that a clock was set back
	// without its having a stamp as new. It is for logs that are followed: of each log
	// that it was asked for something is kept.
	Now(log Log) int64
	// Wall estimates the server's wall clock in Unix milliseconds; see Clock.
	Wall() int64
	// Ready is nil while the backend is reachable and its subscriptions are
	// known to be alive.
	Ready(ctx context.Context) error
	// Close ends everything the backend started.
	Close() error
}

// Replica receives what a Follower reads. Its methods are called by one goroutine
// at a time.
type Replica interface {
	// Load replaces everything by the entities. Records from head on follow;
	// those that an entity already holds (by its Number) must change nothing of
	// that entity.
	Load(head Head, entities []Entity) error
	// Apply takes the next records, in order.
	Apply(records []Record) error
}
