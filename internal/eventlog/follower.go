package eventlog

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// The defaults of FollowerOptions.
const (
	DefaultBatch     = 512
	DefaultHeadCheck = time.Second
	DefaultGather    = 3 * time.Millisecond
)

// FollowerOptions tune a Follower; the zero value is fit for use.
type FollowerOptions struct {
	// Batch is how many records one read asks for.
	Batch int
	// HeadCheck is how long a silent log is believed silent; the real pause is
	// up to a fifth longer or shorter, so that gateways do not ask in step.
	HeadCheck time.Duration
	// Gather is the least pause between two reads that wake-ups ask for. The
	// first wake-up after a pause reads at once.
	Gather time.Duration
	// OnReset is called after a fork, right before the replica is loaded anew.
	OnReset func()
	// OnReleased is called after the replica was loaded or took records, once the
	// callers of WaitFor that waited for them have been released, so that they do
	// not wait for what the caller does about the news.
	OnReleased func()
	// OnError is told every failure of a step: the log out of reach
	// (ErrUnavailable), or what the replica said of records or a snapshot.
	OnError func(error)
}

// Follower keeps a Replica up to date with a log.
//
// It reads from its own newest record on, that one included: a log that still
// shows the same ID and stamp there is the log that it knows, and everything else
// (a head behind it, another ID, another predecessor) is a fork. The stamp counts
// because a record that was lost may be committed again under its number, and
// what depends on its time is then different. Records that are gone
// are a gap. Both are healed by a snapshot: the head is noted, the entities are
// scanned, and the records after the noted head are replayed over them. Until
// it has replayed past the newest entity of the scan the replica is a mixture
// of times, and the Follower is not ready.
//
// A replica that refuses records or a snapshot is loaded anew at the next try,
// since how much of them it took is unknown.
type Follower struct {
	backend Backend
	log     Log
	replica Replica
	options FollowerOptions

	poked chan struct{} // holds one: somebody wants a read
	fed   chan struct{} // holds one: something was pushed
	turn  chan struct{} // holds one: whoever took it may step

	// What the holder of turn owns.
	loaded bool
	forked bool // OnReset is owed
	head   Head
	floor  uint64          // the newest entity of the snapshot
	expect map[uint64]Head // what wrote the entities newer than the noted head

	read time.Time // when the log was read last

	mu      sync.Mutex
	number  uint64
	ready   bool
	waiting []waiter
	pushed  []*Pushed // at most maxPushed, in the order in which they came
}

// maxPushed bounds the pushes that wait to be applied; without them the log is
// read.
const maxPushed = 1024

// pushGrace is how long who waits for a number waits for it to be pushed, before
// the log is read.
const pushGrace = 4 * time.Millisecond

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
		backend: backend,
		log:     log,
		replica: replica,
		options: options,
		poked:   make(chan struct{}, 1),
		fed:     make(chan struct{}, 1),
		turn:    make(chan struct{}, 1),
	}
}

// Number is the newest record that the replica holds. It goes down only when
// the log forked.
func (f *Follower) Number() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.number
}

// Ready says whether the replica shows a true state of the log and the log could
// be read at the last try.
func (f *Follower) Ready() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ready
}

// WaitFor returns once the replica holds the record of that number, or with the
// context's error. It needs Run or somebody who steps.
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
		f.poke()
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
	return nil // reached in the same moment
}

func (f *Follower) poke() {
	select {
	case f.poked <- struct{}{}:
	default:
	}
}

// Run follows the log until the context ends, whose error it returns. Failures
// are retried with back-off and told to OnError.
func (f *Follower) Run(ctx context.Context) error {
	stop := f.backend.Subscribe(f.log, func(s Signal) {
		if s.Payload == nil {
			f.hear(s.Pushed)
		}
	})
	defer stop()
	failures, reads := 0, true
	for {
		step := f.stepPushed
		if reads {
			select {
			case <-f.poked: // this read is what it asked for
			default:
			}
			step = f.Step
		}
		err := step(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failures++
			if err := pause(ctx, backOff(failures)); err != nil {
				return err
			}
			reads = true
			continue
		}
		failures = 0
		if reads, err = f.await(ctx); err != nil {
			return err
		}
	}
}

// hear takes a wake-up.
func (f *Follower) hear(p *Pushed) {
	if p == nil {
		f.poke()
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
		f.poke()
		return
	}
	select {
	case f.fed <- struct{}{}:
	default:
	}
}

// await returns when there is something to do, and says whether the log is to be
// read: who asked for that, or the time since the last read. What is pushed needs
// no read.
func (f *Follower) await(ctx context.Context) (reads bool, err error) {
	read := f.lastRead()
	check := time.NewTimer(jitter(f.options.HeadCheck) - time.Since(read))
	defer check.Stop()
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-check.C:
		return true, nil
	case <-f.poked:
		return true, pause(ctx, f.options.Gather-time.Since(read))
	case <-f.fed:
		return time.Since(read) >= f.options.HeadCheck, nil
	}
}

// lastRead is when the log was read last.
func (f *Follower) lastRead() time.Time {
	f.turn <- struct{}{}
	defer func() { <-f.turn }()
	return f.read
}

// Step reads and applies all that is missing, once. An error leaves the
// Follower unready, and the next Step starts where this one could not go on.
func (f *Follower) Step(ctx context.Context) error {
	select {
	case f.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-f.turn }()
	return f.step(ctx)
}

// step is Step for who has the turn.
func (f *Follower) step(ctx context.Context) error {
	f.read = time.Now()
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

// publish shows where the replica is and releases who waited for that.
func (f *Follower) publish(healthy bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ready = healthy && f.loaded && f.head.Number >= f.floor
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

// backOff is the pause after the n-th failure in a row: 50 ms doubling to 1 s,
// and less by up to a half. A log that is back is read within that second.
func backOff(n int) time.Duration {
	d := min(50*time.Millisecond<<min(n-1, 6), time.Second)
	return d/2 + rand.N(d/2+1)
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
