package eta

import (
	"fmt"
	"math"

	"nextup/queue"
)

// features counts what the regression looks at: a constant and the estimate; the position; the
// share of the agents' places that are idle, and that times the estimate; how many places there
// are, and how many wait for each of them; and how far the newest waits of the queue (Ibrahim and
// Whitt 2009) are from the estimate.
const features = 8

// regression corrects the estimate by recursive least squares over what else is
// known at the join (Plackett 1950; the form with forgetting is in Ljung, "System
// identification", 1999, section 11.2). It is for sites whose agents do not do
// what the model believes, such as take breaks without saying so. Its prior is that the
// model is right (ridge regression, Hoerl and Kennard, Technometrics 12, 1970), so a few waits
// move it by little, and each wait weighs by 1/mean, as long waits vary more.
type regression struct {
	// Weights and Covariance have the length of another release's features in a checkpoint of it.
	Weights    []float64   `json:"weights"`
	Covariance [][]float64 `json:"covariance"`
	// Offsets are what is left over, by queue and head start.
	Offsets map[string]*offset `json:"offsets"`
	// Noise is the sum of the model's squared errors over N waits; Agreed is that of its
	// errors times the correction, and Moved that of the squared corrections, all with decay.
	Noise  float64 `json:"noise"`
	N      float64 `json:"n"`
	Agreed float64 `json:"agreed"`
	Moved  float64 `json:"moved"`
}

// recentWeight is the weight of a wait in the mean of the newest.
const recentWeight = 0.1

// addRecent adds a wait to the mean of the newest of its queue.
func (k *knowledge) addRecent(q string, wait float64) {
	if k.Recent == nil {
		k.Recent = map[string]float64{}
	}
	last := k.Recent[q]
	if last == 0 {
		last = wait
	}
	k.Recent[q] = last + recentWeight*(wait-last)
}

// offset is a mean of seconds.
type offset struct {
	Sum    float64 `json:"sum"`
	Weight float64 `json:"weight"`
}

// The constants of the regression; docs/estimates.md has the scenarios that fix them.
const (
	// regressionForgets is the part of the weight that earlier waits lose with each wait: a quarter
	// of it in 500.
	regressionForgets = 0.0005
	// regressionPrior is the variance of the weights before anything is known, in units of the
	// noise; forgetting never goes back further than there.
	regressionPrior = 1
	// offsetPrior is the weight of "no offset", in waits of 90 s, and offsetForgets what
	// offsets forget with each wait.
	offsetPrior   = 30
	offsetForgets = 0.002
	// correctionForgets is what the proof of the correction forgets with each wait, and
	// correctionProof the squared normal deviate that it takes: visitors share more luck than that
	// of their line, so it is more than the usual 4.
	correctionForgets = 0.001
	correctionProof   = 30
	// mostCorrected bounds a correction: to so many times the mean, and a minute.
	mostCorrected = 3
)

// situation is what is known at a join beside the place in line.
type situation struct {
	queue string
	head  queue.Millis
	// places is the capacity of the agents who serve the line, idle that which is free, waiting
	// the number of all who wait at the site.
	places, idle, waiting float64
}

// offsetKey names those who share an offset.
func (s *situation) offsetKey() string { return fmt.Sprint(s.queue, "+", int64(s.head)) }

// featuresOf returns the features of a place in line. Waits are in hundreds
// of seconds, so that all features are of about one size.
func (e *Estimator) featuresOf(s *situation, position int, mean float64) (x [features]float64) {
	m, places := mean/100, max(1, s.places)
	idle := s.idle / places
	x = [features]float64{1, m, math.Log(float64(max(1, position))), idle, m * idle, math.Log(places), s.waiting / places}
	if recent := e.known.Recent[s.queue]; recent > 0 {
		x[7] = recent/100 - m
	}
	return x
}

func (b *regression) reset() {
	*b = regression{Offsets: map[string]*offset{}, Weights: make([]float64, features), Covariance: make([][]float64, features)}
	b.Weights[1] = 1
	for i := range features {
		b.Covariance[i] = make([]float64, features)
		b.Covariance[i][i] = regressionPrior
	}
}

// fits reports whether the regression has looked at these features.
func (b *regression) fits() bool {
	if len(b.Weights) != features || len(b.Covariance) != features || b.Offsets == nil {
		return false
	}
	for _, row := range b.Covariance {
		if len(row) != features {
			return false
		}
	}
	return true
}

// predict returns what the regression makes of a mean, in seconds, and how much of the way
// there has been proven.
func (b *regression) predict(x *[features]float64, key string, mean float64) (corrected, proven float64) {
	if !b.fits() {
		return mean, 0
	}
	sum := 0.0
	for i, w := range b.Weights {
		sum += 100 * w * x[i]
	}
	if o := b.Offsets[key]; o != nil {
		sum += o.mean()
	}
	sum = max(0, mean/mostCorrected-60, min(sum, mean*mostCorrected+60))
	if b.Agreed > 0 && b.Moved > 0 {
		// The share that would have been best for the newest waits, shrunk by how likely it is
		// chance (James and Stein 1961).
		proven = min(1, b.Agreed/b.Moved) * max(0, 1-correctionProof*b.Moved/(b.Agreed*b.Agreed))
	}
	return sum, proven
}

func (o *offset) mean() float64 { return o.Sum / (o.Weight + offsetPrior) }

// learn takes how long a wait was, and what was forecast of it.
func (b *regression) learn(f *Forecast, wait float64) {
	x, mean, corrected := &f.features, f.center, f.corrected
	if !b.fits() {
		b.reset()
		corrected = mean
	}
	weight := 1 / (mean/100 + 0.1)
	wrong, moved := (wait-mean)/100, (corrected-mean)/100
	b.N = b.N*(1-correctionForgets) + 1
	b.Noise = b.Noise*(1-correctionForgets) + weight*wrong*wrong
	noise := (b.Noise + 0.25) / (b.N + 1)
	proof := weight * f.ownLuck() / noise // a whole line that is lucky proves little
	b.Agreed = b.Agreed*(1-correctionForgets) + proof*wrong*moved
	b.Moved = b.Moved*(1-correctionForgets) + proof*moved*moved
	b.learnOffset(f.class, wait-corrected, weight)
	var gain [features]float64
	size := noise * (1 - regressionForgets) / weight
	for i := range features {
		for j := range features {
			gain[i] += b.Covariance[i][j] * x[j]
		}
		size += x[i] * gain[i]
	}
	miss := wait / 100
	for i, w := range b.Weights {
		miss -= w * x[i]
	}
	grow := 1 / (1 - regressionForgets)
	for i := range features {
		b.Weights[i] += gain[i] / size * miss
		for j := range features {
			b.Covariance[i][j] -= gain[i] * gain[j] / size
		}
		if b.Covariance[i][i]*grow > regressionPrior {
			grow = 1 // nothing is forgotten that no wait has told anew
		}
	}
	for i := range features {
		for j := range features {
			b.Covariance[i][j] *= grow
		}
	}
}

// maxOffsets bounds the offsets.
const maxOffsets = 1024

// learnOffset takes how far off the correction was, offset and all.
func (b *regression) learnOffset(key string, off, weight float64) {
	o := b.Offsets[key]
	if o == nil {
		if len(b.Offsets) >= maxOffsets {
			return
		}
		o = &offset{}
		b.Offsets[key] = o
	}
	now := o.mean()
	o.Weight = o.Weight*(1-offsetForgets) + weight
	o.Sum = o.Sum*(1-offsetForgets) + weight*(off+now)
}

func sq(x float64) float64 { return x * x }
