package app

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"nextup/internal/cadence"
	"nextup/queue"
)

// The times of an election.
const (
	leaseTTL     = 3 * time.Second
	leaseRenewal = time.Second
	// leaseRetry is how soon a process whose log takes no changes looks again.
	leaseRetry = 100 * time.Millisecond
)

// Worker does for a site what one process does for all. Every process has the worker; the
// one that was elected has it work. All methods but Run are called like a subscriber of
// the replica, one at a time, and must not block.
//
// Two processes may both believe that they were elected for a moment. So what a worker
// commits must be right whichever of them does it: then they conflict, and nothing more.
type Worker interface {
	// Elected begins the worker's time, with the state that it takes over with, or
	// goes on with the state of a new snapshot: Steps brings every step after that.
	Elected(st *queue.State)
	// Steps brings steps, and the state after the last of them.
	Steps(st *queue.State, steps []queue.Step)
	// Dismissed ends the worker's time.
	Dismissed()
	// Run works until ctx ends, while the worker is elected.
	Run(ctx context.Context)
}

// Election holds the lease that makes one process the elected one of a site, and tells
// the workers.
type Election struct {
	replica  *Replica
	node     func() string
	workers  []Worker
	onChange []func(elected bool)

	elected atomic.Bool // written under the replica's turn
	from    uint64      // the log number that the workers took over with; guarded by the turn
}

func newElection(r *Replica, node func() string) *Election {
	e := &Election{replica: r, node: node}
	r.OnSteps(e.steps)
	r.OnRestore(e.restored)
	return e
}

// active reports whether the workers may work now.
func (e *Election) active() bool { return e.elected.Load() && e.replica.Takes() == nil }

// run holds the lease as long as it can.
func (e *Election) run() {
	var due, until time.Time // the next request for the lease, and the end of the lease
	// answers brings the end of the lease from each request, zero if it was refused.
	answers, asking := make(chan time.Time, 1), false
	var work sync.WaitGroup
	again := time.NewTimer(0)
	defer again.Stop()
	for {
		now := time.Now()
		takes := e.replica.Takes() == nil
		if !asking && takes && !now.Before(due) {
			due, asking = cadence.Next(now, leaseRenewal), true
			work.Go(func() { answers <- e.ask(now) }) // the loop goes on: it must notice the end of the lease during the request
		}
		e.set(now.Before(until))
		next := leaseRetry
		if takes && !asking {
			next = max(time.Until(due), 0)
		}
		if left := time.Until(until); left > 0 {
			next = min(next, left)
		}
		again.Reset(next)
		select {
		case <-e.replica.ctx.Done():
			work.Wait() // a request that is under way could take the lease again after handBack
			e.handBack()
			return
		case held := <-answers:
			if asking = false; !held.IsZero() {
				until = held
			}
		case <-again.C:
		}
	}
}

// ask asks for the lease and returns until when it is held if it is, counted from
// when it was asked for. It waits no longer than until the next try.
func (e *Election) ask(asked time.Time) (until time.Time) {
	ctx, cancel := context.WithTimeout(e.replica.ctx, leaseRenewal)
	defer cancel()
	held, err := e.replica.store.Lease(ctx, e.replica.id, e.node(), leaseTTL)
	if !held || err != nil {
		return time.Time{}
	}
	return asked.Add(leaseTTL)
}

// handBack ends the workers' time and lets the lease run out at once, so that the next
// process need not wait for it.
func (e *Election) handBack() {
	if !e.elected.Load() {
		return
	}
	e.set(false)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, _ = e.replica.store.Lease(ctx, e.replica.id, e.node(), time.Millisecond)
}

// set begins or ends the workers' time.
func (e *Election) set(elected bool) {
	if elected == e.elected.Load() {
		return
	}
	r := e.replica
	r.turn.Lock()
	defer r.turn.Unlock()
	e.elected.Store(elected)
	if elected {
		e.from = r.state.Number()
	}
	for _, w := range e.workers {
		if elected {
			w.Elected(r.state)
		} else {
			w.Dismissed()
		}
	}
	r.log.Info("election", "elected", elected)
	for _, f := range e.onChange {
		f(elected)
	}
}

// steps passes on the steps that the workers have not taken over with.
func (e *Election) steps(st *queue.State, steps []queue.Step) {
	if !e.elected.Load() {
		return
	}
	for len(steps) > 0 && steps[0].Number <= e.from {
		steps = steps[1:]
	}
	if len(steps) == 0 {
		return
	}
	for _, w := range e.workers {
		w.Steps(st, steps)
	}
}

// restored has the workers go on with a new snapshot.
func (e *Election) restored(st *queue.State) {
	if !e.elected.Load() {
		return
	}
	e.from = st.Number()
	for _, w := range e.workers {
		w.Elected(st)
	}
}
