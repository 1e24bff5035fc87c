package eta

import (
	"container/heap"
	"strconv"

	"nextup/queue"
)

// play is one simulation of the site from now on.
type play struct {
	*Estimator
	st          *queue.State
	began       queue.Stamp
	now         float64 // seconds since it began
	events      eventHeap
	n           int
	records     int
	unserved    int                // tickets that stood in line at the beginning and are not served yet
	waits       map[string]float64 // of the served ones, in seconds
	watched     map[string]bool
	predictions map[string]prediction // by Rate when the play began
	arrivals    int
}

// event is something that will happen in a play.
type event struct {
	at     float64
	n      int
	ticket string
	agent  string
	kind   eventKind
	stream *stream
}

type eventKind uint8

const (
	closes eventKind = iota
	wrapsUp
	accepts
	arrives
	comes
	leaves
)

type eventHeap []event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].n < h[j].n
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(event)) }
func (h *eventHeap) Pop() any {
	last := len(*h) - 1
	out := (*h)[last]
	*h = (*h)[:last]
	return out
}

func newPlay(e *Estimator, st *queue.State, now queue.Stamp, predictions map[string]prediction) *play {
	p := &play{predictions: predictions, Estimator: e, st: st.Fork(), began: now, waits: map[string]float64{}, watched: map[string]bool{}}
	for _, a := range st.Agents() {
		for _, t := range st.Held(a.ID) {
			if t.Status == queue.Offered {
				p.schedule(event{at: p.exp() * max(e.rates.accept, 0.001), kind: accepts, ticket: t.ID, agent: a.ID})
				continue
			}
			if t.Status == queue.Closed {
				p.schedule(event{at: float64(t.EndedAt.Add(t.WrapUp)-now) / 1000, kind: wrapsUp, ticket: t.ID, agent: a.ID})
				continue
			}
			age := max(0, e.known.elapsed(t.AssignedAt, now))
			if k := e.conversation(a.ID, t.ID); k != nil {
				age = k.work + max(0, e.known.elapsed(k.since, now))
			}
			p.schedule(event{at: p.remaining(t, a, age), kind: closes, ticket: t.ID, agent: a.ID})
		}
	}
	for _, q := range st.Site().Queues() {
		st.Sweep(q, 1, st.Size(q), func(_ int, t *queue.Ticket) bool {
			if t.Status == queue.Waiting {
				p.watched[t.ID] = true
				p.unserved++
			}
			return true
		})
	}
	p.scheduleShifts()
	for _, k := range keys(e.known.Streams) {
		if s := e.known.Streams[k]; s.Head > 0 { // arrivals without a head start come behind all tickets that wait
			p.scheduleArrival(s)
		}
	}
	return p
}

// scheduleShifts schedules the agents who come and who leave, as the walk expects
// it.
func (p *play) scheduleShifts() {
	for _, id := range keys(p.st.Site().Planned) {
		planned := p.st.Site().Planned[id]
		agent := p.agents[id]
		if agent == nil || agent.Agent == nil {
			agent = expected(planned)
		}
		switch in, until, ok := p.model.shift(agent, planned); {
		case ok && in > 0:
			p.schedule(event{at: in, kind: comes, agent: id})
		case ok && until < horizon:
			p.schedule(event{at: until, kind: leaves, agent: id})
		}
	}
}

// come brings an agent whose shift begins.
func (p *play) come(id string) {
	if p.st.Agent(id) == nil {
		p.write(p.st.BindAgent(p.st.Site().Planned[id].Facts, "~"), nil)
	}
	p.write(p.st.SetStatus(id, queue.Available))
}

func (e *Estimator) conversation(agent, ticket string) *occupation {
	if p := e.agents[agent]; p != nil {
		if i, found := p.find(ticket); found && p.held[i].stage == talking {
			return &p.held[i]
		}
	}
	return nil
}

func (p *play) exp() float64 { return p.twin.rng.ExpFloat64() }

func (p *play) schedule(h event) {
	p.n++
	h.n = p.n
	heap.Push(&p.events, h)
}

// remaining draws the time that is left of a conversation.
func (p *play) remaining(t *queue.Ticket, a *queue.Agent, age float64) float64 {
	z := p.rates.service[t.Queue().String()]
	if z == nil {
		z = constant(1. / priorMean)
	}
	return (z.ageAt(z.cumulative(age)+p.exp()) - age) / p.known.speed(min(a.Capacity, maxConcurrent))
}

// scheduleArrival schedules the next arrival of a stream.
func (p *play) scheduleArrival(s *stream) {
	if rate := s.rate(p.began); rate > 0 {
		p.schedule(event{at: p.now + p.exp()/rate, kind: arrives, stream: s})
	}
}

// write applies a change to the state of the play.
func (p *play) write(c queue.Change, err error) {
	if err == nil && !c.Empty() {
		p.st.Play(c, p.stamp())
		p.records++
	}
}

func (p *play) stamp() queue.Stamp { return p.began + queue.Stamp(p.now*1000) }

// run continues the play until every ticket that stood in line is served or the
// budget is used up, and returns the number of records that it took. Patience is
// not played: a visitor who leaves would tell nothing about their own wait.
// Visitors ahead who leave make room for the others, so each ticket is dropped,
// when its turn comes, with the probability that its visitor has left by then.
func (p *play) run(budget int) int {
	p.records = 0
	p.dispatch()
	for p.unserved > 0 && p.events.Len() > 0 && p.records < budget && p.now < horizon {
		h := heap.Pop(&p.events).(event)
		p.now = h.at
		switch h.kind {
		case closes:
			p.write(p.st.Close(h.agent, h.ticket))
			if t := p.st.Ticket(h.ticket); t.WrapUp > 0 {
				p.schedule(event{at: p.now + float64(t.WrapUp)/1000, kind: wrapsUp, ticket: t.ID, agent: h.agent})
			}
		case wrapsUp:
			p.write(p.st.Finish(h.agent, h.ticket))
		case accepts:
			p.accept(h)
		case arrives:
			p.arrive(h.stream)
		case comes:
			p.come(h.agent)
		case leaves:
			p.write(p.st.SetStatus(h.agent, queue.Away))
		}
		p.dispatch()
	}
	return p.records
}

func (p *play) arrive(s *stream) {
	defer p.scheduleArrival(s)
	for _, q := range p.st.Site().Queues() {
		if q.String() == s.Queue {
			p.arrivals++
			id := "~" + strconv.Itoa(p.arrivals)
			p.write(p.st.Join(queue.JoinRequest{Ticket: id, Visitor: id, Department: q.Department, Languages: []string{q.Language}, HeadStart: s.Head, Node: "~"}))
		}
	}
}

// soonAccepted is the mean time to accept an offer, in seconds, below which a play
// accepts offers at once.
const soonAccepted = 0.05

// maxOffers bounds the offers of one Match.
const maxOffers = 256

// dispatch offers tickets until nothing more can be offered: Match leaves something
// only where there was too much for one call, or where the visitor of an offered
// ticket had left.
func (p *play) dispatch() {
	for again := true; again; {
		offers := p.st.Match(p.stamp(), maxOffers)
		again = len(offers) == maxOffers
		for _, c := range offers {
			t := c.Writes[0].Image.(*queue.Ticket)
			p.write(c, nil)
			if left := p.offered(p.st.Ticket(t.ID)); left {
				again = true
			}
		}
	}
}

// offered handles a ticket that an agent was found for. It reports whether its
// visitor had left by then.
func (p *play) offered(t *queue.Ticket) (left bool) {
	if p.watched[t.ID] {
		p.waits[t.ID] = p.now + p.rates.accept
		p.unserved--
		delete(p.watched, t.ID)
	}
	waited := p.now
	if t.JoinedAt > p.began {
		waited -= float64(t.JoinedAt-p.began) / 1000
	}
	if p.exp() < waited*p.rates.patience[t.Queue().String()] {
		p.write(p.st.Leave(t.Visitor, t.ID)) // the place is for the next
		return true
	}
	if t.Status == queue.Assigned { // without asking
		p.schedule(event{at: p.now + p.remaining(t, p.st.Agent(t.Agent), 0), kind: closes, ticket: t.ID, agent: t.Agent})
		return false
	}
	if g := p.rates.accept; g > soonAccepted {
		p.schedule(event{at: p.now + p.exp()*g, kind: accepts, ticket: t.ID, agent: t.Offer.Agent})
		return false
	}
	p.accept(event{ticket: t.ID, agent: t.Offer.Agent})
	return false
}

func (p *play) accept(h event) {
	t := p.st.Ticket(h.ticket)
	if t == nil || t.Status != queue.Offered {
		return
	}
	p.write(p.st.Accept(h.agent, t.Offer.ID))
	p.schedule(event{at: p.now + p.remaining(t, p.st.Agent(h.agent), 0), kind: closes, ticket: t.ID, agent: h.agent})
}
