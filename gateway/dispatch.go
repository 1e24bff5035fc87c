package gateway

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"nextup/gateway/protocol"
	"nextup/internal/lograte"
	"nextup/presence"
	"nextup/queue"
)

// The dispatcher's times.
const (
	leaseTTL     = 3 * time.Second
	leaseRenewal = time.Second
	// dispatchTick is how late a time-out may be noticed.
	dispatchTick = 100 * time.Millisecond
	// copyAgain is how far back a new dispatcher looks for tickets whose
	// conversations may lack a record of the last one's.
	copyAgain queue.Millis = 60_000
	// closingPatience is how long after its time the dispatcher is waited for to end
	// what is closing.
	closingPatience queue.Millis = 1000
	// comeBack is for how long after an outage of the log nobody is given up: who
	// was here all the time, at a gateway that was taken for lost, is bound again.
	comeBack = 3 * time.Second
	// maxClosings bounds what a gateway that does not dispatch ends at once.
	maxClosings = 64
)

// dispatch runs a site's Dispatcher while this gateway holds the lease. Two gateways that both believe to
// hold the lease conflict and lose, nothing more.
type dispatch struct {
	*site
	woken chan struct{}

	// What only run touches.
	looked  time.Time
	ready   bool
	back    time.Time // when the log was, after an outage
	warning lograte.Warning
	jumps   jumpWatch
	jumped  queue.Stamp // where the log's time was when it had last gone far ahead

	looking    atomic.Bool
	watch      *presence.Watch // of whoever looks
	lossUnsaid lograte.Warning

	copying atomic.Bool

	mu   sync.Mutex
	held bool
	// ruled are tickets whose conversations are to have a record of what the site's
	// log says: that their agent was lost, or that they ended.
	ruled []*queue.Ticket
}

func newDispatch(s *site) *dispatch {
	return &dispatch{site: s, woken: make(chan struct{}, 1), watch: presence.NewWatch(s.g.options.Presence)}
}

func (d *dispatch) wake() {
	select {
	case d.woken <- struct{}{}:
	default:
	}
}

// saw takes new steps, if this gateway is the one that dispatches, and notes the
// tickets that ended or lost their agent.
func (d *dispatch) saw(steps []queue.Step) {
	d.mu.Lock()
	if d.held {
		for _, s := range steps {
			for _, t := range s.Tickets {
				if t.After != nil && (!t.After.Open() && (t.Before == nil || t.Before.Open()) || t.After.LostSince(s.Number-1)) {
					d.ruled = append(d.ruled, t.After)
				}
				if t.After != nil && t.After.Status == queue.Assigned && t.Before != nil && t.Before.Queued() {
					waited := float64(t.After.AssignedAt-t.After.JoinedAt) / 1000
					d.g.metrics.waits.WithLabelValues(d.id, t.After.Department).Observe(waited)
				}
			}
		}
	}
	d.mu.Unlock()
	d.wake()
}

// run holds the lease as long as it can and dispatches on every change of the
// replica and on every tick.
func (d *dispatch) run() {
	tick := time.NewTicker(dispatchTick)
	defer tick.Stop()
	var asked, until time.Time
	renewed, renewing := make(chan time.Time, 1), false // until when the lease is held, zero for not
	for began := false; ; {
		if ready := d.takes() == nil; ready != d.ready {
			if d.ready = ready; ready && began {
				d.back = time.Now()
			}
			began = true
		}
		if now := time.Now(); !renewing && now.Sub(asked) >= leaseRenewal && d.ready {
			asked, renewing = now, true
			d.g.work.Go(func() { renewed <- d.renew(now) }) // beside it: no offer waits for a lease that is held anyway
		}
		d.take(time.Now().Before(until))
		if d.holds() {
			d.lookForLostNodes()
			d.work()
			if d.copying.CompareAndSwap(false, true) { // beside it: thousands may end at once, and offers do not wait
				d.g.work.Go(func() {
					defer d.copying.Store(false)
					d.copyRulings()
				})
			}
		} else {
			d.endClosings()
		}
		select {
		case <-d.g.ctx.Done():
			if renewing {
				<-renewed // or it would take again what is handed back
			}
			d.handBack()
			return
		case held := <-renewed:
			if renewing = false; !held.IsZero() {
				until = held
			}
		case <-d.woken:
		case <-tick.C:
		}
	}
}

// renew asks for the lease and says until when it is held if it is, counted from
// when it was asked for.
func (d *dispatch) renew(asked time.Time) (until time.Time) {
	held, err := d.g.options.Store.Lease(d.g.ctx, d.id, d.g.node.String(), leaseTTL)
	if !held || err != nil {
		return time.Time{}
	}
	return asked.Add(leaseTTL)
}

// handBack lets the lease run out at once, so that the next dispatcher need not
// wait for it.
func (d *dispatch) handBack() {
	if !d.holds() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, _ = d.g.options.Store.Lease(ctx, d.id, d.g.node.String(), time.Millisecond)
}

// take begins or ends this gateway's time as dispatcher.
func (d *dispatch) take(held bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if held == d.held {
		return
	}
	d.held = held
	d.learner.take(held)
	if held {
		d.lookBackLocked() // the last one may have left something undone
	}
	d.log.Info("dispatcher", "held", held)
}

// restored takes a new snapshot. After a fork, what was to be closed may be open
// again, and conversations may have lost their ends.
func (d *dispatch) restored() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ruled = nil
	if d.held {
		d.lookBackLocked()
	}
	d.wake()
}

// lookBackLocked notes what has ended or lost its agent lately, to be recorded again
// or at last.
func (d *dispatch) lookBackLocked() {
	d.read(func(st *queue.State) {
		since := st.At().Add(-copyAgain)
		d.ruled = st.Ended(since)
		st.Tickets(func(t *queue.Ticket) {
			if t.Open() && t.Loss != nil && t.Loss.At >= since {
				d.ruled = append(d.ruled, t)
			}
		})
	})
}

func (d *dispatch) holds() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.held && d.takes() == nil
}

// work commits what is due until nothing comes or nothing is accepted. A
// refusal is nobody's fault: the next look is at the newer state.
func (d *dispatch) work() {
	anyway, sparing := false, time.Since(d.back) < comeBack
	if now := d.now(); d.jumps.look(now, time.Now()) > 0 {
		d.jumped = now
	}
	for done := 1; done > 0 && d.g.ctx.Err() == nil; {
		var due [][]queue.Change
		d.read(func(st *queue.State) {
			due = queue.Dispatcher{Anyway: anyway, Sparing: sparing, Jumped: d.jumped}.Propose(st, d.now())
		})
		done = 0
		full := d.full()
		for _, batch := range due {
			if full { // what frees nothing waits
				batch = slices.DeleteFunc(batch, func(c queue.Change) bool { return !c.ReleasesMemory })
			}
			n, err := d.commit(batch)
			if err != nil {
				d.warning.Log(d.log, "dispatching waits for the log", "err", err)
				return
			}
			done += n
		}
		if done == 0 && len(due) > 0 && !anyway {
			anyway, done = true, 1
		}
	}
}

// commit commits a batch, replays it and says how many changes were accepted.
func (d *dispatch) commit(batch []queue.Change) (done int, err error) {
	if len(batch) == 0 {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(d.g.ctx, 5*time.Second)
	defer cancel()
	out, err := d.g.options.Store.Commit(ctx, d.id, batch)
	if err != nil {
		d.availability.doubt(err)
		return 0, err
	}
	newest := uint64(0)
	for i, o := range out {
		newest = max(newest, o.Number)
		if o.Verdict == queue.Done {
			done++
			d.g.metrics.committed(d.id, batch[i].Cause)
		}
	}
	d.g.metrics.conflicts.WithLabelValues(d.id).Add(float64(len(batch) - done))
	if err := d.follower.WaitFor(ctx, newest); err != nil {
		return 0, err
	}
	return done, nil
}

// endClosings ends what agents who are here have been closing for long enough,
// where the dispatcher does not: it may be a gateway that does not know closings.
func (d *dispatch) endClosings() {
	if d.takes() != nil {
		return
	}
	var due []queue.Change
	d.read(func(st *queue.State) {
		due = st.LapsedClosings(d.now().Add(-closingPatience), maxClosings, func(agent string) bool {
			return len(d.connsOf(agent, protocol.Agent)) > 0
		})
	})
	if len(due) > 0 {
		_, _ = d.commit(due) // else it is tried again at the next tick
	}
}
