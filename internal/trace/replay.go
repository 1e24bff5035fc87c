package trace

import (
	"strings"

	"nextup/queue"
	"nextup/queue/eta"
)

// Estimate is one estimate of a wait, at a join or while waiting.
type Estimate struct {
	Ticket   string  `json:"ticket"`
	Queue    string  `json:"queue"`
	At       int64   `json:"at_ms"`
	Position int     `json:"position"`
	Known    bool    `json:"known"`
	Mean     float64 `json:"mean_s"`
	P10      float64 `json:"p10_s"`
	P25      float64 `json:"p25_s"`
	P50      float64 `json:"p50_s"`
	P90      float64 `json:"p90_s"`
	Low      int     `json:"shown_low_s"`
	High     int     `json:"shown_high_s"`
	// AtJoin is true for the estimate at the join.
	AtJoin bool `json:"-"`
}

// Options tune a replay.
type Options struct {
	// Every is how often to estimate a wait again while it lasts, in milliseconds; 0
	// is never.
	Every int64
	// Seed is the seed of the estimator's plays.
	Seed uint64
	// OnEstimate is called for each estimate, in order.
	OnEstimate func(Estimate) error
	// Progress is called from time to time with the number of events replayed.
	Progress func(events int)
	// Scores judge the estimates.
	Scores []*Score
	// Forget is the time at which an estimator that knows nothing takes over, in milliseconds; 0
	// is never.
	Forget int64
}

const (
	// lookEvery is how often ended tickets are dropped and the estimator looks, in
	// milliseconds of the trace's clock: as often as a gateway publishes, since visitors
	// read what it published last, and the waits that it learns from are those that last until
	// it looks. While nothing happens and no one waits, nothing new is published.
	lookEvery = 3_000
	// playRecords is the number of records that the plays of a look may write for each
	// event since the last look: so the time of a replay is in proportion to the
	// trace.
	playRecords = 4
	// progressEvery is the number of events between two calls of Progress.
	progressEvery = 1 << 12
)

// department is the one department of a trace; its languages are the queues.
const department = "trace"

// replay is one replay under way.
type replay struct {
	Options
	st    *queue.State
	est   *eta.Estimator
	due   []dueEstimate // the waits to estimate again, by time
	shown map[string]eta.Range
	// looked is the time of the last look, seen the number of events by then.
	looked       int64
	events, seen int
}

type dueEstimate struct {
	at     int64
	ticket string
}

// Replay replays the events and estimates the wait at each join.
func Replay(l *Log, o Options) error {
	site := &queue.Site{ID: "trace", Departments: []queue.Department{{ID: department, Languages: l.Queues}}, Retention: 1}
	r := &replay{Options: o, st: queue.NewState(site), est: eta.New(nil), shown: map[string]eta.Range{}}
	r.est.SetSeed(o.Seed)
	return l.Events(func(e *Event) error {
		if err := r.lookUntil(e.At); err != nil {
			return err
		}
		if r.events++; r.events%progressEvery == 0 && r.Progress != nil {
			r.Progress(r.events)
		}
		return r.apply(e)
	})
}

// lookUntil looks as a gateway would have up to then: after what has happened, when a wait is
// to be estimated again, and last as shortly before as it may.
func (r *replay) lookUntil(at int64) error {
	for r.looked+lookEvery <= at {
		next := r.looked + lookEvery
		switch {
		case r.events > r.seen:
		case r.st.AnyWaiting():
			until := at
			if len(r.due) > 0 {
				until = min(at, max(next, r.due[0].at+lookEvery-1))
			}
			next = until - (until-next)%lookEvery
		default: // nothing new is published
			r.looked = at - lookEvery
			return nil
		}
		if err := r.look(next); err != nil {
			return err
		}
	}
	return nil
}

func (r *replay) look(at int64) error {
	if r.Forget > 0 && at >= r.Forget {
		r.est, r.Forget = eta.New(nil), 0
		r.est.SetSeed(r.Seed)
	}
	r.forget(at)
	r.est.SetBudget(playRecords * (r.events - r.seen))
	r.est.Look(r.st, stamp(at))
	r.looked, r.seen = at, r.events
	for len(r.due) > 0 && r.due[0].at <= at {
		if err := r.estimateNext(at); err != nil {
			return err
		}
	}
	return nil
}

// stamp returns the stamp of a time; it adds 1 because 0 means never.
func stamp(at int64) queue.Stamp { return queue.Stamp(at + 1) }

// estimateNext estimates the wait that is due next.
func (r *replay) estimateNext(at int64) error {
	a := r.due[0]
	r.due = r.due[1:]
	t := r.st.Ticket(a.ticket)
	if t == nil || !t.Queued() {
		return nil
	}
	// The interval is the same for all, so they stay in order.
	r.due = append(r.due, dueEstimate{at + r.Every, a.ticket})
	return r.estimate(t, at, false)
}

func (r *replay) estimate(t *queue.Ticket, at int64, joined bool) error {
	f, told := eta.Forecast{}, false
	if joined {
		f, told = r.est.Told(t.ID)
	}
	if !told {
		f = r.est.Forecast(r.st, t, stamp(at))
	}
	shown := r.shown[t.ID].Next(f.Wait())
	r.shown[t.ID] = shown
	s := Estimate{
		Ticket: t.ID, Queue: t.Language, At: at, Position: f.Position, Known: f.Known,
		Mean: f.Mean, P10: f.P10, P25: f.P25, P50: f.P50, P90: f.P90, Low: shown.Low, High: shown.High, AtJoin: joined,
	}
	for _, score := range r.Scores {
		score.estimate(r.st, t, s)
	}
	if r.OnEstimate == nil {
		return nil
	}
	return r.OnEstimate(s)
}

// write applies the images as one record.
func (r *replay) write(cause queue.Cause, at int64, images ...queue.Image) {
	c := queue.Change{ID: "r", Cause: cause}
	for _, i := range images {
		c.Writes = append(c.Writes, queue.Write{Name: i.Name(), Image: i})
	}
	r.est.Observe(r.st.Play(c, stamp(at)))
}

func (r *replay) apply(e *Event) error {
	at := stamp(e.At)
	switch e.Kind {
	case AgentOn:
		r.write(queue.CauseStatus, e.At, &queue.Agent{
			ID: strings.Clone(e.Agent), Languages: queue.Fluent(e.serves()...), Departments: []string{department}, Capacity: e.Capacity,
			Status: queue.Available, IdleSince: at,
		})
	case AgentOff:
		if a := r.st.Agent(e.Agent); a != nil {
			next := *a
			next.Status = queue.Offline
			r.write(queue.CauseStatus, e.At, &next)
		}
	case Join:
		id := strings.Clone(e.Ticket)
		t := &queue.Ticket{
			ID: id, Visitor: id, Status: queue.Waiting, JoinedAt: at,
			Specification: &queue.Specification{Department: department, Language: strings.Clone(e.Queue), HeadStart: queue.Millis(e.Head), Weight: 1},
		}
		r.write(queue.CauseJoined, e.At, t)
		if r.Every > 0 {
			r.due = append(r.due, dueEstimate{e.At + r.Every, id})
		}
		return r.estimate(r.st.Ticket(id), e.At, true)
	case Assign:
		t := r.st.Ticket(e.Ticket)
		next := t.Copy()
		next.Status, next.Agent, next.AssignedAt, next.Token = queue.Assigned, strings.Clone(e.Agent), at, next.Token+1
		r.write(queue.CauseAccepted, e.At, next)
		delete(r.shown, next.ID)
		for _, score := range r.Scores {
			score.served(next)
		}
	case Close:
		next := r.st.Ticket(e.Ticket).Copy()
		next.Status, next.End, next.EndedAt = queue.Closed, queue.AgentClosed, at
		r.write(queue.CauseClosed, e.At, next)
		for _, score := range r.Scores {
			score.closed(next)
		}
	case Abandon:
		next := r.st.Ticket(e.Ticket).Copy()
		next.Status, next.End, next.EndedAt = queue.Abandoned, queue.VisitorLeft, at
		r.write(queue.CauseLeft, e.At, next)
		delete(r.shown, next.ID)
		for _, score := range r.Scores {
			score.left(next.ID)
		}
	}
	return nil
}

// serves returns copies of an agent's queues, which are safe to keep.
func (e *Event) serves() []string {
	all := make([]string, len(e.Serves))
	for i, q := range e.Serves {
		all[i] = strings.Clone(q)
	}
	return all
}

// forget drops the tickets that have ended.
func (r *replay) forget(at int64) {
	for range 64 {
		done := true
		for _, batch := range (queue.Dispatcher{Batch: 1}).Propose(r.st, stamp(at)) {
			for _, c := range batch {
				if c.Cause == queue.CauseForgotten {
					r.est.Observe(r.st.Play(c, stamp(at)))
					done = false
				}
			}
		}
		if done {
			return
		}
	}
}
