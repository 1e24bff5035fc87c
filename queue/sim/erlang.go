package sim

import "math"

// ErlangB returns the probability that all of n places are busy, where visitors who
// find them busy go away, at an offered load in Erlang. The recursion in n is exact and
// stable (Jagerman, "Some properties of the Erlang loss function", Bell System
// Technical Journal 53, 1974).
func ErlangB(n int, load float64) float64 {
	b := 1.0
	for i := 1; i <= n; i++ {
		b = load * b / (float64(i) + load*b)
	}
	return b
}

// ErlangC returns the probability of waiting in M/M/n without abandonment; 1 where the load
// is n or more (Erlang 1917; by way of ErlangB as in Whitt, "Understanding the
// efficiency of multi-server service systems", Management Science 38, 1992).
func ErlangC(n int, load float64) float64 {
	if load >= float64(n) {
		return 1
	}
	b := ErlangB(n, load)
	rho := load / float64(n)
	return b / (1 - rho + rho*b)
}

// ErlangCLevel returns the share of visitors of M/M/n served within the time, given
// the mean handling time in the same unit.
func ErlangCLevel(n int, load, handling, within float64) float64 {
	if load >= float64(n) {
		return 0
	}
	return 1 - ErlangC(n, load)*math.Exp(-(float64(n)-load)*within/handling)
}

// ErlangCWait returns the mean wait of M/M/n in the unit of the mean handling time;
// +Inf where the load is n or more.
func ErlangCWait(n int, load, handling float64) float64 {
	if load >= float64(n) {
		return math.Inf(1)
	}
	return ErlangC(n, load) * handling / (float64(n) - load)
}

// ErlangAResult describes M/M/n+M in its long run. Times are in the unit of the
// arguments.
type ErlangAResult struct {
	// Delayed is the probability of finding all places busy, Abandoned that of leaving
	// unserved.
	Delayed, Abandoned float64
	// Waiting is the mean number in line, Wait the mean time in line of all visitors,
	// served or not.
	Waiting, Wait float64
}

// ErlangA solves M/M/n+M: arrivals per unit of time, mean handling time, mean
// patience. The number in the system is a birth-death chain, summed here until
// its tail is below 1e-14 (Garnett, Mandelbaum and Reiman, "Designing a call
// center with impatient customers", Manufacturing & Service Operations
// Management 4, 2002, section 3; Palm 1957).
func ErlangA(n int, arrivals, handling, patience float64) ErlangAResult {
	mu, theta := 1/handling, 1/patience
	// Weights relative to that of state n, which cannot overflow.
	below, w := 0.0, 1.0
	for i := n; i > 0; i-- {
		w *= float64(i) * mu / arrivals
		below += w
	}
	at, waiting, w := 1.0, 0.0, 1.0
	for j := 1; ; j++ {
		w *= arrivals / (float64(n)*mu + float64(j)*theta)
		at += w
		waiting += float64(j) * w
		if w*float64(j) < 1e-14*(at+below) {
			break
		}
	}
	total := below + at
	q := waiting / total
	return ErlangAResult{Delayed: at / total, Abandoned: theta * q / arrivals, Waiting: q, Wait: q / arrivals}
}
