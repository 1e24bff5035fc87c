package eta

import (
	"math"

	"nextup/queue"
)

// drift is how the places of those who serve a queue have come and gone: their
// logarithm is taken for a random walk, whose variance a second is learned from
// its squared steps (the realized variance of Andersen et al., "Modeling and
// forecasting realized volatility", Econometrica 71, 2003). A wait is as long as
// the places on its way are few, so this widens its range.
type drift struct {
	Places  float64     `json:"places"` // when last looked at, 0 for never
	Squares float64     `json:"squares"`
	Seconds float64     `json:"seconds"`
	At      queue.Stamp `json:"at"`
}

const (
	// driftEvery is how far apart the steps are, in milliseconds: long enough that
	// those who go to lunch one after the other make one step.
	driftEvery = 900_000
	// driftKeeps is the weight that earlier steps keep: those of the last 7 days count.
	driftKeeps = 1 - 1./(7*96)
	// driftPrior are the seconds without a change that are believed at first: one step.
	driftPrior = driftEvery / 1000
	// driftMost bounds the variance of the logarithm of a wait.
	driftMost = 0.25
)

// see takes a step when it is time.
func (d *drift) see(places float64, at queue.Stamp) {
	if places <= 0 || d.Places > 0 && at < d.At.Add(driftEvery) {
		return // with nobody there a wait is unknown, not long
	}
	if d.Places > 0 {
		d.Squares = d.Squares*driftKeeps + sq(math.Log(places/d.Places))
		d.Seconds = d.Seconds*driftKeeps + min(float64(at-d.At), 2*driftEvery)/1000
	}
	d.Places, d.At = places, at
}

// variance is that of the logarithm of a wait of so many seconds: of the mean of
// the walk over it, a third of that at its end.
func (d *drift) variance(wait float64) float64 {
	return min(driftMost, d.Squares/(d.Seconds+driftPrior)*wait/3)
}

// seeStaff learns how the places of each queue come and go.
func (e *Estimator) seeStaff(m *model) {
	places := make([]float64, len(m.lines))
	for _, g := range m.groups {
		for _, i := range g.serves {
			places[i] += g.places
		}
	}
	for q, i := range m.plain {
		of(e.known.Staff, q.String()).see(places[i], m.now)
	}
}
