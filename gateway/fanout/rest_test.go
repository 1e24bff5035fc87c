package fanout

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nextup/app"
	"nextup/queue"
)

// A line that rests arms no timer, and one that has changed the timer of its next band.
func TestALineThatRestsArmsNoTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rules := &queue.Site{ID: "demo", Departments: []queue.Department{{ID: "support", Languages: []string{"en"}}}}
		p := newPush(&fakeReplica{state: queue.NewState(rules)}, newPeople(), NewMetrics(prometheus.NewRegistry()), rules)
		time.Sleep(10*time.Second + 20*time.Millisecond)
		change := func() { p.changed(nil, true) }
		sweep := func() { p.sweepDue(len(bands)) }
		for _, step := range []struct {
			name string
			do   func()
			want time.Duration // 0 for none
		}{
			{"nothing has changed", func() {}, 0},
			{"a line has changed", change, 30 * time.Millisecond}, // to the next tick
			{"it was shown", sweep, 0},
			{"it has changed again", change, 180 * time.Millisecond}, // first_10: 150 ms after the last sweep, at a tick
			{"the front was shown", func() { time.Sleep(180 * time.Millisecond); sweep() }, 650 * time.Millisecond},
			{"the first hundred were shown", func() { time.Sleep(650 * time.Millisecond); sweep() }, 1700 * time.Millisecond},
			{"all were shown", func() { time.Sleep(1700 * time.Millisecond); sweep() }, 0},
		} {
			step.do()
			if wait, changed := p.next(time.Now()); changed != (step.want > 0) || changed && wait != step.want {
				t.Errorf("%s: the timer is for %s (%v), want %s", step.name, wait, changed, step.want)
			}
		}
	})
}

// fakeSupervisor counts how often it is shown the board.
type fakeSupervisor struct {
	Conn
	shown int
}

func (*fakeSupervisor) Actor() *app.Actor { return &app.Actor{Role: app.Supervisor, ID: "s"} }
func (s *fakeSupervisor) Show()           { s.shown++ }

// The board is looked at while a supervisor is here, from the moment at which they come.
func TestTheBoardIsLookedAtWhileASupervisorIsHere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		people := newPeople()
		b := &Board{people: people}
		done := make(chan struct{})
		go func() { b.run(ctx); close(done) }()
		for range 2 {
			time.Sleep(time.Hour)
			s := &fakeSupervisor{}
			if limit := people.Enter(s, netip.Addr{}, Bounds{Conns: 1, PerPerson: 1, PerAddress: 1}); limit != "" {
				t.Fatal(limit)
			}
			time.Sleep(10*time.Second + boardTick/2)
			synctest.Wait()
			if want := 1 + int(10*time.Second/boardTick); s.shown != want {
				t.Errorf("in 10 s the board is looked at %d times, want %d", s.shown, want)
			}
			people.Exit(s, netip.Addr{})
			before := s.shown
			time.Sleep(time.Hour)
			synctest.Wait()
			if s.shown != before {
				t.Errorf("a supervisor who has gone is shown the board")
			}
		}
		stop()
		<-done
	})
}
