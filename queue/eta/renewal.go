package eta

import "math"

// The time ahead is divided into spans that grow by a factor; the first is in
// units of the mean conversation. They end after 23 of those.
const (
	spans     = 30
	spanGrows = 1.2
	firstSpan = 0.1
)

// grid holds when the time spans end, in seconds from now.
type grid [spans]float64

// from returns when span j begins, in seconds from now.
func (g *grid) from(j int) float64 {
	if j == 0 {
		return 0
	}
	return g[j-1]
}

// renewal is how many tickets a group takes in each span if one always waits. Most walks
// end within the first spans, and many groups are never asked, so each span is
// computed when a walk comes to it, from the places as they were at the look.
type renewal struct {
	taken    []taken
	ignoring []ignoring
	known    int            // spans that are computed
	takes    [spans]float64 // tickets taken
	rate     [spans]float64 // takes per second
}

// taken is a place that is taken for the rest of a conversation and then for
// some more seconds; without a hazard, for those seconds alone.
type taken struct {
	hazard                   *hazard
	age, speed, more, weight float64
	passed                   float64 // cumulative hazard at the age
	bin                      int     // of the age in the span that was computed last
}

// ignoring is the room of an agent who has let a ticket wait for so many seconds.
type ignoring struct{ room, seconds float64 }

// occupy adds a place that is taken.
func (r *renewal) occupy(z *hazard, age, speed, more, weight float64) {
	p := taken{hazard: z, age: age, speed: speed, more: more, weight: weight}
	if z != nil {
		p.bin, p.passed = bin(age), z.cumulative(age)
	}
	r.taken = append(r.taken, p)
}

// maxHazard is the cumulative hazard beyond which conversations are taken to have
// ended: one in 160,000 has not.
const maxHazard = 12

// left returns the part of the place that is not free for the first time after so many
// seconds, which never fall from one call to the next.
func (p *taken) left(after float64) float64 {
	t, z := after-p.more, p.hazard
	if t <= 0 {
		return p.weight
	}
	if z == nil {
		return 0
	}
	at := p.age + t*p.speed
	for p.bin+1 < bins && edges[p.bin+1] <= at {
		p.bin++
	}
	gone := z.c[p.bin] + z.h[p.bin]*(at-edges[p.bin]) - p.passed
	if gone > maxHazard {
		return 0
	}
	return p.weight * math.Exp(-gone)
}

// renew computes the rates of a group up to a span:
// every place is either not yet free for the first time, or was taken in an
// earlier span and is not free again, so the number taken in a span follows from
// the places that became free. This is the renewal equation (Cox 1962) on a grid.
func (e *Estimator) renew(m *model, g *group, span int) {
	if g.known > span {
		return
	}
	k := e.kernel(m, g).upTo(span)
	for ; g.known <= span; g.known++ {
		j, begins, ends := g.known, m.ends.from(g.known), m.ends[g.known]
		busy := 0.0
		for i := range g.taken {
			busy += g.taken[i].left(ends)
		}
		for _, p := range g.ignoring {
			busy += p.room * e.rates.pickup.survival(p.seconds+ends) / e.rates.pickup.survival(p.seconds)
		}
		for i, busyStill := range k[j][:j] {
			busy += g.takes[i] * busyStill
		}
		g.takes[j] = max(0, g.places-g.free-busy) / max(k[j][j], 1e-3)
		g.rate[j] = g.takes[j] / (ends - begins) * min(1, max(0, (g.leaves-begins)/(ends-begins)))
	}
}
