package eta

import (
	"math"

	"nextup/queue"
)

// This file models staff who come and go: as planned, or as they have before.

// expected returns the view of an agent who is planned and has not been there.
func expected(planned *queue.Planned) *agentView {
	a := planned.Facts.Agent()
	return &agentView{Agent: a, kind: kindOf(a)}
}

// shift returns in how many seconds an agent comes, 0 for one who is there, and
// leaves; ok is false for an agent who is not expected within a day. An agent who
// works beyond their shift stays, and one who is away in theirs may stay away: no
// plan tells for how long.
func (m *model) shift(p *agentView, planned *queue.Planned) (comes, leaves float64, ok bool) {
	takes := p.Takes()
	if planned == nil {
		return 0, horizon, takes
	}
	on, until := planned.At(m.now)
	next := float64(horizon)
	if until > 0 {
		next = min(horizon, float64(until-m.now)/1000)
	}
	switch {
	case takes && on:
		return 0, next, true
	case takes:
		return 0, horizon, true
	}
	return next, horizon, !on && next < horizon
}

// drift learns how the capacity that serves a queue comes and goes: its
// logarithm is taken for a random walk, whose variance a second is learned from
// its squared steps (the realized variance of Andersen et al., "Modeling and
// forecasting realized volatility", Econometrica 71, 2003). A wait gets
// longer as the places get fewer, so this widens its range. Steps from a low
// capacity are learned apart from the others: those agents have gone to lunch, and
// will be back.
type drift struct {
	Places float64     `json:"places"` // at the last look, 0 for none
	Usual  float64     `json:"usual"`  // their mean
	Looks  float64     `json:"looks"`
	At     queue.Stamp `json:"at"`
	// Few covers the steps from fewer places than usual, Many the others.
	Few  volatility `json:"few"`
	Many volatility `json:"many"`
}

// volatility holds the sums of the squared steps of a walk, up and down, and the
// time in which they came.
type volatility struct {
	Up      float64 `json:"up"`
	Down    float64 `json:"down"`
	Seconds float64 `json:"seconds"`
}

func (d *drift) now() *volatility {
	if d.Places < d.Usual-epsilon {
		return &d.Few
	}
	return &d.Many
}

const (
	// driftEvery is how far apart the steps are, in milliseconds: long enough that
	// agents who go to lunch one after the other make one step.
	driftEvery = 900_000
	// driftKeeps is the weight that earlier steps keep: those of the last 7 days count.
	driftKeeps = 1 - 1./(7*96)
	// driftPrior is the weight of "no change", in seconds: one step.
	driftPrior = driftEvery / 1000
	// driftMost bounds the variance of the logarithm of a wait.
	driftMost = 0.25
)

// observe takes a step when one is due.
func (d *drift) observe(places float64, at queue.Stamp) {
	if places <= 0 || d.Places > 0 && at < d.At.Add(driftEvery) {
		return // without agents a wait is unknown, not long
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

// variance returns the variance of the logarithm of a wait, given the wait and the
// length of a conversation in seconds. A step in the middle of the wait changes the rate
// of what is left of it, which over the wait makes a third of the variance of the
// walk at its end. An agent who comes also has all places free at once, which
// saves the time of a conversation for their share: with r of the wait saved,
// the integral of (1-u+r)² over the wait is 1/3+r+r².
func (d *drift) variance(wait, talk float64) float64 {
	v, r := d.now(), min(1, talk/max(wait, 1))
	return min(driftMost, wait/(v.Seconds+driftPrior)*(v.Down/3+v.Up*(1./3+r+r*r)))
}

// observeStaff learns how the capacity for each queue comes and goes.
func (e *Estimator) observeStaff(m *model) {
	for _, i := range m.base {
		entry(e.known.Staff, m.lines[i].name).observe(m.lines[i].places, m.now)
	}
}
