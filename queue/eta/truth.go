package eta

import "nextup/queue"

// Truth counts how true the forecasts of a queue were, over all who were served.
// Shares are quotients of two counters, so that a gateway can export them as
// they stand and an alert can look at any window.
type Truth struct {
	// Served counts those judged; Inside their waits between P10 and P90; Over
	// the waits over the shown upper end.
	Served, Inside, Over float64
	// Waited and Said are sums of seconds: what was waited, and the means that
	// were forecast. Their quotient less one is the bias.
	Waited, Said float64
}

func (t *Truth) count(wait float64, f Forecast) {
	t.Served++
	if wait >= f.P10 && wait <= f.P90 {
		t.Inside++
	}
	high := up(f.P90)
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

// judge makes promises for those who joined since the last look, so that there
// is something to judge.
func (e *Estimator) judge(st *queue.State, now queue.Stamp) {
	for _, id := range e.fresh {
		if t := st.Ticket(id); t != nil && t.Status == queue.Waiting {
			e.promised(t, e.forecast(st, t), now)
		}
	}
	e.fresh = e.fresh[:0]
	if len(e.promises) > maxPromises/2 {
		for id := range e.promises { // of tickets whose end was in no record we saw
			if t := st.Ticket(id); t == nil || !t.Queued() {
				delete(e.promises, id)
			}
		}
	}
}

// maxFresh bounds the promises made at one look.
const maxFresh = 16
