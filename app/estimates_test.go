package app

import (
	"fmt"
	"testing"
	"time"

	"nextup/queue"
)

func TestALongLinesEstimatesComeLessOftenAndNotTooSeldom(t *testing.T) {
	for _, row := range []struct {
		what       string
		took, want time.Duration
	}{
		{"a quiet site", 0, 3 * time.Second},
		{"a line that is played in ten milliseconds", 10 * time.Millisecond, 3 * time.Second},
		{"ten thousand waiting", 20 * time.Millisecond, 6 * time.Second},
		{"a hundred thousand waiting", 400 * time.Millisecond, 10 * time.Second},
	} {
		if got := intervalAfter(row.took); got != row.want {
			t.Errorf("%s: the next ones wait %s, want %s", row.what, got, row.want)
		}
	}
}

// What the estimator has learned is written once a minute and after a jump of the clock.
// The next elected process goes on from it.
func TestWhatWasLearnedIsWrittenOnceAMinute(t *testing.T) {
	for _, tt := range []struct {
		what string
		jump bool
		want int // of 60 publications in three minutes
	}{
		{"three minutes", false, 3},
		{"the clock jumps", true, 4},
	} {
		t.Run(tt.what, func(t *testing.T) {
			store := &clockStore{now: 10 * 86_400_000}
			r := &Replica{store: store, id: "demo", state: queue.NewState(testRules())}
			worker := newEstimates(r)
			play := func(c queue.Change, err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
				worker.Steps(r.state, []queue.Step{r.state.Play(c, store.now)})
			}
			worker.Elected(r.state)
			if elected, _ := worker.keepUp(); !elected {
				t.Fatal("it does not learn")
			}
			written := 0
			for i := range 60 {
				play(r.state.Join(queue.JoinRequest{Visitor: fmt.Sprint("v", i), Ticket: fmt.Sprint("t", i), Department: "support", Languages: []string{"en"}}))
				worker.keepUp()
				worker.jumped = tt.jump && i == 30
				c := worker.checkpoint()
				if c != nil {
					written++
				}
				play(r.state.Publish(&queue.Estimates{Number: r.state.Number()}, c), nil)
				worker.keepUp()
				store.now += 3000
			}
			if written != tt.want {
				t.Errorf("written %d times, want %d", written, tt.want)
			}
			next := newEstimates(r)
			next.Elected(r.state)
			next.keepUp()
			if got, want := next.estimator.Checkpoint(r.state).Data, r.state.Checkpoint().Data; string(got) != string(want) {
				t.Errorf("the next one goes on from %s, want %s", got, want)
			}
		})
	}
}

// A jump of the clock is written down at once, though no wait that is shown has changed.
func TestAJumpOfTheClockDoesNotWaitForNewEstimates(t *testing.T) {
	r := &Replica{store: &clockStore{now: 10 * 86_400_000}, id: "demo", state: queue.NewState(testRules())}
	worker := newEstimates(r)
	worker.Elected(r.state)
	worker.keepUp()
	publish := func(out *queue.Estimates) {
		t.Helper()
		worker.Steps(r.state, []queue.Step{r.state.Play(r.state.Publish(out, worker.checkpoint()), 10*86_400_000)})
		worker.jumped = false
		worker.keepUp()
	}
	if worker.again() != nil {
		t.Error("something is published again before anything was")
	}
	publish(&queue.Estimates{Number: r.state.Number(), Curves: map[string]queue.Curve{"support/en": {{Position: 1, P50: 30, P90: 60}}}})
	if worker.again() != nil {
		t.Error("it is published again for nothing")
	}
	worker.jumped = true
	before := r.state.Checkpoint().Rev
	publish(worker.again())
	if got := r.state.Estimates(); r.state.Checkpoint().Rev == before || len(got.Curves) != 1 {
		t.Errorf("after a jump: %+v, and a checkpoint of %+v", got, before)
	}
	if worker.again() != nil {
		t.Error("it is published again though the jump is written down")
	}
}
