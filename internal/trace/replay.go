package trace

import (
	"slices"

	"nextup/queue"
	"nextup/queue/eta"
)

// Said is what the estimator said of one wait, at a join or while waiting.
type Said struct {
	Ticket   string  `json:"ticket"`
	Queue    string  `json:"queue"`
	At       int64   `json:"at_ms"`
	Position int     `json:"position"`
	Known    bool    `json:"known"`
	Mean     float64 `json:"mean_s"`
	P10      float64 `json:"p10_s"`
	P50      float64 `json:"p50_s"`
	P90      float64 `json:"p90_s"`
	Low      int     `json:"shown_low_s"`
	High     int     `json:"shown_high_s"`
	// Joined says that it was said at the join.
	Joined bool `json:"-"`
}

// Options say how to replay.
type Options struct {
	// Every is how often to ask while somebody waits, in milliseconds; 0 is never.
	Every int64
	// Said is called for each estimate, in order.
	Said func(Said) error
	// Score judges them; nil does not.
	Score *Score
}

// lookEvery is how often what has ended is dropped.
const lookEvery = 15_000

// department is the one of a trace; its queues are the languages.
const department = "trace"

// replay is one replay under way.
type replay struct {
	Options
	st   *queue.State
	est  *eta.Estimator
	asks []ask // those who wait, by when to ask next
}

type ask struct {
	at     int64
	ticket string
}

// Replay plays the events and asks at each join.
func Replay(events []Event, o Options) error {
	var queues []string
	for i := range events {
		queues = append(queues, events[i].Serves...)
		if events[i].Queue != "" {
			queues = append(queues, events[i].Queue)
		}
		if i%4096 == 0 {
			slices.Sort(queues)
			queues = slices.Compact(queues)
		}
	}
	slices.Sort(queues)
	site := &queue.Site{ID: "trace", Departments: []queue.Department{{ID: department, Languages: slices.Compact(queues)}}, Retention: 1}
	r := &replay{Options: o, st: queue.NewState(site), est: eta.New(nil)}
	look := int64(0)
	for i := range events {
		e := &events[i]
		for len(r.asks) > 0 && r.asks[0].at < e.At {
			if err := r.again(); err != nil {
				return err
			}
		}
		if e.At >= look {
			r.forget(e.At)
			look = e.At + lookEvery
		}
		if err := r.happen(e); err != nil {
			return err
		}
	}
	return nil
}

// stamp keeps 0 for never.
func stamp(at int64) queue.Stamp { return queue.Stamp(at + 1) }

// again asks for whoever is due next.
func (r *replay) again() error {
	a := r.asks[0]
	r.asks = r.asks[1:]
	t := r.st.Ticket(a.ticket)
	if t == nil || !t.Queued() {
		return nil
	}
	r.asks = append(r.asks, ask{a.at + r.Every, a.ticket})
	return r.say(t, a.at, false)
}

func (r *replay) say(t *queue.Ticket, at int64, joined bool) error {
	f := r.est.Forecast(r.st, t, stamp(at))
	shown := eta.Shown(queue.EstimatedWait{Known: f.Known, P50: f.P50, P90: f.P90})
	s := Said{
		Ticket: t.ID, Queue: t.Language, At: at, Position: f.Position, Known: f.Known,
		Mean: f.Mean, P10: f.P10, P50: f.P50, P90: f.P90, Low: shown.Low, High: shown.High, Joined: joined,
	}
	if r.Score != nil {
		r.Score.said(r.st, t, s)
	}
	if r.Said == nil {
		return nil
	}
	return r.Said(s)
}

// write plays the images as one record.
func (r *replay) write(cause queue.Cause, at int64, images ...queue.Image) {
	c := queue.Change{ID: "r", Cause: cause}
	for _, i := range images {
		c.Writes = append(c.Writes, queue.Write{Name: i.Name(), Image: i})
	}
	r.est.Observe(r.st.Play(c, stamp(at)))
}

func (r *replay) happen(e *Event) error {
	at := stamp(e.At)
	switch e.Kind {
	case AgentOn:
		r.write(queue.CauseStatus, e.At, &queue.Agent{
			ID: e.Agent, Languages: queue.Fluent(e.Serves...), Departments: []string{department}, Capacity: e.Capacity,
			Status: queue.Available, IdleSince: at,
		})
	case AgentOff:
		if a := r.st.Agent(e.Agent); a != nil {
			is := *a
			is.Status = queue.Offline
			r.write(queue.CauseStatus, e.At, &is)
		}
	case Join:
		t := &queue.Ticket{
			ID: e.Ticket, Visitor: e.Ticket, Department: department, Language: e.Queue,
			HeadStart: queue.Millis(e.Head), Weight: 1, Status: queue.Waiting, JoinedAt: at,
		}
		r.write(queue.CauseJoined, e.At, t)
		if r.Every > 0 {
			r.asks = append(r.asks, ask{e.At + r.Every, e.Ticket})
			slices.SortStableFunc(r.asks, func(a, b ask) int { return int(a.at - b.at) })
		}
		return r.say(r.st.Ticket(e.Ticket), e.At, true)
	case Assign:
		is := *r.st.Ticket(e.Ticket)
		is.Status, is.Agent, is.AssignedAt, is.Token = queue.Assigned, e.Agent, at, is.Token+1
		r.write(queue.CauseAccepted, e.At, &is)
		r.served(&is)
	case Close:
		is := *r.st.Ticket(e.Ticket)
		is.Status, is.End, is.EndedAt = queue.Closed, queue.AgentClosed, at
		r.write(queue.CauseClosed, e.At, &is)
		if r.Score != nil {
			r.Score.closed(&is)
		}
	case Abandon:
		is := *r.st.Ticket(e.Ticket)
		is.Status, is.End, is.EndedAt = queue.Abandoned, queue.VisitorLeft, at
		r.write(queue.CauseLeft, e.At, &is)
		if r.Score != nil {
			r.Score.left(e.Ticket)
		}
	}
	return nil
}

func (r *replay) served(t *queue.Ticket) {
	if r.Score != nil {
		r.Score.served(t)
	}
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
