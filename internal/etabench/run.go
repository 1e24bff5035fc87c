package main

import (
	"math"
	"math/rand/v2"

	"nextup/queue"
	"nextup/queue/eta"
	"nextup/queue/sim"
)

// trialRun is one run of a trial.
type trialRun struct {
	scenario *sim.Scenario
	rng      *rand.Rand
	heap     []ending
}

// scored is one visitor's wait and the estimates of it, in seconds.
type scored struct {
	group                  string
	block                  int
	wait, estimate, oracle float64
	noise                  float64
	modelled               float64
	les                    float64
	p10, p90, high         float64
	rises                  int
	watched                bool
}

// blocks is the number of blocks into which a run is cut for the intervals: the
// waits of visitors who come one after the other are not independent.
const blocks = 4

// once runs a trial once and scores its delayed visitors.
func (t *trial) once(seed uint64, hours float64) ([]scored, error) {
	s := t.build(seed, hours)
	run := &trialRun{scenario: s}
	e := eta.New(nil)
	ended, arrivals, ticks := 0, 0, 0
	var model exponentialModel
	open := map[string]*scored{}
	watched := map[string]*watch{}
	var st *queue.State
	var done []scored
	les := map[queue.QueueID]float64{}
	_, err := sim.Run(s, sim.Hooks{
		Record: func(step queue.Step) {
			e.Observe(step)
			model.observe(step)
			if step.Cause == queue.CauseClosed {
				ended++
			}
		},
		Joined: func(v sim.Arrival, delayed bool) {
			st = v.State
			arrivals++
			if !delayed || ended < t.fresh || arrivals <= t.from || t.to > 0 && arrivals > t.to {
				return
			}
			f := e.Forecast(v.State, v.Ticket, v.Now)
			mean, noise := t.oracle(run, v)
			group := v.Ticket.Queue().Language
			if v.Class != "" {
				group = v.Class
			}
			last, known := les[v.Ticket.Queue()]
			if !known {
				last = math.NaN()
			}
			o := &scored{
				group: group, block: min(blocks-1, int(float64(blocks)*float64(v.Now-sim.Start)/float64(s.Length))),
				estimate: f.Mean, oracle: mean, noise: noise, modelled: model.wait(v), les: last, p10: f.P10, p90: f.P90,
			}
			open[v.Ticket.ID] = o
			w := &watch{scored: o}
			w.look(f)
			o.high = float64(w.shown.High)
			if len(watched) < 12 {
				o.watched = true
				watched[v.Ticket.ID] = w
			}
		},
		Outcome: func(o sim.Outcome) {
			if o.Served && o.Wait > 0 {
				les[o.Queue] = o.Wait / 1000
			}
			if visitor := open[o.Ticket]; visitor != nil {
				delete(open, o.Ticket)
				delete(watched, o.Ticket)
				visitor.wait = o.Wait / 1000
				done = append(done, *visitor)
			}
		},
		TickEvery: lookEvery,
		Tick: func(now queue.Stamp) {
			if st == nil {
				return
			}
			ticks++
			plays := ticks%playEvery == 0
			if e.SetBudget(0); plays && !t.quiet {
				e.SetBudget(playBudget)
			}
			if e.Look(st, now); !plays {
				return
			}
			for id, w := range watched {
				ticket := st.Ticket(id)
				if ticket == nil || ticket.Status != queue.Waiting {
					continue
				}
				w.look(e.Forecast(st, ticket, now))
			}
		},
	})
	return done, err
}

// exponentialModel is an estimator that is told that there is one queue and that all
// is exponential. It estimates the one rate by maximum likelihood: ends over time in
// conversation. An estimator that is told less cannot be expected to do better.
type exponentialModel struct {
	ends, time float64 // seconds
	busy       int
	at         queue.Stamp
}

func (c *exponentialModel) observe(step queue.Step) {
	c.time += float64(c.busy) * float64(step.At-max(c.at, sim.Start)) / 1000
	c.at = step.At
	switch step.Cause { //nolint:exhaustive // the others change no conversation
	case queue.CauseClosed:
		c.ends, c.busy = c.ends+1, c.busy-1
	case queue.CauseAccepted:
		c.busy++
	}
}

func (c *exponentialModel) wait(v sim.Arrival) float64 {
	return float64(v.State.Position(v.Ticket)) / float64(c.busy) * c.time / max(1, c.ends)
}

// watch is a waiting visitor who is followed, and what they are shown.
type watch struct {
	shown  eta.Range
	scored *scored
}

// look shows the visitor a new forecast and counts a rise.
func (w *watch) look(f eta.Forecast) {
	last := w.shown
	w.shown = last.Next(f.Wait())
	if last.Known && w.shown.High > last.High {
		w.scored.rises++
	}
}

// A trial looks as often as a gateway publishes, and plays at every playEvery-th look.
const (
	lookEvery = 3_000
	playEvery = 10
)

// playBudget is the number of records that the plays of one look may write: they are
// 30 s apart, and the site is smaller than the one that the default is for.
var playBudget = 400
