package eta

import (
	"math"
	"slices"
	"strconv"

	"nextup/queue"
)

// How long what was seen keeps its weight, counted in ends, and what stands in
// for it until there is some.
const (
	memory       = 20000 // ends of conversations
	priorMean    = 300   // seconds of a conversation nobody has seen yet
	priorLevel   = 2     // how many conversations that is worth
	queueLevel   = 8     // how many of the site's a queue's own are mixed with
	binWeight    = 6     // how many a bin is mixed with
	priorWait    = 3600  // seconds of patience nobody has seen the end of
	recent       = 1800  // seconds of half-life for arrivals of now
	arrivalDraw  = 400   // arrivals that the long run is worth beside those of now
	slots        = 96    // of 15 minutes
	maxStreams   = 64    // head starts told apart at a site
	maxTogether  = 8     // conversations of one agent told apart by their number
	togetherPull = 30    // conversations that "no slower together" is worth
)

// knowledge is what an estimator has learned of a site; it is the checkpoint.
type knowledge struct {
	At queue.Stamp `json:"at"`
	// Service is by queue, Patience of the site's visitors, Pickup the time until
	// an agent with room takes somebody who waits, by the time they have had it.
	Service  map[string]*tally `json:"service"`
	Patience map[string]*tally `json:"patience"`
	Pickup   tally             `json:"pickup"`
	// Gap is the time from an offer to its acceptance.
	Gap struct {
		N float64 `json:"n"`
		T float64 `json:"t"`
	} `json:"gap"`
	// Together tells how conversations go when an agent holds so many: ends, and
	// ends expected at full speed.
	Together [maxTogether + 1]struct {
		N float64 `json:"n"`
		E float64 `json:"e"`
	} `json:"together"`
	// Streams are arrivals by queue and head start.
	Streams map[string]*stream `json:"streams"`
	// Errors is by queue.
	Errors map[string]*calibration `json:"errors"`
	// History is the last waits by queue, Blend what is made of them.
	History map[string]*history `json:"history"`
	Blend   blend               `json:"blend"`
}

// stream counts arrivals: of now, in the long run, and by time of day.
type stream struct {
	Queue string       `json:"queue"`
	Head  queue.Millis `json:"head"`
	Now   float64      `json:"now"`
	NowT  float64      `json:"now_t"`
	Long  float64      `json:"long"`
	LongT float64      `json:"long_t"`
	// Day is the factor of each 15 minutes, learned slowly.
	Day  [slots]float64 `json:"day"`
	DayT [slots]float64 `json:"day_t"`
}

// person is the estimator's view of an agent.
type person struct {
	*queue.Agent
	held map[string]*talk
	load int
	// ignored is for how many seconds somebody has waited whom the agent has room
	// for: who does not take them for a minute will not in the next second.
	ignored float64
}

// talk is a conversation, or the offer of one.
type talk struct {
	queue   string
	offered bool
	since   queue.Stamp // up to when work is true, or the offer
	work    float64     // seconds at full speed
	weight  int
}

// Observe learns from the next record of the site's log.
func (e *Estimator) Observe(step queue.Step) {
	e.advance(step.At)
	for _, w := range step.Writes {
		if a, ok := w.Image.(*queue.Agent); ok {
			e.seeAgent(a, step.At)
		}
	}
	for _, t := range step.Tickets {
		e.seeTicket(t.Was, t.Is, step.At)
	}
}

// advance spends the time up to at.
func (e *Estimator) advance(at queue.Stamp) {
	dt := float64(at-e.known.At) / 1000
	if e.known.At == 0 || dt <= 0 {
		e.known.At = max(e.known.At, at)
		return
	}
	e.idle(e.known.At, at)
	e.known.At = at
	keep := math.Exp2(-dt / recent)
	slot := slotOf(at)
	for _, s := range e.known.Streams {
		s.Now *= keep
		s.NowT = s.NowT*keep + dt
		s.LongT += dt
		s.DayT[slot] += dt
	}
}

func slotOf(at queue.Stamp) int { return int(at / 900_000 % slots) }

// idle spends the time of agents who have room while somebody waits for them.
func (e *Estimator) idle(from, to queue.Stamp) {
	if e.waitingAll == 0 {
		return
	}
	for _, p := range e.roomy {
		if slices.ContainsFunc(p.Departments, func(d string) bool {
			for l := range p.Languages {
				if e.waiting[queue.QueueID{Department: d, Language: l}] > 0 {
					return true
				}
			}
			return false
		}) {
			dt := float64(to-from) / 1000
			e.known.Pickup.spend(p.ignored, p.ignored+dt)
			p.ignored += dt
		}
	}
}

func (e *Estimator) seeAgent(a *queue.Agent, at queue.Stamp) {
	p := e.people[a.ID]
	if p == nil {
		p = &person{held: map[string]*talk{}}
		e.people[a.ID] = p
	}
	p.Agent = a
	e.sort(p)
}

// sort keeps the agents with room listed.
func (e *Estimator) sort(p *person) {
	room := p.Agent != nil && p.Takes() && p.load < p.Capacity
	i := slices.Index(e.roomy, p)
	switch {
	case room && i < 0:
		p.ignored = 0
		e.roomy = append(e.roomy, p)
	case !room && i >= 0:
		e.roomy = slices.Delete(e.roomy, i, i+1)
	}
}

func (e *Estimator) seeTicket(was, is *queue.Ticket, at queue.Stamp) {
	if was != nil && was.HeldBy() != "" {
		e.ends++
		e.drop(was, is, at)
	}
	if was != nil && was.Status == queue.Waiting {
		e.waiting[was.Queue()]--
		e.waitingAll--
	}
	if is == nil {
		return
	}
	if was == nil && is.Queued() {
		e.joined(is, at)
	}
	if is.Status == queue.Waiting {
		e.waiting[is.Queue()]++
		e.waitingAll++
	}
	if by := is.HeldBy(); by != "" {
		e.hold(was, is, at)
	}
	if was != nil && was.Queued() && !is.Queued() {
		p := e.patience(is.Queue().String())
		waited := float64(at-is.JoinedAt) / 1000
		p.spend(0, waited)
		if is.Status == queue.Abandoned {
			p.end(waited, memory)
		}
		e.score(is, at)
	}
}

// hold begins a conversation or an offer.
func (e *Estimator) hold(was, is *queue.Ticket, at queue.Stamp) {
	p := e.people[is.HeldBy()]
	if p == nil {
		return // the next look at the state will bring them
	}
	if was != nil && was.Status == queue.Waiting && (is.Status == queue.Offered || is.Status == queue.Assigned) && p.Agent != nil {
		e.known.Pickup.end(p.ignored, memory/4)
		p.ignored = 0
	}
	e.segment(p, at)
	p.held[is.ID] = &talk{queue: is.Queue().String(), offered: is.Status == queue.Offered, since: at, weight: is.Weight}
	p.load += is.Weight
	e.sort(p)
}

// drop ends a conversation or an offer.
func (e *Estimator) drop(was, is *queue.Ticket, at queue.Stamp) {
	p := e.people[was.HeldBy()]
	if p == nil || p.held[was.ID] == nil { // begun before we looked
		if was.Status == queue.Assigned && is != nil && is.Status == queue.Closed {
			took := max(0, float64(is.EndedAt-was.AssignedAt)/1000)
			z := e.service(was.Queue().String())
			z.spend(0, took)
			z.end(took, memory)
		}
		return
	}
	n := e.segment(p, at)
	k := p.held[was.ID]
	delete(p.held, was.ID)
	p.load -= k.weight
	switch {
	case k.offered && is != nil && is.Status == queue.Assigned:
		g := &e.known.Gap
		g.N, g.T = g.N*(1-1./memory)+1, g.T*(1-1./memory)+float64(at-k.since)/1000
	case !k.offered && is != nil && is.Status == queue.Closed:
		e.service(k.queue).end(k.work, memory)
		t := &e.known.Together[min(n, maxTogether)]
		t.N, t.E = t.N*(1-1./memory)+1, t.E*(1-1./memory)
	}
	if is == nil || is.HeldBy() != was.HeldBy() {
		e.sort(p)
	}
}

// segment spends the time of an agent's conversations up to at, and says how
// many they are.
func (e *Estimator) segment(p *person, at queue.Stamp) int {
	n := 0
	for _, k := range p.held {
		if !k.offered {
			n++
		}
	}
	speed := e.speed(n)
	for _, id := range keys(p.held) {
		k := p.held[id]
		if k.offered {
			continue
		}
		dt := float64(at-k.since) / 1000
		if dt <= 0 {
			continue
		}
		to := k.work + dt*speed
		e.service(k.queue).spend(k.work, to)
		if z := e.rates.service[k.queue]; z != nil {
			e.known.Together[min(n, maxTogether)].E += (z.cum(to) - z.cum(k.work)) / speed
		}
		k.work, k.since = to, at
	}
	return n
}

// speed is that of each conversation of an agent who holds n.
func (e *Estimator) speed(n int) float64 {
	if n <= 1 {
		return 1
	}
	t := &e.known.Together[min(n, maxTogether)]
	return min(1.5, max(0.1, (t.N+togetherPull)/(t.E+togetherPull)))
}

func (e *Estimator) joined(t *queue.Ticket, at queue.Stamp) {
	if len(e.fresh) < maxFresh {
		e.fresh = append(e.fresh, t.ID)
	}
	q := t.Queue().String()
	key := q + "+" + strconv.FormatInt(int64(t.HeadStart), 10)
	s := e.known.Streams[key]
	if s == nil {
		if len(e.known.Streams) >= maxStreams {
			return
		}
		s = &stream{Queue: q, Head: t.HeadStart, NowT: 60, LongT: 60}
		e.known.Streams[key] = s
	}
	s.Now++
	s.Long, s.LongT = s.Long*(1-1./memory)+1, s.LongT*(1-1./memory)
	slot := slotOf(at)
	s.Day[slot]++
	if s.DayT[slot] > 14*900 { // two weeks of it
		s.Day[slot] *= 0.9
		s.DayT[slot] *= 0.9
	}
}

// rate is the arrivals per second now: what was seen lately, mixed with what the
// long run says of this time of day.
func (s *stream) rate(at queue.Stamp) float64 {
	long := s.Long / s.LongT
	slot := slotOf(at)
	const pull = 50
	base := (s.Day[slot] + pull) / (s.DayT[slot] + pull/long)
	return (s.Now + arrivalDraw) / (s.NowT + arrivalDraw/base)
}

func (e *Estimator) service(q string) *tally  { return of(e.known.Service, q) }
func (e *Estimator) patience(q string) *tally { return of(e.known.Patience, q) }

func of[T any](m map[string]*T, key string) *T {
	v := m[key]
	if v == nil {
		v = new(T)
		m[key] = v
	}
	return v
}
