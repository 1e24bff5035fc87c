package app

import (
	"maps"
	"slices"

	"nextup/queue"
	"nextup/queue/eta"
)

// coverage judges how true the waits were that visitors were shown as they joined: each
// of them, when the wait ends with an agent. It reads what every gateway reads, the
// published curve at the visitor's position, so it needs no estimate of its own. What it
// awaits is lost with the process; what it has counted is published with the estimates,
// and the next elected one goes on from there.
type coverage struct {
	shown map[string]shownWait // by ticket
	fresh []string             // shown since the last look
	by    map[string]*queue.CoverageByBand
}

// shownWait is the wait that a visitor was shown at the join, in seconds.
type shownWait struct {
	queue    queue.QueueID
	band     int
	at       queue.Stamp
	p10, p90 float64
	high     int
	// lasted reports whether the visitor was still waiting when the estimates were next
	// published. Most visitors that an agent takes before that were never in line.
	lasted bool
}

// maxTold bounds the visitors whose wait is kept until it ends.
const maxTold = 200_000

// unnoticed is the wait in seconds below which a lower end is none.
const unnoticed = 1

// step takes a step that the state has.
func (c *coverage) step(st *queue.State, s queue.Step) {
	for _, t := range s.Tickets {
		switch {
		case t.Before == nil && t.After != nil && t.After.Queued():
			c.tell(st, t.After, s.At)
		case t.Before != nil && t.Before.Queued():
			c.ended(t.After, s.At)
		}
	}
}

// tell keeps the wait that the site tells a visitor at the join.
func (c *coverage) tell(st *queue.State, t *queue.Ticket, at queue.Stamp) {
	position := st.Position(t)
	w := st.CurveOf(t).At(max(1, position))
	if !w.Known || position < 1 || st.Level() < queue.Level1 || len(c.shown) >= maxTold { // below Level1 no lower end is published
		return
	}
	if c.shown == nil {
		c.shown = map[string]shownWait{}
	}
	c.shown[t.ID] = shownWait{t.Queue(), queue.BandOf(position), at, w.P10, w.P90, eta.Shown(w).High, false}
	c.fresh = append(c.fresh, t.ID)
}

// ended judges the wait that a visitor was shown, if an agent has them now. After a transfer
// to another line it judges nothing: the wait of that line was not shown at the join.
func (c *coverage) ended(after *queue.Ticket, at queue.Stamp) {
	if after == nil {
		return
	}
	w, awaited := c.shown[after.ID]
	if !awaited || after.Queued() && after.Queue() == w.queue {
		return
	}
	delete(c.shown, after.ID)
	if after.Status != queue.Assigned || !w.lasted || after.Queue() != w.queue {
		return
	}
	name := w.queue.String()
	if c.by[name] == nil {
		if c.by == nil {
			c.by = map[string]*queue.CoverageByBand{}
		}
		c.by[name] = &queue.CoverageByBand{}
	}
	b, wait := &c.by[name][w.band], float64(at-w.at)/1000
	b.Judged++
	if (wait >= w.p10 || w.p10 < unnoticed) && wait <= w.p90 {
		b.Inside++
	}
	if wait > float64(w.high) && w.high < eta.Beyond {
		b.Over++
	}
}

// look marks those who still wait.
func (c *coverage) look(st *queue.State) {
	for _, id := range c.fresh {
		w, awaited := c.shown[id]
		if t := st.Ticket(id); !awaited || t == nil || t.Status != queue.Waiting {
			delete(c.shown, id)
			continue
		}
		w.lasted = true
		c.shown[id] = w
	}
	c.fresh = c.fresh[:0]
}

// forget drops all waits that are kept: the clock has jumped, or the ends of waits may have
// been missed.
func (c *coverage) forget() { c.shown, c.fresh = nil, nil }

// counted returns the counts by queue since the process began. They never fall.
func (c *coverage) counted() map[string]queue.CoverageByBand {
	all := make(map[string]queue.CoverageByBand, len(c.by))
	for q, b := range c.by {
		all[q] = *b
	}
	return all
}

// maxJudged is how many judged waits count for the truth of a queue, and of each band of
// it: past it, what was counted before counts half.
const maxJudged = 1000

// addTruth goes on counting, from what was published last, how true the estimates
// were: with what was counted since.
func addTruth(last *queue.Estimates, counted, before map[string]queue.CoverageByBand) map[string]queue.Truth {
	truth := map[string]queue.Truth{}
	if last != nil {
		maps.Copy(truth, last.Truth)
	}
	for q, bands := range counted {
		sum, old := truth[q], before[q]
		if sum.ByBand = slices.Clone(sum.ByBand); len(sum.ByBand) != len(bands) {
			sum.ByBand = make([]queue.Coverage, len(bands))
		}
		for i, b := range bands {
			t := &sum.ByBand[i]
			judged, inside := b.Judged-old[i].Judged, b.Inside-old[i].Inside
			t.Judged, t.Inside, t.Over = t.Judged+judged, t.Inside+inside, t.Over+b.Over-old[i].Over
			sum.Judged, sum.Inside = sum.Judged+judged, sum.Inside+inside
			if t.Judged > maxJudged {
				*t = queue.Coverage{Judged: t.Judged / 2, Inside: t.Inside / 2, Over: t.Over / 2}
			}
		}
		if sum.Judged > maxJudged {
			sum.Judged, sum.Inside = sum.Judged/2, sum.Inside/2
		}
		if sum.Judged > 0 {
			truth[q] = sum
		}
	}
	return truth
}
