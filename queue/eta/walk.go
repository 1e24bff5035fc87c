package eta

import (
	"math"
	"slices"
	"sort"

	"nextup/queue"
)

// This file is Rate: a walk over the lines from their heads to the visitor. The
// j-th step takes 1/(nμ+jθ) where each of j ahead leaves at the rate θ (Whitt
// 1999; Garnett, Mandelbaum and Reiman, "Designing a call center with impatient
// customers", 2002, for the chain; Ibrahim and Whitt, "Real-time delay
// estimation in overloaded multiserver queues with abandonments", 2009, for how
// well it does). Agents who serve several lines take the head with the best
// score, as Match does, so their rate is split by the heads of the lines. Tickets
// that come later with a head start take their part of the rate, as in a busy
// period: its mean is 1/(nμ−λ) for each ticket ahead, its variance
// (nμ+λ)/(nμ−λ)³ (Kleinrock, "Queueing systems" 1, 1975, section 5.8).

const (
	// horizon bounds a wait, in seconds: beyond a day nothing is known.
	horizon = 86_400
	// minShare is the share of a group's rate that overtakers leave to others: where
	// more tickets come with a head start than can be served, the queue is not stable and
	// the wait has no mean.
	minShare = 0.03
	// epsilon is the fraction of a ticket below which it counts as served.
	epsilon = 1e-9
	// chunks is the number of steps in which a long line is walked.
	chunks = 64
	// minStep is the shortest step, in seconds, so that a walk ends.
	minStep = 1e-6
)

// walk returns the mean and the variance of the wait, in seconds, of a ticket that
// stands in a line behind so many others of it and has the score. ok is false
// where no agent serves the line, now or by plan.
func (e *Estimator) walk(own, ahead int, score queue.Stamp) (mean, variance float64, ok bool) {
	m := e.model
	if len(m.lines[own].groups) == 0 {
		return 0, 0, false
	}
	n := len(m.lines)
	amounts := make([]float64, 4*n)
	w := &walker{
		model: m, renew: func(g *group, span int) { e.renew(m, g, span) }, own: own, score: score, heads: make([]queue.Stamp, n),
		remaining: amounts[:n], count: amounts[n : 2*n], survival: amounts[2*n : 3*n], flow: amounts[3*n:],
	}
	for i := range m.lines {
		line := m.lines[i].tickets
		k := sort.Search(len(line), func(j int) bool { return line[j].Score() >= score })
		if i == own {
			k = ahead + 1
		}
		w.remaining[i], w.count[i], w.survival[i] = float64(k), float64(k), 1
	}
	w.prune()
	w.serveFree()
	w.overtaken = make([]float64, len(w.groups))
	w.enter(0)
	for w.remaining[own] > epsilon && w.t < horizon {
		w.step()
	}
	if w.remaining[own] > epsilon && !slices.ContainsFunc(m.lines[own].groups, func(g *group) bool {
		return g.comes > 0 || g.rate[spans-1] > 0
	}) {
		return 0, 0, false // all agents leave before
	}
	mean, variance = w.t+m.accept, w.v+m.accept*m.accept
	// A result that is no number is not given out, and so not learned from: a
	// correction would never forget it.
	return mean, variance, !math.IsNaN(mean+variance) && !math.IsInf(mean+variance, 0)
}

// walker is one walk under way. Amounts are fractions of tickets.
type walker struct {
	*model
	renew            func(g *group, span int)
	own              int
	score            queue.Stamp
	remaining, count []float64 // tickets to take, by line: those before ours, and ours
	survival         []float64 // share of them whose visitors have not lost patience
	flow             []float64
	heads            []queue.Stamp // scores of the heads of the lines that have tickets to take
	groups           []*group      // the groups that matter
	overtaken        []float64     // the rate of each that overtakers take
	t, v             float64
	span             int
}

// prune leaves out the lines that no agents link to ours, and the groups that serve no line with
// tickets to take or to come.
func (w *walker) prune() {
	seen, busy, found := make([]bool, len(w.lines)), make([]bool, len(w.lines)), make([]bool, len(w.model.groups))
	seen[w.own] = true
	serve := func(g *group, lines []bool) bool {
		return slices.ContainsFunc(g.serves, func(i int) bool { return lines[i] })
	}
	groups := make([]*group, 0, len(found))
	for again := true; again; {
		again = false
		for k, g := range w.model.groups {
			if found[k] || !serve(g, seen) {
				continue
			}
			groups, found[k], again = append(groups, g), true, true
			for _, i := range g.serves {
				seen[i] = true
			}
		}
	}
	for i := range w.remaining {
		if !seen[i] {
			w.remaining[i] = 0
		}
		busy[i] = w.remaining[i] > 0 || slices.ContainsFunc(w.streams, func(s overtaker) bool { return s.line == i })
	}
	w.groups = slices.DeleteFunc(groups, func(g *group) bool { return !serve(g, busy) })
}

// serveFree gives the free places to the heads of the lines.
func (w *walker) serveFree() {
	for i := range w.heads {
		w.findHead(i)
	}
	for _, g := range w.groups {
		for free := g.free; free > 0; free-- {
			if i := w.bestLine(g); i >= 0 {
				w.remaining[i] = max(0, w.remaining[i]-1)
				w.findHead(i)
			}
		}
	}
}

// bestLine returns the line whose head has the best score among those the group
// serves, or -1.
func (w *walker) bestLine(g *group) int {
	best := -1
	var first queue.Stamp
	for _, i := range g.serves {
		if w.remaining[i] <= epsilon {
			continue
		}
		if s := w.heads[i]; best < 0 || s < first {
			best, first = i, s
		}
	}
	return best
}

// findHead finds the score of the head of a line.
func (w *walker) findHead(i int) {
	if w.remaining[i] <= epsilon {
		return
	}
	at := int(w.count[i] - w.remaining[i]/w.survival[i])
	line := w.lines[i].tickets
	if i == w.own && at >= int(w.count[i])-1 || len(line) == 0 {
		w.heads[i] = w.score
		return
	}
	w.heads[i] = line[min(max(at, 0), len(line)-1)].Score()
}

// step goes on to the next ticket that is taken, or to the end of a time span.
func (w *walker) step() {
	clear(w.flow)
	w.overtake()
	for i := range w.heads {
		w.findHead(i)
	}
	// mine is the rate of the agents who serve our line, over the part of it that
	// overtakers take.
	mine, over := 0.0, 0.0
	for k, g := range w.groups {
		ours := slices.Contains(g.serves, w.own)
		if ours {
			over += w.overtaken[k]
		}
		i := w.bestLine(g)
		if i < 0 {
			continue
		}
		rate := max(minShare*g.rate[w.span], g.rate[w.span]-w.overtaken[k])
		w.flow[i] += rate
		if ours {
			mine += rate
		}
	}
	dt := w.next()
	switch rate := w.flow[w.own] + w.impatience(w.own); {
	case w.flow[w.own] > 0:
		w.v += dt / rate * (1 + 2*over/rate)
	case mine > 0:
		w.v += dt / mine
	}
	for i := range w.remaining {
		if w.remaining[i] <= 0 {
			continue
		}
		others := w.remaining[i]
		if i == w.own {
			others--
		}
		w.remaining[i] = max(0, w.remaining[i]-(w.flow[i]+w.impatience(i))*dt)
		if others > 0 {
			w.survival[i] *= math.Exp(-w.lines[i].theta * dt)
		}
	}
	if w.t += dt; w.span < spans-1 && w.t >= w.ends[w.span]-epsilon {
		w.enter(w.span + 1)
	}
}

// enter goes on to a span.
func (w *walker) enter(span int) {
	w.span = span
	for _, g := range w.groups {
		w.renew(g, span)
	}
}

// next returns the time in which nothing changes: until a ticket is taken, or some
// of a long line, or the span ends.
func (w *walker) next() float64 {
	dt := horizon - w.t
	if w.span < spans-1 {
		dt = min(dt, w.ends[w.span]-w.t)
	}
	for i, remaining := range w.remaining {
		rate := w.flow[i] + w.impatience(i)
		if remaining <= epsilon || rate <= 0 {
			continue
		}
		chunk := max(1, math.Floor(remaining/chunks))
		part := math.Mod(remaining, chunk)
		if part < epsilon {
			part = chunk
		}
		dt = min(dt, part/rate)
	}
	return max(dt, minStep)
}

// impatience returns the rate at which the others in a line leave: with j ahead it
// is jθ.
func (w *walker) impatience(i int) float64 {
	n := math.Ceil(w.remaining[i] - epsilon)
	if i == w.own {
		n--
	}
	return max(0, n) * w.lines[i].theta
}

// overtake computes how much of each group's rate goes to tickets that come later
// and pass ours: while now minus their head start is before our score.
func (w *walker) overtake() {
	clear(w.overtaken)
	for _, s := range w.streams {
		if w.now+queue.Stamp(w.t*1000)-s.head >= w.score {
			continue
		}
		total := 0.0
		for _, g := range w.groups {
			if slices.Contains(g.serves, s.line) {
				total += g.rate[w.span]
			}
		}
		for k, g := range w.groups {
			if total > 0 && slices.Contains(g.serves, s.line) {
				w.overtaken[k] += s.rate * g.rate[w.span] / total
			}
		}
	}
}
