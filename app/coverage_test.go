package app

import (
	"fmt"
	"reflect"
	"testing"

	"nextup/queue"
)

// desk is a site with one line, whose worker is fed by hand.
type desk struct {
	t      *testing.T
	r      *Replica
	worker *estimates
	store  *clockStore
}

func newDesk(t *testing.T) *desk {
	store := &clockStore{now: 10 * 86_400_000}
	d := &desk{t: t, store: store, r: &Replica{store: store, id: "demo", state: queue.NewState(testRules())}}
	d.elect()
	d.play(d.r.state.BindAgent(queue.AgentFacts{ID: "a", Languages: queue.Fluent("en"), Departments: []string{"support"}, Capacity: 1000}, "n"), nil)
	d.play(queue.RaiseLevel(nil, queue.Level1, "ops"))
	return d
}

func (d *desk) elect() {
	d.worker = newEstimates(d.r)
	d.worker.Elected(d.r.state)
	d.worker.keepUp()
}

func (d *desk) play(c queue.Change, err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
	d.worker.Steps(d.r.state, []queue.Step{d.r.state.Play(c, d.store.now)})
	d.worker.keepUp()
}

func (d *desk) publish(c queue.Curve) {
	d.t.Helper()
	d.play(d.r.state.Publish(&queue.Estimates{Curves: map[string]queue.Curve{"support/en": c}, Truth: d.truth()}, nil), nil)
	d.worker.counted = d.worker.coverage.counted()
}

// pass lets time pass, of the log and of the process.
func (d *desk) pass(by queue.Stamp) {
	d.store.now += by
	d.worker.clock = clockWatch{}
}

func (d *desk) truth() map[string]queue.Truth {
	return addTruth(d.worker.state.Estimates(), d.worker.coverage.counted(), d.worker.counted)
}

func (d *desk) join(name string) {
	d.t.Helper()
	d.play(d.r.state.Join(queue.JoinRequest{Visitor: name, Ticket: name, Department: "support", Languages: []string{"en"}}))
}

// serve gives the first in line to the agent.
func (d *desk) serve() {
	d.t.Helper()
	for _, c := range d.r.state.Match(d.store.now, 1) {
		d.play(c, nil)
	}
	for _, held := range d.r.state.Held("a") {
		if held.Status == queue.Offered {
			d.play(d.r.state.Accept("a", held.Offer.ID))
		}
	}
}

// The worker judges the wait that a visitor was shown at the join when an agent takes the visitor.
// It counts it under the position at the join, also when hundreds join at once.
func TestEveryWaitThatIsToldAtTheJoinIsJudged(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.publish(queue.Curve{{Position: 1, P10: 5, P25: 10, P50: 20, P90: 60}, {Position: 201, P10: 5, P25: 10, P50: 20, P90: 60}})
	for i := range 130 {
		d.join(fmt.Sprint("v", i))
	}
	d.worker.coverage.look(d.worker.state)
	d.play(d.r.state.SetStatus("a", queue.Available))
	for i := range 130 {
		switch i {
		case 1:
			d.pass(30_000) // from the second one on within the interval
		case 100:
			d.pass(60_000) // over P90, and over the shown minute
		}
		d.serve()
	}
	want := []queue.Coverage{
		{Judged: 1}, // served at once: below P10
		{Judged: 4, Inside: 4},
		{Judged: 15, Inside: 15},
		{Judged: 80, Inside: 80},
		{Judged: 30, Over: 30},
	}
	if got := d.truth()["support/en"]; !reflect.DeepEqual(got.ByBand, want) || got.Judged != 130 || got.Inside != 99 {
		t.Errorf("judged %+v, want %+v", got, want)
	}
}

func TestWhatWasToldIsJudgedOnlyWhereItCanBe(t *testing.T) {
	t.Parallel()
	curve := queue.Curve{{Position: 1, P10: 5, P25: 10, P50: 20, P90: 60}, {Position: 2, P10: 5, P25: 10, P50: 20, P90: 60}}
	for _, tt := range []struct {
		name   string
		curve  queue.Curve
		happen func(*desk)
		judged float64
	}{
		{"served after some seconds", curve, func(d *desk) { d.worker.coverage.look(d.worker.state) }, 1},
		{"served before the next look", curve, func(*desk) {}, 0},
		{"nothing was known", nil, func(d *desk) { d.worker.coverage.look(d.worker.state) }, 0},
		{"the clock jumped", curve, func(d *desk) {
			d.worker.coverage.look(d.worker.state)
			d.store.now += 3_600_000
			d.worker.keepUp()
		}, 0},
		{"the process died, and another goes on", curve, func(d *desk) {
			d.worker.coverage.look(d.worker.state)
			d.elect()
		}, 0},
		{"the visitor left", curve, func(d *desk) {
			d.worker.coverage.look(d.worker.state)
			d.play(d.r.state.Leave("v", "v"))
		}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.publish(tt.curve)
			d.join("v")
			tt.happen(d)
			d.pass(20_000)
			d.play(d.r.state.SetStatus("a", queue.Available))
			d.serve()
			if got := d.truth()["support/en"].Judged; got != tt.judged {
				t.Errorf("%v waits are judged, want %v", got, tt.judged)
			}
			if n := len(d.worker.coverage.shown); n > 0 {
				t.Errorf("%d visitors who are gone are still awaited", n)
			}
		})
	}
}

// What was counted before is published, so a new process goes on from it, and newer waits
// count more.
func TestCoverageOutlivesTheProcessThatCountedIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	curve := queue.Curve{{Position: 1, P10: 5, P25: 10, P50: 20, P90: 60}, {Position: 2, P10: 5, P25: 10, P50: 20, P90: 60}}
	d.publish(curve)
	d.play(d.r.state.SetStatus("a", queue.Available))
	wait := func() {
		d.play(d.r.state.SetStatus("a", queue.Away))
		d.join("v")
		d.worker.coverage.look(d.worker.state)
		d.pass(20_000)
		d.play(d.r.state.SetStatus("a", queue.Available))
		d.serve()
		d.play(d.r.state.Close("a", "v"))
	}
	wait()
	d.publish(curve)
	d.elect()
	if got := d.truth()["support/en"].ByBand; len(got) == 0 || got[0].Judged != 1 {
		t.Errorf("the next process begins with %+v", got)
	}
}

func TestNewerWaitsCountMoreInEachBand(t *testing.T) {
	t.Parallel()
	last := &queue.Estimates{Truth: map[string]queue.Truth{"q": {Judged: 1500, Inside: 800, ByBand: []queue.Coverage{{Judged: 990, Inside: 500, Over: 100}, {Judged: 10}, {}, {}, {}}}}}
	counted := map[string]queue.CoverageByBand{"q": {{Judged: 30, Inside: 20, Over: 2}, {Judged: 5, Inside: 5}}}
	before := map[string]queue.CoverageByBand{"q": {{Judged: 10, Inside: 10}}}
	got := addTruth(last, counted, before)["q"]
	if got.ByBand[0] != (queue.Coverage{Judged: 505, Inside: 255, Over: 51}) || got.ByBand[1] != (queue.Coverage{Judged: 15, Inside: 5}) || got.Judged != 762.5 {
		t.Errorf("%+v", got)
	}
	if kept := last.Truth["q"].ByBand[0]; kept.Judged != 990 {
		t.Errorf("what was published is changed: %+v", kept)
	}
}
