package eta

import (
	"math"

	"nextup/queue"
)

// This file is staff who come and go: as planned, or as they have before.

// expected is an agent who is planned and has not been there.
func expected(planned *queue.Planned) *person {
	a := planned.Facts.Agent()
	return &person{Agent: a, kind: kindOf(a)}
}

// shift says in how many seconds an agent comes, 0 for one who is there, and
// leaves. It is false of those who are not expected within a day. Whoever works
// beyond their shift stays, and whoever is away in theirs may stay so: no plan
// tells for how long.
func (m *model) shift(p *person, planned *queue.Planned) (comes, leaves float64, ok bool) {
	takes := p.Takes()
	if planned == nil {
		return 0, never, takes
	}
	on, until := planned.At(m.now)
	next := float64(never)
	if until > 0 {
		next = min(never, float64(until-m.now)/1000)
	}
	switch {
	case takes && on:
		return 0, next, true
	case takes:
		return 0, never, true
	}
	return next, never, !on && next < never
}

// drift is how the places of those who serve a queue have come and gone: their
// logarithm is taken for a random walk, whose variance a second is learned from
// its squared steps (the realized variance of Andersen et al., "Modeling and
// forecasting realized volatility", Econometrica 71, 2003). A wait is as long as
// the places on its way are few, so this widens its range. Few who are there are
// told apart from many: they have gone to lunch, and will be back.
type drift struct {
	Places float64     `json:"places"` // when last looked at, 0 for never
	Usual  float64     `json:"usual"`  // their mean
	Looks  float64     `json:"looks"`
	At     queue.Stamp `json:"at"`
	// Few is of the steps from fewer places than usual, Many of the others.
	Few  volatility `json:"few"`
	Many volatility `json:"many"`
}

// volatility is the steps of a walk, up and down, squared, and the time in which
// they came.
type volatility struct {
	Up      float64 `json:"up"`
	Down    float64 `json:"down"`
	Seconds float64 `json:"seconds"`
}

func (d *drift) now() *volatility {
	if d.Places < d.Usual-crumbs {
		return &d.Few
	}
	return &d.Many
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
	if v := d.now(); d.Places > 0 {
		step := math.Log(places / d.Places)
		v.Up = v.Up*driftKeeps + sq(max(0, step))
		v.Down = v.Down*driftKeeps + sq(min(0, step))
		v.Seconds = v.Seconds*driftKeeps + min(float64(at-d.At), 2*driftEvery)/1000
	}
	d.Looks = d.Looks*driftKeeps + 1
	d.Usual += (places - d.Usual) / d.Looks
	d.Places, d.At = places, at
}

// variance is that of the logarithm of a wait of so many seconds, where
// conversations take so many. A step in the middle of the wait changes the rate
// of what is left of it, which over the wait makes a third of the variance of the
// walk at its end. Who comes has besides all places free at once, which saves as
// much time as a conversation takes, by their share: with r of the wait saved so,
// the integral of (1-u+r)² over the wait is 1/3+r+r².
func (d *drift) variance(wait, talk float64) float64 {
	v, r := d.now(), min(1, talk/max(wait, 1))
	return min(driftMost, wait/(v.Seconds+driftPrior)*(v.Down/3+v.Up*(1./3+r+r*r)))
}

// seeStaff learns how the places of each queue come and go.
func (e *Estimator) seeStaff(m *model) {
	places := make([]float64, len(m.lines))
	for _, g := range m.groups {
		for _, i := range g.serves {
			if g.comes == 0 {
				places[i] += g.places
			}
		}
	}
	for q, i := range m.plain {
		of(e.known.Staff, q.String()).see(places[i], m.now)
	}
}
