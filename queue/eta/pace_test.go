package eta

import (
	"math"
	"math/rand/v2"
	"testing"

	"nextup/queue"
)

// playPace lets a desk of 20 agents go on for so many minutes, and reports each look.
func playPace(p *pace, rng *rand.Rand, speed, minutes float64, looked func()) {
	const expected = 20. / 300 * 30 // of half a minute
	for range int(2 * minutes) {
		seen := 0.0
		for at := rng.ExpFloat64(); at < expected*speed; at += rng.ExpFloat64() {
			seen++
		}
		p.observe(seen, expected)
		looked()
	}
}

// When conversations take twice as long from one minute to the next, it is believed as soon as it
// is more than chance; while nothing changes, the pace stays at 1.
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
			look := func(steady bool) func() {
				return func() {
					now, variance := p.now()
					if steady {
						most = max(most, math.Abs(now-1))
					}
					if !(variance >= 0) {
						t.Fatalf("the variance is %v", variance)
					}
				}
			}
			playPace(&p, rng, 1, 600, look(true))
			playPace(&p, rng, tt.speed, tt.minutes, look(tt.speed == 1))
			if most > .15 {
				t.Errorf("while nothing changed, the pace was off by %.2f", most)
			}
			if now, _ := p.now(); now < tt.low || now > tt.high {
				t.Errorf("the pace is %.2f, want %v to %v", now, tt.low, tt.high)
			}
		})
	}
}

// More than eight desks in ten that become half as fast are known to be slower by a quarter at least after half an
// hour; chance makes some of them believe it sooner and others later.
func TestMostDesksBelieveAChangeWithinHalfAnHour(t *testing.T) {
	t.Parallel()
	const desks = 200
	believe := 0
	for seed := range uint64(desks) {
		rng := rand.New(rand.NewPCG(seed, 4))
		var p pace
		playPace(&p, rng, 1, 300, func() {})
		playPace(&p, rng, .5, 30, func() {})
		if now, _ := p.now(); now < .75 {
			believe++
		}
	}
	if believe < desks*85/100 {
		t.Errorf("%d of %d desks believe it", believe, desks)
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
