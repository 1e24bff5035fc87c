package main

import (
	"math"
	"testing"

	"nextup/queue/sim"
)

// The oracle that plays must agree with the one that calculates where both can.
func TestTheOraclesAgree(t *testing.T) {
	t.Parallel()
	s := one(1, 10, 1.05, exponential, sim.Draw{}, 4)
	r := &trialRun{scenario: s}
	exact, play := steps(0, 1), played(exponential, sim.Draw{})
	n, sum, squares := 0.0, 0.0, 0.0
	_, err := sim.Run(s, sim.Hooks{Joined: func(v sim.Arrival, delayed bool) {
		if !delayed {
			return
		}
		want, _ := exact(r, v)
		got, noise := play(r, v)
		z := (got - want) / math.Sqrt(noise)
		n, sum, squares = n+1, sum+z, squares+z*z
	}})
	if err != nil || n < 200 {
		t.Fatal(err, n)
	}
	if mean := sum / math.Sqrt(n); math.Abs(mean) > 4 || squares/n > 1.4 || squares/n < 0.7 {
		t.Errorf("over %.0f visitors: mean z %.2f standard errors, mean square %.2f", n, mean, squares/n)
	}
}

func TestTheIntervalOfARatioHoldsItsTruth(t *testing.T) {
	t.Parallel()
	var all []scored
	for i := range 400 {
		all = append(all, scored{block: i / 20, wait: 100, estimate: 100 + float64(i%7), oracle: 100 + float64(i%5)})
	}
	v, half := ratio(all, ourError, oracleError)
	if want := 13.0 / 6; math.Abs(v-want) > half+0.05 || half <= 0 || half > 0.5 {
		t.Errorf("%.3f ± %.3f, want about %.3f", v, half, want)
	}
}
