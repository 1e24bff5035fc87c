package app

import (
	"sync/atomic"
	"time"

	"nextup/internal/cadence"
	"nextup/queue"
)

const (
	// siteCheck is how often a process looks for what the elected one should have ended,
	// and whether a log can be read. While one is away it looks every awayCheck, so that
	// subscribers hear soon that it is back.
	siteCheck = time.Second
	awayCheck = 250 * time.Millisecond
	// overduePatience is how long the elected process is waited for.
	overduePatience queue.Millis = 1000
	// maxOverdue bounds what another process ends at once.
	maxOverdue = 64
)

// watchSites looks at every site again and again, and as soon as a log refuses changes or
// takes them again. One timer serves all of them.
func (a *App) watchSites() {
	for every := awayCheck; cadence.WaitFor(a.ctx, every, a.refusals); {
		every = siteCheck
		for _, s := range a.sites {
			s.checkAvailability()
			s.endOverdue()
			if s.Away() {
				every = awayCheck
			}
		}
	}
}

// overdue is what a process knows that looks after what another was elected for. Only
// watchSites uses the first two.
type overdue struct {
	clock   clockWatch
	jumped  queue.Stamp
	commits atomic.Bool // a commit is under way
}

// endOverdue ends what time should have ended a while ago, where the elected process does
// not: its release may not know closings, or wait for its clock after one that was ahead.
// While site files differ it leaves alone what they may differ about.
func (s *Site) endOverdue() {
	now := s.Now()
	if s.late.clock.look(now, time.Now()) > 0 {
		s.late.jumped = now
	}
	if s.election.elected.Load() || s.drift.differs.Load() || s.Takes() != nil || s.late.commits.Load() {
		return
	}
	due := s.overdue(queue.Dispatcher{Batch: maxOverdue, Jumped: s.late.jumped}, now, time.Since(s.app.started))
	if len(due) == 0 {
		return
	}
	s.late.commits.Store(true)
	s.app.work.Go(func() { // beside it: no other site waits for a log that hangs
		defer s.late.commits.Store(false)
		_, _ = s.commit(due) // what fails is tried again at the next tick
	})
}

// overdue returns what the elected process should have ended by now. A process that has
// run for less than the grace gives no person up: it cannot know which ones the elected
// process spares after an outage or a jump of the clock.
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
