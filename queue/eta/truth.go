package eta

import "nextup/queue"

// Truth counts how true the forecasts of a queue were, over all tickets that were
// served. A share is a quotient of two counters, so that a gateway can export the
// counters and an alert can look at any window.
type Truth struct {
	// Served counts the forecasts that were judged; Inside the waits between P10 and
	// P90; Over the waits above the upper end that was shown.
	Served, Inside, Over float64
	// Waited and Said are sums of seconds: of the waits, and of the means that were
	// forecast. Their quotient less one is the bias.
	Waited, Said float64
}

func (t *Truth) count(wait float64, f Forecast) {
	t.Served++
	if (wait >= f.P10 || f.P10 < noWait) && wait <= f.P90 {
		t.Inside++
	}
	high := Shown(f.Wait()).High
	if wait > float64(high) && high < Beyond {
		t.Over++
	}
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

// rememberFresh makes and keeps forecasts for tickets that joined since the last
// look, so that there is something to judge.
func (e *Estimator) rememberFresh(st *queue.State, now queue.Stamp) {
	for _, id := range e.fresh {
		if t := st.Ticket(id); t != nil && t.Status == queue.Waiting {
			e.remember(t, e.forecast(st, t), now)
		}
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

// maxFresh bounds the forecasts that are made for this at one look.
const maxFresh = 16
