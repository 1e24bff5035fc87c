package eventlog

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"nextup/internal/cadence"
)

// The defaults of FollowerOptions.
const (
	DefaultBatch     = 512
	DefaultHeadCheck = time.Second
	DefaultGather    = 3 * time.Millisecond
)

// FollowerOptions tune a Follower; the zero value is fit for use.
type FollowerOptions struct {
	// Batch is the number of records that one read asks for.
	Batch int
	// HeadCheck is how long the follower waits for a wake-up at most before it compares
	// the log's head with its own. All followers of a process do so at the same moments,
	// so that a backend can ask for all heads at once.
	HeadCheck time.Duration
	// Gather is the least pause between two reads that wake-ups ask for. The
	// first wake-up after a pause reads at once.
	Gather time.Duration
	// OnReset is called after a fork, right before the replica is loaded anew.
	OnReset func()
	// OnReleased is called after the replica was loaded or took records, once the
	// callers of WaitFor that waited for them have been released, so that they do
	// not wait for what OnReleased does.
	OnReleased func()
	// OnError is called with every failure of a step: the log out of reach
	// (ErrUnavailable), or the replica's error for records or a snapshot.
	OnError func(error)
}

// Follower keeps a Replica up to date with a log.
//
// It reads from its own newest record on, including that one: a log that still
// shows the same ID and stamp there is the log that it knows, and everything else
// (a head behind it, another ID, another predecessor) is a fork. The stamp counts
// because a record that was lost may be committed again under its number, and
// what depends on its time is then different. Records that are gone
// are a gap. Both are healed by a snapshot: the head is noted, the entities are
// scanned, and the records after the noted head are replayed over them. Until
// it has replayed past the newest entity of the scan the replica mixes states of
// different times, and the Follower is not ready.
//
// A replica that returns an error is loaded anew at the next try, since it is
// unknown how much it took.
type Follower struct {
	backend Backend
	log     Log
	replica Replica
	options FollowerOptions

	readRequested chan struct{} // holds one: the log should be read
	pushSignal    chan struct{} // holds one: something was pushed to apply
	stepping      chan struct{} // a lock that a context can end waiting for: it holds one while a step runs

	// Owned by the holder of stepping.
	loaded          bool
	forked          bool // OnReset has to be called
	head            Head
	readyFrom       uint64          // number of the newest entity of the snapshot
	expectedWriters map[uint64]Head // the records that wrote the entities newer than the noted head

	seen time.Time // when the log was read last, or its head was found to be head

	mu      sync.Mutex
	number  uint64
	ready   bool
	waiting []waiter
	pushed  []*Pushed // at most maxPushed, in the order in which they came
}

// maxPushed bounds the pushes that wait to be applied; beyond it they are dropped
// and the log is read.
const maxPushed = 1024

// pushGrace is how long WaitFor waits for the number to be pushed before it asks
// for a read of the log.
const pushGrace = 4 * time.Millisecond

// headPatience is how long a head check waits for the head.
const headPatience = time.Second

type waiter struct {
	number  uint64
	reached chan struct{}
}

// NewFollower returns a Follower that has not read anything yet.
func NewFollower(backend Backend, log Log, replica Replica, options FollowerOptions) *Follower {
	if options.Batch <= 0 {
		options.Batch = DefaultBatch
	}
	if options.HeadCheck <= 0 {
		options.HeadCheck = DefaultHeadCheck
	}
	if options.Gather <= 0 {
		options.Gather = DefaultGather
	}
	return &Follower{
		backend:       backend,
		log:           log,
		replica:       replica,
		options:       options,
		readRequested: make(chan struct{}, 1),
		pushSignal:    make(chan struct{}, 1),
		stepping:      make(chan struct{}, 1),
	}
}

// StartAt has the follower go on from a head up to which the replica holds everything
// already, instead of from a snapshot; the zero Head is the beginning of the log. Call it
// before Run and Step. Where the log no longer goes on from that head, the replica is
// loaded: after OnReset if the log has forked, and without it if the records after the
// head were trimmed. So a replica that counts what it is given, once each, takes a call
// of Load as the news that it cannot go on.
func (f *Follower) StartAt(head Head) { f.head, f.readyFrom, f.loaded = head, head.Number, true }

// Number returns the number of the newest record that the replica holds. It goes
// down only when the log forked.
func (f *Follower) Number() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.number
}

// Ready reports whether the replica shows a true state of the log and the log could
// be read at the last try.
func (f *Follower) Ready() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ready
}

// WaitFor returns once the replica holds the record of that number, or with the
// context's error. It needs Run, or another caller of Step.
func (f *Follower) WaitFor(ctx context.Context, number uint64) error {
	f.mu.Lock()
	if f.number >= number {
		f.mu.Unlock()
		return nil
	}
	w := waiter{number, make(chan struct{})}
	f.waiting = append(f.waiting, w)
	f.mu.Unlock()
	late := time.NewTimer(pushGrace)
	defer late.Stop()
	select {
	case <-w.reached:
		return nil
	case <-ctx.Done():
	case <-late.C:
		f.requestRead()
		select {
		case <-w.reached:
			return nil
		case <-ctx.Done():
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.waiting {
		if f.waiting[i].reached == w.reached {
			f.waiting = append(f.waiting[:i], f.waiting[i+1:]...)
			return ctx.Err()
		}
	}
	return nil // it was reached at the same time
}

func (f *Follower) requestRead() {
	select {
	case f.readRequested <- struct{}{}:
	default:
	}
}

// Run follows the log until the context ends, and returns the context's error.
// Failures are retried with back-off and passed to OnError.
func (f *Follower) Run(ctx context.Context) error {
	stop := f.backend.Subscribe(f.log, func(s Signal) {
		if s.Payload == nil {
			f.onSignal(s.Pushed)
		}
	})
	defer stop()
	failures, step := 0, f.stepRequested
	for {
		err := step(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failures++
			wait := backOff(failures)
			if failures > refusedOften && errors.As(err, new(replicaError)) {
				wait = jitter(refusedPause)
			}
			if !cadence.Pause(ctx, wait) {
				return ctx.Err()
			}
			step = f.stepRequested
			continue
		}
		failures = 0
		if step, err = f.waitForWork(ctx); err != nil {
			return err
		}
	}
}

// stepRequested is Step as the answer to all requests so far.
func (f *Follower) stepRequested(ctx context.Context) error {
	select {
	case <-f.readRequested:
	default:
	}
	return f.Step(ctx)
}

// onSignal handles a wake-up: it keeps what was pushed, or requests a read.
func (f *Follower) onSignal(p *Pushed) {
	if p == nil {
		f.requestRead()
		return
	}
	f.mu.Lock()
	full := len(f.pushed) >= maxPushed
	if full {
		f.pushed = nil
	} else {
		f.pushed = append(f.pushed, p)
	}
	f.mu.Unlock()
	if full {
		f.requestRead()
		return
	}
	select {
	case f.pushSignal <- struct{}{}:
	default:
	}
}

// waitForWork returns when there is something to do, and what: the log is to be read
// because a read was requested, its head is to be checked because of the time since the
// log was seen last, or what was pushed is to be applied.
func (f *Follower) waitForWork(ctx context.Context) (step func(context.Context) error, err error) {
	seen := f.lastSeen()
	due := cadence.Next(seen, f.options.HeadCheck)
	check := time.NewTimer(time.Until(due))
	defer check.Stop()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-check.C:
		return f.checkHead, nil
	case <-f.readRequested:
		cadence.Pause(ctx, f.options.Gather-time.Since(seen))
		return f.stepRequested, ctx.Err()
	case <-f.pushSignal:
		if time.Now().After(due) {
			return f.stepRequested, nil
		}
		return f.stepPushed, nil
	}
}

// lastSeen returns when the log was last read, or its head was found to be the replica's.
func (f *Follower) lastSeen() time.Time {
	f.stepping <- struct{}{}
	defer func() { <-f.stepping }()
	return f.seen
}

// checkHead does a Step unless the log's head is the replica's: then there is nothing to
// read. A head that is not to be had soon is left to the Step as well.
func (f *Follower) checkHead(ctx context.Context) error {
	select {
	case f.stepping <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-f.stepping }()
	asked := time.Now()
	asking, cancel := context.WithTimeout(ctx, headPatience)
	defer cancel()
	if heads, err := f.backend.Heads(asking, []Log{f.log}); err == nil && f.Ready() && heads[0] == f.head {
		f.seen = asked
		return nil
	}
	return f.step(ctx)
}

// Step reads and applies all that is missing, once. An error leaves the Follower
// not ready, and the next Step continues where this one failed.
func (f *Follower) Step(ctx context.Context) error {
	select {
	case f.stepping <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-f.stepping }()
	return f.step(ctx)
}

// step is Step for the holder of stepping.
func (f *Follower) step(ctx context.Context) error {
	f.seen = time.Now()
	err := f.catchUp(ctx)
	f.publish(err == nil)
	if err != nil && ctx.Err() == nil && f.options.OnError != nil {
		f.options.OnError(err)
	}
	return err
}

// release publishes that the replica has taken something, and calls OnReleased.
func (f *Follower) release() {
	f.publish(true)
	if f.options.OnReleased != nil {
		f.options.OnReleased()
	}
}

// publish shows where the replica is and releases the calls of WaitFor that have
// what they wait for.
func (f *Follower) publish(healthy bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ready = healthy && f.loaded && f.head.Number >= f.readyFrom
	f.number = f.head.Number
	kept := f.waiting[:0]
	for _, w := range f.waiting {
		if f.number >= w.number && f.loaded {
			close(w.reached)
		} else {
			kept = append(kept, w)
		}
	}
	clear(f.waiting[len(kept):])
	f.waiting = kept
}

func jitter(d time.Duration) time.Duration {
	return d*4/5 + rand.N(d*2/5+1)
}

// A replica that has returned errors refusedOften times in a row is loaded anew only every
// refusedPause: what it cannot read is most likely still there, and each try scans the
// whole log.
const (
	refusedOften = 30
	refusedPause = 30 * time.Second
)

// backOff returns the pause after the n-th failure in a row: 50 ms doubling to 1 s,
// less up to a half at random. A log that is back is read within that second.
func backOff(n int) time.Duration {
	d := min(50*time.Millisecond<<min(n-1, 6), time.Second)
	return d/2 + rand.N(d/2+1)
}
