package eta

import "math"

// bins is how many ages a hazard is learned for: their edges grow by a factor,
// so that short and long conversations are told apart alike.
const bins = 16

// edges are the lower ends of the bins, in seconds.
var edges = func() (e [bins]float64) {
	for i := 1; i < bins; i++ {
		e[i] = 4 * math.Pow(1.6, float64(i-1))
	}
	return e
}()

// tally counts what ended at an age, and the time spent there in seconds: their
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

// spend adds the time from one age to another, at a weight.
func (t *tally) spend(from, to, weight float64) {
	for i := bin(from); i < bins && from < to; i++ {
		end := to
		if i+1 < bins {
			end = min(to, edges[i+1])
		}
		t.T[i] += weight * (end - from)
		from = end
	}
}

// end counts an end at an age, and lets what is old lose weight: by evidence, so
// that a quiet site remembers longer than a busy one. An end in the moment in which
// a bin begins belongs to the bin before, in which the time was spent.
func (t *tally) end(age, memory float64) {
	t.scale(1 - 1/memory)
	i := bin(age)
	if i > 0 && age == edges[i] {
		i--
	}
	t.N[i]++
}

// faded is the mean weight of time in which so many ends have come since: time
// is taken in when it is over, and would else outweigh the ends that were seen
// meanwhile (by one part in a hundred where 200 agents talk).
func faded(ends int, memory float64) float64 {
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

func (t *tally) add(u *tally) {
	for i := range bins {
		t.N[i] += u.N[i]
		t.T[i] += u.T[i]
	}
}

func (t *tally) sums() (n, time float64) {
	for i := range bins {
		n += t.N[i]
		time += t.T[i]
	}
	return n, time
}

// hazard is a distribution of lengths of time by its hazard, constant within
// each bin.
type hazard struct {
	h [bins]float64 // per second
	c [bins]float64 // cumulated up to the bin's lower end
	i [bins]float64 // integral of the survival up to there
}

func constant(rate float64) *hazard {
	out := &hazard{}
	for i := range bins {
		out.h[i] = rate
	}
	return out.ready()
}

func (z *hazard) ready() *hazard {
	for i := 1; i < bins; i++ {
		w := edges[i] - edges[i-1]
		z.c[i] = z.c[i-1] + z.h[i-1]*w
		z.i[i] = z.i[i-1] + math.Exp(-z.c[i-1])*-math.Expm1(-z.h[i-1]*w)/z.h[i-1]
	}
	return z
}

// cum is the cumulated hazard at an age.
func (z *hazard) cum(age float64) float64 {
	i := bin(age)
	return z.c[i] + z.h[i]*(age-edges[i])
}

// left is the chance to last longer than the age.
func (z *hazard) left(age float64) float64 {
	if age <= 0 {
		return 1
	}
	return math.Exp(-z.cum(age))
}

// area is the integral of left from 0 to the age.
func (z *hazard) area(age float64) float64 {
	if age <= 0 {
		return age // left is 1 before 0
	}
	i := bin(age)
	return z.i[i] + math.Exp(-z.c[i])*-math.Expm1(-z.h[i]*(age-edges[i]))/z.h[i]
}

// mean is the mean length.
func (z *hazard) mean() float64 {
	return z.i[bins-1] + math.Exp(-z.c[bins-1])/z.h[bins-1]
}

// at is the age by which the cumulated hazard is c: with c exponential, a draw.
func (z *hazard) at(c float64) float64 {
	i := 0
	for i+1 < bins && z.c[i+1] <= c {
		i++
	}
	return edges[i] + (c-z.c[i])/z.h[i]
}
