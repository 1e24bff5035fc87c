package eta

import (
	"slices"

	"nextup/queue"
)

// Truth compares the forecasts of a queue with what the tickets waited that were served: the
// quotient of Waited and Said less one is the bias. How many waits lay within the range that
// visitors were shown is counted where it is shown.
type Truth struct {
	// Served counts the forecasts that were judged.
	Served float64
	// Waited and Said are sums of seconds: of the waits, and of the means that were
	// forecast.
	Waited, Said float64
}

func (t *Truth) count(wait float64, f Forecast) {
	t.Served++
	t.Waited += wait
	t.Said += f.Mean
}

// Truth returns the counters since the estimator began, by queue. They never
// fall.
func (e *Estimator) Truth() map[string]Truth {
	all := make(map[string]Truth, len(e.truth))
	for q, t := range e.truth {
		all[q] = *t
	}
	return all
}

// expect keeps what a visitor who joins is told: the forecast of their place as of the last
// look. A forecast that was made only when they have waited for some seconds would teach the
// estimator of other waits than those that are told, since by then the agents who had room have
// let them wait.
func (e *Estimator) expect(t *queue.Ticket, at queue.Stamp) {
	if len(e.fresh) >= maxFresh {
		return
	}
	e.fresh = append(e.fresh, t.ID)
	m := e.model
	if m == nil || at > m.now.Add(lastsFor) {
		return // the next look tells them
	}
	line := m.lineOf(t)
	l := &m.lines[line]
	ahead, position := l.ahead(t), 1
	for i := range m.lines {
		if m.lines[i].queue == l.queue {
			position += m.lines[i].ahead(t)
		}
	}
	e.remember(t, pendingForecast{at: at, forecast: e.estimate(line, position, ahead, t.Score(), t.HeadStart)})
	l.tickets = slices.Insert(l.tickets, ahead, t) // for those who come behind before the next look
	m.waiting++
}

// Told returns what a visitor is told as they join: what the last look says of their place. ok
// is false where the next one tells them.
func (e *Estimator) Told(ticket string) (f Forecast, ok bool) {
	p, ok := e.pending[ticket]
	return p.forecast.noticed(), ok
}

// rememberFresh picks the forecasts to judge: those of tickets that joined since the last
// look and still wait. Of those that were served before, nothing was shown.
func (e *Estimator) rememberFresh(st *queue.State, now queue.Stamp) {
	for _, id := range e.fresh {
		t := st.Ticket(id)
		if t == nil || t.Status != queue.Waiting {
			continue
		}
		p, known := e.pending[id]
		if !known {
			p = pendingForecast{at: now, forecast: e.forecast(st, t)}
		}
		p.lasted = true
		e.remember(t, p)
	}
	e.fresh = e.fresh[:0]
	if len(e.pending) > maxPending/2 {
		for id := range e.pending { // of tickets whose end was in no record that was observed
			if t := st.Ticket(id); t == nil || !t.Queued() {
				delete(e.pending, id)
			}
		}
	}
}

const (
	// maxFresh bounds the forecasts that are made for this between two looks.
	maxFresh = 16
	// lastsFor is for how many milliseconds the model of a look tells of a join.
	lastsFor = 10_000
)
