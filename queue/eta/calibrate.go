package eta

import (
	"math"

	"nextup/queue"
)

// pendingForecast is the forecast of a ticket as it joined; it is judged when the ticket
// leaves the line, if it still waited at the next look.
type pendingForecast struct {
	at       queue.Stamp
	forecast Forecast
	lasted   bool
}

// maxPending bounds Estimator.pending.
const maxPending = 20_000

// calibration holds how true the means of a queue were.
type calibration struct {
	// Bias is the quotient of the waits and what was forecast, in batches; Waits,
	// Forecast and Count are sums over the current batch, which ends at Batch.
	Bias     ratio       `json:"bias"`
	Waits    float64     `json:"waits"`
	Forecast float64     `json:"said"`
	Count    float64     `json:"count"`
	Batch    queue.Stamp `json:"batch"`
}

// calibrate turns the center and the spread into the mean and the quantiles that
// are shown.
func (e *Estimator) calibrate(q string, f *Forecast) {
	c := e.known.Errors[q]
	if c == nil {
		c = &calibration{}
	}
	f.unadjusted = f.center * c.Bias.shrunk()
	f.Mean, f.adjusted = f.unadjusted, f.unadjusted
	f.features = e.featuresOf(q, f.Position, f.center)
	if b := &e.known.Regression; b.N > 0 {
		f.adjusted = b.predict(&f.features)
		if b.trusted() {
			f.Mean = f.adjusted
		}
	}
	e.stretch(q, f)
}

// remember keeps a forecast of a ticket, to be judged later.
func (e *Estimator) remember(t *queue.Ticket, p pendingForecast) {
	if p.forecast.Known && len(e.pending) < maxPending {
		e.pending[t.ID] = p
	}
}

// judge compares the forecast of a ticket that has left the line with its wait.
func (e *Estimator) judge(after *queue.Ticket, at queue.Stamp) {
	p, ok := e.pending[after.ID]
	if !ok {
		return
	}
	delete(e.pending, after.ID)
	if after.Status != queue.Assigned || !p.lasted {
		return
	}
	q := after.Queue().String()
	wait := e.known.elapsed(p.at, at)
	entry(e.truth, q).count(wait, p.forecast)
	if p.forecast.center < noWait && wait < noWait {
		return // there was no wait, as forecast
	}
	// Some visitors who would have waited so long have left and are not seen: the
	// others stand for them (inverse probability of censoring weighting, Robins
	// and Rotnitzky, "Recovery of information and adjustment for dependent
	// censoring", 1992), or long waits would look rare.
	weight := min(maxWeight, math.Exp(e.rates.patience[q]*wait))
	e.learnStretch(q, &p.forecast, wait, weight)
	if wait >= noWait {
		e.known.Regression.learn(&p.forecast.features, wait, p.forecast.unadjusted, p.forecast.adjusted)
		entry(e.known.History, q).add(wait)
	}
	entry(e.known.Errors, q).learn(wait, &p.forecast, weight, at)
}

const (
	// noWait is the wait, in seconds, below which a visitor does not notice it.
	noWait = 1
	// maxWeight bounds how many visitors one visitor may stand for.
	maxWeight = 8
)

// learn adds a wait to the current batch.
func (c *calibration) learn(wait float64, forecast *Forecast, weight float64, at queue.Stamp) {
	if at > c.Batch {
		c.close(at, wait)
	}
	c.Waits += weight * wait
	c.Forecast += weight * forecast.center
	c.Count++
}

const (
	// minBatch is the least length of a batch, in milliseconds: visitors who wait at
	// the same time share what happens to them, so only batches are nearly
	// independent. A batch is at least as long as two waits.
	minBatch = 900_000
	// fewWaits is the least number of waits in a batch.
	fewWaits = 3
	// batchKeeps is the weight that earlier batches keep: about 67 of them count.
	batchKeeps = 0.985
)

// close ends a batch, if it has enough waits, and begins the next.
func (c *calibration) close(at queue.Stamp, wait float64) {
	if c.Count >= fewWaits {
		c.Bias.add(c.Waits, c.Forecast, batchKeeps)
		c.Waits, c.Forecast, c.Count = 0, 0, 0
	}
	c.Batch = at + max(minBatch, queue.Stamp(2000*wait))
}
