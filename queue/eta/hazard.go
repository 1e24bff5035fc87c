package eta

import "math"

// bins is the number of ages that a hazard is learned for: their edges grow by a
// factor, so that short and long conversations are resolved equally well.
const bins = 16

// edges are the lower ends of the bins, in seconds.
var edges = func() (e [bins]float64) {
	for i := 1; i < bins; i++ {
		e[i] = 4 * math.Pow(1.6, float64(i-1))
	}
	return e
}()

// tally counts the ends at each age, and the seconds spent at that age: their
// quotient is the hazard, whatever the distribution, and what is still open
// counts in the time (the occurrence-exposure estimate of survival analysis).
type tally struct {
	N [bins]float64 `json:"n"`
	T [bins]float64 `json:"t"`
}

func bin(age float64) int {
	i := 0
	for i+1 < bins && edges[i+1] <= age {
		i++
	}
	return i
}

// addTime adds the time from one age to another, with a weight.
func (t *tally) addTime(from, to, weight float64) {
	for i := bin(from); i < bins && from < to; i++ {
		end := to
		if i+1 < bins {
			end = min(to, edges[i+1])
		}
		t.T[i] += weight * (end - from)
		from = end
	}
}

// addEnd counts an end at an age and lowers the weight of older evidence: by the
// count of ends and not by time, so that a quiet site remembers longer than a busy
// one. An end at the very edge of a bin belongs to the bin before, in which the
// time was spent.
func (t *tally) addEnd(age, memory float64) {
	t.scale(1 - 1/memory)
	i := bin(age)
	if i > 0 && age == edges[i] {
		i--
	}
	t.N[i]++
}

// meanWeight returns the mean weight of a stretch of time in which so many ends
// were counted: the time is added when the stretch is over, and with full weight
// it would outweigh those ends (by one part in a hundred where 200 agents talk).
func meanWeight(ends int, memory float64) float64 {
	x := float64(ends) / memory
	if x < 1e-9 {
		return 1
	}
	return -math.Expm1(-x) / x
}

func (t *tally) scale(by float64) {
	for i := range bins {
		t.N[i] *= by
		t.T[i] *= by
	}
}

func (t *tally) merge(u *tally) {
	for i := range bins {
		t.N[i] += u.N[i]
		t.T[i] += u.T[i]
	}
}

func (t *tally) totals() (n, time float64) {
	for i := range bins {
		n += t.N[i]
		time += t.T[i]
	}
	return n, time
}

// hazard is a distribution of durations, given by a hazard that is constant
// within each bin.
type hazard struct {
	h [bins]float64 // per second
	c [bins]float64 // cumulative hazard up to the bin's lower edge
	i [bins]float64 // integral of the survival up to there
}

func constant(rate float64) *hazard {
	out := &hazard{}
	for i := range bins {
		out.h[i] = rate
	}
	return out.integrate()
}

func (z *hazard) integrate() *hazard {
	for i := 1; i < bins; i++ {
		w := edges[i] - edges[i-1]
		z.c[i] = z.c[i-1] + z.h[i-1]*w
		z.i[i] = z.i[i-1] + math.Exp(-z.c[i-1])*-math.Expm1(-z.h[i-1]*w)/z.h[i-1]
	}
	return z
}

// speedUp makes every hazard larger by a factor.
func (z *hazard) speedUp(by float64) {
	for i := range bins {
		z.h[i] *= by
	}
	z.integrate()
}

// cumulative returns the cumulative hazard at an age.
func (z *hazard) cumulative(age float64) float64 {
	i := bin(age)
	return z.c[i] + z.h[i]*(age-edges[i])
}

// survival returns the probability of lasting longer than the age.
func (z *hazard) survival(age float64) float64 {
	if age <= 0 {
		return 1
	}
	return math.Exp(-z.cumulative(age))
}

// survivalIntegral returns the integral of survival from 0 to the age.
func (z *hazard) survivalIntegral(age float64) float64 {
	if age <= 0 {
		return age // survival is 1 before 0
	}
	i := bin(age)
	return z.i[i] + math.Exp(-z.c[i])*-math.Expm1(-z.h[i]*(age-edges[i]))/z.h[i]
}

// mean returns the mean duration.
func (z *hazard) mean() float64 {
	return z.i[bins-1] + math.Exp(-z.c[bins-1])/z.h[bins-1]
}

// ageAt returns the age at which the cumulative hazard is c: with an exponential
// c, a random draw.
func (z *hazard) ageAt(c float64) float64 {
	i := 0
	for i+1 < bins && z.c[i+1] <= c {
		i++
	}
	return edges[i] + (c-z.c[i])/z.h[i]
}
