package eta

import (
	"math"

	"nextup/queue"
)

// The priors, which stand in for ends that were not seen yet.
const (
	priorMean   = 300  // seconds of a conversation
	priorEnds   = 2    // the weight of that, in ends
	priorWait   = 3600 // seconds of patience
	priorLeaves = 0.2  // the weight of that, in visitors who left
	leavesPrior = 10   // weight of the parent, in visitors who left, once a queue or department has seen some itself
	pickupEnds  = 2    // weight of "at once", in ends of idling
	atOnce      = 10.0 // what "at once" is, per second
	// instantly is the mean pickup in seconds below which agents with room count as
	// taking tickets at once.
	instantly = 1.0
	// delaySteps is the number of equally likely values that stand for a slower
	// pickup.
	delaySteps = 6
)

// rates are the hazards as of one time.
type rates struct {
	at       queue.Stamp
	service  map[string]*hazard // by queue
	patience map[string]float64 // by queue, per second
	pickup   *hazard
	instant  bool
	delays   []float64 // of pickup
	accept   float64   // seconds from offer to accept
	wrapUp   float64
	evidence float64 // number of conversations that it all rests on
	// seen is the number of ends by queue, speeds that of conversations by how many an agent holds.
	seen   map[string]float64
	speeds [maxConcurrent + 1]float64
	// pace is how fast conversations go beside what was learned in the long run, and is in the
	// hazards; paceVariance is the variance of its logarithm. usual is the mean length of a
	// conversation at a pace of 1.
	pace, paceVariance, usual float64
	ends                      grid
	kernels                   map[kind]*kernel // by kind of agents
	// queueKernels are by queue, and by how many conversations an agent holds.
	queueKernels map[string]*[maxConcurrent + 1]*kernel
}

// learnEvery is how often the hazards are computed at most, in milliseconds. With
// much evidence they move slowly, so they are computed when a share of it is new
// (one part in learnShare), or after learnAtLeast.
const (
	learnEvery   = 10_000
	learnAtLeast = 900_000
	learnShare   = 200
)

// refresh computes the hazards, if that is due, and the model of the site from now
// on.
func (e *Estimator) refresh(st *queue.State, now queue.Stamp) {
	since := now - e.rates.at
	e.observePace(now)
	pace, _ := e.known.Pace.now()
	moved := e.rates.at != 0 && math.Abs(math.Log(pace/e.rates.pace)) > paceMoves
	if e.rates.at == 0 || since >= learnEvery && (e.ends >= e.seen/learnShare || moved || since >= learnAtLeast) {
		e.learnRates(st, now)
		e.seen, e.ends = e.seen+e.ends, 0
	}
	if e.model == nil || e.model.number != st.Number() || e.model.now != now {
		e.model = e.newModel(st, now)
		e.observeStaff(e.model)
	}
}

func (e *Estimator) learnRates(st *queue.State, now queue.Stamp) {
	queues := st.Site().Queues()
	r := rates{at: now, service: map[string]*hazard{}, patience: e.learnPatience(queues), seen: map[string]float64{}, kernels: map[kind]*kernel{}, queueKernels: map[string]*[maxConcurrent + 1]*kernel{}}
	r.evidence = e.learnService(&r, queues, now)
	e.applyPace(&r, queues)
	r.pickup = e.learnPickup()
	r.instant = r.pickup.mean() < instantly
	r.delays = r.likelyDelays()
	r.accept, r.wrapUp = e.known.Accept.mean(), e.known.WrapUp.mean()
	mean := 0.0
	for _, q := range queues {
		mean += r.service[q.String()].mean() / float64(len(queues))
		r.seen[q.String()], _ = e.known.service(q.String()).totals()
	}
	for n := range r.speeds {
		r.speeds[n] = e.known.speed(n)
	}
	for j := range spans {
		r.ends[j] = mean * firstSpan * (math.Pow(spanGrows, float64(j+1)) - 1)
	}
	e.rates = r
}

// learnService computes how long conversations last, by queue, and returns the
// number of ends that this rests on. Open conversations count as time without an
// end.
func (e *Estimator) learnService(r *rates, queues []queue.QueueID, now queue.Stamp) float64 {
	by := map[string]*tally{}
	for q, t := range e.known.Service {
		own := *t
		by[q] = &own
	}
	for _, id := range e.agentIDs() {
		p := e.agents[id]
		speed := e.known.speed(p.conversations())
		for i := range p.held {
			if k := &p.held[i]; k.stage == talking {
				entry(by, k.queue).addTime(k.work, k.work+max(0, e.known.elapsed(k.since, now)*speed), e.weight(k))
			}
		}
	}
	all := &tally{}
	for _, q := range keys(by) {
		all.merge(by[q])
	}
	prior := constant(1. / priorMean)
	ended, expected := all.compare(prior)
	site := all.fit(prior, (ended+priorEnds)/(expected+priorEnds))
	departments := map[string]*tally{}
	for _, q := range queues {
		entry(departments, q.Department).merge(entry(by, q.String()))
	}
	parents := map[string]*hazard{}
	if len(departments) > 1 { // one alone is the site
		var levels strengthLikelihood // how alike the departments are
		for _, d := range keys(departments) {
			levels.observe(departments[d].compare(site))
		}
		for _, d := range keys(departments) {
			parents[d] = levels.shrink(departments[d], site)
		}
	}
	parent := func(q queue.QueueID) *hazard {
		if p := parents[q.Department]; p != nil {
			return p
		}
		return site
	}
	var levels strengthLikelihood // how alike the queues are
	for _, q := range queues {
		levels.observe(by[q.String()].compare(parent(q)))
	}
	for _, q := range queues {
		r.service[q.String()] = levels.shrink(by[q.String()], parent(q))
	}
	return ended + priorEnds
}

// learnPatience computes the rate at which visitors leave the line, by queue.
func (e *Estimator) learnPatience(queues []queue.QueueID) map[string]float64 {
	all := &tally{}
	for _, q := range keys(e.known.Patience) {
		all.merge(e.known.Patience[q])
	}
	n, time := all.totals()
	site := (n + priorLeaves) / (time + priorLeaves*priorWait)
	departments := map[string]*tally{}
	for _, q := range queues {
		entry(departments, q.Department).merge(e.known.patience(q.String()))
	}
	drawn := func(t *tally, parent float64) float64 {
		n, time := t.totals()
		draw := leavesPrior * min(1, n+1)
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

// learnPickup computes when agents with room take a ticket that waits.
func (e *Estimator) learnPickup() *hazard {
	prior := constant(atOnce)
	t := &e.known.Pickup
	n, expected := t.compare(prior)
	level := (n + pickupEnds) / (expected + pickupEnds)
	out := &hazard{}
	for i := range bins {
		out.h[i] = (t.N[i] + pickupEnds) / (t.T[i] + pickupEnds/(atOnce*level))
	}
	return out.integrate()
}

// likelyDelays returns equally likely times until a free place is taken again.
func (r *rates) likelyDelays() []float64 {
	if r.instant {
		return []float64{0}
	}
	out := make([]float64, delaySteps)
	for i := range out {
		out[i] = r.pickup.ageAt(-math.Log1p(-(float64(i) + 0.5) / delaySteps))
	}
	return out
}
