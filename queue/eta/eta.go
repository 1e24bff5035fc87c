// Package eta estimates waits. An Estimator learns from a site's records and
// gives one small curve per queue: quantiles of the wait by position. It is
// pure: time is an argument, and what it learned travels in its checkpoint.
//
// # What it knows
//
// Conversations, patience and the time that agents need to take somebody are
// learned as hazards by age: what ended at an age ÷ the time spent there. Open
// conversations count in the time, or the first estimates would come out low,
// because only short conversations have ended yet. Old evidence fades; a
// queue's hazards are shrunk to the site's, and the site's to a prior, so that
// the first visitor already gets an answer that is safe.
//
// # How it estimates
//
// Rate walks the line from its head to the visitor (rate.go): a closed form,
// always there. It knows for each agent how long their conversations have
// lasted and which queues they serve, gives every place to the best-scored
// ticket as Match does, lets people ahead lose patience and those with a head
// start overtake. Twin (twin.go) plays the site forward with the real Match and
// corrects Rate where the means of a walk are not the mean of the plays.
// Calibration (calibrate.go) watches how true the quantiles were.
package eta

import (
	"math"

	"github.com/go-json-experiment/json"

	"nextup/queue"
)

// Estimator learns the rates of one site. It is not safe for concurrent use.
type Estimator struct {
	known *knowledge

	// The site as the records since the last look at its state tell it.
	people     map[string]*person
	roomy      []*person
	waiting    map[queue.QueueID]int
	waitingAll int
	synced     bool
	fresh      []string // joined since the last look

	rates  rates
	model  *model
	twin   twin
	budget int
	// ends were seen since the hazards were worked out, seen before.
	ends, seen int
	promises   map[string]promise
	truth      map[string]*Truth
}

// Forecast is what there is to say of one wait, in seconds from now.
type Forecast struct {
	Known               bool
	Position            int
	Mean, P10, P50, P90 float64
	// raw is what Rate said before the correction and the calibration.
	raw, sd, twin  float64
	alone, blended float64 // means without and with the blend
	traits         [traits]float64
}

// New returns an estimator that goes on from published estimates; nil begins
// with nothing known.
func New(from *queue.Estimates) *Estimator {
	e := &Estimator{
		known: &knowledge{}, people: map[string]*person{}, waiting: map[queue.QueueID]int{},
		promises: map[string]promise{}, truth: map[string]*Truth{}, budget: defaultPlays,
	}
	if from != nil && len(from.Checkpoint) > 0 {
		var k knowledge
		if json.Unmarshal(from.Checkpoint, &k) == nil {
			e.known = &k
		}
	}
	k := e.known
	k.Service, k.Patience = some(k.Service), some(k.Patience)
	k.Streams, k.Errors = some(k.Streams), some(k.Errors)
	k.History = some(k.History)
	return e
}

func some[T any](m map[string]*T) map[string]*T {
	if m == nil {
		return map[string]*T{}
	}
	return m
}

// sync brings the view of the site in line with its state, once: from then on
// the records keep it so.
func (e *Estimator) sync(st *queue.State) {
	if e.synced {
		return
	}
	e.synced = true
	e.roomy, e.waitingAll = nil, 0
	clear(e.waiting)
	was := e.people
	e.people = map[string]*person{}
	for _, a := range st.Agents() {
		p := &person{Agent: a, held: map[string]*talk{}}
		if old := was[a.ID]; old != nil {
			p.ignored = old.ignored
		}
		e.people[a.ID] = p
		for _, t := range st.Held(a.ID) {
			k := &talk{queue: t.Queue().String(), offered: t.Status == queue.Offered, weight: t.Weight, since: st.At()}
			if k.offered {
				k.since = t.Offer.At
			} else {
				k.work = max(0, float64(st.At()-t.AssignedAt)/1000)
				e.service(k.queue).spend(0, k.work)
			}
			p.held[t.ID] = k
			p.load += t.Weight
		}
		e.sort(p)
	}
	for _, q := range st.Site().Queues() {
		st.Sweep(q, 1, st.Size(q), func(_ int, t *queue.Ticket) bool {
			if t.Status == queue.Waiting {
				e.waiting[q]++
				e.waitingAll++
			}
			return true
		})
	}
}

// Forecast estimates the wait of a ticket that stands in line.
func (e *Estimator) Forecast(st *queue.State, t *queue.Ticket, now queue.Stamp) Forecast {
	e.look(st, now)
	position := st.Position(t)
	f := e.forecast(st, t.Queue(), position, t.Score())
	e.promised(t, f, now)
	return f
}

// Next estimates the wait of whoever would join a queue now without a head
// start.
func (e *Estimator) Next(st *queue.State, q queue.QueueID, now queue.Stamp) Forecast {
	e.look(st, now)
	return e.forecast(st, q, st.Size(q)+1, now)
}

// look prepares for estimates at now.
func (e *Estimator) look(st *queue.State, now queue.Stamp) {
	e.sync(st)
	e.advance(now)
	e.refresh(st, now)
}

func (e *Estimator) forecast(st *queue.State, q queue.QueueID, position int, score queue.Stamp) Forecast {
	f := Forecast{Position: position}
	mean, variance, ok := e.model.walk(q, position, score)
	if !ok {
		return f
	}
	f.Known, f.raw = true, mean
	// What is not known of the rate widens the range: as the predictive variance
	// of a Gamma-Poisson model does.
	f.sd = math.Sqrt(variance + mean*mean/e.rates.evidence)
	f.twin = mean * e.twin.correction(q, position)
	e.calibrate(q.String(), &f)
	return f
}

// curvePoints bounds a published curve.
const curvePoints = 40

// Estimate returns the estimates at now, or nil when they would show people
// nothing that the published ones do not.
func (e *Estimator) Estimate(st *queue.State, now queue.Stamp) *queue.Estimates {
	e.look(st, now)
	e.play(st, now)
	e.judge(st, now)
	out := &queue.Estimates{Curves: map[string]queue.Curve{}, Number: st.Number()}
	for _, q := range st.Site().Queues() {
		if c := e.curve(st, q, now); c != nil {
			out.Curves[q.String()] = c
		}
	}
	if last := st.Estimates(); last != nil && sameShown(st, last, out) {
		return nil
	}
	out.Checkpoint, _ = json.Marshal(e.known, json.Deterministic(true)) // a struct of numbers always encodes
	return out
}

// curve is the wait at rising positions up to one past the end of the line.
func (e *Estimator) curve(st *queue.State, q queue.QueueID, now queue.Stamp) queue.Curve {
	var c queue.Curve
	size := st.Size(q)
	for k := 1; len(c) < curvePoints; k = max(k+1, k*5/4) {
		k = min(k, size+1)
		score := now
		st.Sweep(q, k, k, func(_ int, t *queue.Ticket) bool { score = t.Score(); return false })
		f := e.forecast(st, q, k, score)
		if !f.Known {
			return nil
		}
		p := queue.Point{Position: k, P50: f.P50, P90: f.P90}
		if n := len(c); n > 0 { // whoever stands further back never waits less
			p.P50, p.P90 = max(p.P50, c[n-1].P50), max(p.P90, c[n-1].P90)
		}
		c = append(c, p)
		if k > size {
			break
		}
	}
	return c
}
