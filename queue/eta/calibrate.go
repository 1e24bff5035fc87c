package eta

import "nextup/queue"

// pendingForecast is the forecast of a ticket as it joined; it is judged when the ticket
// leaves the line, if it still waited at the next look.
type pendingForecast struct {
	at       queue.Stamp
	forecast Forecast
	lasted   bool
}

// maxPending bounds Estimator.pending.
const maxPending = 20_000

// calibrate turns the center and the spread into the mean and the quantiles that
// are shown.
func (e *Estimator) calibrate(s *situation, f *Forecast) {
	f.features, f.class = e.featuresOf(s, f.Position, f.center), s.offsetKey()
	corrected, proven := e.known.Regression.predict(&f.features, f.class, f.center)
	f.corrected, f.Mean = corrected, f.center+proven*(corrected-f.center)
	e.stretch(s.queue, f)
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
	if wait < noWait {
		return // nothing was read
	}
	e.learnStretch(q, &p.forecast, wait)
	e.known.Regression.learn(&p.forecast, wait)
	e.known.addRecent(q, wait)
}

// noWait is the wait, in seconds, below which a visitor does not notice it.
const noWait = 1
