package eta

import "math"

// This file is how much of a parent's belief is mixed into what was seen
// (empirical Bayes). What is seen at a rate that is Gamma distributed about the
// parent's is negative binomial; how many ends of the parent's it is worth is
// not guessed but weighed: each of a few strengths counts by how likely it makes
// what was seen (Gelman et al., "Bayesian data analysis", 2013, sections 2.6 and
// 5.3). So bins that agree are soon one rate, and bins that differ stay apart.

// strengths are those weighed, in ends; by far the most of them say that all is
// one rate for as long as what was seen does not speak against it.
var strengths = [...]float64{2, 6, 20, 60, 200, 600, 2000, 6000, 20_000, 60_000, 200_000, 600_000, 2_000_000}

type beliefs [len(strengths)]float64

// noTime is the least that is expected: an end where none at all was would rule out
// every strength alike.
const noTime = 1e-9

// see takes in that so many ends were seen where the parent expects some; beliefs
// are logarithms up to here.
func (b *beliefs) see(ended, expected float64) {
	expected = max(expected, noTime) // what ends as soon as it begins takes none
	for i, r := range strengths {
		ofBoth, _ := math.Lgamma(ended + r)
		ofOne, _ := math.Lgamma(r)
		b[i] += ofBoth - ofOne + r*math.Log(r/(r+expected))
		if ended > 0 {
			b[i] += ended * math.Log(expected/(r+expected))
		}
	}
}

// mix gives the mean of a function of the strength.
func (b *beliefs) mix(of func(strength float64) float64) float64 {
	most := math.Inf(-1)
	for _, l := range b {
		most = max(most, l)
	}
	sum, total := 0.0, 0.0
	for i, l := range b {
		w := math.Exp(l - most)
		sum, total = sum+w*of(strengths[i]), total+w
	}
	return sum / total
}

// within is a tally's hazard among others of one parent that are as alike as the
// beliefs say.
func (b *beliefs) within(t *tally, parent *hazard) *hazard {
	n, expected := t.expects(parent)
	return t.bent(parent, b.mix(func(s float64) float64 { return (n + s) / (expected + s) }))
}

// expects is how many ends a parent expects in the time of a tally.
func (t *tally) expects(parent *hazard) (ended, expected float64) {
	for i := range bins {
		ended += t.N[i]
		expected += t.T[i] * parent.h[i]
	}
	return ended, expected
}

// bent is the parent's distribution scaled to a level, and bent to what was seen
// at each age.
func (t *tally) bent(parent *hazard, level float64) *hazard {
	var b beliefs
	for i := range bins {
		b.see(t.N[i], t.T[i]*parent.h[i]*level)
	}
	out := &hazard{}
	for i := range bins {
		p := parent.h[i] * level
		out.h[i] = b.mix(func(r float64) float64 { return (t.N[i] + r) / (t.T[i] + r/p) })
	}
	return out.ready()
}
