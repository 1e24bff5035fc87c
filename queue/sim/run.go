package sim

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"nextup/queue"
)

// Hooks observe a run. Each may be nil. They must not change the state.
type Hooks struct {
	// Record is called with every record, after the state has it.
	Record func(step queue.Step)
	// Joined is called when a visitor has joined and before the next match. delayed is
	// true if no agent has room for them.
	Joined func(v Arrival, delayed bool)
	// Outcome is called with the end of a visitor's wait; for one who left, once their
	// potential wait is known.
	Outcome func(Outcome)
	// Tick is called at every TickEvery of the clock.
	Tick      func(now queue.Stamp)
	TickEvery queue.Millis
}

// Arrival is a visitor who has just joined.
type Arrival struct {
	State  *queue.State
	Ticket *queue.Ticket
	Now    queue.Stamp
	Class  string
	Demand int
}

// Outcome is the end of a wait.
type Outcome struct {
	Ticket string
	Queue  queue.QueueID
	Class  string
	Joined queue.Stamp
	// Wait is the time until an agent accepted, in milliseconds; for a visitor who
	// left, the potential wait.
	Wait   float64
	Served bool
	// Patience is how long a visitor who left had waited.
	Patience float64
}

// Run runs the scenario to its end.
func Run(s *Scenario, h Hooks) (*Result, error) { return RunWith(s, nil, h) }

// RunWith runs the scenario with another rule for choosing the agent of a ticket; nil
// is the product's.
func RunWith(s *Scenario, rule Rule, h Hooks) (*Result, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	r := newRun(s, h)
	r.rule = rule
	for len(r.heap) > 0 && r.heap[0].at <= float64(s.Length) {
		e := r.pop()
		r.handle(&e)
	}
	r.now = float64(s.Length)
	return r.result.finish(r), nil
}

// run is the state of one run.
type run struct {
	*Scenario
	clock
	hooks     Hooks
	st        *queue.State
	rule      Rule
	turns     map[string]int // tickets by agent, for a Rule
	rng       []*rand.Rand   // one per demand
	acceptRNG *rand.Rand
	agents    []*agent
	byID      map[string]*agent
	open      map[string]*visitor
	departed  departed
	// room is the free capacity of the agents on shift, waiting the number of tickets
	// that are not offered: without both there is nothing to match.
	room, waiting int
	steps         int
	result        *Result
}

// agent is one simulated agent.
type agent struct {
	id     string
	index  int
	staff  int
	on     bool
	cap    int
	load   int // places taken, offered ones included
	active []*visitor
	queues []queue.QueueID
	since  float64 // of load, for occupancy
}

// visitor is one simulated visitor with an open ticket.
type visitor struct {
	ticket string
	id     string
	demand int
	class  int
	joined float64
	left   float64 // work not done yet, in milliseconds at full speed
	at     float64 // the time for which left is valid
	mark   int
	agent  *agent
	served bool
}

func newRun(s *Scenario, h Hooks) *run {
	r := &run{Scenario: s, hooks: h, st: queue.NewState(s.site()), byID: map[string]*agent{}, open: map[string]*visitor{}, turns: map[string]int{}}
	r.result = newResult(s)
	r.acceptRNG = rand.New(rand.NewPCG(s.Seed, 1<<32))
	for i := range s.Queues {
		r.rng = append(r.rng, rand.New(rand.NewPCG(s.Seed, uint64(i)+1)))
	}
	for i, f := range s.Staff {
		for range f.Count {
			r.hire(i, f)
		}
	}
	for i := range s.Queues {
		r.nextArrival(i)
	}
	if h.Tick != nil && h.TickEvery > 0 {
		r.push(event{at: float64(h.TickEvery), kind: tick})
	}
	return r
}

// hire adds an agent and schedules their shifts.
func (r *run) hire(staff int, f Staff) {
	facts := f.facts(len(r.agents))
	a := &agent{id: facts.ID, index: len(r.agents), staff: staff, cap: f.Capacity}
	for i := range r.Queues {
		q := r.Queues[i].Queue()
		if (&queue.Agent{Departments: f.Departments, Languages: facts.Languages}).Serves(q) {
			a.queues = append(a.queues, q)
		}
	}
	r.agents = append(r.agents, a)
	r.byID[a.id] = a
	r.apply(r.st.BindAgent(facts, "simulated"))
	i := len(r.agents) - 1
	if len(f.Shifts) == 0 {
		r.push(event{kind: shiftBegins, i: i})
	}
	for _, sh := range f.Shifts {
		r.push(event{at: float64(sh.From), kind: shiftBegins, i: i})
		r.push(event{at: float64(sh.To), kind: shiftEnds, i: i})
	}
}

// apply applies a change and passes it to the hook.
func (r *run) apply(c queue.Change) {
	if c.Empty() {
		return
	}
	step := r.st.Play(c, r.stamp())
	r.steps++
	if r.hooks.Record != nil {
		r.hooks.Record(step)
	}
}

// must applies a decision that cannot fail here: an error would be a fault of the
// simulator.
func (r *run) must(c queue.Change, err error) {
	if err != nil {
		panic(fmt.Sprintf("sim: at %d: %v", r.stamp(), err))
	}
	r.apply(c)
}

func (r *run) handle(e *event) {
	v := e.visitor
	if v != nil && e.mark != v.mark {
		return
	}
	switch e.kind {
	case arrival:
		r.arrive(e.i)
	case patienceEnds:
		if !v.served {
			r.leave(v)
		}
	case accepted:
		r.accept(v)
	case offerEnds:
		r.lapse(v)
	case finished:
		r.finish(v)
	case shiftBegins:
		r.shift(r.agents[e.i], true)
	case shiftEnds:
		r.shift(r.agents[e.i], false)
	case tick:
		r.hooks.Tick(r.stamp())
		r.push(event{at: r.now + float64(r.hooks.TickEvery), kind: tick})
	}
	r.dispatch()
}

// nextArrival schedules the next visitor of a demand by thinning (Lewis and Shedler
// 1979): candidates come at the peak rate, and each is taken with the probability
// rate ÷ peak.
func (r *run) nextArrival(i int) {
	d, rng := &r.Queues[i], r.rng[i]
	peak := d.Profile.peak()
	if d.PerHour <= 0 || peak <= 0 {
		return
	}
	at := r.now
	for {
		at += rng.ExpFloat64() * 3.6e6 / (d.PerHour * peak)
		if at > float64(r.Length) {
			return
		}
		if f := d.Profile.at(at); f >= peak || rng.Float64()*peak < f {
			r.push(event{at: at, kind: arrival, i: i})
			return
		}
	}
}

func (r *run) arrive(i int) {
	d, rng := &r.Queues[i], r.rng[i]
	n := strconv.Itoa(r.result.Joins)
	v := &visitor{ticket: "t" + n, id: "v" + n, demand: i, class: d.pick(rng.Float64()), joined: r.now}
	v.left = d.Handling.Next(rng)
	patience := d.Patience.Next(rng)
	req := queue.JoinRequest{Ticket: v.ticket, Visitor: v.id, Department: d.Department, Languages: []string{d.Language}, Node: "simulated"}
	if len(d.Classes) > 0 {
		req.HeadStart, req.VisitorTier = d.Classes[v.class].HeadStart, d.Classes[v.class].Name
	}
	r.result.Joins++
	r.open[v.ticket] = v
	r.waiting++
	delayed := r.hooks.Joined != nil && !r.hasRoom(d.Queue())
	r.must(r.st.Join(req))
	if d.Patience.Mean > 0 {
		r.push(event{at: r.now + patience, kind: patienceEnds, visitor: v})
	}
	if r.hooks.Joined != nil {
		r.hooks.Joined(Arrival{State: r.st, Ticket: r.st.Ticket(v.ticket), Now: r.stamp(), Class: r.className(v), Demand: i}, delayed)
	}
	r.nextArrival(i)
}

// hasRoom reports whether a visitor who joins the queue now is offered at once.
func (r *run) hasRoom(q queue.QueueID) bool {
	return r.room > 0 && r.st.AgentsWithRoom(q) > 0
}

// pick returns the index of a class by a number from 0 to 1.
func (d *Demand) pick(u float64) int {
	total := 0.0
	for _, c := range d.Classes {
		total += c.Share
	}
	u *= total
	for i, c := range d.Classes {
		if u -= c.Share; u < 0 {
			return i
		}
	}
	return max(0, len(d.Classes)-1)
}

func (r *run) className(v *visitor) string {
	if d := &r.Queues[v.demand]; len(d.Classes) > 0 {
		return d.Classes[v.class].Name
	}
	return ""
}
