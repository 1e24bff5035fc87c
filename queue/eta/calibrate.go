package eta

import (
	"math"

	"nextup/queue"
)

// promise is what was forecast when a ticket was first seen in line.
type promise struct {
	at queue.Stamp

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
	// Waits and Said are sums of waits and of what was forecast in the batch under
	// way, W and S those of all batches, WW, WS and SS of their products.
	Waits float64     `json:"waits"`
	Said  float64     `json:"said"`
	Count float64     `json:"count"`
	Batch queue.Stamp `json:"batch"`
	Seen  float64     `json:"seen"`
	W     float64     `json:"w"`
	S     float64     `json:"s"`
	WW    float64     `json:"ww"`
	WS    float64     `json:"ws"`
	SS    float64     `json:"ss"`
}

var shares = [3]float64{0.1, 0.5, 0.9}

// calibrate turns the raw mean and spread into what is said.
func (e *Estimator) calibrate(q string, f *Forecast) {
	c := e.known.Errors[q]
	factor, stretch := 1.0, [3]float64{1, 1, 1}
	if c != nil {
		factor = c.factor()
		for i, l := range c.Log {
			stretch[i] = math.Exp(l)
		}
	}
	f.alone = f.twin * factor
	f.Mean = f.alone
	f.traits = e.traitsOf(q, f.Position, f.twin)
	f.blended = f.alone
	if b := &e.known.Blend; b.N > 0 {
		f.blended = b.says(&f.traits)
		if b.earned() {
			f.Mean = f.blended
		}
	}
	sd := f.sd * f.twin / max(f.raw, 1e-9)
	f.P10 = gammaQuantile(f.twin, sd, z10) * stretch[0]
	f.P50 = max(f.P10, gammaQuantile(f.twin, sd, z50)*stretch[1])
	f.P90 = max(f.P50, gammaQuantile(f.twin, sd, z90)*stretch[2])
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
	wait := float64(at-p.at) / 1000
	of(e.truth, q).count(wait, p.said)
	if p.said.twin < 1 && wait < 1 {
		return // nobody waited, as said
	}
	// Of those who would have waited so long some have left and are not seen: the
	// others stand for them (inverse probability of censoring weighting, Robins
	// and Rotnitzky 1992), or long waits would look rare.
	weight := min(8, math.Exp(e.rates.patience[q]*wait))
	if wait >= 1 {
		e.known.Blend.learn(&p.said.traits, wait, p.said.alone, p.said.blended)
		of(e.known.History, q).add(wait)
	}
	c := of(e.known.Errors, q)
	c.learn(wait, p.said, weight, at)
}

func (c *calibration) learn(wait float64, said Forecast, weight float64, at queue.Stamp) {
	// Whoever waits at once meets the same luck: of many in line each tells less.
	part := 1 / float64(max(1, said.Position))
	c.N += part
	step := part * weight * max(0.01, 0.6/(c.N+30))
	sd := said.sd * said.twin / max(said.raw, 1e-9)
	for i, z := range [3]float64{z10, z50, z90} {
		short := 0.0
		if wait <= gammaQuantile(said.twin, sd, z)*math.Exp(c.Log[i]) {
			short = 1
		}
		c.Log[i] = min(math.Log(maxStretch), max(-math.Log(maxStretch), c.Log[i]+step*(shares[i]-short)))
	}
	if at > c.Batch {
		c.close(at, wait)
	}
	c.Waits += weight * wait
	c.Said += weight * said.twin
	c.Count++
}

// minBatch is the least time of a batch: visitors who wait at once share what
// happens to them, so only batches are nearly independent.
const minBatch = 900_000

// close ends a batch and begins the next.
func (c *calibration) close(at queue.Stamp, wait float64) {
	if c.Count >= 3 {
		const keep = 0.985
		w, s := c.Waits, c.Said
		c.Seen = c.Seen*keep + 1
		c.W, c.S = c.W*keep+w, c.S*keep+s
		c.WW, c.WS, c.SS = c.WW*keep+w*w, c.WS*keep+w*s, c.SS*keep+s*s
		c.Waits, c.Said, c.Count = 0, 0, 0
	}
	c.Batch = at + max(minBatch, queue.Stamp(2000*wait))
}

// factor corrects the mean, as far as the bias seen is more than the chance of
// its batches explains: the positive part of James and Stein's estimator (1961).
func (c *calibration) factor() float64 {
	if c.Seen < 4 || c.S <= 0 {
		return 1
	}
	ratio := c.W / c.S
	variance := (c.WW - 2*ratio*c.WS + ratio*ratio*c.SS) / (c.S * c.S)
	bias := ratio - 1
	if bias == 0 {
		return 1
	}
	return min(maxStretch, max(1/maxStretch, 1+bias*max(0, 1-2*variance/(bias*bias))))
}
