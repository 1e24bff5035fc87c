package eta

import "math"

// This file shrinks what was seen in a queue towards its parent (empirical Bayes).
// Counts at a rate that is Gamma distributed about the parent's are negative
// binomial. The strength of the prior, in ends, is not guessed: each of a few
// strengths is weighted by the likelihood that it gives to what was seen (Gelman et al., "Bayesian data analysis", 2013, sections 2.6 and
// 5.3). So bins that agree are soon one rate, and bins that differ stay apart.

// strengths are the strengths that are weighted, in ends; most of them are large,
// so that all is one rate until what was seen speaks against it.
var strengths = [...]float64{2, 6, 20, 60, 200, 600, 2000, 6000, 20_000, 60_000, 200_000, 600_000, 2_000_000}

// strengthLikelihood holds the logarithm of the likelihood of each strength.
type strengthLikelihood [len(strengths)]float64

// minExpected is the least number of ends that is expected: an end where none was
// expected at all would rule out every strength alike.
const minExpected = 1e-9

// observe adds the evidence of so many ends where the parent expects that many.
func (b *strengthLikelihood) observe(ended, expected float64) {
	expected = max(expected, minExpected) // what ends as soon as it begins takes no time
	for i, r := range strengths {
		ofBoth, _ := math.Lgamma(ended + r)
		ofOne, _ := math.Lgamma(r)
		b[i] += ofBoth - ofOne + r*math.Log(r/(r+expected))
		if ended > 0 {
			b[i] += ended * math.Log(expected/(r+expected))
		}
	}
}

// average returns the mean of a function of the strength.
func (b *strengthLikelihood) average(f func(strength float64) float64) float64 {
	most := math.Inf(-1)
	for _, l := range b {
		most = max(most, l)
	}
	sum, total := 0.0, 0.0
	for i, l := range b {
		w := math.Exp(l - most)
		sum, total = sum+w*f(strengths[i]), total+w
	}
	return sum / total
}

// shrink returns the hazard of a tally, shrunk towards its parent as far as the
// likelihoods say that the parent's children are alike.
func (b *strengthLikelihood) shrink(t *tally, parent *hazard) *hazard {
	n, expected := t.compare(parent)
	return t.fit(parent, b.average(func(s float64) float64 { return (n + s) / (expected + s) }))
}

// compare returns the ends of a tally, and the ends that its parent expects in the
// same time.
func (t *tally) compare(parent *hazard) (ended, expected float64) {
	for i := range bins {
		ended += t.N[i]
		expected += t.T[i] * parent.h[i]
	}
	return ended, expected
}

// fit returns the parent's distribution, scaled by a level and then fitted to what
// was seen at each age.
func (t *tally) fit(parent *hazard, level float64) *hazard {
	var b strengthLikelihood
	for i := range bins {
		b.observe(t.N[i], t.T[i]*parent.h[i]*level)
	}
	out := &hazard{}
	for i := range bins {
		p := parent.h[i] * level
		out.h[i] = b.average(func(r float64) float64 { return (t.N[i] + r) / (t.T[i] + r/p) })
	}
	return out.integrate()
}
