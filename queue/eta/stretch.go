package eta

import (
	"math"
	"strconv"
)

// This file turns the mean and the spread of a wait into quantiles that keep what they
// promise. A quantile is that of a Gamma distribution about the mean that is said,
// stretched by a factor that is learned: a step up when a wait was longer and down when
// it was not (stochastic approximation, Robbins and Monro 1951), so that in the long run the
// promised share is kept whatever the distribution (as in Gibbs and Candès, "Adaptive
// conformal inference under distribution shift", 2021). The factors are learned apart for
// each octave of the mean, since short waits are wrong in other ways than long ones, and
// for each queue in it, as soon as there is enough to learn from; between the middles of two
// octaves they are mixed.

// shares are the shares of waits below each quantile; quantiles are the standard
// normal ones.
var (
	shares    = [4]float64{0.1, 0.25, 0.5, 0.9}
	quantiles = [4]float64{-1.2815515655446004, -0.6744897501960817, 0, 1.2815515655446004}
)

// stretches are the factors of one kind of waits.
type stretches struct {
	// Log are their logarithms, by quantile.
	Log [len(shares)]float64 `json:"log"`
	// N is the number of independent waits that they were learned from.
	N float64 `json:"n"`
}

// The constants of the learning; docs/estimates.md has the scenarios that fix them.
const (
	// Steps of the logarithms: from stepFirst/stepAfter down to stepLast, and longer where fewer
	// waits are on one side, since they move one way in small steps.
	stepFirst = 0.5
	stepAfter = 20
	stepLast  = 0.012
	// stretchNeeds is the number of waits from which a kind of waits speaks for itself.
	stretchNeeds = 40
	// sharedLuck is how many places further back halve what a wait tells: visitors who
	// wait at the same time meet the same luck.
	sharedLuck = 4
	// maxStretch bounds the logarithms.
	maxStretch = 3
	// leastMean is the mean, in seconds, that quantiles are built on at least.
	leastMean = 0.5
	// leastRatio bounds a quantile of a Gamma distribution from below, relative to its
	// mean: 0 cannot be stretched.
	leastRatio = 1e-3
	// waitOctaves is the number of octaves of the mean, in seconds; the last is open.
	waitOctaves = 13
)

// stretchKinds returns the names of the kinds to which waits of an octave belong, the widest first.
func stretchKinds(q string, octave int) [3]string {
	return [...]string{"", strconv.Itoa(octave), strconv.Itoa(octave) + " " + q}
}

// octavesOf returns the two octaves whose middles a mean lies between, and the part of the second: a
// mean that crosses from one octave to the next must not make the range jump.
func octavesOf(mean float64) (octaves [2]int, second float64) {
	at := min(waitOctaves-1, max(0, math.Log2(max(1, mean))-0.5))
	first := min(waitOctaves-2, int(at))
	return [...]int{first, first + 1}, at - float64(first)
}

// stretch fills in the quantiles of a forecast that has its mean.
func (e *Estimator) stretch(q string, f *Forecast) {
	relative := 1.0
	if f.center > 0 {
		relative = f.spread / f.center
	}
	log := e.mixed(q, f.Mean)
	least := 0.0
	for i, p := range [...]*float64{&f.P10, &f.P25, &f.P50, &f.P90} {
		f.plain[i] = max(leastMean, f.Mean) * max(leastRatio, gammaQuantile(1, relative, quantiles[i]))
		least = max(least, f.plain[i]*math.Exp(log[i]))
		*p = least
	}
}

// mixed returns the logarithms for a mean, mixed from those of its two octaves.
func (e *Estimator) mixed(q string, mean float64) (log [len(shares)]float64) {
	octaves, second := octavesOf(mean)
	a, b := e.speaking(q, octaves[0]).Log, e.speaking(q, octaves[1]).Log
	for i := range log {
		log[i] = (1-second)*a[i] + second*b[i]
	}
	return log
}

// speaking returns the factors of the narrowest kind that has enough to go by.
func (e *Estimator) speaking(q string, octave int) *stretches {
	found := &stretches{}
	for _, kind := range stretchKinds(q, octave) {
		if s := e.known.Stretches[kind]; s != nil && (s.N >= stretchNeeds || kind == "") {
			found = s
		}
	}
	return found
}

// ownLuck returns how much a wait tells beside those of the visitors in front.
func (f *Forecast) ownLuck() float64 { return 1 / (1 + float64(max(0, f.Position-1))/sharedLuck) }

// learnStretch learns from a wait that was forecast.
func (e *Estimator) learnStretch(q string, f *Forecast, wait float64) {
	part := f.ownLuck()
	octaves, second := octavesOf(f.Mean)
	said := e.mixed(q, f.Mean)
	e.learnOctave(q, octaves[0], f, wait, part*(1-second), &said)
	e.learnOctave(q, octaves[1], f, wait, part*second, &said)
}

// learnOctave learns from a wait for one of its octaves. The kind that speaks is held against what
// is said, which is mixed: its promise is kept by the mixture, not by each octave.
func (e *Estimator) learnOctave(q string, octave int, f *Forecast, wait, part float64, said *[len(shares)]float64) {
	speaks := e.speaking(q, octave)
	var wider *stretches
	for _, kind := range stretchKinds(q, octave) {
		s := e.known.Stretches[kind]
		if s == nil {
			s = &stretches{}
			if wider != nil {
				s.Log = wider.Log
			}
			e.known.Stretches[kind] = s
		}
		log := s.Log
		if s == speaks {
			log = *said
		}
		s.N += part
		step := part * max(stepLast, stepFirst/(s.N+stepAfter))
		for i, share := range shares {
			short := 0.0
			if wait <= f.plain[i]*math.Exp(log[i]) {
				short = 1
			}
			s.Log[i] = min(maxStretch, max(-maxStretch, s.Log[i]+step*(share-short)/(4*share*(1-share))))
		}
		wider = s
	}
}
