package eta

import (
	"fmt"
	"testing"

	"github.com/go-json-experiment/json"

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

// Gateways of two releases share a log while a site is upgraded: each goes on from what the other has
// learned, whatever of it the other does not know.
func TestACheckpointIsReadByTheReleaseBeforeAndAfter(t *testing.T) {
	t.Parallel()
	const q, now = "support/en", 10_000_000
	// The release before wrote these members, of which "history", "errors" and "blend" are gone.
	old := `{"at":9000000,"service":{"support/en":{"n":[40,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],"t":[4000,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}},` +
		`"errors":{"support/en":{"bias":{"n":5,"a":9,"b":4,"aa":9,"ab":4,"bb":2},"waits":1,"said":1,"count":1,"batch":1}},` +
		`"history":{"support/en":{"last":[18],"mean":18}},"stretches":{"":{"log":[0,0,0,0.5],"n":9}},` +
		`"blend":{"weights":[0,100,0,0,0,0,0],"spread":[[1,0,0,0,0,0,0]],"alone":1,"blended":2,"n":600}}`
	st := scene(now, 2, []queue.Stamp{now, now}, 4)
	e := New(&queue.Checkpoint{Data: []byte(old)})
	if n, _ := e.known.service(q).totals(); n != 40 || e.known.Stretches[""].Log[3] != 0.5 {
		t.Errorf("of the checkpoint of the release before, %v ends and %+v are known", n, e.known.Stretches[""])
	}
	e.SetBudget(0)
	f := e.Next(st, support, now)
	if !f.Known || !(f.Mean > 0) {
		t.Errorf("with the checkpoint of the release before, %+v is said", f)
	}
	for range 30 {
		e.known.Regression.learn(&f, 500)
	}
	// The release before reads these members and skips the others; what it writes then lacks them.
	var before struct {
		At        queue.Stamp                  `json:"at"`
		Service   map[string]*tally            `json:"service"`
		Stretches map[string]*stretches        `json:"stretches"`
		Errors    map[string]*struct{}         `json:"errors"`
		History   map[string]*struct{}         `json:"history"`
		Blend     struct{ Weights [7]float64 } `json:"blend"`
	}
	written := e.Checkpoint(st).Data
	if err := json.Unmarshal(written, &before); err != nil {
		t.Fatal(err)
	}
	if n, _ := before.Service[q].totals(); n != 40 {
		t.Errorf("the release before reads %v ends", n)
	}
	again, err := json.Marshal(&before)
	if err != nil {
		t.Fatal(err)
	}
	if back := New(&queue.Checkpoint{Data: again}); back.known.Regression.fits() || back.known.Pace != (pace{}) || !back.Next(st, support, now).Known {
		t.Errorf("after a rewrite by the release before: %+v", back.known)
	}
	// A later release may look at other features.
	e.known.Regression.Weights = append(e.known.Regression.Weights, 7)
	if later := New(e.Checkpoint(st)); later.Next(st, support, now).Mean != later.Next(st, support, now).center {
		t.Error("weights of other features are used")
	}
}
