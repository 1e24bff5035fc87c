package eta

import "math"

// gammaQuantile returns the quantile of a Gamma distribution with a mean and a
// standard deviation at the normal quantile z, by Wilson and Hilferty ("The
// distribution of chi-square", PNAS 17, 1931): the cube root is nearly normal.
// Below shape 1 it is bent to the exponential one.
func gammaQuantile(mean, sd, z float64) float64 {
	if mean <= 0 || sd <= 0 {
		return max(0, mean)
	}
	shape := mean * mean / (sd * sd)
	if shape <= 1.0001 {
		// Exactly exponential at shape 1; below it the exponential's quantiles,
		// about a mean that is the same.
		return mean * -math.Log(math.Erfc(z/math.Sqrt2)/2)
	}
	f := max(0, 1-1/(9*shape)+z/(3*math.Sqrt(shape)))
	return mean * f * f * f
}
