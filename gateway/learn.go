package gateway

import (
	"context"
	"maps"
	"sync"
	"time"

	"nextup/internal/lograte"
	"nextup/queue"
	"nextup/queue/eta"
)

const (
	// publishEvery is how long the estimates rest before they are made again, and
	// publishLate how long at most. In between it is learnShare times as long as they took: a
	// long line's take tens of milliseconds to play.
	publishEvery = 3 * time.Second
	publishLate  = 10 * time.Second
	learnShare   = 300
	// maxUnlearned bounds the steps that wait to be learned from.
	maxUnlearned = 100_000
)

// learner learns the site's waits and publishes them, on the gateway that
// dispatches. It works beside the dispatcher and on a state of its own, forked
// from the replica once and kept up with its steps: a fork takes as long as the
// line, and neither an offer nor the replay may wait for an estimate.
type learner struct {
	*site
	mu    sync.Mutex
	held  bool
	anew  bool // the steps do not go on from where the state stands
	steps []queue.Step

	// What only run touches.
	warning   lograte.Warning
	estimator *eta.Estimator
	state     *queue.State
	jumps     jumpWatch
	// counted is what the estimator had counted when its truth was published last.
	counted map[string]eta.Truth
}

// saw takes new steps to learn from, if this gateway is the one that learns.
func (l *learner) saw(steps []queue.Step) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !l.held || l.anew:
	case len(l.steps) < maxUnlearned:
		l.steps = append(l.steps, steps...)
	default:
		l.steps, l.anew = nil, true
	}
}

// restored says that the replica was replaced.
func (l *learner) restored() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.steps, l.anew = nil, true
}

// take begins or ends this gateway's time as the one that learns.
func (l *learner) take(held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held, l.steps, l.anew = held, nil, true
}

func (l *learner) run() {
	next := time.NewTimer(publishEvery)
	defer next.Stop()
	for {
		select {
		case <-l.g.ctx.Done():
			return
		case <-next.C:
		}
		var took time.Duration
		if l.keepUp() && l.unavailable() == nil {
			took = l.learn()
		}
		next.Reset(pauseAfter(took))
	}
}

// pauseAfter is how long the next estimates wait, after some that took so long.
func pauseAfter(took time.Duration) time.Duration {
	return min(max(publishEvery, learnShare*took), publishLate)
}

// keepUp brings the state and what was learned up to date, and says whether
// this gateway is the one that learns.
func (l *learner) keepUp() bool {
	l.mu.Lock()
	held, anew, steps := l.held, l.anew, l.steps
	l.steps, l.anew = nil, false
	l.mu.Unlock()
	if !held {
		l.estimator, l.state, l.jumps = nil, nil, jumpWatch{}
		return false
	}
	var rules *queue.Site
	l.read(func(st *queue.State) {
		rules = st.Site()
		if anew {
			l.state = st.Fork()
		}
	})
	if anew {
		l.estimator, l.counted = eta.New(l.state.Estimates()), nil
	}
	// The newest step may be beyond the jump before the log's time is known to be.
	now, last := l.now(), l.jumps.at
	if len(steps) > 0 {
		now = max(now, steps[len(steps)-1].At)
	}
	if by := l.jumps.look(now, time.Now()); by > 0 {
		l.estimator.Jumped(last, last.Add(by))
	}
	for _, s := range steps {
		if s.Number > l.state.Number() { // older ones are in the fork
			l.estimator.Observe(s)
			l.state.Repeat(s)
		}
	}
	if l.state.Site() != rules {
		l.state.SetSite(rules)
	}
	return true
}

// learn publishes what people would read differently now, and says how long the plays
// took.
func (l *learner) learn() (took time.Duration) {
	began := time.Now()
	out := l.estimator.Estimate(l.state, l.now())
	took = time.Since(began)
	counted := l.estimator.Truth()
	l.g.metrics.truth.set(l.id, counted)
	if out == nil {
		return took
	}
	out.Truth = truthOn(l.state.Estimates(), counted, l.counted)
	ctx, cancel := context.WithTimeout(l.g.ctx, publishEvery)
	defer cancel()
	if _, err := l.do(ctx, func(st *queue.State) (queue.Change, error) { return st.Publish(out), nil }); err != nil {
		l.warning.Log(l.log, "estimates are not published", "err", err)
		return took
	}
	l.counted = counted
	return took
}

// maxJudged is how many judged waits count for the truth of a queue: past it, what
// was counted before counts half.
const maxJudged = 1000

// truthOn goes on counting, from what was published last, how true the estimates
// were: with what the estimator has counted since.
func truthOn(last *queue.Estimates, counted, before map[string]eta.Truth) map[string]queue.Truth {
	truth := map[string]queue.Truth{}
	if last != nil {
		maps.Copy(truth, last.Truth)
	}
	for q, t := range counted {
		is := truth[q]
		is.Judged += t.Served - before[q].Served
		is.Inside += t.Inside - before[q].Inside
		if is.Judged > maxJudged {
			is.Judged, is.Inside = is.Judged/2, is.Inside/2
		}
		if is.Judged > 0 {
			truth[q] = is
		}
	}
	return truth
}
