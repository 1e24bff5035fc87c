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
// correct it: what is learned from them is their mean over Rate's, and their
// variance over Rate's, by line and by octave of the position, over many looks
// (Rate is a control variate: Lavenberg and Welch, Management Science 27, 1981).
// A correction is made as far as it is more than chance, so where Rate is exact
// there is none.

// Plays cost time, so they are rationed by the records they may write. At 1,000
// waiting and 200 agents a record costs about 25 µs: 3,000 of them every 2 s stay
// under 5 % of one core (BenchmarkLook).
const (
	playEvery    = queue.Millis(2000)
	defaultPlays = 3000
	octaves      = 16
	// playsKept is how many plays a correction remembers.
	playsKept = 600
	// More plays of one state say little that is new.
	maxPlays = 20
)

type twin struct {
	at   queue.Stamp
	seed uint64
	rng  *rand.Rand
	by   map[string]*[octaves]correction // by the name of a line
	// under is the play that the last look did not finish, or nil.
	under *play
}

// correction is what the plays say over what Rate says: of the mean, and of the
// variance about the mean as corrected.
type correction struct{ mean, variance ratio }

func octave(position int) int {
	return min(octaves-1, int(math.Log2(float64(max(1, position)))))
}

// corrections are the factors for Rate's mean and variance at a position.
func (t *twin) corrections(line string, position int) (mean, variance float64) {
	by := t.by[line]
	if by == nil {
		return 1, 1
	}
	c := &by[octave(position)]
	return c.mean.shrunk(), c.variance.shrunk()
}

// SetBudget sets how many records the plays of one look may write; 0 leaves all
// to Rate.
func (e *Estimator) SetBudget(records int) { e.budget = records }

// SetSeed makes the plays others than those of another seed, and the same as
// those of the same one.
func (e *Estimator) SetSeed(seed uint64) { e.twin.seed = seed }

// Look lets the plays go on as Estimate does, for those who publish nothing.
func (e *Estimator) Look(st *queue.State, now queue.Stamp) {
	e.look(st, now)
	e.play(st, now)
	e.fresh = e.fresh[:0]
}

// play runs plays on the budget, at most every 2 s of the site's clock. Match
// knows no agents who leave somebody waiting, so where there are such, all is
// left to Rate.
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
		p := e.twin.under
		if p == nil {
			said := e.saidToAll()
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
func (e *Estimator) saidToAll() map[string]said {
	out := map[string]said{}
	for i := range e.model.lines {
		l := &e.model.lines[i]
		for k := 1; k <= len(l.tickets); k += max(1, k/sampled) {
			t := l.tickets[k-1]
			if mean, variance, ok := e.model.walk(i, k-1, t.Score()); ok {
				out[t.ID] = said{l.name, k, mean, variance}
			}
		}
	}
	return out
}

// sampled is about how many of an octave of a line are compared.
const sampled = 6

// said is what Rate said of one wait.
type said struct {
	line           string
	position       int
	mean, variance float64
}

// learn takes in a play: for each octave of each line it is one piece.
func (t *twin) learn(p *play) {
	type piece struct{ played, said, squares, variance float64 }
	pieces := map[*correction]*piece{}
	for _, id := range keys(p.said) {
		s := p.said[id]
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
	for c, x := range pieces { // each is of its own, so their order does not matter
		c.mean.add(x.played, x.said, keep)
		c.variance.add(x.squares, x.variance, keep)
	}
}
