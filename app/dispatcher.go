package app

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"nextup/internal/lograte"
	"nextup/queue"
)

const (
	// dispatchTick is how often the dispatcher looks while the log takes nothing of what
	// is due.
	dispatchTick = 100 * time.Millisecond
	// maxDispatchRest is how long the dispatcher rests until something is due: the log's
	// time may have jumped there. While nothing is, it looks at the log's time alone.
	maxDispatchRest = time.Second
	idleDispatch    = time.Minute
	// resumeGrace is for how long after an outage of the log the dispatcher gives no
	// person up: those who were here all the time, at a process that was taken for
	// lost, are bound again.
	resumeGrace = 3 * time.Second
)

// dispatcher is the worker that runs a site's queue.Dispatcher.
type dispatcher struct {
	replica *Replica
	elected atomic.Bool
	woken   chan struct{}

	// What only Run touches.
	warning lograte.Warning
	clock   clockWatch
	jumped  queue.Stamp // where the log's time was when it had last gone far ahead
}

func newDispatcher(r *Replica) *dispatcher {
	d := &dispatcher{replica: r, woken: make(chan struct{}, 1)}
	r.OnRules(func(*queue.State) { d.wake() })
	return d
}

func (d *dispatcher) wake() {
	select {
	case d.woken <- struct{}{}:
	default:
	}
}

// Elected implements Worker.
func (d *dispatcher) Elected(*queue.State) {
	d.elected.Store(true)
	d.wake()
}

// Dismissed implements Worker.
func (d *dispatcher) Dismissed() { d.elected.Store(false) }

// Steps implements Worker.
func (d *dispatcher) Steps(_ *queue.State, steps []queue.Step) {
	for _, s := range steps {
		for _, t := range s.Tickets {
			if t.After != nil && t.After.Status == queue.Assigned && t.Before != nil && t.Before.Queued() {
				waited := float64(t.After.AssignedAt-t.After.JoinedAt) / 1000
				d.replica.metrics.waited(d.replica.id, t.After, waited)
			}
		}
	}
	d.wake()
}

// Run implements Worker: it dispatches after every change of the replica, and when time
// has something to do.
func (d *dispatcher) Run(ctx context.Context) {
	again := time.NewTimer(0)
	defer again.Stop()
	for {
		if d.elected.Load() {
			again.Reset(d.dispatch(ctx))
		} else {
			again.Stop()
		}
		select {
		case <-ctx.Done():
			return
		case <-d.woken:
		case <-again.C:
		}
	}
}

// dispatch commits what is due until nothing comes or nothing is accepted, and returns
// when to look again if nothing changes. A refusal needs no care: the next look is at the
// newer state.
func (d *dispatcher) dispatch(ctx context.Context) (rest time.Duration) {
	if d.replica.Takes() != nil {
		return dispatchTick
	}
	rules := queue.Dispatcher{Sparing: d.replica.resumedWithin(resumeGrace)}
	if now := d.replica.Now(); d.clock.look(now, time.Now()) > 0 {
		d.jumped = now
	}
	rules.Jumped = d.jumped
	for done := 1; done > 0 && ctx.Err() == nil; {
		var proposed [][]queue.Change
		d.replica.Read(func(st *queue.State) {
			now := d.replica.Now()
			var next queue.Stamp
			proposed, next = rules.ProposeUntil(st, now)
			rest = restUntil(next, now)
		})
		if len(proposed) == 0 {
			return rest
		}
		done = 0
		full := d.replica.full()
		for _, batch := range proposed {
			if full {
				batch = releasing(batch)
			}
			n, err := d.replica.commit(batch)
			if err != nil {
				d.warning.Log(d.replica.log, "dispatching waits for the log", "err", err)
				return dispatchTick
			}
			done += n
		}
		if done == 0 && !rules.Anyway {
			rules.Anyway, done = true, 1
		}
	}
	return dispatchTick
}

// restUntil returns how long the dispatcher rests at now until something is due; 0
// stands for nothing.
func restUntil(due, now queue.Stamp) time.Duration {
	switch {
	case due == 0:
		return idleDispatch
	case due <= now:
		return dispatchTick
	default:
		return min(time.Duration(due-now)*time.Millisecond, maxDispatchRest)
	}
}

// releasing keeps the changes that release memory: a full log takes no others.
func releasing(changes []queue.Change) []queue.Change {
	return slices.DeleteFunc(changes, func(c queue.Change) bool { return !c.ReleasesMemory })
}
