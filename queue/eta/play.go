package eta

import (
	"container/heap"
	"strconv"

	"nextup/queue"
)

// play is one run of the site from now on.
type play struct {
	*Estimator
	st       *queue.State
	began    queue.Stamp
	now      float64 // seconds since it began
	events   happenings
	n        int
	records  int
	unserved int                // of those who stood in line, not served yet
	waits    map[string]float64 // of those, in seconds
	watched  map[string]bool
	said     map[string]said // by Rate when it began
	arrivals int
}

// happening is something that will happen in a play.
type happening struct {
	at     float64
	n      int
	ticket string
	agent  string
	kind   happens
	stream *stream
}

type happens uint8

const (
	closes happens = iota
	wrapsUp
	accepts
	arrives
	comes
	leaves
)

type happenings []happening

func (h happenings) Len() int { return len(h) }
func (h happenings) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].n < h[j].n
}
func (h happenings) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *happenings) Push(x any)   { *h = append(*h, x.(happening)) }
func (h *happenings) Pop() any {
	last := len(*h) - 1
	out := (*h)[last]
	*h = (*h)[:last]
	return out
}

func newPlay(e *Estimator, st *queue.State, now queue.Stamp, said map[string]said) *play {
	p := &play{said: said, Estimator: e, st: st.Fork(), began: now, waits: map[string]float64{}, watched: map[string]bool{}}
	for _, a := range st.Agents() {
		for _, t := range st.Held(a.ID) {
			if t.Status == queue.Offered {
				p.plan(happening{at: p.exp() * max(e.rates.accept, 0.001), kind: accepts, ticket: t.ID, agent: a.ID})
				continue
			}
			if t.Status == queue.Closed {
				p.plan(happening{at: float64(t.EndedAt.Add(t.WrapUp)-now) / 1000, kind: wrapsUp, ticket: t.ID, agent: a.ID})
				continue
			}
			age := max(0, e.known.elapsed(t.AssignedAt, now))
			if k := e.talk(a.ID, t.ID); k != nil {
				age = k.work + max(0, e.known.elapsed(k.since, now))
			}
			p.plan(happening{at: p.rest(t, a, age), kind: closes, ticket: t.ID, agent: a.ID})
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
	p.planShifts()
	for _, k := range keys(e.known.Streams) {
		if s := e.known.Streams[k]; s.Head > 0 { // others come behind all who wait
			p.next(s)
		}
	}
	return p
}

// planShifts plans who comes and who leaves, as the walk expects it.
func (p *play) planShifts() {
	for _, id := range keys(p.st.Site().Planned) {
		planned := p.st.Site().Planned[id]
		who := p.people[id]
		if who == nil || who.Agent == nil {
			who = expected(planned)
		}
		switch in, until, ok := p.model.shift(who, planned); {
		case ok && in > 0:
			p.plan(happening{at: in, kind: comes, agent: id})
		case ok && until < never:
			p.plan(happening{at: until, kind: leaves, agent: id})
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

func (e *Estimator) talk(agent, ticket string) *talk {
	if p := e.people[agent]; p != nil && p.held[ticket] != nil && p.held[ticket].stage == talking {
		return p.held[ticket]
	}
	return nil
}

func (p *play) exp() float64 { return p.twin.rng.ExpFloat64() }

func (p *play) plan(h happening) {
	p.n++
	h.n = p.n
	heap.Push(&p.events, h)
}

// rest draws what is left of a conversation.
func (p *play) rest(t *queue.Ticket, a *queue.Agent, age float64) float64 {
	z := p.rates.service[t.Queue().String()]
	if z == nil {
		z = constant(1. / priorMean)
	}
	return (z.at(z.cum(age)+p.exp()) - age) / p.known.speed(min(a.Capacity, maxTogether))
}

// next plans the next arrival of a stream.
func (p *play) next(s *stream) {
	if rate := s.rate(p.began); rate > 0 {
		p.plan(happening{at: p.now + p.exp()/rate, kind: arrives, stream: s})
	}
}

// write plays a change.
func (p *play) write(c queue.Change, err error) {
	if err == nil && !c.Empty() {
		p.st.Play(c, p.stamp())
		p.records++
	}
}

func (p *play) stamp() queue.Stamp { return p.began + queue.Stamp(p.now*1000) }

// run plays on until everybody who stood in line is served or the budget is used
// up, and says how many records it took. Patience is not played: somebody who
// leaves would tell nothing of their own wait. Those ahead who leave make room
// for the others, so each is dropped, when their turn comes, with the chance that
// they have left by then.
func (p *play) run(budget int) int {
	p.records = 0
	p.dispatch()
	for p.unserved > 0 && p.events.Len() > 0 && p.records < budget && p.now < never {
		h := heap.Pop(&p.events).(happening)
		p.now = h.at
		switch h.kind {
		case closes:
			p.write(p.st.Close(h.agent, h.ticket))
			if t := p.st.Ticket(h.ticket); t.WrapUp > 0 {
				p.plan(happening{at: p.now + float64(t.WrapUp)/1000, kind: wrapsUp, ticket: t.ID, agent: h.agent})
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
	defer p.next(s)
	for _, q := range p.st.Site().Queues() {
		if q.String() == s.Queue {
			p.arrivals++
			id := "~" + strconv.Itoa(p.arrivals)
			p.write(p.st.Join(queue.JoinRequest{Ticket: id, Visitor: id, Department: q.Department, Languages: []string{q.Language}, HeadStart: s.Head, Node: "~"}))
		}
	}
}

// soonAccepted is the mean time in seconds to accept an offer below which it is
// accepted at once.
const soonAccepted = 0.05

// maxOffers bounds the offers of one match.
const maxOffers = 256

// dispatch offers until nothing more can be offered: a match leaves something
// only where there was too much for one, or where somebody offered had left.
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

// offered is a ticket that an agent was found for. It says whether its visitor
// had left by then.
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
		p.write(p.st.Leave(t.Visitor, t.ID)) // they have left; their place is for the next
		return true
	}
	if t.Status == queue.Assigned { // without asking
		p.plan(happening{at: p.now + p.rest(t, p.st.Agent(t.Agent), 0), kind: closes, ticket: t.ID, agent: t.Agent})
		return false
	}
	if g := p.rates.accept; g > soonAccepted {
		p.plan(happening{at: p.now + p.exp()*g, kind: accepts, ticket: t.ID, agent: t.Offer.Agent})
		return false
	}
	p.accept(happening{ticket: t.ID, agent: t.Offer.Agent})
	return false
}

func (p *play) accept(h happening) {
	t := p.st.Ticket(h.ticket)
	if t == nil || t.Status != queue.Offered {
		return
	}
	p.write(p.st.Accept(h.agent, t.Offer.ID))
	p.plan(happening{at: p.now + p.rest(t, p.st.Agent(h.agent), 0), kind: closes, ticket: t.ID, agent: h.agent})
}
