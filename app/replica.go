package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"nextup/internal/cadence"
	"nextup/internal/lograte"
	"nextup/queue"
)

// Errors of commands that do not depend on what was asked for.
var (
	// ErrBusy: the change met too many conflicts in a row.
	ErrBusy = errors.New("app: too much contention")
	// ErrAway: the log takes nothing now, so nothing was tried.
	ErrAway = fmt.Errorf("app: nothing was tried: %w", queue.ErrUnavailable)
)

// Replica is this process's copy of a site's log. Its methods may be called from
// many goroutines, and the On methods before it follows.
type Replica struct {
	ctx     context.Context // of the App
	store   queue.Store
	id      string
	log     *slog.Logger
	metrics *metrics
	levels  []queue.LevelSpec // that this process knows
	illegal lograte.Warning

	follower queue.Follower
	follows  atomic.Bool // set once follower is; a transport looks at a site before
	availability

	// turn is held while the state is written and while subscribers are given it, so that
	// they may read a state that nothing writes meanwhile.
	turn     sync.Mutex
	steps    []queue.Step // applied and not notified; guarded by turn
	restored bool         // a snapshot was taken and not notified; guarded by turn

	mu        sync.RWMutex
	state     *queue.State
	resetting atomic.Bool   // set between a fork and the notification of the new snapshot
	restores  atomic.Uint64 // counts the snapshots

	onSteps        []func(*queue.State, []queue.Step)
	onRestore      []func(*queue.State)
	onRules        []func(*queue.State)
	onReset        []func()
	onAvailability []func(available bool)
}

func newReplica(ctx context.Context, store queue.Store, rules *queue.Site, log *slog.Logger, m *metrics) *Replica {
	r := &Replica{ctx: ctx, store: store, id: rules.ID, log: log.With("site", rules.ID), metrics: m, state: queue.NewState(rules)}
	r.availability.init()
	return r
}

// ID is the site's.
func (r *Replica) ID() string { return r.id }

// OnSteps has f called with the steps of each batch of records, and the state after
// the last of them.
func (r *Replica) OnSteps(f func(st *queue.State, steps []queue.Step)) {
	r.onSteps = append(r.onSteps, f)
}

// OnRestore has f called when a snapshot has replaced the state. No step before it
// is notified later.
func (r *Replica) OnRestore(f func(st *queue.State)) { r.onRestore = append(r.onRestore, f) }

// OnRules has f called when new rules are in force.
func (r *Replica) OnRules(f func(st *queue.State)) { r.onRules = append(r.onRules, f) }

// OnReset has f called when the log has forked: what people were told may never have
// happened. OnRestore follows. It may be called beside another subscriber.
func (r *Replica) OnReset(f func()) { r.onReset = append(r.onReset, f) }

// Read runs look on the replica. Images that look finds may be kept.
func (r *Replica) Read(look func(st *queue.State)) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	look(r.state)
}

// Now is the time of the site's log.
func (r *Replica) Now() queue.Stamp { return r.store.Now(r.id) }

// Sync replays what the log has by now, or returns why it cannot.
func (r *Replica) Sync(ctx context.Context) error {
	if !r.follows.Load() {
		return ErrAway
	}
	return r.follower.Sync(ctx)
}

// Resetting reports whether the log has forked and no snapshot was notified since:
// nothing may be shown.
func (r *Replica) Resetting() bool { return r.resetting.Load() }

// Restores counts the snapshots. It changes while no Read is under way.
func (r *Replica) Restores() uint64 { return r.restores.Load() }

// Refusals are what the log's refusals of a change mean to its decider. With nil the
// change is decided again.
type Refusals struct {
	// Late is for a change that came after its last moment.
	Late error
	// IDConflict is for a change whose id another change has.
	IDConflict error
}

// maxTries bounds how often one command is decided.
const maxTries = 12

// Decide decides on the replica, commits the change and returns once the replica
// has replayed it, with its log number (0 when there was nothing to do). After a
// conflict it decides again, with jittered back-off, and fails with ErrBusy in the end.
func (r *Replica) Decide(ctx context.Context, means Refusals, decide func(st *queue.State) (queue.Change, error)) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := r.Takes(); err != nil {
		return 0, err // at once, rather than after a time-out
	}
	for try := range maxTries {
		var c queue.Change
		var err error
		var seen uint64
		r.Read(func(st *queue.State) {
			seen = st.Number()
			c, err = decide(st)
		})
		if err != nil || c.Empty() {
			return 0, err
		}
		out, err := r.store.Commit(ctx, r.id, []queue.Change{c})
		if err != nil {
			r.doubt(err)
			return 0, err
		}
		if err := r.follower.WaitFor(ctx, out[0].Number); err != nil {
			return 0, errors.Join(queue.ErrUnavailable, err)
		}
		refused := error(nil)
		switch out[0].Verdict {
		case queue.Done:
			r.metrics.committed(r.id, c.Cause)
			if out[0].Number <= seen { // found as committed before, or the log has forked and we do not know yet
				if err := r.follower.Sync(ctx); err != nil {
					return 0, err
				}
			}
			return out[0].Number, nil
		case queue.Late:
			refused = means.Late
		case queue.IDConflict:
			refused = means.IDConflict
		case queue.Conflict, queue.Early:
		}
		if refused != nil {
			return 0, refused
		}
		r.metrics.conflicts.WithLabelValues(r.id).Inc()
		cadence.Pause(ctx, rand.N(time.Millisecond<<min(try, 6)))
	}
	return 0, ErrBusy
}

// commit commits changes that stand alone, replays them and returns how many were
// accepted. One that no rule may propose is left out: it must not stop the others.
func (r *Replica) commit(changes []queue.Change) (done int, err error) {
	changes = slices.DeleteFunc(changes, func(c queue.Change) bool {
		err := c.Check()
		if err != nil {
			r.illegal.Log(r.log, "a rule proposed an illegal transition, which was not committed", "err", err)
		}
		return err != nil
	})
	if len(changes) == 0 {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(r.ctx, 5*time.Second)
	defer cancel()
	out, err := r.store.Commit(ctx, r.id, changes)
	if err != nil {
		r.doubt(err)
		return 0, err
	}
	newest := uint64(0)
	for i, o := range out {
		newest = max(newest, o.Number)
		if o.Verdict == queue.Done {
			done++
			r.metrics.committed(r.id, changes[i].Cause)
		}
	}
	r.metrics.conflicts.WithLabelValues(r.id).Add(float64(len(changes) - done))
	if err := r.follower.WaitFor(ctx, newest); err != nil {
		return 0, err
	}
	return done, nil
}

// setRules puts new rules in force.
func (r *Replica) setRules(rules *queue.Site) {
	r.turn.Lock()
	defer r.turn.Unlock()
	r.mu.Lock()
	r.state.SetSite(rules)
	r.mu.Unlock()
	for _, f := range r.onRules {
		f(r.state)
	}
}

// storeReplica is the Replica as the store knows it: the methods of queue.Replica are not
// among those of Replica.
type storeReplica struct{ *Replica }

// Knows implements queue.Replica.
func (r storeReplica) Knows() queue.Level { return queue.Newest(r.levels) }

// Restore implements queue.Replica.
func (r storeReplica) Restore(number uint64, at queue.Stamp, images []queue.Image) {
	r.turn.Lock()
	defer r.turn.Unlock()
	r.mu.Lock()
	r.state.Restore(number, at, images)
	r.restores.Add(1)
	r.mu.Unlock()
	r.steps, r.restored = nil, true
}

// Apply implements queue.Replica.
func (r storeReplica) Apply(records []queue.Record) {
	r.turn.Lock()
	defer r.turn.Unlock()
	r.mu.Lock()
	for _, record := range records {
		r.steps = append(r.steps, r.state.Apply(record))
	}
	r.mu.Unlock()
	if len(records) > 0 {
		r.metrics.replayed(r.id, records[0].At, r.Now())
	}
}

// Notify implements queue.Replica. After a snapshot the subscribers hear of that
// alone: the state has the steps that came after it.
func (r storeReplica) Notify() {
	r.turn.Lock()
	defer r.turn.Unlock()
	steps := r.steps
	r.steps = nil
	switch {
	case r.restored:
		r.restored = false
		r.resetting.Store(false)
		for _, f := range r.onRestore {
			f(r.state)
		}
	case len(steps) > 0:
		for _, f := range r.onSteps {
			f(r.state, steps)
		}
	}
}

// Reset implements queue.Replica.
func (r storeReplica) Reset() {
	r.log.Warn("the log forked: records were lost and their numbers used again; clients are reset")
	r.metrics.forked(r.id, siteLog)
	r.resetting.Store(true)
	for _, f := range r.onReset {
		f()
	}
}
