package eta

import (
	"fmt"
	"math"
	"testing"

	"nextup/queue"
)

// A visitor counts their wait from the join, and holds it against what they were told there: not
// against what is said some seconds later, when the agents who had room have let them wait.
// Those who are served before anything is shown are not judged.
func TestAWaitIsJudgedByWhatWasToldAtTheJoin(t *testing.T) {
	t.Parallel()
	const now = 10_000_000
	for _, tt := range []struct {
		name          string
		look          queue.Stamp // of the last look before the join
		served        queue.Stamp // after the join; there is a look every 3 s
		judged        float64
		toldAtTheJoin bool
	}{
		{"waits a minute", now - 2000, 60_000, 1, true},
		{"is served at once", now - 2000, 1000, 0, false},
		{"joins long after the last look, and is told at the next", now - 60_000, 60_000, 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			st := scenery(tt.look, 4, 3)
			e := New(nil)
			e.SetBudget(0)
			e.Look(st, tt.look)
			c, err := st.Join(queue.JoinRequest{Ticket: "new", Visitor: "new", Department: "support", Languages: []string{"en"}, Node: "n"})
			if err != nil {
				t.Fatal(err)
			}
			// What the curve of the last look says of the next place is what is told.
			told := e.Next(st, support, tt.look)
			e.Observe(st.Play(c, now))
			looked := now + queue.Stamp(3000)
			if tt.served > 3000 {
				e.Look(st, looked)
				if !tt.toldAtTheJoin {
					told = e.Forecast(st, st.Ticket("new"), looked)
				}
			}
			served := st.Ticket("new").Copy()
			served.Status, served.Progress = queue.Assigned, &queue.Progress{Agent: "a0", AssignedAt: now + tt.served}
			e.Observe(st.Play(queue.Change{ID: "s", Cause: queue.CauseAccepted, Writes: []queue.Write{{Name: served.Name(), Image: served}}}, now+tt.served))
			got := e.Truth()[support.String()]
			waited := float64(tt.served) / 1000
			if !tt.toldAtTheJoin {
				waited -= 3
			}
			if tt.judged == 0 {
				waited, told.Mean = 0, 0
			}
			if got.Served != tt.judged || math.Abs(got.Waited-waited) > 1e-9 || math.Abs(got.Said-told.Mean) > 1e-9 {
				t.Errorf("judged %v waits of %.1f s that were estimated at %.2f s, want %v of %.1f s at %.2f s",
					got.Served, got.Waited, got.Said, tt.judged, waited, told.Mean)
			}
		})
	}
}

// Several who join between two looks stand behind each other.
func TestThoseWhoJoinBetweenTwoLooksAreToldOfTheirPlaces(t *testing.T) {
	t.Parallel()
	const now = 10_000_000
	st := scenery(now, 4, 3)
	e := New(nil)
	e.SetBudget(0)
	e.Look(st, now)
	for i := range 3 {
		id := fmt.Sprint("new", i)
		c, err := st.Join(queue.JoinRequest{Ticket: id, Visitor: id, Department: "support", Languages: []string{"en"}, Node: "n"})
		if err != nil {
			t.Fatal(err)
		}
		e.Observe(st.Play(c, now+queue.Stamp(i*100)))
		if f := e.pending[id].forecast; !f.Known || f.Position != 4+i || i > 0 && f.Mean <= e.pending[fmt.Sprint("new", i-1)].forecast.Mean {
			t.Errorf("%s is told %+v", id, f)
		}
	}
}
