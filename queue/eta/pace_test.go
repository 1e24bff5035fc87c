package eta

import (
	"math"
	"math/rand/v2"
	"testing"

	"nextup/queue"
)

// When conversations take twice as long from one minute to the next, it is believed within
// twenty minutes of a desk of 20 agents; while nothing changes, the pace stays at 1.
func TestAChangeOfThePaceIsBelievedSoon(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name           string
		speed, minutes float64
		low, high      float64
	}{
		{"nothing changes for two days", 1, 2880, .9, 1.1},
		{"half as fast, after ten minutes", .5, 10, .5, 1},
		{"half as fast, after twenty minutes", .5, 20, .4, .8},
		{"half as fast, after four hours", .5, 240, .45, .55},
		{"twice as fast, after twenty minutes", 2, 20, 1.3, 2.4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(3, 4))
			var p pace
			most := 0.0
			play := func(speed, minutes float64) {
				const expected = 20. / 300 * 30 // of half a minute
				for range int(2 * minutes) {
					seen := 0.0
					for at := rng.ExpFloat64(); at < expected*speed; at += rng.ExpFloat64() {
						seen++
					}
					p.observe(seen, expected)
					now, variance := p.now()
					if speed == 1 {
						most = max(most, math.Abs(now-1))
					}
					if !(variance >= 0) {
						t.Fatalf("the variance is %v", variance)
					}
				}
			}
			play(1, 600)
			if most > .15 {
				t.Errorf("while nothing changed, the pace was off by %.2f", most)
			}
			play(tt.speed, tt.minutes)
			if now, _ := p.now(); now < tt.low || now > tt.high {
				t.Errorf("the pace is %.2f, want %v to %v", now, tt.low, tt.high)
			}
		})
	}
}

// Hazards that are computed again from the same evidence are the same, whatever the pace: a line must not
// be told more and more while nothing happens.
func TestThePaceIsNotAppliedTwice(t *testing.T) {
	t.Parallel()
	const now = 10_000_000
	e := New(nil)
	for i := range 200 { // many short ones and a few long ones, so that the hazard falls with the age
		e.Observe(ended(now, queue.Millis(20_000*(1+50*(i%10/9)))))
	}
	st := scene(now, 4, []queue.Stamp{now, now}, 8)
	e.SetBudget(0)
	e.look(st, now)
	for i := range e.known.Pace.Memories {
		e.known.Pace.Memories[i] = paceMemory{Seen: 50, Expected: 100, Weight: .3}
	}
	e.learnRates(st, now)
	before := e.rates.service[support.String()].mean()
	for range 50 {
		e.learnRates(st, now)
	}
	if after := e.rates.service[support.String()].mean(); math.Abs(after/before-1) > 1e-9 {
		t.Errorf("a conversation was expected to take %.0f s, and %.0f s after nothing has happened", before, after)
	}
}
