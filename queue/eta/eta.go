// Package eta estimates waits. An Estimator learns from a site's records and
// gives one small curve per queue: quantiles of the wait by position. It is
// pure: time is an argument, and what it learned travels in its checkpoint.
//
// This first estimator is a closed form. It learns how fast a busy place
// completes: completions ÷ place-time, where the conversations still open count
// as place-time too (without them the first estimates come out low, because
// only short conversations have ended yet). Both sums decay with a half-life, a
// queue's rate is shrunk towards the site's, and the wait for the k-th place is
// the time of k completions at the queue's rate.
package eta

import (
	"math"
	"slices"

	"github.com/go-json-experiment/json"

	"nextup/queue"
)

const (
	// halfLife is how fast old completions lose their weight, in milliseconds.
	halfLife = 30 * 60 * 1000
	// enough is how many completions (decayed) a site needs before it says
	// anything.
	enough = 3
	// shrink is how many of the site's completions a queue's own are mixed with.
	shrink = 5
	// z50 and z90 are standard normal quantiles.
	z50, z90 = 0, 1.2816
)

// Estimator learns the rates of one site. It is not safe for concurrent use.
type Estimator struct {
	learned learned
}

// learned is the checkpoint.
type learned struct {
	At     queue.Stamp      `json:"at"`
	Queues map[string]tally `json:"queues"`
}

// tally counts what was completed, and the place-time it took in milliseconds.
type tally struct {
	Completions float64 `json:"n"`
	Time        float64 `json:"ms"`
}

func (t tally) plus(u tally) tally {
	return tally{t.Completions + u.Completions, t.Time + u.Time}
}

// New returns an estimator that goes on from published estimates; nil begins
// with nothing known.
func New(from *queue.Estimates) *Estimator {
	e := &Estimator{learned: learned{Queues: map[string]tally{}}}
	if from != nil && len(from.Checkpoint) > 0 {
		var l learned
		if json.Unmarshal(from.Checkpoint, &l) == nil && l.Queues != nil {
			e.learned = l
		}
	}
	return e
}

// Observe learns from a record: every conversation that ended, whoever ended
// it, freed a place after the time that it took.
func (e *Estimator) Observe(step queue.Step) {
	for _, t := range step.Tickets {
		if t.Was == nil || t.Is == nil || t.Was.Status != queue.Assigned || t.Is.Status != queue.Closed {
			continue
		}
		e.decay(step.At)
		q := t.Is.Queue().String()
		e.learned.Queues[q] = e.learned.Queues[q].plus(tally{1, float64(t.Is.EndedAt - t.Was.AssignedAt)})
	}
}

// decay brings the sums to the time at.
func (e *Estimator) decay(at queue.Stamp) {
	if at <= e.learned.At {
		return
	}
	if e.learned.At != 0 {
		keep := math.Exp2(-float64(at-e.learned.At) / halfLife)
		for q, t := range e.learned.Queues {
			e.learned.Queues[q] = tally{t.Completions * keep, t.Time * keep}
		}
	}
	e.learned.At = at
}

// Estimate returns the estimates at now, or nil when they would show people
// nothing that the published ones do not.
func (e *Estimator) Estimate(st *queue.State, now queue.Stamp) *queue.Estimates {
	e.decay(now)
	by, all := e.tallies(st, now)
	out := &queue.Estimates{Curves: map[string]queue.Curve{}, Number: st.Number()}
	if completed(e.learned.Queues) >= enough && all.Time > 0 {
		for q, places := range placesOf(st) {
			own := by[q.String()]
			site := all.Completions / all.Time
			rate := (own.Completions + shrink) / (own.Time + shrink/site)
			out.Curves[q.String()] = curve(st.Size(q), places*rate*1000, st.AgentsWithRoom(q) > 0)
		}
	}
	if last := st.Estimates(); last != nil && sameShown(st, last, out) {
		return nil
	}
	out.Checkpoint, _ = json.Marshal(e.learned) // a struct of numbers always encodes
	return out
}

func completed(by map[string]tally) float64 {
	n := 0.0
	for _, t := range by {
		n += t.Completions
	}
	return n
}

// tallies adds the conversations that are open to what has ended.
func (e *Estimator) tallies(st *queue.State, now queue.Stamp) (map[string]tally, tally) {
	by, all := map[string]tally{}, tally{}
	for q, t := range e.learned.Queues {
		by[q], all = t, all.plus(t)
	}
	for _, a := range st.Agents() {
		for _, t := range st.Held(a.ID) {
			if t.Status == queue.Assigned {
				open := tally{0, max(0, float64(now-t.AssignedAt))}
				q := t.Queue().String()
				by[q], all = by[q].plus(open), all.plus(open)
			}
		}
	}
	return by, all
}

// placesOf says how many agents' places work for each queue that somebody
// present serves. An agent's places are split over the queues that they serve
// in proportion to the people waiting there, plus one: whoever asks stands in
// the line as well.
func placesOf(st *queue.State) map[queue.QueueID]float64 {
	places := map[queue.QueueID]float64{}
	for _, a := range st.Agents() {
		if a.Session.Lost() || a.Status != queue.Available {
			continue
		}
		var serves []queue.QueueID
		waiting := 0.0
		for _, q := range st.Site().Queues() {
			if a.Serves(q) {
				serves = append(serves, q)
				waiting += float64(st.Size(q))
			}
		}
		for _, q := range serves {
			share := (float64(st.Size(q)) + 1) / (waiting + float64(len(serves)))
			places[q] += float64(a.Capacity) * share
		}
	}
	return places
}

// curve gives the wait until the k-th completion at a rate per second, for the
// places 1 to beyond the end of a line: a Gamma distribution with shape k. With
// free places in front nobody waits for a completion.
func curve(size int, rate float64, room bool) queue.Curve {
	var c queue.Curve
	for k := 1; ; k = max(k+1, k*5/4) {
		p := queue.Point{Position: k}
		if !(room && k == 1) {
			p.P50, p.P90 = gamma(float64(k), z50)/rate, gamma(float64(k), z90)/rate
		}
		c = append(c, p)
		if k > size+1 {
			return c
		}
	}
}

// gamma is the quantile of a Gamma distribution with shape k and rate 1 at the
// normal quantile z, by Wilson and Hilferty (1931): the cube root is nearly
// normal. Its error is under 4 % at k = 1 and falls with k.
func gamma(k, z float64) float64 {
	f := 1 - 1/(9*k) + z/(3*math.Sqrt(k))
	return k * f * f * f
}

// sameShown says whether everybody would read the same range off both.
func sameShown(st *queue.State, a, b *queue.Estimates) bool {
	if len(a.Curves) != len(b.Curves) {
		return false
	}
	for _, q := range st.Site().Queues() {
		ca, cb := a.Curves[q.String()], b.Curves[q.String()]
		last := max(len(ca), len(cb))
		for i := range last {
			if i >= len(ca) || i >= len(cb) {
				break // a longer line; the shorter curve goes on with its slope
			}
			k := max(ca[i].Position, cb[i].Position)
			if Shown(ca.At(k)) != Shown(cb.At(k)) {
				return false
			}
		}
		if (ca == nil) != (cb == nil) || len(ca) < len(cb)-4 || len(cb) < len(ca)-4 {
			return false
		}
	}
	return true
}

// ladder are the waits that people are shown, in seconds.
var ladder = []int{60, 120, 180, 240, 300, 420, 600, 900, 1200, 1800, 2700, 3600}

// Range is a wait as people are shown it, in seconds.
type Range struct {
	Known     bool
	Low, High int
}

// Shown rounds a wait up on the ladder 1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45, 60
// minutes. What is longer is 7200: more than an hour, however much.
func Shown(w queue.EstimatedWait) Range {
	if !w.Known {
		return Range{}
	}
	return Range{Known: true, Low: up(w.P50), High: up(w.P90)}
}

func up(seconds float64) int {
	i := slices.IndexFunc(ladder, func(step int) bool { return seconds <= float64(step) })
	if i < 0 {
		return 7200
	}
	return ladder[i]
}
