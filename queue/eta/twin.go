package eta

import (
	"math"
	"math/rand/v2"

	"nextup/queue"
)

// This file is Twin: the site is played forward from now, with its own State and
// Match, residual times of the conversations that are open, the patience of
// those who wait, and arrivals. One play scores everybody in line.
//
// A play is noisy and Rate is not, so the plays do not replace Rate, they
// correct it: what is learned from them is the logarithm of their means over
// Rate's (Rate is a control variate), by queue and by octave of the position,
// and that is kept over many looks. Where Rate is exact the correction stays
// where it began, at none.

// Plays cost time, so they are rationed by the records they may write. At 1,000
// waiting and 200 agents a record costs about 25 µs: 3,000 of them every 2 s stay
// under 5 % of one core (BenchmarkLook).
const (
	playEvery    queue.Millis = 2000
	defaultPlays              = 3000
	octaves                   = 16
	// A correction is believed as far as so many plays bear it out.
	playsBelieved = 60
	playsKept     = 600
	// More plays of one state say little that is new.
	maxPlays = 20
)

type twin struct {
	at  queue.Stamp
	rng *rand.Rand
	by  map[queue.QueueID]*[octaves]correction
	// under is the play that the last look did not finish, or nil.
	under *play
}

// correction is the mean of the plays over Rate's, with decay.
type correction struct{ played, said, n float64 }

func octave(position int) int {
	return min(octaves-1, int(math.Log2(float64(max(1, position)))))
}

// correction is the factor for Rate at a position.
func (t *twin) correction(q queue.QueueID, position int) float64 {
	by := t.by[q]
	if by == nil {
		return 1
	}
	c := by[octave(position)]
	if c.said <= 0 {
		return 1
	}
	ratio := c.played / c.said
	return math.Exp(math.Log(min(3, max(1./3, ratio))) * c.n / (c.n + playsBelieved))
}

// SetBudget sets how many records the plays of one look may write; 0 leaves all
// to Rate.
func (e *Estimator) SetBudget(records int) { e.budget = records }

// play runs plays on the budget, at most every 2 s of the site's clock. Match
// knows no agents who leave somebody waiting, so where there are such, all is
// left to Rate.
func (e *Estimator) play(st *queue.State, now queue.Stamp) {
	if e.budget <= 0 || !e.rates.instant || e.twin.at != 0 && now < e.twin.at.Add(playEvery) {
		return
	}
	e.twin.at = now
	if e.twin.by == nil {
		e.twin.by = map[queue.QueueID]*[octaves]correction{}
		e.twin.rng = rand.New(rand.NewPCG(st.Number(), 1))
	}
	for left, n := e.budget, 0; left > 0 && n < maxPlays; n++ {
		p := e.twin.under
		if p == nil {
			said := e.saidToAll(st)
			if len(said) == 0 {
				return
			}
			p = newPlay(e, st, now, said)
		}
		left -= max(1, p.run(left))
		if e.twin.under = p; p.unserved > 0 && left <= 0 {
			return // a long line takes several looks; nothing is said of it before
		}
		e.twin.learn(p)
		e.twin.under = nil
	}
}

// saidToAll is Rate for a sample of those in line: all of a short line, and a
// few of each octave of a long one.
func (e *Estimator) saidToAll(st *queue.State) map[string]said {
	out := map[string]said{}
	for _, q := range st.Site().Queues() {
		size := st.Size(q)
		stride := 1
		for k := 1; k <= size; k += stride {
			stride = max(1, k/6)
			st.Sweep(q, k, k, func(_ int, t *queue.Ticket) bool {
				if mean, _, ok := e.model.walk(q, k, t.Score()); ok && t.Status == queue.Waiting {
					out[t.ID] = said{q, k, mean}
				}
				return true
			})
		}
	}
	return out
}

type said struct {
	queue    queue.QueueID
	position int
	mean     float64
}

func (t *twin) learn(p *play) {
	touched := map[*correction]bool{}
	for _, id := range keys(p.said) {
		s := p.said[id]
		wait, ok := p.waits[id]
		if !ok {
			continue
		}
		by := t.by[s.queue]
		if by == nil {
			by = &[octaves]correction{}
			t.by[s.queue] = by
		}
		c := &by[octave(s.position)]
		if !touched[c] {
			touched[c] = true
			const keep = 1 - 1./playsKept
			c.played, c.said, c.n = c.played*keep, c.said*keep, c.n*keep+1
		}
		c.played += wait
		c.said += s.mean
	}
}
