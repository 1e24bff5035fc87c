package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Draw is a distribution of durations in seconds. The zero Draw is always 0.
type Draw struct {
	// Mean is in seconds, 0 or more.
	Mean float64 `yaml:"mean_s"`
	// SCV is the squared coefficient of variation (variance ÷ mean²) of a
	// lognormal distribution; 0 stands for an exponential one.
	SCV float64 `yaml:"scv"`
}

// Exponential returns an exponential distribution with the mean in seconds.
func Exponential(mean float64) Draw { return Draw{Mean: mean} }

// Lognormal returns a lognormal distribution with the mean in seconds and the squared
// coefficient of variation. Telephone and chat handling times are close to it (Brown et al., "Statistical
// analysis of a telephone call center", JASA 100, 2005).
func Lognormal(mean, scv float64) Draw { return Draw{Mean: mean, SCV: scv} }

// Next draws one duration in milliseconds.
func (d Draw) Next(rng *rand.Rand) float64 {
	switch {
	case d.Mean <= 0:
		return 0
	case d.SCV <= 0:
		return rng.ExpFloat64() * d.Mean * 1000
	}
	mu, sigma := d.log()
	return 1000 * math.Exp(mu+sigma*rng.NormFloat64())
}

// log returns the parameters of a lognormal distribution of seconds.
func (d Draw) log() (mu, sigma float64) {
	s2 := math.Log1p(d.SCV)
	return math.Log(d.Mean) - s2/2, math.Sqrt(s2)
}

// Residual draws, in milliseconds, what is left of a duration that has lasted for age
// milliseconds.
func (d Draw) Residual(age float64, rng *rand.Rand) float64 {
	switch {
	case d.Mean <= 0:
		return 0
	case d.SCV <= 0:
		return rng.ExpFloat64() * d.Mean * 1000
	case age <= 0:
		return d.Next(rng)
	}
	mu, sigma := d.log()
	from := normalTail((math.Log(age/1000) - mu) / sigma)
	if from < 1e-12 {
		return 0.05 * age // so far out in the tail that the formula is not exact
	}
	return max(0, 1000*math.Exp(mu+sigma*normalTailInverse(from*(1-rng.Float64())))-age)
}

// normalTail returns the probability that a standard normal variable exceeds z.
func normalTail(z float64) float64 { return math.Erfc(z/math.Sqrt2) / 2 }

func normalTailInverse(p float64) float64 { return math.Sqrt2 * math.Erfcinv(2*p) }

func (d Draw) check(what string) error {
	if d.Mean < 0 || math.IsNaN(d.Mean) || math.IsInf(d.Mean, 0) || math.IsNaN(d.SCV) || d.SCV > 100 {
		return fmt.Errorf("%s: mean %v s and scv %v: the mean must be 0 or more, the scv at most 100", what, d.Mean, d.SCV)
	}
	return nil
}
