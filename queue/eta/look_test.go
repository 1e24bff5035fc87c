package eta

import (
	"math"
	"math/rand/v2"
	"testing"

	"nextup/queue"
	"nextup/queue/sim"
)

// A look takes over what has not changed, and computes only the groups, lines and spans that a walk
// comes to. What visitors are told must be what a look says that computes all of it anew.
func TestALookThatTakesOverWhatItKnowsSaysTheSameAsOneThatStartsAnew(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		accept  sim.Draw
		classes []sim.Class
		idle    bool // agents leave tickets waiting
	}{
		{name: "agents take at once"},
		{name: "agents take some seconds to accept", accept: sim.Exponential(8)},
		{name: "agents look idle", idle: true},
		{name: "some have a head start", classes: []sim.Class{{Name: "plain", Share: .8}, {Name: "vip", Share: .2, HeadStart: 600_000}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(7, 7))
			s := manySkills(rng, 1_800_000)
			s.Accept, s.OfferTTL = tt.accept, 60_000
			for i := range s.Queues {
				s.Queues[i].Classes = tt.classes
			}
			e, compared := New(nil), 0
			e.SetBudget(100)
			if tt.idle {
				e.known.Pickup.addTime(0, 60, 100)
			}
			var st *queue.State
			var anew *Estimator // as of the last look
			compare := func(what string, line, position, ahead int, score queue.Stamp) {
				got, want := e.estimate(line, position, ahead, score, 0), anew.estimate(line, position, ahead, score, 0)
				if !alike(got, want) {
					t.Fatalf("%s, %d ahead: %+v, computed anew %+v", what, ahead, got, want)
				}
				if compared++; !got.Known {
					t.Fatalf("%s, %d ahead: unknown", what, ahead)
				}
			}
			_, err := sim.Run(s, sim.Hooks{
				Record: func(step queue.Step) {
					e.Observe(step)
					if anew != nil && step.Cause == queue.CauseJoined { // a visitor who joins is told of the place as of the last look
						for i := range e.model.lines { // those who have come since are in front of the next one
							anew.model.lines[i].tickets = e.model.lines[i].tickets
						}
						anew.model.waiting = e.model.waiting
						line := rng.IntN(len(s.Queues))
						compare("a join", line, 1, len(anew.model.lines[line].tickets), step.At)
					}
				},
				Joined:    func(v sim.Arrival, _ bool) { st = v.State },
				TickEvery: 10_000,
				Tick: func(now queue.Stamp) {
					if st == nil {
						return
					}
					e.look(st, now)
					anew = e.anew(st, now)
					for i := range e.model.lines {
						for k, ticket := range e.model.lines[i].tickets {
							compare("a look", i, st.Position(ticket), k, ticket.Score())
						}
					}
					e.play(st, now)
					e.rememberFresh(st, now)
				},
			})
			if err != nil || compared < 300 {
				t.Errorf("%d estimates were compared, error %v", compared, err)
			}
		})
	}
}

// manySkills is a site whose agents serve one to three of five queues, with lines that come and go.
func manySkills(rng *rand.Rand, length queue.Millis) *sim.Scenario {
	languages := []string{"en", "es", "ja", "ko", "zh"}
	s := &sim.Scenario{Seed: 3, Length: length}
	for _, l := range languages {
		s.Queues = append(s.Queues, sim.Demand{
			Department: "support", Language: l, PerHour: 60, Handling: sim.Exponential(240), Patience: sim.Exponential(900),
		})
	}
	for i := range 14 {
		some := []string{languages[i%len(languages)]}
		for _, k := range rng.Perm(len(languages))[:rng.IntN(3)] {
			if languages[k] != some[0] {
				some = append(some, languages[k])
			}
		}
		s.Staff = append(s.Staff, sim.Staff{Count: 1, Departments: []string{"support"}, Languages: some, Capacity: 1 + rng.IntN(2)})
	}
	return s
}

// anew returns an estimator with the same knowledge that takes over nothing from an earlier look, has
// computed all groups in all spans, and leaves no group out of a walk that agents link to it.
func (e *Estimator) anew(st *queue.State, now queue.Stamp) *Estimator {
	next := *e
	next.bases, next.served, next.groups = bases{}, served{}, nil
	next.rates.kernels, next.rates.queueKernels = map[kind]*kernel{}, map[string]*[maxConcurrent + 1]*kernel{}
	next.model = next.newModel(st, now)
	for i := range next.model.lines {
		next.model.streams = append(next.model.streams, overtaker{line: i}) // no visitor comes, but the groups count
	}
	for _, g := range next.model.groups {
		next.renew(next.model, g, spans-1)
	}
	return &next
}

// alike reports whether two forecasts are the same but for the order of sums.
func alike(a, b Forecast) bool {
	near := func(x, y float64) bool { return math.Abs(x-y) <= 1e-9*max(math.Abs(x), math.Abs(y)) }
	return a.Known == b.Known && near(a.center, b.center) && near(a.spread, b.spread) && near(a.Mean, b.Mean) &&
		near(a.P10, b.P10) && near(a.P25, b.P25) && near(a.P50, b.P50) && near(a.P90, b.P90)
}
