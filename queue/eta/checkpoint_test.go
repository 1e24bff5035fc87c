package eta

import (
	"fmt"
	"testing"

	"nextup/queue"
)

// busySite has so many queues, in each of which conversations have ended and visitors
// wait, and an estimator that has seen it all.
func busySite(t testing.TB, queues int) (*queue.State, *Estimator) {
	t.Helper()
	s := &queue.Site{ID: "demo"}
	var departments []string
	for i := range queues {
		departments = append(departments, fmt.Sprint("department-", i))
		s.Departments = append(s.Departments, queue.Department{ID: departments[i], Languages: []string{"en"}, OfferTTL: 20_000})
	}
	st, e, at := queue.NewState(s), New(nil), queue.Stamp(1_700_000_000_000)
	play := func(c queue.Change, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		at += 1000
		e.Observe(st.Play(c, at))
	}
	play(st.BindAgent(queue.AgentFacts{ID: "a", Languages: queue.Fluent("en"), Departments: departments, Capacity: 3}, "n"), nil)
	play(st.SetStatus("a", queue.Available))
	for round := range 3 {
		for i, d := range departments {
			visitor := fmt.Sprint("v", round, "-", i)
			play(st.Join(queue.JoinRequest{Ticket: visitor, Visitor: visitor, Department: d, Languages: []string{"en"}, Node: "n"}))
			play(st.Match(at, 1)[0], nil)
			play(st.Accept("a", st.Held("a")[0].Offer.ID))
			play(st.Close("a", visitor))
		}
	}
	e.Estimate(st, at)
	return st, e
}

// What every gateway reads every few seconds holds no more than it shows; what the
// estimator has learned comes once in a while.
func TestPublishedEstimatesHoldNoMoreThanTheyShow(t *testing.T) {
	for _, queues := range []int{4, 60} {
		st, e := busySite(t, queues)
		size := func(c *queue.Checkpoint) int {
			t.Helper()
			out := e.Estimate(st, st.At()+1000)
			if out == nil {
				t.Fatal("nothing is published")
			}
			change := st.Publish(out, c)
			bodies := make([][]byte, len(change.Writes))
			for i, w := range change.Writes {
				var err error
				if bodies[i], err = queue.EncodeImage(w.Image); err != nil {
					t.Fatal(err)
				}
			}
			data, err := queue.EncodeRecord(&change, bodies)
			if err != nil {
				t.Fatal(err)
			}
			return len(data)
		}
		before, after := size(e.Checkpoint(st)), size(nil)
		t.Logf("%d queues: %d bytes a publication with a checkpoint, %d without", queues, before, after)
		if after > before/5 {
			t.Errorf("%d queues: a publication takes %d bytes, %d with a checkpoint", queues, after, before)
		}
	}
}
