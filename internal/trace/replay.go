package trace

import (
	"strings"

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
	// Seed is of the estimator's plays.
	Seed uint64
	// Said is called for each estimate, in order.
	Said func(Said) error
	// Progress is called now and then with the number of events replayed.
	Progress func(events int)
	// Scores judge what was said.
	Scores []*Score
}

const (
	// lookEvery is how often what has ended is dropped and the estimator may play,
	// in milliseconds of the trace's clock.
	lookEvery = 15_000
	// playRecords is how many records a look may play for each event since the one
	// before: so a replay takes a time in proportion to the trace.
	playRecords = 4
	// progressEvery is in events.
	progressEvery = 1 << 12
)

// department is the one of a trace; its queues are the languages.
const department = "trace"

// replay is one replay under way.
type replay struct {
	Options
	st    *queue.State
	est   *eta.Estimator
	asks  []ask // those who wait, by when to ask next
	shown map[string]*eta.Display
}

type ask struct {
	at     int64
	ticket string
}

// Replay plays the events and asks at each join.
func Replay(l *Log, o Options) error {
	site := &queue.Site{ID: "trace", Departments: []queue.Department{{ID: department, Languages: l.Queues}}, Retention: 1}
	r := &replay{Options: o, st: queue.NewState(site), est: eta.New(nil), shown: map[string]*eta.Display{}}
	r.est.SetSeed(o.Seed)
	look, events, seen := int64(0), 0, 0
	return l.Events(func(e *Event) error {
		for len(r.asks) > 0 && r.asks[0].at < e.At {
			if err := r.again(); err != nil {
				return err
			}
		}
		if e.At >= look {
			r.forget(e.At)
			r.est.SetBudget(playRecords * (events - seen))
			r.est.Look(r.st, stamp(e.At))
			look, seen = e.At+lookEvery, events
		}
		if events++; events%progressEvery == 0 && r.Progress != nil {
			r.Progress(events)
		}
		return r.happen(e)
	})
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
	shown := r.shown[t.ID].Show(queue.EstimatedWait{Known: f.Known, P50: f.P50, P90: f.P90}, stamp(at))
	s := Said{
		Ticket: t.ID, Queue: t.Language, At: at, Position: f.Position, Known: f.Known,
		Mean: f.Mean, P10: f.P10, P50: f.P50, P90: f.P90, Low: shown.Low, High: shown.High, Joined: joined,
	}
	for _, score := range r.Scores {
		score.said(r.st, t, s)
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
			ID: strings.Clone(e.Agent), Languages: queue.Fluent(e.serves()...), Departments: []string{department}, Capacity: e.Capacity,
			Status: queue.Available, IdleSince: at,
		})
	case AgentOff:
		if a := r.st.Agent(e.Agent); a != nil {
			is := *a
			is.Status = queue.Offline
			r.write(queue.CauseStatus, e.At, &is)
		}
	case Join:
		id := strings.Clone(e.Ticket)
		t := &queue.Ticket{
			ID: id, Visitor: id, Status: queue.Waiting, JoinedAt: at,
			Specification: &queue.Specification{Department: department, Language: strings.Clone(e.Queue), HeadStart: queue.Millis(e.Head), Weight: 1},
		}
		r.write(queue.CauseJoined, e.At, t)
		r.shown[id] = &eta.Display{}
		if r.Every > 0 {
			r.asks = append(r.asks, ask{e.At + r.Every, id}) // all ask as often, so they stay in order
		}
		return r.say(r.st.Ticket(id), e.At, true)
	case Assign:
		t := r.st.Ticket(e.Ticket)
		is := t.Copy()
		is.Status, is.Agent, is.AssignedAt, is.Token = queue.Assigned, strings.Clone(e.Agent), at, is.Token+1
		r.write(queue.CauseAccepted, e.At, is)
		delete(r.shown, is.ID)
		for _, score := range r.Scores {
			score.served(is)
		}
	case Close:
		is := r.st.Ticket(e.Ticket).Copy()
		is.Status, is.End, is.EndedAt = queue.Closed, queue.AgentClosed, at
		r.write(queue.CauseClosed, e.At, is)
		for _, score := range r.Scores {
			score.closed(is)
		}
	case Abandon:
		is := r.st.Ticket(e.Ticket).Copy()
		is.Status, is.End, is.EndedAt = queue.Abandoned, queue.VisitorLeft, at
		r.write(queue.CauseLeft, e.At, is)
		delete(r.shown, is.ID)
		for _, score := range r.Scores {
			score.left(is.ID)
		}
	}
	return nil
}

// serves are the queues of an agent, safe to keep.
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
