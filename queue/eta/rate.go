package eta

import (
	"maps"
	"math"
	"slices"
	"sort"
	"strings"

	"nextup/queue"
)

// This file is Rate. With n places busy and exponential conversations the k-th
// in line waits for k completions, each after 1/(nμ): Gamma distributed (Whitt,
// "Predicting queueing delays", Management Science 45, 1999). With patience θ the
// j-th step takes 1/(nμ+jθ) (the same; Garnett, Mandelbaum and Reiman 2002 for
// the chain; Ibrahim and Whitt 2009 for how well it does). What is added here:
// nμ is a rate over time, from the ages of the very conversations that are open;
// several lines share agents by the rule of Match; and overtakers take their
// part of the rate, as in a busy period (its mean 1/(nμ−λ), its variance
// (nμ+λ)/(nμ−λ)³ for each ticket ahead; Kleinrock 1975, section 5.8).

// rates are the hazards as of a moment.
type rates struct {
	at       queue.Stamp
	service  map[string]*hazard
	patience map[string]float64 // per second
	pickup   *hazard
	instant  bool // whoever has room takes at once
	gap      float64
	evidence float64   // how many conversations the rate rests on
	delays   []float64 // of pickup, as equally likely values
	ends     [spans]float64
	kernels  map[string]*kernel // by the key of a group
}

// kernel is, for each span in which a place was taken and each later one, the
// chance that it is not free again at the later one's end.
type kernel [spans][spans]float64

// keys are sorted: sums of floats depend on their order, and the same records
// must give the same estimates.
func keys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

// learnEvery is how often the hazards are worked out anew, in milliseconds.
const learnEvery = 10_000

// refresh works out what the records have taught, and how fast places become
// free from now on.
func (e *Estimator) refresh(st *queue.State, now queue.Stamp) {
	// Hazards move slowly once much was seen.
	if e.rates.at == 0 || now >= e.rates.at+learnEvery && (e.ends >= e.seen/200 || now >= e.rates.at+90*learnEvery) {
		e.learnRates(st, now)
		e.seen, e.ends = e.seen+e.ends, 0
	}
	if e.model == nil || e.model.number != st.Number() || e.model.now != now {
		e.model = e.newModel(st, now)
	}
}

func (e *Estimator) learnRates(st *queue.State, now queue.Stamp) {
	by := map[string]*tally{}
	all, patience := &tally{}, &tally{}
	for q, t := range e.known.Service {
		own := *t
		by[q] = &own
	}
	for _, id := range keys(e.people) { // what is open counts as exposure
		p := e.people[id]
		n := p.talks()
		for _, id := range keys(p.held) {
			if k := p.held[id]; !k.offered {
				of(by, k.queue).spend(k.work, k.work+max(0, float64(now-k.since)/1000*e.speed(n)))
			}
		}
	}
	for _, q := range keys(by) {
		all.add(by[q])
	}
	r := rates{at: now, service: map[string]*hazard{}, patience: map[string]float64{}}
	ended, _ := all.sums()
	r.evidence = ended + priorLevel
	site := all.shrunk(constant(1./priorMean), priorLevel, binWeight)
	for _, q := range st.Site().Queues() {
		r.service[q.String()] = of(by, q.String()).shrunk(site, queueLevel, binWeight)
	}
	for _, q := range keys(e.known.Patience) {
		patience.add(e.known.Patience[q])
	}
	n, time := patience.sums()
	left := (n + 0.2) / (time + 0.2*priorWait)
	for _, q := range st.Site().Queues() {
		n, time := of(e.known.Patience, q.String()).sums()
		r.patience[q.String()] = (n + 10*min(1, n+1)) / (time + 10*min(1, n+1)/left)
	}
	r.pickup = e.known.Pickup.shrunk(constant(10), 2, 2)
	r.instant = r.pickup.mean() < 1
	r.gap = e.known.Gap.T / (e.known.Gap.N + 1)
	r.delays, r.kernels = r.likelyDelays(), map[string]*kernel{}
	mean := 0.0
	for _, q := range st.Site().Queues() {
		mean += r.service[q.String()].mean() / float64(len(r.service))
	}
	for j := range spans {
		r.ends[j] = mean * 0.1 * (math.Pow(1.2, float64(j+1)) - 1)
	}
	e.rates = r
}

func (p *person) talks() int {
	n := 0
	for _, k := range p.held {
		if !k.offered {
			n++
		}
	}
	return n
}

// spans divide the time ahead, in units of the mean conversation.
const spans = 30

// model is a site from now on: who waits, and how fast each group of agents who
// serve the same lines will take somebody.
type model struct {
	number  uint64
	now     queue.Stamp
	queues  []queue.QueueID
	index   map[queue.QueueID]int
	lines   [][]queue.Stamp // scores of those in line
	theta   []float64
	groups  []*group
	ends    [spans]float64 // of the time spans, seconds from now
	streams []overtaker
	gap     float64
}

type group struct {
	key    string
	serves []int
	rate   [spans]float64 // takes per second
	// places in all, and those that are free and take at once.
	places, free float64
	left         [spans + 1]float64 // places not yet free for the first time
}

// overtaker is a stream of arrivals with a head start.
type overtaker struct {
	queue int
	head  queue.Stamp
	rate  float64
}

func (e *Estimator) newModel(st *queue.State, now queue.Stamp) *model {
	m := &model{number: st.Number(), now: now, queues: st.Site().Queues(), index: map[queue.QueueID]int{}, gap: e.rates.gap}
	m.lines = make([][]queue.Stamp, len(m.queues))
	for i, q := range m.queues {
		m.index[q] = i
		m.theta = append(m.theta, e.rates.patience[q.String()])
		line := make([]queue.Stamp, 0, st.Size(q))
		st.Sweep(q, 1, st.Size(q), func(_ int, t *queue.Ticket) bool {
			if t.Status == queue.Waiting {
				line = append(line, t.Score())
			}
			return true
		})
		m.lines[i] = line
	}
	for _, s := range e.known.Streams {
		if s.Head > 0 {
			for i, q := range m.queues {
				if q.String() == s.Queue {
					m.streams = append(m.streams, overtaker{i, queue.Stamp(s.Head), s.rate(now)})
				}
			}
		}
	}
	e.flows(m, now)
	return m
}

// flows works out the groups and their rates.
func (e *Estimator) flows(m *model, now queue.Stamp) {
	m.ends = e.rates.ends
	by := map[string]*group{}
	for _, id := range keys(e.people) {
		p := e.people[id]
		if p.Agent == nil || !p.Takes() {
			continue
		}
		key := strings.Join(p.Departments, ",") + "|" + strings.Join(slices.Sorted(maps.Keys(p.Languages)), ",")
		g := by[key]
		if g == nil {
			g = &group{key: key}
			for i, q := range m.queues {
				if p.Serves(q) {
					g.serves = append(g.serves, i)
				}
			}
			by[key] = g
			m.groups = append(m.groups, g)
		}
		e.places(m, g, p, now)
	}
	for _, g := range m.groups {
		e.renew(m, g)
	}
}

// likelyDelays are what a place takes to be taken again once it is free.
func (r *rates) likelyDelays() []float64 {
	if r.instant {
		return []float64{0}
	}
	const n = 6
	out := make([]float64, n)
	for i := range out {
		out[i] = r.pickup.at(-math.Log1p(-(float64(i) + 0.5) / n))
	}
	return out
}

// places adds an agent's places: when each will be taken next.
func (e *Estimator) places(m *model, g *group, p *person, now queue.Stamp) {
	g.places += float64(p.Capacity)
	talks := p.talks()
	speed := e.speed(max(talks, min(p.Capacity, maxTogether)))
	delays := e.rates.delays
	for _, id := range keys(p.held) {
		k := p.held[id]
		z := e.rates.service[k.queue]
		if z == nil {
			continue
		}
		age, wait := k.work+max(0, float64(now-k.since)/1000)*speed, 0.0
		if k.offered {
			age, wait = 0, e.rates.gap
		}
		now := z.left(age)
		for j := range spans + 1 {
			t := 0.0
			if j > 0 {
				t = m.ends[j-1]
			}
			for _, d := range delays {
				left := 1.0
				if now > 0 && t > d+wait {
					left = z.left(age+(t-d-wait)*speed) / now
				}
				g.left[j] += left / float64(len(delays)) * float64(k.weight)
			}
		}
	}
	room := float64(max(0, p.Capacity-p.load))
	if room == 0 {
		return
	}
	if e.rates.instant {
		g.free += room
		return
	}
	// Only those who are not taken at once ever see an estimate: it is of the wait
	// given that the agents with room have let the first seconds pass.
	ignored := max(p.ignored, edges[1])
	here := e.rates.pickup.left(ignored)
	for j := range spans + 1 {
		t := 0.0
		if j > 0 {
			t = m.ends[j-1]
		}
		g.left[j] += room * e.rates.pickup.left(ignored+t) / here
	}
}

// renew works out how many are taken in each span if there is always somebody:
// every place is either not free yet for the first time or was taken in a span
// before and is not free again, so what is taken in a span follows from those
// that it must replace.
func (e *Estimator) renew(m *model, g *group) {
	k := e.rates.kernels[g.key]
	if k == nil {
		k = e.newKernel(m, g)
		e.rates.kernels[g.key] = k
	}
	var taken [spans]float64
	from := 0.0
	for j := range spans {
		busy := g.left[j+1]
		for i := range j {
			busy += taken[i] * k[i][j]
		}
		taken[j] = max(0, g.places-g.free-busy) / max(k[j][j], 1e-3)
		g.rate[j] = taken[j] / (m.ends[j] - from)
		from = m.ends[j]
	}
}

func (e *Estimator) newKernel(m *model, g *group) *kernel {
	again := e.cycle(m, g)
	k := &kernel{}
	begin := 0.0
	for i := range spans {
		for j := i; j < spans; j++ {
			k[i][j] = (again(m.ends[j]-begin) - again(m.ends[j]-m.ends[i])) / (m.ends[i] - begin)
		}
		begin = m.ends[i]
	}
	return k
}

// cycle is the integral of the chance that a place taken some time ago is not
// free again, over the mix of what the group does.
func (e *Estimator) cycle(m *model, g *group) func(float64) float64 {
	var mix []*hazard
	var weights []float64
	total := 0.0
	for _, i := range g.serves {
		q := m.queues[i].String()
		n, _ := of(e.known.Service, q).sums()
		mix, weights = append(mix, e.rates.service[q]), append(weights, n+0.1)
		total += n + 0.1
	}
	delays := e.rates.delays
	capacity := 1
	for _, p := range e.people {
		if p.Agent != nil {
			capacity = max(capacity, p.Capacity)
		}
	}
	speed := e.speed(min(capacity, maxTogether))
	return func(t float64) float64 {
		sum := 0.0
		for _, d := range delays {
			d += e.rates.gap
			before, after := min(t, d), max(0, t-d)
			part := before
			for i, z := range mix {
				if after > 0 {
					part += weights[i] / total * z.area(after*speed) / speed
				}
			}
			sum += part / float64(len(delays))
		}
		return sum
	}
}

// never bounds a wait, in seconds: beyond a day nothing is known.
const never = 86_400

// walk gives the mean and variance of the wait, in seconds, of whoever stands in
// a queue at a position with the score. It is false where nobody
// serves the queue.
func (m *model) walk(q queue.QueueID, position int, score queue.Stamp) (mean, variance float64, ok bool) {
	own, known := m.index[q]
	if !known || !slices.ContainsFunc(m.groups, func(g *group) bool { return slices.Contains(g.serves, own) }) {
		return 0, 0, false
	}
	w := &walker{model: m, own: own, score: score}
	w.todo, w.count = make([]float64, len(m.queues)), make([]float64, len(m.queues))
	w.surv, w.flow = make([]float64, len(m.queues)), make([]float64, len(m.queues))
	for i, line := range m.lines {
		n := sort.Search(len(line), func(j int) bool { return line[j] >= score })
		if i == own { // among equal scores the position tells
			equal := sort.Search(len(line), func(j int) bool { return line[j] > score }) - n
			n += min(max(0, position-1-n), max(0, equal-1)) + 1
		}
		w.todo[i], w.count[i], w.surv[i] = float64(n), float64(n), 1
	}
	w.reach()
	w.serveFree()
	for w.todo[own] > 1e-9 && w.t < never {
		w.step()
	}
	return w.t + m.gap, w.v + m.gap*m.gap, true
}

// walker is one walk under way. Amounts are fractions of tickets.
type walker struct {
	*model
	own         int
	score       queue.Stamp
	todo, count []float64 // tickets before us and us, by queue
	surv        []float64 // share of them who have not lost patience
	flow        []float64
	groups      []*group // those that matter
	t, v        float64
	span        int
}

// reach leaves out the groups and lines that cannot matter.
func (w *walker) reach() {
	seen := make([]bool, len(w.queues))
	seen[w.own] = true
	for again := true; again; {
		again = false
		for _, g := range w.model.groups {
			if slices.Contains(w.groups, g) || !slices.ContainsFunc(g.serves, func(i int) bool { return seen[i] }) {
				continue
			}
			w.groups, again = append(w.groups, g), true
			for _, i := range g.serves {
				seen[i] = true
			}
		}
	}
	for i := range w.todo {
		if !seen[i] {
			w.todo[i] = 0
		}
	}
}

// serveFree gives the free places to the heads of the lines.
func (w *walker) serveFree() {
	for _, g := range w.groups {
		for free := g.free; free > 0; free-- {
			if i := w.best(g); i >= 0 {
				w.todo[i] = max(0, w.todo[i]-1)
			}
		}
	}
}

// best is the line whose head has the best score among those the group serves,
// or -1.
func (w *walker) best(g *group) int {
	best := -1
	var least queue.Stamp
	for _, i := range g.serves {
		if w.todo[i] <= 1e-9 {
			continue
		}
		if s := w.head(i); best < 0 || s < least {
			best, least = i, s
		}
	}
	return best
}

// head is the score of the head of a line.
func (w *walker) head(i int) queue.Stamp {
	at := int(w.count[i] - w.todo[i]/w.surv[i])
	if i == w.own && at >= int(w.count[i])-1 || len(w.lines[i]) == 0 {
		return w.score
	}
	return w.lines[i][min(max(at, 0), len(w.lines[i])-1)]
}

// step goes on to the next ticket taken, or to the end of a time span.
func (w *walker) step() {
	clear(w.flow)
	mine, lost := 0.0, w.overtaken()
	for _, g := range w.groups {
		i := w.best(g)
		if i < 0 {
			continue
		}
		rate := g.rate[w.span]
		rate = max(0.03*rate, rate-lost[w.groupIndex(g)])
		w.flow[i] += rate
		if slices.Contains(g.serves, w.own) {
			mine += rate
		}
	}
	over := 0.0
	for _, g := range w.groups {
		if slices.Contains(g.serves, w.own) {
			over += lost[w.groupIndex(g)]
		}
	}
	dt := never - w.t
	if w.span < spans-1 {
		dt = min(dt, w.ends[w.span]-w.t)
	}
	for i, todo := range w.todo {
		if todo <= 1e-9 {
			continue
		}
		rate := w.flow[i] + w.impatience(i)
		if rate > 0 {
			chunk := max(1, math.Floor(todo/64))
			part := math.Mod(todo, chunk)
			if part < 1e-9 {
				part = chunk
			}
			dt = min(dt, part/rate)
		}
	}
	dt = max(dt, 1e-6)
	if rate := w.flow[w.own] + w.impatience(w.own); w.flow[w.own] > 0 {
		w.v += dt / rate * (1 + 2*over/rate)
	} else if mine > 0 {
		w.v += dt / mine
	}
	for i := range w.todo {
		if w.todo[i] <= 0 {
			continue
		}
		others := w.todo[i]
		if i == w.own {
			others--
		}
		w.todo[i] = max(0, w.todo[i]-(w.flow[i]+w.impatience(i))*dt)
		if others > 0 {
			w.surv[i] *= math.Exp(-w.theta[i] * dt)
		}
	}
	if w.t += dt; w.span < spans-1 && w.t >= w.ends[w.span]-1e-9 {
		w.span++
	}
}

// impatience is the rate at which others in a line leave: in the state with j
// ahead it is jθ.
func (w *walker) impatience(i int) float64 {
	n := math.Ceil(w.todo[i] - 1e-9)
	if i == w.own {
		n--
	}
	return max(0, n) * w.theta[i]
}

// overtaken is how much of each group's rate goes to those who come later and
// pass us: while now minus their head start is before our score.
func (w *walker) overtaken() []float64 {
	lost := make([]float64, len(w.groups))
	for _, s := range w.streams {
		if w.now+queue.Stamp(w.t*1000)-s.head >= w.score {
			continue
		}
		total := 0.0
		for _, g := range w.groups {
			if slices.Contains(g.serves, s.queue) {
				total += g.rate[w.span]
			}
		}
		for k, g := range w.groups {
			if total > 0 && slices.Contains(g.serves, s.queue) {
				lost[k] += s.rate * g.rate[w.span] / total
			}
		}
	}
	return lost
}

func (w *walker) groupIndex(g *group) int { return slices.Index(w.groups, g) }
