package eta

import (
	"math"

	"nextup/queue"
)

// What stands in for the ends that nobody has seen yet.
const (
	priorMean   = 300  // seconds of a conversation
	priorEnds   = 2    // how many ends that is worth
	priorWait   = 3600 // seconds of patience
	priorLeaves = 0.2  // how many who left that is worth
	leavesDraw  = 10   // of the parent's who left, in a queue or department that has seen some itself
	pickupEnds  = 2    // how many ends of "at once" the idle are believed to have had
	atOnce      = 10.0 // what "at once" is, per second
	// instantly is the mean in seconds below which whoever has room takes at once.
	instantly = 1.0
	// delaySteps is how many equally likely values stand for a slower pickup.
	delaySteps = 6
)

// rates are the hazards as of a moment.
type rates struct {
	at       queue.Stamp
	service  map[string]*hazard // by queue
	patience map[string]float64 // by queue, per second
	pickup   *hazard
	instant  bool
	delays   []float64 // of pickup
	accept   float64   // seconds from offer to accept
	wrapUp   float64
	evidence float64        // how many conversations all rests on
	ends     [spans]float64 // of the time spans, seconds from now
	kernels  map[string]*kernel
}

// learnEvery is how often the hazards are worked out anew, in milliseconds; once
// much was seen they move slowly, and it is done when a share of what was seen is
// new, or after learnAtLeast.
const (
	learnEvery   = 10_000
	learnAtLeast = 900_000
	learnShare   = 200
)

// refresh works out what the records have taught, and how fast places become
// free from now on.
func (e *Estimator) refresh(st *queue.State, now queue.Stamp) {
	since := now - e.rates.at
	if e.rates.at == 0 || since >= learnEvery && (e.ends >= e.seen/learnShare || since >= learnAtLeast) {
		e.learnRates(st, now)
		e.seen, e.ends = e.seen+e.ends, 0
	}
	if e.model == nil || e.model.number != st.Number() || e.model.now != now {
		e.model = e.newModel(st, now)
		e.seeStaff(e.model)
	}
}

func (e *Estimator) learnRates(st *queue.State, now queue.Stamp) {
	queues := st.Site().Queues()
	r := rates{at: now, service: map[string]*hazard{}, patience: e.leaving(queues), kernels: map[string]*kernel{}}
	r.evidence = e.serving(&r, queues, now)
	r.pickup = e.idling()
	r.instant = r.pickup.mean() < instantly
	r.delays = r.likelyDelays()
	r.accept, r.wrapUp = e.known.Accept.mean(), e.known.WrapUp.mean()
	mean := 0.0
	for _, q := range queues {
		mean += r.service[q.String()].mean() / float64(len(queues))
	}
	for j := range spans {
		r.ends[j] = mean * firstSpan * (math.Pow(spanGrows, float64(j+1)) - 1)
	}
	e.rates = r
}

// serving works out how long conversations last, by queue, and on how many ends
// that rests. What is open counts as time without an end.
func (e *Estimator) serving(r *rates, queues []queue.QueueID, now queue.Stamp) float64 {
	by := map[string]*tally{}
	for q, t := range e.known.Service {
		own := *t
		by[q] = &own
	}
	for _, id := range keys(e.people) {
		p := e.people[id]
		speed := e.known.speed(p.talks())
		for _, id := range keys(p.held) {
			if k := p.held[id]; k.stage == talking {
				of(by, k.queue).spend(k.work, k.work+max(0, e.known.elapsed(k.since, now)*speed), e.weight(k))
			}
		}
	}
	all := &tally{}
	for _, q := range keys(by) {
		all.add(by[q])
	}
	prior := constant(1. / priorMean)
	ended, expected := all.expects(prior)
	site := all.bent(prior, (ended+priorEnds)/(expected+priorEnds))
	departments := map[string]*tally{}
	for _, q := range queues {
		of(departments, q.Department).add(of(by, q.String()))
	}
	parents := map[string]*hazard{}
	if len(departments) > 1 { // one alone is the site
		var levels beliefs // how alike they are
		for _, d := range keys(departments) {
			levels.see(departments[d].expects(site))
		}
		for _, d := range keys(departments) {
			parents[d] = levels.within(departments[d], site)
		}
	}
	parent := func(q queue.QueueID) *hazard {
		if p := parents[q.Department]; p != nil {
			return p
		}
		return site
	}
	var levels beliefs // how alike the queues are
	for _, q := range queues {
		levels.see(by[q.String()].expects(parent(q)))
	}
	for _, q := range queues {
		r.service[q.String()] = levels.within(by[q.String()], parent(q))
	}
	return ended + priorEnds
}

// leaving works out the rate at which those in line leave, by queue.
func (e *Estimator) leaving(queues []queue.QueueID) map[string]float64 {
	all := &tally{}
	for _, q := range keys(e.known.Patience) {
		all.add(e.known.Patience[q])
	}
	n, time := all.sums()
	site := (n + priorLeaves) / (time + priorLeaves*priorWait)
	departments := map[string]*tally{}
	for _, q := range queues {
		of(departments, q.Department).add(e.known.patience(q.String()))
	}
	drawn := func(t *tally, parent float64) float64 {
		n, time := t.sums()
		draw := leavesDraw * min(1, n+1)
		return (n + draw) / (time + draw/parent)
	}
	out := map[string]float64{}
	for _, q := range queues {
		parent := site
		if len(departments) > 1 { // one alone is the site
			parent = drawn(departments[q.Department], site)
		}
		out[q.String()] = drawn(e.known.patience(q.String()), parent)
	}
	return out
}

// idling works out when agents with room take somebody who waits.
func (e *Estimator) idling() *hazard {
	prior := constant(atOnce)
	t := &e.known.Pickup
	n, expected := t.expects(prior)
	level := (n + pickupEnds) / (expected + pickupEnds)
	out := &hazard{}
	for i := range bins {
		out.h[i] = (t.N[i] + pickupEnds) / (t.T[i] + pickupEnds/(atOnce*level))
	}
	return out.ready()
}

// likelyDelays are what a place takes to be taken again once it is free.
func (r *rates) likelyDelays() []float64 {
	if r.instant {
		return []float64{0}
	}
	out := make([]float64, delaySteps)
	for i := range out {
		out[i] = r.pickup.at(-math.Log1p(-(float64(i) + 0.5) / delaySteps))
	}
	return out
}
