package app

import (
	"context"
	"sync"
	"time"

	"nextup/internal/cadence"
	"nextup/internal/lograte"
	"nextup/queue"
	"nextup/queue/eta"
)

const (
	// publishInterval is how long the estimates rest before they are made again, and
	// maxPublishInterval how long at most. In between it is publishCost times as long
	// as they took: a long line's take tens of milliseconds to play.
	publishInterval    = 3 * time.Second
	maxPublishInterval = 10 * time.Second
	publishCost        = 300
	// idleInterval is how long the estimates rest while no ticket waits and nothing
	// happens: what was learned ages slowly.
	idleInterval = time.Minute
	// checkpointInterval is how long what was learned rests in milliseconds until it is
	// written again.
	checkpointInterval queue.Millis = 60_000
	// maxUnlearned bounds the steps that wait to be learned from.
	maxUnlearned = 100_000
)

// estimates is the worker that learns the site's waits and publishes them. It works
// on a state of its own, forked from the replica once and kept up with its steps: a
// fork takes as long as the line, and neither an offer nor the replay may wait for an
// estimate.
type estimates struct {
	replica *Replica
	woken   chan struct{} // holds one: idle is over

	mu      sync.Mutex
	elected bool
	anew    bool // the steps do not go on from where the state stands
	steps   []queue.Step
	idle    bool // Run rests until something happens

	// What only Run touches.
	warning   lograte.Warning
	estimator *eta.Estimator
	state     *queue.State
	clock     clockWatch
	// jumped asks for a checkpoint: the estimator that comes next has not seen the jump.
	jumped bool
	// coverage judges what visitors were shown as they joined; counted is what it had
	// counted when that was published last.
	coverage coverage
	counted  map[string]queue.CoverageByBand
}

func newEstimates(r *Replica) *estimates {
	return &estimates{replica: r, woken: make(chan struct{}, 1)}
}

// Elected implements Worker.
func (e *estimates) Elected(*queue.State) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.elected, e.steps, e.anew = true, nil, true
	e.wakeLocked()
}

// Dismissed implements Worker.
func (e *estimates) Dismissed() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.elected, e.steps, e.anew = false, nil, true
}

// Steps implements Worker: it takes steps to learn from.
func (e *estimates) Steps(_ *queue.State, steps []queue.Step) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.anew:
	case len(e.steps) < maxUnlearned:
		e.steps = append(e.steps, steps...)
	default:
		e.steps, e.anew = nil, true
	}
	e.wakeLocked()
}

// wakeLocked ends the rest of an idle site. The estimates of a busy one keep to their
// pace.
func (e *estimates) wakeLocked() {
	if !e.idle {
		return
	}
	e.idle = false
	select {
	case e.woken <- struct{}{}:
	default:
	}
}

// Run implements Worker.
func (e *estimates) Run(ctx context.Context) {
	next := time.NewTimer(publishInterval)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		case <-e.woken:
		}
		next.Reset(e.work(ctx))
	}
}

// work makes the estimates again, and returns how long they rest then.
func (e *estimates) work(ctx context.Context) time.Duration {
	elected, news := e.keepUp()
	if elected && e.replica.Unavailable() != nil {
		return publishInterval
	}
	var took time.Duration
	if elected {
		var published bool
		took, published = e.publish(ctx)
		news = news || published || e.state.AnyWaiting()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.idle = !news && len(e.steps) == 0 && !e.anew; e.idle {
		return time.Until(cadence.Next(time.Now(), idleInterval))
	}
	return intervalAfter(took)
}

// intervalAfter is how long the next estimates wait, after some that took so long.
func intervalAfter(took time.Duration) time.Duration {
	return min(max(publishInterval, publishCost*took), maxPublishInterval)
}

// keepUp brings the state and what was learned up to date, and reports whether
// the worker is elected and whether there was anything to learn.
func (e *estimates) keepUp() (elected, news bool) {
	e.mu.Lock()
	anew, steps := e.anew, e.steps
	elected, news = e.elected, anew || len(steps) > 0
	e.steps, e.anew = nil, false
	e.mu.Unlock()
	if !elected {
		e.estimator, e.state, e.clock = nil, nil, clockWatch{}
		return false, false
	}
	var rules *queue.Site
	e.replica.Read(func(st *queue.State) {
		rules = st.Site()
		if anew {
			e.state = st.Fork()
		}
	})
	if anew {
		e.estimator, e.counted = eta.New(e.state.Checkpoint()), e.coverage.counted()
		e.coverage.forget()
	}
	// The newest step may be beyond the jump before the log's time is known to be.
	now, last := e.replica.Now(), e.clock.at
	if len(steps) > 0 {
		now = max(now, steps[len(steps)-1].At)
	}
	if by := e.clock.look(now, time.Now()); by > 0 {
		e.estimator.Jumped(last, last.Add(by))
		e.coverage.forget()
		e.jumped = true
	}
	for _, s := range steps {
		if s.Number > e.state.Number() { // older ones are in the fork
			e.estimator.Observe(s)
			e.state.Repeat(s)
			e.coverage.step(e.state, s)
		}
	}
	if e.state.Site() != rules {
		e.state.SetSite(rules)
		news = true
	}
	return true, news
}

// publish publishes what people would read differently now, and returns how long the
// plays took, and whether there was anything to publish.
func (e *estimates) publish(ctx context.Context) (took time.Duration, news bool) {
	began := time.Now()
	out := e.estimator.Estimate(e.state, e.replica.Now())
	took = time.Since(began)
	e.coverage.look(e.state)
	counted := e.coverage.counted()
	e.replica.metrics.truth.set(e.replica.id, counted, e.estimator.Truth())
	if out == nil {
		if out = e.again(); out == nil {
			return took, false
		}
	}
	checkpoint := e.checkpoint()
	out.Truth = addTruth(e.state.Estimates(), counted, e.counted)
	ctx, cancel := context.WithTimeout(ctx, publishInterval)
	defer cancel()
	if _, err := e.replica.Decide(ctx, Refusals{}, func(st *queue.State) (queue.Change, error) { return st.Publish(out, checkpoint), nil }); err != nil {
		e.warning.Log(e.replica.log, "estimates are not published", "err", err)
		return took, true
	}
	e.counted, e.jumped = counted, false
	return took, true
}

// again returns the last estimates if they have to be published once more, since the
// checkpoint of a jump must not wait for others.
func (e *estimates) again() *queue.Estimates {
	last := e.state.Estimates()
	if last == nil || !e.jumped {
		return nil
	}
	out := *last
	out.Number, out.Checkpoint = e.state.Number(), nil
	return &out
}

// checkpoint returns what the estimator has learned, once in a while, or nil.
func (e *estimates) checkpoint() *queue.Checkpoint {
	last := e.state.Checkpoint()
	if e.jumped || last == nil || e.replica.Now() >= last.At.Add(checkpointInterval) {
		return e.estimator.Checkpoint(e.state)
	}
	return nil
}
