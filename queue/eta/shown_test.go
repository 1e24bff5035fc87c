package eta

import (
	"math"
	"testing"

	"nextup/queue"
)

func TestWhatPeopleSeeFallsAtOnceAndRisesOnlyForALastingReason(t *testing.T) {
	type look struct {
		after    queue.Stamp // seconds
		p90      float64
		high     int
		whatItIs string
	}
	for _, tt := range []struct {
		name  string
		looks []look
		rises int
	}{
		{"a better wait is shown at the next painting", []look{{0, 500, 600, "first"}, {5, 200, 600, "too soon to paint"}, {15, 200, 240, "painted"}}, 0},
		{"a little more is not shown", []look{{0, 290, 300, "first"}, {60, 370, 300, "under a quarter"}, {600, 370, 300, "however long"}}, 0},
		{"much more is shown after a minute", []look{{0, 290, 300, "first"}, {10, 500, 300, "at once"}, {69, 500, 300, "not yet"}, {70, 500, 600, "a minute"}}, 1},
		{"a spike is not shown", []look{{0, 290, 300, "first"}, {10, 500, 300, "spike"}, {40, 250, 300, "over"}, {80, 500, 300, "another"}, {130, 250, 300, "over"}}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var d Display
			for _, l := range tt.looks {
				got := d.Show(queue.EstimatedWait{Known: true, P50: 30, P90: l.p90}, 1_000_000+l.after*1000)
				if got.High != l.high {
					t.Errorf("%s: shows up to %d s, want %d", l.whatItIs, got.High, l.high)
				}
			}
			if d.Rises != tt.rises {
				t.Errorf("rose %d times, want %d", d.Rises, tt.rises)
			}
		})
	}
}

func TestUnknownIsShownAtOnce(t *testing.T) {
	var d Display
	d.Show(queue.EstimatedWait{Known: true, P50: 30, P90: 60}, 1_000_000)
	if d.Show(queue.EstimatedWait{}, 1_001_000).Known {
		t.Error("the last agent has gone and a wait is still shown")
	}
}

func TestHazardsGiveBackTheirDistribution(t *testing.T) {
	z := constant(1. / 300)
	for _, tt := range []struct {
		name      string
		got, want float64
	}{
		{"mean", z.mean(), 300},
		{"left after 200 s", z.survival(200), math.Exp(-200. / 300)},
		{"area up to 200 s", z.survivalIntegral(200), 300 * (1 - math.Exp(-200./300))},
		{"age of a cumulated hazard", z.ageAt(2), 600},
	} {
		if math.Abs(tt.got-tt.want) > 1e-9*tt.want {
			t.Errorf("%s = %v, want %v", tt.name, tt.got, tt.want)
		}
	}
}

func TestTheWalkIsExactWhereThereIsAFormula(t *testing.T) {
	// Fresh hazards of the prior: 300 s of conversation, an hour of patience.
	const now, agents = 10_000_000, 10
	for _, waiting := range []int{0, 5, 40} {
		e := New(nil)
		e.SetBudget(0)
		f := e.Next(scenery(now, agents, waiting), support, now)
		want := 0.0
		for j := range waiting + 1 {
			want += 1 / (agents*e.rates.service["support/en"].h[5] + float64(j)*e.rates.patience["support/en"])
		}
		if math.Abs(f.center-want)/want > 0.15 { // the open conversations have taught a little
			t.Errorf("%d ahead: %.1f s, want about %.1f", waiting, f.center, want)
		}
	}
}
