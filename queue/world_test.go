package queue

import (
	"fmt"
	"slices"
	"testing"
)

// world is the smallest store there can be: it compares versions and assigns.
// Tests of the rules play on it with a clock of their own.
type world struct {
	tb
	*State
	now    Stamp
	number uint64
	steps  []Step
	saw    func(Step) // hears of every step, if set
}

// tb is what a test and a random one have in common.
type tb interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func demoSite() *Site {
	return &Site{
		ID: "demo",
		Departments: []Department{
			{ID: "support", Languages: []string{"en", "zh", "es"}, QueueLimit: 1000, OfferTTL: 20_000},
			{ID: "trading", Languages: []string{"en", "zh"}, QueueLimit: 1000, OfferTTL: 20_000},
		},
		VisitorGrace: 60_000, AgentGrace: 20_000, AssignedGrace: 600_000, Retention: 86_400_000,
	}
}

func newWorld(t *testing.T) *world {
	return &world{tb: t, State: NewState(demoSite()), now: 1_000_000}
}

// version is what the store holds for an entity.
func (w *world) version(name string) string {
	k, id := kindOf(name)
	if i := k.find(w.State, id); i != nil {
		return i.revision().Version
	}
	return ""
}

// commit applies a change through the codec if its versions hold.
func (w *world) commit(c Change) bool {
	w.Helper()
	if c.Empty() || c.NotBefore != 0 && w.now < c.NotBefore || c.NotAfter != 0 && w.now > c.NotAfter {
		return false
	}
	for _, r := range c.Reads {
		if w.version(r.Name) != r.Version {
			return false
		}
	}
	w.number++
	step := w.Apply(decoded(w, w.number, c.ID, w.now, encoded(w, c)))
	w.steps = append(w.steps, step)
	for _, ts := range step.Tickets { // as the state has them, not as the decider saw them
		if !Legal(c.Cause, ts.Before, ts.After) {
			w.Errorf("%s brings %+v to %+v", c.Cause, ts.Before, ts.After)
		}
	}
	if w.saw != nil {
		w.saw(step)
	}
	return true
}

// encoded returns the data of a change's record, as the log keeps it.
func encoded(t tb, c Change) []byte {
	t.Helper()
	bodies := make([][]byte, len(c.Writes))
	var err error
	for i, w := range c.Writes {
		if w.Image == nil {
			continue
		}
		if bodies[i], err = EncodeImage(w.Image); err != nil {
			t.Fatal(err)
		}
	}
	data, err := EncodeRecord(&c, bodies)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// decoded returns the record that the log keeps as the data.
func decoded(t tb, number uint64, id string, at Stamp, data []byte) Record {
	t.Helper()
	r, err := DecodeRecord(number, id, at, data)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// must commits what a decider returned without error.
func (w *world) must(c Change, err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
	if !w.commit(c) {
		w.Fatalf("%s: refused or empty", c.Cause)
	}
}

// join puts a visitor in line and returns the ticket's id.
func (w *world) join(visitor, department, lang string, more ...func(*JoinRequest)) string {
	w.Helper()
	r := JoinRequest{Ticket: "t-" + visitor + fmt.Sprint(w.number), Visitor: visitor, Department: department, Languages: []string{lang}, Node: "n1"}
	for _, m := range more {
		m(&r)
	}
	w.must(w.Join(r))
	w.now += 1000
	return r.Ticket
}

// agent brings an available agent.
func (w *world) agent(id string, capacity int, langs ...string) {
	w.Helper()
	f := AgentFacts{ID: id, Name: id, Languages: Fluent(langs...), Departments: []string{"support", "trading"}, Capacity: capacity}
	w.must(w.BindAgent(f, "n1"), nil)
	w.must(w.SetStatus(id, Available))
	w.now += 1000
}

// dispatch commits what the dispatcher proposes until nothing comes, and
// returns the offers made as "ticket→agent" in order.
func (w *world) dispatch() []string {
	w.Helper()
	var offers []string
	for range 1000 {
		due := slices.Concat(Dispatcher{}.Propose(w.State, w.now)...)
		if len(due) == 0 {
			return offers
		}
		refused := 0
		for _, c := range due {
			if !w.commit(c) { // two of a batch may want the same ticket
				refused++
				continue
			}
			if c.Cause == CauseOffered {
				t := w.steps[len(w.steps)-1].Tickets[0].After
				offers = append(offers, t.Visitor+"→"+t.Offer.Agent)
			}
		}
		if refused == len(due) {
			w.Fatalf("the dispatcher's own proposals were all refused, the first: %s", due[0].Cause)
		}
	}
	w.Fatal("the dispatcher never comes to rest")
	return nil
}

// accept lets the agent take every offer.
func (w *world) accept(agent string) {
	w.Helper()
	for _, t := range w.Held(agent) {
		if t.Status == Offered {
			w.must(w.Accept(agent, t.Offer.ID))
		}
	}
}

func (w *world) positions(q QueueID) []string {
	var all []string
	w.Sweep(q, 1, w.Size(q), func(_ int, t *Ticket) bool { all = append(all, t.Visitor); return true })
	return all
}
