package observer

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"nextup/gateway/protocol"
	"nextup/test/oracle"
	"nextup/test/people"
)

// Crowd is the observer's own visitors: a few among many, so that every part of every
// queue has a visitor that watches. They write nothing and never give up.
type Crowd struct {
	// Targets are socket addresses; Token mints a visitor's token.
	Targets []string
	Token   func(subject string) (string, error)
	// Observer may be nil: then only promises are judged.
	Observer *Observer
	// Mark is the language that only people of a run speak, "" for those of the site.
	Mark string
	// Begun is when the run began.
	Begun time.Time

	mu       sync.Mutex
	promises []Promised
}

// Promised is a wait that was shown at the join, and what became of it.
type Promised struct {
	// T is the second of the run at which it was shown.
	T       float64 `json:"t"`
	LowS    int     `json:"low_s"`
	HighS   int     `json:"high_s"`
	WaitedS float64 `json:"waited_s"`
}

// maxPromises bounds what is kept of them.
const maxPromises = 20_000

// Promises are those of the visitors who were served.
func (c *Crowd) Promises() []Promised {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.promises
}

// Run lets one visitor come every so often until a time, and returns when ctx has ended
// and all are gone.
func (c *Crowd) Run(ctx context.Context, every time.Duration, until time.Time) {
	var all sync.WaitGroup
	defer all.Wait()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := 0; time.Now().Before(until); n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			all.Go(func() { c.visit(ctx, fmt.Sprintf("observer-%d", n)) })
		}
	}
}

// visit joins and watches until an agent has closed the ticket or ctx ends.
func (c *Crowd) visit(ctx context.Context, subject string) {
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	w := &watcher{Crowd: c, subject: subject}
	mint := func(_ protocol.Role, subject string, _ []string) (string, error) { return c.Token(subject) }
	v := people.NewClient(c.Targets, mint, c.Begun, protocol.Visitor, subject, nil, rand.New(rand.NewPCG(rand.Uint64(), 0)))
	v.Each(w.see)
	if c.Observer != nil {
		c.Observer.watch(subject)
		defer c.Observer.unwatch(subject)
	}
	running.Go(func() { v.Run(ctx) })
	if !w.join(ctx, v) {
		return
	}
	conn := v.Look().Conn
	v.Until(ctx, func(s people.Sight) bool {
		if c.Observer != nil && (!s.Connected || s.Conn != conn) {
			c.Observer.blind(subject)
		}
		conn = s.Conn
		return s.Ticket.Status == protocol.Closed || s.Ticket.Status == protocol.Abandoned
	})
}

// watcher is one of the observer's own visitors.
type watcher struct {
	*Crowd
	subject string
	// What follows is the reader's alone.
	promise *Promised
	since   time.Time
	taken   bool // an agent has had the ticket
}

// join asks for a place in a queue that is picked as the load's visitors pick.
func (w *watcher) join(ctx context.Context, v *people.Client) bool {
	if !v.Until(ctx, func(s people.Sight) bool { return s.Connected }) {
		return false
	}
	total, weights := 0.0, []float64{}
	type queue struct{ department, language string }
	var queues []queue
	for _, d := range v.Look().Welcome.Departments {
		for i, l := range d.Languages {
			if w.Mark != "" && l != w.Mark {
				continue
			}
			queues = append(queues, queue{d.ID, l})
			weights = append(weights, 1/float64(1+i))
			total += weights[len(weights)-1]
		}
	}
	left, q := rand.Float64()*total, queue{}
	for i := range queues {
		if q = queues[i]; left < weights[i] {
			break
		}
		left -= weights[i]
	}
	_, err := v.Do(ctx, oracle.Ask{Type: protocol.TypeJoin, Wish: 1}, func(e protocol.Envelope) protocol.Request {
		return protocol.Join{Envelope: e, Department: q.department, Languages: []string{q.language}, LanguageRequired: w.Mark != ""}
	})
	return err == nil
}

// see takes a frame.
func (w *watcher) see(f protocol.ServerFrame) {
	t, ok := f.(protocol.Ticket)
	if !ok {
		return
	}
	if o := w.Observer; o != nil {
		o.shownTo(w.subject, t.Log, t.Position, o.Now())
	}
	switch t.Status {
	case protocol.Waiting, protocol.Offered:
		if w.promise == nil && t.Wait != nil && t.Wait.Known {
			w.since = time.Now()
			w.promise = &Promised{T: tenths(w.since.Sub(w.Begun)), LowS: t.Wait.LowS, HighS: t.Wait.HighS}
		}
	case protocol.Assigned:
		w.kept()
	case protocol.Closed, protocol.Abandoned: // the visit ends
	}
}

// kept notes how long it took, once.
func (w *watcher) kept() {
	if w.promise == nil || w.taken {
		return
	}
	w.taken = true
	p := *w.promise
	p.WaitedS = tenths(time.Since(w.since))
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.promises) < maxPromises {
		w.promises = append(w.promises, p)
	}
}

// tenths returns a time in seconds, rounded to tenths.
func tenths(d time.Duration) float64 { return math.Round(10*d.Seconds()) / 10 }
