package app

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nextup/internal/cadence"
	"nextup/queue"
)

// connection is one that a test makes.
type connection struct {
	actor *Actor
	facts queue.AgentFacts
}

func (c connection) Actor() *Actor           { return c.actor }
func (c connection) Facts() queue.AgentFacts { return c.facts }

// connected are the people that a test connects.
type connected struct {
	mu sync.Mutex
	by map[actorKey]connection
}

func (c *connected) Of(role Role, id string) Connection {
	c.mu.Lock()
	defer c.mu.Unlock()
	if one, ok := c.by[actorKey{role, id}]; ok {
		return one
	}
	return nil
}

func (c *connected) All() (all []Connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.by {
		all = append(all, one)
	}
	return all
}

func (c *connected) come(a *Actor, facts queue.AgentFacts) connection {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil {
		c.by = map[actorKey]connection{}
	}
	one := connection{a, facts}
	c.by[actorKey{a.Role, a.ID}] = one
	return one
}

func (c *connected) leave(a *Actor) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.by, actorKey{a.Role, a.ID})
}

// When very many are cut at once a few are said to be lost at a time, and no visitor
// twice.
func TestACrowdThatIsCutIsLostAFewAtATime(t *testing.T) {
	const cut = 1000
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var busy, most, lost atomic.Int64
		a := &App{ctx: ctx}
		d := disconnects{app: a, lose: func(string) {
			most.Store(max(most.Load(), busy.Add(1)))
			defer busy.Add(-1)
			lost.Add(1)
			cadence.Pause(ctx, time.Second)
		}}
		before := runtime.NumGoroutine()
		for i := range cut {
			d.add(fmt.Sprint("v", i))
		}
		synctest.Wait()
		for i := range cut - maxLosing {
			d.add(fmt.Sprint("v", maxLosing+i)) // one who is queued is queued once
		}
		if n := runtime.NumGoroutine() - before; n > maxLosing {
			t.Errorf("%d goroutines say who is lost, want %d", n, maxLosing)
		}
		a.work.Wait()
		if n := lost.Load(); n != cut {
			t.Errorf("%d were said to be lost, want %d", n, cut)
		}
		if n := most.Load(); n != maxLosing {
			t.Errorf("%d commits were under way at once, want %d", n, maxLosing)
		}
		if len(d.names) != 0 || d.busy != 0 {
			t.Errorf("something is left: %v, %d busy", d.names, d.busy)
		}
	})
}

// A visitor who comes back while their name waits is not called lost.
func TestAPersonWhoIsBackIsNotLost(t *testing.T) {
	here := &connected{}
	back, gone := &Actor{Role: Visitor, ID: "v"}, &Actor{Role: Visitor, ID: "w"}
	here.come(back, queue.AgentFacts{})
	c := connections{site: &Site{Replica: &Replica{ctx: t.Context()}}, transports: []Connections{here}}
	c.retryWhile(back, false, func() error {
		t.Error("one who is back is said to be lost")
		return nil
	})
	said := false
	c.retryWhile(gone, false, func() error {
		said = true
		return nil
	})
	if !said {
		t.Error("one who is gone is not said to be lost")
	}
}

// Whatever the log says of a session, in the end it is that of who is connected here.
func TestTheLogAgreesWithWhoIsConnectedHere(t *testing.T) {
	visitor, agent := &Actor{Role: Visitor, ID: "v"}, &Actor{Role: Agent, ID: "a"}
	facts := queue.AgentFacts{ID: "a", Languages: queue.Fluent("en"), Departments: []string{"support"}, Capacity: 2}
	for _, tt := range []struct {
		name  string
		actor *Actor
		here  bool
		do    func(ctx context.Context, s *Site, c connection) error
	}{
		{"a visitor who is here and was called lost", visitor, true, func(ctx context.Context, s *Site, c connection) error {
			return s.disconnect(ctx, c.actor)
		}},
		{"an agent who is here and was called lost", agent, true, func(ctx context.Context, s *Site, c connection) error {
			return errors.Join(s.Connect(ctx, c), s.disconnect(ctx, c.actor))
		}},
		{"a visitor who had gone before they were bound", visitor, false, func(ctx context.Context, s *Site, c connection) error {
			return errors.Join(s.disconnect(ctx, c.actor), s.Connect(ctx, c))
		}},
		{"an agent who had gone before they were bound", agent, false, func(ctx context.Context, s *Site, c connection) error {
			return s.Connect(ctx, c)
		}},
		{"a visitor whose last connection has gone", visitor, false, func(_ context.Context, s *Site, c connection) error {
			s.Disconnected(c.actor)
			return nil
		}},
		{"a visitor whose last connection by one transport has gone, and who is here by another", visitor, true, func(_ context.Context, s *Site, c connection) error {
			s.Disconnected(c.actor)
			return nil
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, here, after := &connected{}, &connected{}, &connected{} // three transports
			news := make(chan struct{}, 1)
			s, ctx := start(t, memory(t), changed(news), func(s *Site) {
				for _, transport := range []Connections{before, here, after} {
					s.AddConnections(transport)
				}
			})
			c := here.come(tt.actor, facts)
			if _, err := s.joinForTest(ctx, "v"); err != nil {
				t.Fatal(err)
			}
			if !tt.here {
				here.leave(tt.actor)
			}
			if err := tt.do(ctx, s, c); err != nil {
				t.Fatal(err)
			}
			for {
				var session queue.Session
				s.Read(func(st *queue.State) {
					if tt.actor.Role == Visitor {
						session = st.Visitor("v").Session
					} else if a := st.Agent("a"); a != nil {
						session = a.Session
					}
				})
				if session.Node != "" && session.Lost() != tt.here {
					return
				}
				wait(ctx, t, news, "the log agrees")
			}
		})
	}
}
