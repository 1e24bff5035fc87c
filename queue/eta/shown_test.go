package eta

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"nextup/queue"
)

func TestWhatPeopleSeeFallsAtOnceAndSeldomRises(t *testing.T) {
	type look struct{ p90, high int }
	for _, tt := range []struct {
		name  string
		looks []look
	}{
		{"a better wait is shown at once", []look{{500, 600}, {200, 240}, {30, 60}}},
		{"a step more is not shown, however long", []look{{400, 420}, {500, 420}, {600, 420}, {500, 420}}},
		{"two steps more are one step more", []look{{400, 420}, {700, 600}, {650, 600}}},
		{"after a leap one step is left out", []look{{30, 60}, {3000, 2700}, {3000, 2700}, {1000, 1200}}},
		{"more than an hour stays so", []look{{9000, Beyond}, {8000, Beyond}, {3000, 3600}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var shown Range
			for i, l := range tt.looks {
				if shown = shown.Next(queue.EstimatedWait{Known: true, P25: 30, P90: float64(l.p90)}); shown.High != l.high {
					t.Errorf("look %d: %d s are shown as up to %d, want %d", i, l.p90, shown.High, l.high)
				}
			}
		})
	}
}

// Views that were opened at different times, as after a reload or in a second tab on
// another gateway, differ by at most one step at each end, whatever the estimates were.
func TestAReloadMovesTheShownWaitByAtMostOneStep(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	index := func(seconds int) int { return slices.Index(steps, seconds) }
	apart := 0
	for history := range 50 {
		views := make([]Range, 1, 20)
		p50 := 300.0
		for range 200 {
			p50 = min(6000, max(1, p50*math.Exp(rng.NormFloat64()*.4)))
			w := queue.EstimatedWait{Known: rng.IntN(50) > 0, P25: p50, P90: p50 * (1 + rng.ExpFloat64())}
			if len(views) < cap(views) && rng.IntN(5) == 0 {
				views = append(views, Range{}) // opened just now
			}
			for i := range views {
				views[i] = views[i].Next(w)
				v := views[i]
				if v.Known != w.Known || v.Known && (index(v.Low) >= index(v.High) || index(v.Low) < 0) {
					t.Fatalf("history %d: %+v is shown as %+v", history, w, v)
				}
			}
			if !w.Known {
				continue
			}
			for _, a := range views {
				for _, b := range views {
					if d := max(index(a.Low)-index(b.Low), index(a.High)-index(b.High)); d > 1 {
						t.Fatalf("history %d: one view shows %+v, another %+v of %+v", history, a, b, w)
					} else if d == 1 {
						apart++
					}
				}
			}
		}
	}
	if apart == 0 {
		t.Error("the views never differed")
	}
}

func TestUnknownIsShownAtOnce(t *testing.T) {
	shown := Range{}.Next(queue.EstimatedWait{Known: true, P25: 30, P90: 60})
	if shown = shown.Next(queue.EstimatedWait{}); shown.Known {
		t.Error("the last agent has gone and a wait is still shown")
	}
	if shown = shown.Next(queue.EstimatedWait{Known: true, P25: 300, P90: 600}); shown.High != 600 {
		t.Errorf("somebody is back, and the wait is shown as %+v", shown)
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
