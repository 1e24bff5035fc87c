package eta

import "math"

// ratio is a quotient of two sums over pieces that are independent of each
// other, with decay, and how well it is known.
type ratio struct {
	N  float64 `json:"n"` // pieces
	A  float64 `json:"a"`
	B  float64 `json:"b"`
	AA float64 `json:"aa"`
	AB float64 `json:"ab"`
	BB float64 `json:"bb"`
}

// add takes a piece in; what was there before keeps so much of its weight.
func (r *ratio) add(a, b, keep float64) {
	r.N = r.N*keep + 1
	r.A, r.B = r.A*keep+a, r.B*keep+b
	r.AA, r.AB, r.BB = r.AA*keep+a*a, r.AB*keep+a*b, r.BB*keep+b*b
}

// fewPieces tell nothing of how much pieces differ.
const fewPieces = 4

// What is believed of a model before anything was seen: that it is exact is
// exactOdds times as likely as that it is off, and then by usualMiss or so. There
// are about as many ratios to a site as that, and they are looked at again and
// again: of those that are exact some will always seem to be off.
const (
	exactOdds = 10
	usualMiss = 0.1
)

// shrunk is the quotient as far as it is believed to differ from 1: so where the
// model is exact, noise corrects next to nothing. The odds are those of a normal
// mean whose variance is not known either (Liang et al., "Mixtures of g priors
// for Bayesian variable selection", JASA 103, 2008, equation 6), as a few pieces
// may be alike by chance. The variance of a quotient of sums is that of Cochran
// ("Sampling techniques", 1977, section 2.11).
func (r *ratio) shrunk() float64 {
	if r == nil || r.N < fewPieces || r.B <= 0 {
		return 1
	}
	q := r.A / r.B
	variance := max(0, r.AA-2*q*r.AB+q*q*r.BB)/(r.B*r.B) + leastVariance
	off, free := q-1, r.N-1
	g := usualMiss * usualMiss / variance
	z2 := off * off / variance / free
	exact := exactOdds * math.Sqrt(1+g) * math.Pow((1+z2/(1+g))/(1+z2), r.N/2) // the odds of it
	return min(maxStretch, max(1/maxStretch, 1+off*g/(1+g)/(1+exact)))
}

// leastVariance keeps pieces that happen to be alike from proving anything.
const leastVariance = 1e-8
