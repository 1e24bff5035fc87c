package observer

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"nextup/gateway/protocol"
	"nextup/internal/client"
)

// Crowd is the observer's own visitors: a few among many, so that every part of
// every line has somebody who watches. They write nothing and never give up.
type Crowd struct {
	// Targets are socket addresses; Token mints a visitor's token.
	Targets []string
	Token   func(subject string) (string, error)
	// Observer may be nil: then only promises are judged.
	Observer *Observer
	// Begun is when the run began.
	Begun time.Time

	mu       sync.Mutex
	promises []Promised
	joined   int
	served   int
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

// Run lets one come every so often until until, and returns when ctx has ended
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

// visit joins and watches until an agent has closed the ticket or ctx ends. A
// socket that is lost comes back.
func (c *Crowd) visit(ctx context.Context, subject string) {
	token, err := c.Token(subject)
	if err != nil {
		return
	}
	w := &watcher{Crowd: c, subject: subject, ended: make(chan struct{})}
	if c.Observer != nil {
		c.Observer.joins(subject)
		defer c.Observer.leaves(subject)
	}
	joined := false
	for try := 0; ctx.Err() == nil; try++ {
		conn, err := client.Resume(ctx, c.Targets[rand.IntN(len(c.Targets))], token, w.log(), w.see)
		if err == nil {
			if !joined {
				joined = w.join(ctx, conn)
			}
			select {
			case <-ctx.Done():
			case <-w.ended:
			case <-conn.Done():
			}
			select {
			case <-conn.Done():
			default:
				conn.Close()
			}
			select {
			case <-w.ended:
				return
			default:
			}
			if c.Observer != nil {
				c.Observer.blind(subject)
			}
		}
		pause := time.NewTimer(time.Duration(100+rand.IntN(400)) * time.Millisecond)
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
		pause.Stop()
	}
}

// watcher is one of them.
type watcher struct {
	*Crowd
	subject string
	ended   chan struct{}

	mu      sync.Mutex
	newest  uint64
	promise *Promised
	since   time.Time
	over    bool
}

func (w *watcher) log() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.newest
}

// join asks for a place in a queue that is picked as the load's visitors pick.
func (w *watcher) join(ctx context.Context, conn *client.Conn) bool {
	total, weights := 0.0, []float64{}
	type queue struct{ department, language string }
	var queues []queue
	for _, d := range conn.Welcome.Departments {
		for i, l := range d.Languages {
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
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_, err := conn.Join(ctx, q.department, q.language)
	if err == nil {
		w.Crowd.mu.Lock()
		w.joined++
		w.Crowd.mu.Unlock()
	}
	return err == nil
}

// see takes a frame.
func (w *watcher) see(f protocol.ServerFrame) {
	t, is := f.(protocol.Ticket)
	if !is {
		return
	}
	if o := w.Observer; o != nil {
		o.shownTo(w.subject, t.Log, t.Position, o.Now())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.newest = max(w.newest, t.Log)
	switch t.Status {
	case protocol.Waiting, protocol.Offered:
		if w.promise == nil && t.Wait != nil && t.Wait.Known {
			w.since = time.Now()
			w.promise = &Promised{T: tenths(w.since.Sub(w.Begun)), LowS: t.Wait.LowS, HighS: t.Wait.HighS}
		}
	case protocol.Assigned:
		w.kept()
	case protocol.Closed, protocol.Abandoned:
		if !w.over {
			w.over = true
			close(w.ended)
		}
	}
}

// kept notes how long it took, once.
func (w *watcher) kept() {
	if w.promise == nil || !w.since.Before(time.Now()) {
		return
	}
	p := *w.promise
	p.WaitedS = tenths(time.Since(w.since))
	w.since = time.Now().Add(24 * time.Hour) // once
	w.Crowd.mu.Lock()
	defer w.Crowd.mu.Unlock()
	if w.served++; len(w.promises) < maxPromises {
		w.promises = append(w.promises, p)
	}
}

// tenths is a time in seconds, as exact as anybody reads it.
func tenths(d time.Duration) float64 { return math.Round(10*d.Seconds()) / 10 }
