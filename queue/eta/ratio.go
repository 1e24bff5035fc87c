package eta

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

// shrunk is the quotient as far as it differs from 1 by more than chance: the
// positive part of the estimator of James and Stein ("Estimation with quadratic
// loss", Berkeley Symposium 1, 1961). The variance of a quotient of sums is that
// of Cochran ("Sampling techniques", 1977, section 2.11).
func (r *ratio) shrunk() float64 {
	if r == nil || r.N < fewPieces || r.B <= 0 {
		return 1
	}
	q := r.A / r.B
	variance := (r.AA - 2*q*r.AB + q*q*r.BB) / (r.B * r.B)
	off := q - 1
	if off == 0 {
		return 1
	}
	return min(maxStretch, max(1/maxStretch, 1+off*max(0, 1-2*variance/(off*off))))
}
