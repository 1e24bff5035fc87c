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
	// dispatchTick is how late a time-out may be noticed.
	dispatchTick = 100 * time.Millisecond
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
				d.replica.metrics.waits.WithLabelValues(d.replica.id, t.After.Department).Observe(waited)
			}
		}
	}
	d.wake()
}

// Run implements Worker: it dispatches after every change of the replica and every
// dispatchTick.
func (d *dispatcher) Run(ctx context.Context) {
	again := time.NewTimer(dispatchTick)
	defer again.Stop()
	for {
		if d.elected.Load() {
			if d.replica.Takes() == nil {
				d.dispatch(ctx)
			}
			again.Reset(dispatchTick)
		}
		select {
		case <-ctx.Done():
			return
		case <-d.woken:
		case <-again.C:
		}
	}
}

// dispatch commits what is due until nothing comes or nothing is accepted. A
// refusal needs no care: the next look is at the newer state.
func (d *dispatcher) dispatch(ctx context.Context) {
	anyway, sparing := false, d.replica.resumedWithin(resumeGrace)
	if now := d.replica.Now(); d.clock.look(now, time.Now()) > 0 {
		d.jumped = now
	}
	for done := 1; done > 0 && ctx.Err() == nil; {
		var due [][]queue.Change
		d.replica.Read(func(st *queue.State) {
			due = queue.Dispatcher{Anyway: anyway, Sparing: sparing, Jumped: d.jumped}.Propose(st, d.replica.Now())
		})
		done = 0
		full := d.replica.full()
		for _, batch := range due {
			if full {
				batch = releasing(batch)
			}
			n, err := d.replica.commit(batch)
			if err != nil {
				d.warning.Log(d.replica.log, "dispatching waits for the log", "err", err)
				return
			}
			done += n
		}
		if done == 0 && len(due) > 0 && !anyway {
			anyway, done = true, 1
		}
	}
}

// releasing keeps the changes that release memory: a full log takes no others.
func releasing(changes []queue.Change) []queue.Change {
	return slices.DeleteFunc(changes, func(c queue.Change) bool { return !c.ReleasesMemory })
}

// What time ends and the elected process does not.
const (
	overdueCheck = 200 * time.Millisecond
	// overduePatience is how long the elected process is waited for.
	overduePatience queue.Millis = 1000
	// maxOverdue bounds what another process ends at once.
	maxOverdue = 64
)

// endOverdue ends what time should have ended a while ago, where the elected process does
// not: its release may not know closings, or wait for its clock after one that was ahead.
// While site files differ it leaves alone what they may differ about.
func (s *Site) endOverdue() {
	tick := time.NewTicker(overdueCheck)
	defer tick.Stop()
	d := queue.Dispatcher{Batch: maxOverdue}
	for clock := (clockWatch{}); ; {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		now := s.Now()
		if clock.look(now, time.Now()) > 0 {
			d.Jumped = now
		}
		if s.election.elected.Load() || s.drift.differs.Load() || s.Takes() != nil {
			continue
		}
		_, _ = s.commit(s.overdue(d, now, time.Since(s.app.started))) // what fails is tried again at the next tick
	}
}

// overdue returns what the elected process should have ended by now. A process that has
// run for less than the grace gives no person up: it cannot know which ones the elected process spares after an
// outage or a jump of the clock.
func (s *Site) overdue(d queue.Dispatcher, now queue.Stamp, running time.Duration) (due []queue.Change) {
	s.Read(func(st *queue.State) {
		young := running < time.Duration(st.Site().VisitorGrace)*time.Millisecond
		d.Sparing = young || s.resumedWithin(resumeGrace)
		due = d.Overdue(st, now.Add(-overduePatience))
	})
	if s.full() {
		due = releasing(due)
	}
	return due
}
