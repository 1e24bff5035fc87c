package eta

import (
	"slices"

	"nextup/queue"
)

// ladder lists the waits that visitors are shown, in seconds.
var ladder = []int{60, 120, 180, 240, 300, 420, 600, 900, 1200, 1800, 2700, 3600}

// Beyond stands for anything above the ladder's last step, which is an hour.
const Beyond = 7200

// Range is a wait as visitors are shown it, in seconds: steps of the ladder.
type Range struct {
	Known     bool
	Low, High int
}

// Shown rounds a wait up on the ladder 1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45, 60
// minutes.
func Shown(w queue.EstimatedWait) Range {
	if !w.Known {
		return Range{}
	}
	return Range{Known: true, Low: roundUp(w.P50), High: roundUp(w.P90)}
}

func roundUp(seconds float64) int {
	i := slices.IndexFunc(ladder, func(step int) bool { return seconds <= float64(step) })
	if i < 0 {
		return Beyond
	}
	return ladder[i]
}

// When a range that a visitor sees may rise, and how often it may change at all.
const (
	riseAfter   queue.Millis = 60_000
	riseBy                   = 1.25
	changeEvery queue.Millis = 15_000
)

// Display is the range that one visitor sees. It falls at once and rises only
// for a reason that lasts: after a minute in which the wait was above the range
// by more than a quarter. The zero Display has shown nothing.
type Display struct {
	shown     Range
	changed   queue.Stamp
	overSince queue.Stamp // since when the wait has been above what is shown; 0 if it is not
	// Rises counts how often the upper end rose.
	Rises int
}

// Show takes a new estimate of the wait from now on and returns what the
// visitor sees.
func (d *Display) Show(w queue.EstimatedWait, now queue.Stamp) Range {
	next := Shown(w)
	switch {
	case !d.shown.Known || !next.Known:
		if d.shown != next {
			d.set(next, now)
		}
		return d.shown
	case next.High <= d.shown.High:
		d.overSince = 0
		if next.High == d.shown.High && next.Low > d.shown.Low {
			next.Low = d.shown.Low // the lower end must not rise either
		}
		if next != d.shown && now >= d.changed.Add(changeEvery) {
			d.set(next, now)
		}
		return d.shown
	case w.P90 <= riseBy*float64(d.shown.High):
		d.overSince = 0
		return d.shown
	case d.overSince == 0:
		d.overSince = now
		return d.shown
	case now < d.overSince.Add(riseAfter):
		return d.shown
	}
	d.Rises++
	d.set(next, now)
	return d.shown
}

func (d *Display) set(r Range, now queue.Stamp) {
	d.shown, d.changed, d.overSince = r, now, 0
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
