package fanout

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nextup/app"
	"nextup/gateway/view"
	"nextup/queue"
)

// fakeReplica is a state that a test changes.
type fakeReplica struct {
	mu    sync.RWMutex
	state *queue.State
}

func (*fakeReplica) Restores() uint64 { return 0 }

func (r *fakeReplica) Read(look func(*queue.State)) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	look(r.state)
}

// fakeConn is a visitor's who is shown snapshots.
type fakeConn struct {
	Conn
	visitor string
	show    func(c *fakeConn, s *view.TicketSnapshot)
}

func (c *fakeConn) ShowSnapshot(s *view.TicketSnapshot) { c.show(c, s) }

// [cadence-1] A line that changes all the time is shown within the promise of
// each band, and one that changed once is shown once.
func TestTheCadenceKeepsItsPromise(t *testing.T) {
	promise := [len(bands)]time.Duration{250 * time.Millisecond, time.Second, 3 * time.Second}
	tests := []struct {
		name  string
		pause time.Duration // between two changes; 0 is one change only
	}{
		{"one change", 0},
		{"a busy line", 10 * time.Millisecond},
		{"a change a second", time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				q := queue.QueueID{Department: "support", Language: "en"}
				rules := &queue.Site{ID: "demo", Departments: []queue.Department{{ID: "support", Languages: []string{"en"}}}}
				here := newPeople()
				p := newPush(&fakeReplica{state: queue.NewState(rules)}, here, NewMetrics(prometheus.NewRegistry()), rules)
				var mu sync.Mutex
				var oldest [len(bands)]time.Time // of the changes not shown yet
				var shown [len(bands)]int
				p.swept = func(band int) {
					mu.Lock()
					defer mu.Unlock()
					if age := time.Since(oldest[band]); age > promise[band] {
						t.Errorf("%s: a change is shown after %s, promised within %s", bands[band].name, age, promise[band])
					}
					oldest[band] = time.Time{}
					shown[band]++
				}
				done := make(chan struct{})
				go func() { p.run(ctx); close(done) }()
				for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(tt.pause) {
					mu.Lock()
					for i := range oldest {
						if oldest[i].IsZero() {
							oldest[i] = time.Now()
						}
					}
					mu.Unlock()
					p.changed(map[queue.QueueID]bool{q: true}, false)
					if tt.pause == 0 {
						time.Sleep(10 * time.Second)
						break
					}
				}
				stop()
				<-done
				for i, n := range shown {
					if tt.pause == 0 && n != 1 || n == 0 {
						t.Errorf("%s: shown %d times", bands[i].name, n)
					}
				}
			})
		})
	}
}

// [cadence-1] In a long line that moves all the time every person is shown their place
// within the promise, and no tick shows a burst of them.
func TestALongLineIsSweptWithoutABurst(t *testing.T) {
	const waiting = 2000
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		q := queue.QueueID{Department: "support", Language: "en"}
		rules := &queue.Site{ID: "demo", Departments: []queue.Department{{ID: "support", Languages: []string{"en"}}}}
		s := &fakeReplica{state: queue.NewState(rules)}
		here := newPeople()
		visitors := map[string][]Conn{}
		here.by[app.Visitor] = visitors
		begun := time.Now()
		play := func(c queue.Change, err error) {
			if err != nil {
				t.Fatal(err)
			}
			s.state.Play(c, queue.Stamp(1+time.Since(begun).Milliseconds()))
		}
		joined := 0
		type sight struct {
			at       time.Time
			position int
		}
		seen := map[*fakeConn]sight{}
		var show func(c *fakeConn, s *view.TicketSnapshot)
		join := func() {
			v := fmt.Sprint("v", joined)
			c := &fakeConn{visitor: v, show: func(c *fakeConn, s *view.TicketSnapshot) { show(c, s) }}
			play(s.state.Join(queue.JoinRequest{Ticket: fmt.Sprint("t", joined), Visitor: v, Department: "support", Languages: []string{"en"}}))
			visitors[v] = []Conn{c}
			seen[c] = sight{time.Now(), s.state.Size(q)} // a join is shown its place at once
			joined++
		}
		for range waiting {
			join()
		}
		p := newPush(s, here, NewMetrics(prometheus.NewRegistry()), rules)
		most, now, at := 0, 0, time.Time{}
		show = func(c *fakeConn, of *view.TicketSnapshot) {
			s.mu.Lock()
			defer s.mu.Unlock()
			promise := 3 * time.Second
			switch before := seen[c].position; {
			case before <= 10:
				promise = 250 * time.Millisecond
			case before <= 100:
				promise = time.Second
			}
			if age := time.Since(seen[c].at); age > promise {
				t.Errorf("%s is shown their place, %d, after %s, promised within %s", c.visitor, of.Position, age, promise)
			}
			seen[c] = sight{time.Now(), of.Position}
			if !at.Equal(time.Now()) {
				now, at = 0, time.Now()
			}
			now++
			most = max(most, now)
		}
		done := make(chan struct{})
		go func() { p.run(ctx); close(done) }()
		for i := range 200 { // a visitor leaves and another comes, ten times a second
			here.mu.Lock()
			s.mu.Lock()
			play(s.state.Leave(fmt.Sprint("v", i), fmt.Sprint("t", i)))
			delete(visitors, fmt.Sprint("v", i))
			join()
			s.mu.Unlock()
			here.mu.Unlock()
			p.changed(map[queue.QueueID]bool{q: true}, false)
			time.Sleep(100 * time.Millisecond)
		}
		stop()
		<-done
		for c, last := range seen {
			if len(visitors[c.visitor]) > 0 && time.Since(last.at) > 3*time.Second {
				t.Errorf("%s has seen nothing for %s", c.visitor, time.Since(last.at))
			}
		}
		if most > piece+2*100 { // of the line, and its front twice
			t.Errorf("%d are shown their place at once, want pieces of %d", most, piece)
		}
	})
}
