package eta

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"nextup/queue"
)

// What is promised is kept for short waits and for long ones, and in a queue whose
// visitors all wait longer than is forecast, wherever in the line they stand.
func TestQuantilesKeepWhatTheyPromiseInEveryQueueAndOctave(t *testing.T) {
	t.Parallel()
	e := New(nil)
	rng := rand.New(rand.NewPCG(1, 2))
	kinds := []struct {
		queue        string
		mean, spread float64
		position     int
		wait         func() float64
	}{
		{"a", 30, 30, 1, func() float64 { return 30 * math.Exp(1.2*rng.NormFloat64()) }},
		{"a", 300, 60, 8, func() float64 { return 300 * math.Exp(0.5*rng.NormFloat64()) }},
		{"b", 300, 60, 8, func() float64 { return 500 * math.Exp(0.2*rng.NormFloat64()) }},
		{"b", 5, 5, 1, func() float64 { return 10 * rng.Float64() * float64(rng.IntN(2)) }},
	}
	forecast := func(i int) Forecast {
		f := Forecast{Known: true, Position: kinds[i].position, Mean: kinds[i].mean, center: kinds[i].mean, spread: kinds[i].spread}
		e.stretch(kinds[i].queue, &f)
		return f
	}
	const learned, counted = 6000, 3000
	var below [4][len(shares)]float64
	for n := range learned + counted {
		for i := range kinds {
			f, wait := forecast(i), kinds[i].wait()
			e.learnStretch(kinds[i].queue, &f, wait)
			if n < learned {
				continue
			}
			f = f.noticed()
			for k, q := range []float64{f.P10, f.P25, f.P50, f.P90} {
				if wait <= q {
					below[i][k] += 1. / counted
				}
			}
		}
	}
	for i, kind := range kinds {
		for k, share := range shares {
			if kind.mean < 10 && share <= 0.5 {
				continue // half of them do not wait at all
			}
			if math.Abs(below[i][k]-share) > 0.03 {
				t.Errorf("queue %s, mean %.0f s: %.3f of the waits are below the quantile of %.2f", kind.queue, kind.mean, below[i][k], share)
			}
		}
	}
	if f := forecast(3).noticed(); f.P10 != 0 || f.P50 > noWait+0.5 {
		t.Errorf("half of them do not wait, and the forecast is %.2f, %.2f, %.2f, %.2f s", f.P10, f.P25, f.P50, f.P90)
	}
}

// In a queue that holds all back for 15 s, most wait as long as that, and what was forecast of them lies on
// either side of an octave's middle. Each octave for itself would keep what it promises, and the range between them would not.
func TestARangeBetweenTwoOctavesKeepsWhatItPromises(t *testing.T) {
	t.Parallel()
	e := New(nil)
	rng := rand.New(rand.NewPCG(3, 4))
	const learned, counted = 6000, 6000
	var below, inside float64
	for n := range learned + counted {
		mean := 8 * math.Exp2(2*rng.Float64())
		f := Forecast{Known: true, Position: 1, Mean: mean, center: mean, spread: mean / 2}
		e.stretch("a", &f)
		wait := max(15, mean*math.Exp(.4*rng.NormFloat64()))
		if n >= learned {
			below += indicator(wait < f.P10) / counted
			inside += indicator(wait >= f.P10 && wait <= f.P90) / counted
		}
		e.learnStretch("a", &f, wait)
	}
	if math.Abs(below-.1) > .01 || math.Abs(inside-.8) > .015 {
		t.Errorf("%.3f of the waits are below P10 and %.3f inside, want .10 and .80", below, inside)
	}
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// The quantiles are those of the mean that is said, with the regression and all.
func TestQuantilesAreAttachedToTheMean(t *testing.T) {
	t.Parallel()
	e := New(nil)
	for _, mean := range []float64{0, 0.2, 40, 400} {
		f := Forecast{Known: true, Position: 3, Mean: mean, center: 80, spread: 40}
		e.stretch("a", &f)
		least := max(leastMean, mean)
		for _, q := range []struct{ got, want float64 }{
			{f.P10, gammaQuantile(least, least/2, quantiles[0])}, {f.P50, gammaQuantile(least, least/2, quantiles[2])}, {f.P90, gammaQuantile(least, least/2, quantiles[3])},
		} {
			if math.Abs(q.got-q.want) > 1e-9 {
				t.Errorf("mean %.1f s: a quantile is %.3f s, want %.3f", mean, q.got, q.want)
			}
		}
		if !(f.P10 <= f.P25 && f.P25 <= f.P50 && f.P50 <= f.P90) {
			t.Errorf("mean %.1f s: the quantiles are %.2f, %.2f, %.2f, %.2f s", mean, f.P10, f.P25, f.P50, f.P90)
		}
	}
}

// [ticket-4] Gateways of the last release may read the log up to level 1, and are shown what
// they know: the median and the upper end.
func TestTheLowerEndsArePublishedFromLevel1On(t *testing.T) {
	t.Parallel()
	const now = 10_000_000
	st := scene(now, 2, []queue.Stamp{now, now}, 4)
	for _, tt := range []struct {
		level queue.Level
		named bool
	}{{queue.Level0, false}, {queue.Level1, true}} {
		c, err := queue.RaiseLevel(st.SiteLevel(), tt.level, "operator")
		if err != nil {
			t.Fatal(err)
		}
		if !c.Empty() {
			st.Play(c, now)
		}
		out := New(nil).Estimate(st, now)
		body, err := queue.EncodeImage(out)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(body), `"p25":`) && strings.Contains(string(body), `"p10":`); got != tt.named {
			t.Errorf("level %d: p10 and p25 are published: %v, want %v", tt.level, got, tt.named)
		}
		w := out.Curves[support.String()].At(4)
		if lower := w.P25 < w.P50; !w.Known || lower != tt.named {
			t.Errorf("level %d: the wait is read as %+v", tt.level, w)
		}
	}
}
