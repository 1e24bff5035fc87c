package eta

import (
	"math"

	"nextup/queue"
)

// pace tells how fast conversations end now, where 1 is what was learned over days: all
// take longer when a system is slow, or a product has a fault. Each of a few
// short memories has its own answer, beside the one that nothing has changed. They are
// mixed by how likely each made what came next, and with a small chance any of them begins
// to be true at any time (the fixed share of Herbster and Warmuth, "Tracking the best
// expert", Machine Learning 32, 1998). So a change is believed as soon as it is more than
// chance, and while there is none, the short memories weigh next to nothing.
type pace struct {
	Memories [3]paceMemory `json:"memories"`
}

// paceMemory counts the ends that were seen and those that were expected, and holds the
// probability that it is the one to go by.
type paceMemory struct {
	Seen     float64 `json:"seen"`
	Expected float64 `json:"expected"`
	Weight   float64 `json:"weight"`
}

// The constants of the pace; docs/estimates.md has the scenarios that fix them.
const (
	// shortMemory is the shortest memory, in expected ends; the others are 4 and 16 times as
	// long.
	shortMemory = 50
	// paceEvery is how often the ends are counted, in milliseconds.
	paceEvery = 30_000
	// pacePrior is the weight, in ends, of the belief of a memory that nothing has changed.
	pacePrior = 10
	// paceChanges is the number of ends in which one change is expected; newMemory is
	// the probability that a memory is the one to go by then.
	paceChanges = 20_000
	newMemory   = 0.06
	// paceMoves is the change of the pace from which the hazards are computed anew.
	paceMoves = 0.02
)

// observe takes how many conversations have ended, and how many were expected to.
func (p *pace) observe(seen, expected float64) {
	if expected <= 0 {
		return
	}
	steady := 1.0
	for i := range p.Memories {
		steady -= p.Memories[i].Weight
	}
	total := max(0, steady) * math.Exp(-expected)
	for i := range p.Memories {
		m := &p.Memories[i]
		a, b := m.Seen+pacePrior, m.Expected+pacePrior
		ofBoth, _ := math.Lgamma(a + seen)
		ofOne, _ := math.Lgamma(a)
		m.Weight *= math.Exp(ofBoth - ofOne + a*math.Log(b/(b+expected)) - seen*math.Log(b+expected))
		total += m.Weight
	}
	change := -math.Expm1(-expected / paceChanges)
	for i := range p.Memories {
		m := &p.Memories[i]
		m.Weight = (1-change)*m.Weight/total + change*newMemory
		keep := math.Exp(-expected / (shortMemory * math.Exp2(float64(2*i))))
		m.Seen, m.Expected = m.Seen*keep+seen, m.Expected*keep+expected
	}
}

// now returns the pace, and the variance of its logarithm.
func (p *pace) now() (pace, variance float64) {
	steady := 1.0
	for i := range p.Memories {
		m := &p.Memories[i]
		steady -= m.Weight
		pace += m.Weight * m.pace()
	}
	pace += steady
	variance = steady * sq(1-pace)
	for i := range p.Memories {
		m := &p.Memories[i]
		variance += m.Weight * (sq(m.pace()-pace) + sq(m.pace())/(m.Seen+pacePrior))
	}
	return pace, variance / sq(pace)
}

func (m *paceMemory) pace() float64 { return (m.Seen + pacePrior) / (m.Expected + pacePrior) }

// observePace counts the ends since the last look, when that is due. Conversations that are
// open count with the time they have taken so far.
func (e *Estimator) observePace(now queue.Stamp) {
	if e.paceAt != 0 && now < e.paceAt.Add(paceEvery) {
		return
	}
	e.paceAt = now
	e.accrueAll(now)
	e.known.Pace.observe(e.paceSeen, e.paceExpected)
	e.paceSeen, e.paceExpected = 0, 0
}

// applyPace makes the hazards those of now. What was expected follows the hazards that
// were learned since, or what they have learned would be corrected twice.
func (e *Estimator) applyPace(r *rates, queues []queue.QueueID) {
	for _, q := range queues {
		r.usual += r.service[q.String()].mean() / float64(len(queues))
	}
	if e.rates.usual > 0 {
		e.known.Pace.rescale(e.rates.usual / r.usual)
	}
	r.pace, r.paceVariance = e.known.Pace.now()
	for _, q := range queues {
		r.service[q.String()].speedUp(r.pace)
	}
}

// rescale follows hazards that have grown by a factor.
func (p *pace) rescale(by float64) {
	for i := range p.Memories {
		p.Memories[i].Expected *= by
	}
}
