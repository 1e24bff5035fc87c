package eta

import (
	"slices"

	"nextup/queue"
)

// steps lists the waits that visitors are shown, in seconds.
var steps = []int{0, 60, 120, 240, 420, 600, 900, 1200, 1800, 2700, 3600, Beyond}

// Beyond is the last step: it stands for any wait of more than an hour.
const Beyond = 7200

// Range is a wait as visitors are shown it, in seconds: two steps, Low below High. The
// zero Range is unknown.
type Range struct {
	Known     bool
	Low, High int
}

// Shown rounds the lower end of a wait down and its upper end up, to 0, 1, 2, 4, 7, 10,
// 15, 20, 30, 45 or 60 minutes.
func Shown(w queue.EstimatedWait) Range {
	if !w.Known {
		return Range{}
	}
	high := 1
	for high < len(steps)-1 && w.P90 > float64(steps[high]) {
		high++
	}
	low := high - 1
	for low > 0 && w.P25 < float64(steps[low]) {
		low--
	}
	return Range{Known: true, Low: steps[low], High: steps[high]}
}

// Wait returns the forecast as a gateway reads it off a published curve.
func (f *Forecast) Wait() queue.EstimatedWait {
	return queue.EstimatedWait{Known: f.Known, P25: f.P25, P50: f.P50, P90: f.P90}
}

// Next returns what a visitor sees of a new estimate who saw the range until now. An
// end falls at once; it stays one step below the new estimate rather than rise, and
// rises no further than there. So a visitor seldom sees a rise, and two views of one
// ticket differ by at most a step, however long each of them has been open:
//
//	shown = shown.Next(st.CurveOf(t).At(position)) // from the zero Range on
func (r Range) Next(w queue.EstimatedWait) Range {
	next := Shown(w)
	if !r.Known || !next.Known {
		return next
	}
	next.High = hold(r.High, next.High)
	next.Low = min(hold(r.Low, next.Low), below(next.High))
	return next
}

// hold returns the step to show in place of the one that is shown, where the estimate
// is at the step next.
func hold(shown, next int) int {
	if shown >= next {
		return next
	}
	return max(shown, below(next))
}

// below returns the step before a step, which is not the first.
func below(step int) int {
	return steps[slices.Index(steps, step)-1]
}

// sameShown reports whether every visitor in line would be shown the same range by
// both.
func (e *Estimator) sameShown(st *queue.State, a, b *queue.Estimates) bool {
	for i := range e.model.lines {
		l := &e.model.lines[i]
		ca, cb := a.Curves[l.name], b.Curves[l.name]
		if (ca == nil) != (cb == nil) {
			return false
		}
		last := st.Size(l.queue) + 1
		for _, c := range []queue.Curve{ca, cb} {
			for _, p := range c {
				if k := min(p.Position, last); Shown(ca.At(k)) != Shown(cb.At(k)) {
					return false
				}
			}
		}
	}
	return true
}
