package eta

import (
	"math"
	"math/rand/v2"

	"nextup/queue"
)

// This file is Twin: the site is played forward from now, with its own State and
// Match, residual times of the conversations that are open, the patience of
// visitors who wait, and arrivals. One play gives a wait for every ticket in line.
//
// A play is noisy and Rate is not, so the plays do not replace Rate, they
// correct it: the ratio of their mean to Rate's, and of their variance to Rate's,
// is learned by line and by octave of the position, over many looks
// (Rate is a control variate: Lavenberg and Welch, Management Science 27, 1981).
// A correction counts only as far as it is more than chance, so where Rate is
// exact there is none.

// Plays cost time, so they are rationed by the records they may write. At 1,000
// waiting and 200 agents a record costs about 25 µs: 3,000 of them every 2 s stay
// under 5 % of one core (BenchmarkLook).
const (
	playEvery    = queue.Millis(2000)
	defaultPlays = 3000
	octaves      = 16
	// playsKept is the number of plays that a correction remembers.
	playsKept = 600
	// maxPlays bounds the plays of one look: more plays of one state tell little new.
	maxPlays = 20
)

type twin struct {
	at   queue.Stamp
	seed uint64
	rng  *rand.Rand
	by   map[string]*[octaves]correction // by the name of a line
	// unfinished is the play that the last look did not finish, or nil.
	unfinished *play
}

// correction holds the ratios of the plays to Rate: of the mean, and of the
// variance about the corrected mean.
type correction struct{ mean, variance ratio }

func octave(position int) int {
	return min(octaves-1, int(math.Log2(float64(max(1, position)))))
}

// corrections returns the factors for Rate's mean and variance at a position.
func (t *twin) corrections(line string, position int) (mean, variance float64) {
	by := t.by[line]
	if by == nil {
		return 1, 1
	}
	c := &by[octave(position)]
	return c.mean.shrunk(), c.variance.shrunk()
}

// SetBudget sets how many records the plays of one look may write; with 0 there
// are no plays and Rate stands alone.
func (e *Estimator) SetBudget(records int) { e.budget = records }

// SetSeed sets the seed of the plays: the same seed gives the same plays.
func (e *Estimator) SetSeed(seed uint64) { e.twin.seed = seed }

// Look continues the plays, and estimates the waits of those who joined since the last
// look, which it judges when they end. Estimate does so too; Look is for callers that
// publish nothing.
func (e *Estimator) Look(st *queue.State, now queue.Stamp) {
	e.look(st, now)
	e.play(st, now)
	e.rememberFresh(st, now)
}

// play runs plays within the budget, at most every 2 s of the site's clock. Match
// knows no agents who leave a ticket waiting, so where there are such agents Rate
// stands alone.
func (e *Estimator) play(st *queue.State, now queue.Stamp) {
	if e.budget <= 0 || !e.rates.instant || e.twin.at != 0 && now < e.twin.at.Add(playEvery) {
		return
	}
	e.twin.at = now
	if e.twin.by == nil {
		e.twin.by = map[string]*[octaves]correction{}
		e.twin.rng = rand.New(rand.NewPCG(e.twin.seed, 1))
	}
	for left, n := e.budget, 0; left > 0 && n < maxPlays; n++ {
		p := e.twin.unfinished
		if p == nil {
			said := e.predictions()
			if len(said) == 0 {
				return
			}
			p = newPlay(e, st, now, said)
		}
		left -= max(1, p.run(left))
		if e.twin.unfinished = p; p.unserved > 0 && left <= 0 {
			return // a long line takes several looks; nothing is learned before
		}
		e.twin.learn(p)
		e.twin.unfinished = nil
	}
}

// predictions returns Rate for a sample of the tickets in line: all of a short
// line, and a few of each octave of a long one.
func (e *Estimator) predictions() map[string]prediction {
	out := map[string]prediction{}
	for i := range e.model.lines {
		l := &e.model.lines[i]
		for k := 1; k <= len(l.tickets); k += max(1, k/sampled) {
			t := l.tickets[k-1]
			if mean, variance, ok := e.walk(i, k-1, t.Score()); ok {
				out[t.ID] = prediction{l.name, k, mean, variance}
			}
		}
	}
	return out
}

// sampled is about the number of tickets of an octave that are compared.
const sampled = 6

// prediction is what Rate gave for one wait.
type prediction struct {
	line           string
	position       int
	mean, variance float64
}

// learn adds a play: one sample for each octave of each line.
func (t *twin) learn(p *play) {
	type piece struct{ played, said, squares, variance float64 }
	pieces := map[*correction]*piece{}
	for _, id := range keys(p.predictions) {
		s := p.predictions[id]
		wait, served := p.waits[id]
		if !served {
			continue
		}
		by := t.by[s.line]
		if by == nil {
			if len(t.by) >= maxLines {
				continue
			}
			by = &[octaves]correction{}
			t.by[s.line] = by
		}
		c := &by[octave(s.position)]
		if pieces[c] == nil {
			pieces[c] = &piece{}
		}
		x, center := pieces[c], c.mean.shrunk()
		x.played += wait
		x.said += s.mean
		x.squares += sq(wait - s.mean*center)
		x.variance += s.variance * center * center
	}
	const keep = 1 - 1./playsKept
	for c, x := range pieces { // they are independent, so their order does not matter
		c.mean.add(x.played, x.said, keep)
		c.variance.add(x.squares, x.variance, keep)
	}
}
