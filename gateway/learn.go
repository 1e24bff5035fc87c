package gateway

import (
	"context"
	"sync"
	"time"

	"nextup/queue"
	"nextup/queue/eta"
)

const (
	// publishEvery is how often the estimates are published while they move.
	publishEvery = 3 * time.Second
	// maxUnlearned bounds the steps that wait to be learned from.
	maxUnlearned = 100_000
)

// learner learns the site's waits and publishes them, on the gateway that
// dispatches. It works beside the dispatcher and on a fork of the replica, so
// that neither an offer nor the replay ever waits for an estimate.
type learner struct {
	*site
	mu    sync.Mutex
	held  bool
	steps []queue.Step

	// What only run touches.
	estimator *eta.Estimator
	from      uint64 // the log number that the estimator began at
}

// saw takes new steps to learn from, if this gateway is the one that learns.
func (l *learner) saw(steps []queue.Step) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held && len(l.steps) < maxUnlearned {
		l.steps = append(l.steps, steps...)
	}
}

// take begins or ends this gateway's time as the one that learns.
func (l *learner) take(held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held, l.steps = held, nil
}

func (l *learner) run() {
	tick := time.NewTicker(publishEvery)
	defer tick.Stop()
	for {
		select {
		case <-l.g.ctx.Done():
			return
		case <-tick.C:
		}
		l.mu.Lock()
		held, steps := l.held, l.steps
		l.steps = nil
		l.mu.Unlock()
		if !held {
			l.estimator = nil
		} else if l.follower.Ready() {
			l.learn(steps)
		}
	}
}

// learn takes in what has happened and publishes what people would read
// differently now.
func (l *learner) learn(steps []queue.Step) {
	var fork *queue.State
	l.read(func(st *queue.State) { fork = st.Fork() })
	if l.estimator == nil || len(steps) >= maxUnlearned {
		l.estimator, l.from = eta.New(fork.Estimates()), fork.Number()
	}
	for _, s := range steps {
		if s.Number > l.from { // older ones are in the fork that it began with
			l.estimator.Observe(s)
		}
	}
	out := l.estimator.Estimate(fork, l.g.options.Store.Now())
	l.g.metrics.truth.set(l.id, l.estimator.Truth())
	if out == nil {
		return
	}
	ctx, cancel := context.WithTimeout(l.g.ctx, publishEvery)
	defer cancel()
	if _, err := l.do(ctx, func(st *queue.State) (queue.Change, error) { return st.Publish(out), nil }); err != nil {
		l.log.Warn("estimates are not published", "err", err)
	}
}
