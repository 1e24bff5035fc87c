package eta

import "math"

// ratio is a quotient of two sums over independent samples, with decay, and how
// well it is known.
type ratio struct {
	N  float64 `json:"n"` // samples
	A  float64 `json:"a"`
	B  float64 `json:"b"`
	AA float64 `json:"aa"`
	AB float64 `json:"ab"`
	BB float64 `json:"bb"`
}

// add adds a sample; earlier samples keep that share of their weight.
func (r *ratio) add(a, b, keep float64) {
	r.N = r.N*keep + 1
	r.A, r.B = r.A*keep+a, r.B*keep+b
	r.AA, r.AB, r.BB = r.AA*keep+a*a, r.AB*keep+a*b, r.BB*keep+b*b
}

// maxRatio bounds a quotient.
const maxRatio = 4.0

// fewPieces is the number of samples below which their variance is unknown.
const fewPieces = 4

// The prior about a model: that it is exact is exactOdds times as likely as that it
// is off, and if it is off, then by about usualDeviation. A site has about ten
// ratios, which are looked at again and again: some of the exact ones will always
// seem to be off.
const (
	exactOdds      = 10
	usualDeviation = 0.1
)

// shrunk returns the quotient, shrunk towards 1 by the probability that it is 1: so
// where the model is exact, noise corrects next to nothing. The odds are those of a normal
// mean whose variance is not known either (Liang et al., "Mixtures of g priors
// for Bayesian variable selection", JASA 103, 2008, equation 6), as a few samples
// may be alike by chance. The variance of a quotient of sums is that of Cochran
// ("Sampling techniques", 1977, section 2.11).
func (r *ratio) shrunk() float64 {
	if r == nil || r.N < fewPieces || r.B <= 0 {
		return 1
	}
	q := r.A / r.B
	variance := max(0, r.AA-2*q*r.AB+q*q*r.BB)/(r.B*r.B) + leastVariance
	off, free := q-1, r.N-1
	g := usualDeviation * usualDeviation / variance
	z2 := off * off / variance / free
	exact := exactOdds * math.Sqrt(1+g) * math.Pow((1+z2/(1+g))/(1+z2), r.N/2) // the odds that it is exact
	return min(maxRatio, max(1/maxRatio, 1+off*g/(1+g)/(1+exact)))
}

// leastVariance keeps samples that are equal by chance from proving anything.
const leastVariance = 1e-8
