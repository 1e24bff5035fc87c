package eta

import (
	"math"

	"nextup/queue"
)

// promise is what was forecast when a ticket was first seen in line.
type promise struct {
	at   queue.Stamp
	said Forecast
}

// maxPromises bounds Estimator.promises.
const maxPromises = 20_000

// maxStretch bounds what a calibration may do to a quantile.
const maxStretch = 4.0

// calibration is how true the forecasts of a queue were.
type calibration struct {
	// Log are the logarithms by which the quantiles at 10, 50 and 90 per cent are
	// stretched: each is tracked by stochastic approximation (Robbins and Monro
	// 1951), a step up when a wait was longer and down when it was not, so that in
	// the long run the promised share is kept whatever the distribution (as in
	// Gibbs and Candès, "Adaptive conformal inference under distribution shift",
	// 2021).
	Log [3]float64 `json:"log"`
	N   float64    `json:"n"`
	// Bias is of the waits over what was forecast, in batches; Waits, Said and
	// Count are of the batch under way, which ends at Batch.
	Bias  ratio       `json:"bias"`
	Waits float64     `json:"waits"`
	Said  float64     `json:"said"`
	Count float64     `json:"count"`
	Batch queue.Stamp `json:"batch"`
}

// shares are those below each quantile; quantiles are the standard normal ones.
var (
	shares    = [3]float64{0.1, 0.5, 0.9}
	quantiles = [3]float64{-1.2815515655446004, 0, 1.2815515655446004}
)

// calibrate turns the center and spread into what is said.
func (e *Estimator) calibrate(q string, f *Forecast) {
	c := e.known.Errors[q]
	if c == nil {
		c = &calibration{}
	}
	f.alone = f.center * c.Bias.shrunk()
	f.Mean, f.blended = f.alone, f.alone
	f.traits = e.traitsOf(q, f.Position, f.center)
	if b := &e.known.Blend; b.N > 0 {
		f.blended = b.says(&f.traits)
		if b.earned() {
			f.Mean = f.blended
		}
	}
	f.P10 = c.quantile(f, 0)
	f.P50 = max(f.P10, c.quantile(f, 1))
	f.P90 = max(f.P50, c.quantile(f, 2))
}

// quantile is that of shares[i], as calibrated.
func (c *calibration) quantile(f *Forecast, i int) float64 {
	return gammaQuantile(f.center, f.spread, quantiles[i]) * math.Exp(c.Log[i])
}

// promised remembers the first forecast of a ticket, to be judged later.
func (e *Estimator) promised(t *queue.Ticket, f Forecast, now queue.Stamp) {
	if _, known := e.promises[t.ID]; known || !f.Known || len(e.promises) >= maxPromises {
		return
	}
	e.promises[t.ID] = promise{at: now, said: f}
}

// score judges the promise of a ticket that has left the line.
func (e *Estimator) score(is *queue.Ticket, at queue.Stamp) {
	p, ok := e.promises[is.ID]
	if !ok {
		return
	}
	delete(e.promises, is.ID)
	if is.Status != queue.Assigned {
		return
	}
	q := is.Queue().String()
	wait := e.known.elapsed(p.at, at)
	of(e.truth, q).count(wait, p.said)
	if p.said.center < noWait && wait < noWait {
		return // nobody waited, as said
	}
	// Of those who would have waited so long some have left and are not seen: the
	// others stand for them (inverse probability of censoring weighting, Robins
	// and Rotnitzky, "Recovery of information and adjustment for dependent
	// censoring", 1992), or long waits would look rare.
	weight := min(maxWeight, math.Exp(e.rates.patience[q]*wait))
	if wait >= noWait {
		e.known.Blend.learn(&p.said.traits, wait, p.said.alone, p.said.blended)
		of(e.known.History, q).add(wait)
	}
	of(e.known.Errors, q).learn(wait, &p.said, weight, at)
}

const (
	// noWait is a wait, in seconds, that nobody calls one.
	noWait = 1
	// maxWeight bounds for how many one visitor may stand.
	maxWeight = 8
	// Steps of the quantiles: from stepFirst/stepAfter down to stepLast.
	stepFirst = 0.6
	stepAfter = 30
	stepLast  = 0.01
)

func (c *calibration) learn(wait float64, said *Forecast, weight float64, at queue.Stamp) {
	// Whoever waits at once meets the same luck: of many in line each tells less.
	part := 1 / float64(max(1, said.Position))
	c.N += part
	step := part * weight * max(stepLast, stepFirst/(c.N+stepAfter))
	for i, share := range shares {
		short := 0.0
		if wait <= c.quantile(said, i) {
			short = 1
		}
		bound := math.Log(maxStretch)
		c.Log[i] = min(bound, max(-bound, c.Log[i]+step*(share-short)))
	}
	if at > c.Batch {
		c.close(at, wait)
	}
	c.Waits += weight * wait
	c.Said += weight * said.center
	c.Count++
}

const (
	// minBatch is the least time of a batch, in milliseconds: visitors who wait at
	// once share what happens to them, so only batches are nearly independent. A
	// batch is also as long as two waits.
	minBatch = 900_000
	// fewWaits are too few for a batch to end.
	fewWaits = 3
	// batchKeeps is the weight that earlier batches keep: 67 of them count.
	batchKeeps = 0.985
)

// close ends a batch and begins the next.
func (c *calibration) close(at queue.Stamp, wait float64) {
	if c.Count >= fewWaits {
		c.Bias.add(c.Waits, c.Said, batchKeeps)
		c.Waits, c.Said, c.Count = 0, 0, 0
	}
	c.Batch = at + max(minBatch, queue.Stamp(2000*wait))
}
