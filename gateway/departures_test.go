package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nextup/queue"
)

// slowStore takes a second for every commit and counts those under way.
type slowStore struct {
	queue.Store
	busy, most, commits atomic.Int64
}

func (s *slowStore) Commit(ctx context.Context, _ string, changes []queue.Change) ([]queue.Outcome, error) {
	s.most.Store(max(s.most.Load(), s.busy.Add(1)))
	defer s.busy.Add(-1)
	s.commits.Add(int64(len(changes)))
	pause(ctx, time.Second)
	return []queue.Outcome{{Verdict: queue.Done, Number: 1 << 40}}, nil
}

type readyFollower struct{ queue.Follower }

func (readyFollower) Ready() bool                           { return true }
func (readyFollower) WaitFor(context.Context, uint64) error { return nil }

// When very many are cut at once a few are said to be lost at a time, nobody twice,
// and who is back before their turn is not.
func TestACrowdThatIsCutIsLostAFewAtATime(t *testing.T) {
	const cut, back = 1000, 600
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		rules := &queue.Site{ID: "demo", Departments: []queue.Department{{ID: "support", Languages: []string{"en"}}}}
		store := &slowStore{}
		g := &Gateway{ctx: ctx, log: slog.New(slog.DiscardHandler), metrics: newMetrics(prometheus.NewRegistry()), options: Options{Store: store}, node: newNode("n")}
		s := &site{g: g, state: queue.NewState(rules), follower: readyFollower{}, availability: newAvailability()}
		s.availability.set(nil)
		s.file.Store(&Site{Rules: rules})
		s.people.visitors = map[string][]*conn{}
		for i := range cut {
			v := fmt.Sprint("v", i)
			c, err := s.state.Join(queue.JoinRequest{
				Ticket: "t" + v, Visitor: v, Department: "support", Languages: []string{"en"}, Node: g.node.String(),
			})
			if err != nil {
				t.Fatal(err)
			}
			s.state.Play(c, queue.Stamp(i+1))
		}
		before := runtime.NumGoroutine()
		for i := range cut {
			s.depart(fmt.Sprint("v", i))
		}
		synctest.Wait()
		for i := range cut - maxLosing {
			s.depart(fmt.Sprint("v", maxLosing+i)) // who is in line is there once
		}
		if n := runtime.NumGoroutine() - before; n > maxLosing {
			t.Errorf("%d goroutines say who is lost, want %d", n, maxLosing)
		}
		s.people.Lock()
		for i := cut - back; i < cut; i++ {
			v := fmt.Sprint("v", i)
			s.people.visitors[v] = []*conn{{}}
		}
		s.people.Unlock()
		g.work.Wait()
		if n := store.commits.Load(); n != cut-back {
			t.Errorf("%d were said to be lost, want %d", n, cut-back)
		}
		if n := store.most.Load(); n != maxLosing {
			t.Errorf("%d commits were under way at once, want %d", n, maxLosing)
		}
		if len(s.departures.in) != 0 || s.departures.busy != 0 {
			t.Errorf("something is left: %+v", &s.departures)
		}
	})
}
