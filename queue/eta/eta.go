// Package eta estimates waits. An Estimator learns from a site's records and
// gives one small curve per queue: quantiles of the wait by position. It is
// pure: time is an argument, and what it learned travels in its checkpoint.
//
//	e := eta.New(st.Checkpoint())             // goes on from what was learned before
//	e.Observe(step)                           // for every step of the log, in order
//	if out := e.Estimate(st, now); out != nil {
//		commit(out)                           // every gateway reads its waits off the curves
//	}
//	f := e.Forecast(st, ticket, now)          // one wait, from the model itself
//
// # What it knows
//
// The lengths of conversations, the patience of visitors and the time that agents
// need to take a ticket are learned as hazards by age: what ended at an age ÷ the time spent there. Open
// conversations count in the time, or the first estimates would come out low,
// because only short conversations have ended yet. Old evidence fades; a
// queue's hazards are shrunk to its department's, those to the site's, and the
// site's to a prior, so that the first visitor already gets an answer that is
// safe.
//
// # How it estimates
//
// Rate walks the line from its head to the visitor (walk.go): a closed form,
// always there. It knows for each agent how long their conversations have
// lasted and which queues they serve. It gives every place to the best-scored
// ticket, as Match does, lets visitors ahead lose patience and lets tickets with
// a head start overtake. Twin (twin.go) plays the site forward with the real Match and
// corrects Rate where the means of a walk are not the mean of the plays.
// Calibration (calibrate.go, stretch.go) watches how true the mean and the quantiles
// were.
package eta

import (
	"math"
	"slices"

	"github.com/go-json-experiment/json"

	"nextup/queue"
)

// Estimator learns the rates of one site. It is not safe for concurrent use.
type Estimator struct {
	known *knowledge
	view
	fresh []string // joined since the last look

	rates  rates
	model  *model
	bases  bases
	served served
	groups []*group // of the model before, whose memory the next one takes over
	twin   twin
	budget int
	// ends counts the ends since the hazards were computed, seen those before.
	ends, seen int
	// paceSeen and paceExpected are the ends since paceAt.
	paceSeen, paceExpected float64
	paceAt                 queue.Stamp

	pending map[string]pendingForecast
	truth   map[string]*Truth
}

// Forecast is the estimate of one wait, in seconds from now: its mean, and the times
// that one in ten, one in four, half and nine in ten are served by.
type Forecast struct {
	Known                    bool
	Position                 int
	Mean, P10, P25, P50, P90 float64

	// center is Rate's mean and spread its standard deviation, as the plays correct
	// them; corrected is what the regression makes of the center.
	center, spread, corrected float64
	features                  [features]float64
	class                     string               // those who share an offset of the regression
	plain                     [len(shares)]float64 // quantiles before they are stretched
}

// New returns an estimator that goes on from a checkpoint; nil begins with nothing
// known.
func New(from *queue.Checkpoint) *Estimator {
	e := &Estimator{
		known: &knowledge{}, view: newView(),
		pending: map[string]pendingForecast{}, truth: map[string]*Truth{}, budget: defaultPlays,
	}
	if from != nil {
		var k knowledge
		if json.Unmarshal(from.Data, &k) == nil {
			e.known = &k
		}
	}
	k := e.known
	k.Service, k.Patience, k.Staff = orEmpty(k.Service), orEmpty(k.Patience), orEmpty(k.Staff)
	k.Streams, k.Stretches = orEmpty(k.Streams), orEmpty(k.Stretches)
	return e
}

func orEmpty[T any](m map[string]*T) map[string]*T {
	if m == nil {
		return map[string]*T{}
	}
	return m
}

// Observe learns from the next record of the site's log.
func (e *Estimator) Observe(step queue.Step) {
	e.advance(step.At)
	for _, w := range step.Writes {
		if a, ok := w.Image.(*queue.Agent); ok {
			e.observeAgent(a.ID, a, step.At)
		}
	}
	for _, id := range step.Agents {
		if p := e.agents[id]; p != nil && !slices.ContainsFunc(step.Writes, func(w queue.Write) bool { return w.Name == p.Name() && w.Image != nil }) {
			e.observeAgent(id, nil, step.At) // forgotten
		}
	}
	for _, t := range step.Tickets {
		e.observeTicket(t.Before, t.After, step.At)
		e.observeWait(t.Before, t.After, step.At)
	}
}

// advance lets the time up to at pass.
func (e *Estimator) advance(at queue.Stamp) {
	if dt := e.known.elapsed(e.known.At, at); e.known.At != 0 && dt > 0 {
		e.known.passTime(at, dt)
	}
	e.known.At = max(e.known.At, at)
}

// observeWait learns from a wait that begins or ends.
func (e *Estimator) observeWait(before, after *queue.Ticket, at queue.Stamp) {
	switch {
	case after == nil:
	case before == nil && after.Queued():
		e.expect(after, at)
		e.known.addArrival(after.Queue().String(), after.HeadStart, at)
	case before != nil && before.Queued() && !after.Queued():
		if before.Token == 0 { // a visitor who comes back from a conversation is patient in another way
			p := e.known.patience(after.Queue().String())
			waited := e.known.elapsed(after.JoinedAt, at)
			p.addTime(0, waited, 1)
			if after.Status == queue.Abandoned {
				p.addEnd(waited, rememberedEnds)
			}
		}
		e.judge(after, at)
	}
}

// Forecast estimates the wait of a ticket that stands in line.
func (e *Estimator) Forecast(st *queue.State, t *queue.Ticket, now queue.Stamp) Forecast {
	e.look(st, now)
	return e.forecast(st, t).noticed()
}

// Next estimates the wait of a visitor who would join a queue now, without a head
// start and asking for no more than the queue does.
func (e *Estimator) Next(st *queue.State, q queue.QueueID, now queue.Stamp) Forecast {
	e.look(st, now)
	base, known := e.model.base[q]
	if !known {
		return Forecast{}
	}
	return e.estimate(base, st.Size(q)+1, len(e.model.lines[base].tickets), now, 0).noticed()
}

// noticed returns the forecast without lower ends that no visitor would notice. A
// published curve keeps them, since 0 is no lower end there.
func (f Forecast) noticed() Forecast {
	for _, p := range [...]*float64{&f.P10, &f.P25, &f.P50} {
		if *p < noWait {
			*p = 0
		}
	}
	return f
}

// look prepares for estimates at now.
func (e *Estimator) look(st *queue.State, now queue.Stamp) {
	e.sync(st)
	e.advance(now)
	for _, p := range e.withRoom {
		e.spendIdle(p, now)
	}
	e.refresh(st, now)
}

func (e *Estimator) forecast(st *queue.State, t *queue.Ticket) Forecast {
	line := e.model.lineOf(t)
	return e.estimate(line, st.Position(t), e.model.lines[line].ahead(t), t.Score(), t.HeadStart)
}

// estimate returns the forecast for a place in a line behind so many of its
// tickets, with a score and a head start.
func (e *Estimator) estimate(line, position, ahead int, score queue.Stamp, head queue.Millis) Forecast {
	f := Forecast{Position: position}
	l := &e.model.lines[line]
	if l.paused {
		return f
	}
	mean, variance, ok := e.walk(line, ahead, score)
	if !ok {
		return f
	}
	f.Known = true
	center, spread := e.twin.corrections(l.name, ahead+1)
	f.center = mean * center
	// The range is wider where the rate is little known, as the predictive variance
	// of a Gamma-Poisson model is, and where staff come and go.
	q := l.queue.String()
	unsure := 1/e.rates.evidence + e.rates.paceVariance + entry(e.known.Staff, q).variance(f.center, e.rates.service[q].mean())
	f.spread = math.Sqrt(variance*center*center*spread + f.center*f.center*unsure)
	e.calibrate(&situation{queue: q, head: head, places: l.places, idle: l.idle, waiting: float64(e.model.waiting)}, &f)
	return f
}

// curvePoints bounds a published curve.
const curvePoints = 40

// Estimate returns the estimates at now, or nil when visitors would be shown the
// same as with the published ones.
func (e *Estimator) Estimate(st *queue.State, now queue.Stamp) *queue.Estimates {
	e.Look(st, now)
	out := &queue.Estimates{Curves: map[string]queue.Curve{}, Number: st.Number()}
	for i := range e.model.lines {
		l := &e.model.lines[i]
		c := e.curve(st, i, now)
		// A queue without a curve is unknown; a line with requirements of its own but
		// without a curve would be read off the queue's.
		if base := e.model.base[l.queue] == i; !base || c != nil {
			out.Curves[l.name] = c
		}
	}
	if last := st.Estimates(); last != nil && e.sameShown(st, last, out) {
		return nil
	}
	return out
}

// Checkpoint returns what has been learned from the records up to those in st.
func (e *Estimator) Checkpoint(st *queue.State) *queue.Checkpoint {
	e.accrueAll(e.known.At)
	data, _ := json.Marshal(e.known, json.Deterministic(true)) // a struct of numbers always encodes
	return &queue.Checkpoint{Data: data, Number: st.Number()}
}

// curve returns the wait in a line at rising positions in its queue: of the
// tickets that stand there, and of the one that would come next.
func (e *Estimator) curve(st *queue.State, i int, now queue.Stamp) queue.Curve {
	var c queue.Curve
	l := &e.model.lines[i]
	for k := 1; len(c) < curvePoints; k = max(k+1, k*5/4) {
		k = min(k, len(l.tickets)+1)
		position, score, head := st.Size(l.queue)+1, now, queue.Millis(0)
		if k <= len(l.tickets) {
			t := l.tickets[k-1]
			position, score, head = st.Position(t), t.Score(), t.HeadStart
		}
		f := e.estimate(i, position, k-1, score, head)
		if !f.Known {
			return nil
		}
		p := queue.Point{Position: position, P50: f.P50, P90: f.P90}
		if st.Level() >= queue.Level1 {
			p.P10, p.P25 = f.P10, f.P25
		}
		if n := len(c); n > 0 { // a place further back never waits less
			last := &c[n-1]
			p.P10, p.P25, p.P50, p.P90 = max(p.P10, last.P10), max(p.P25, last.P25), max(p.P50, last.P50), max(p.P90, last.P90)
		}
		c = append(c, p)
		if k > len(l.tickets) {
			break
		}
	}
	return c
}
