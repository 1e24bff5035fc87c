package sim

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"nextup/queue"
)

const hour = 3_600_000

// single is one queue with n agents of one place each.
func single(seed uint64, n int, perHour float64, handling, patience Draw, hours int) *Scenario {
	return &Scenario{
		Seed:   seed,
		Queues: []Demand{{Department: "support", Language: "en", PerHour: perHour, Handling: handling, Patience: patience}},
		Staff:  []Staff{{Count: n, Departments: []string{"support"}, Languages: []string{"en"}, Capacity: 1}},
		Length: queue.Millis(hours * hour), Warmup: 2 * hour,
	}
}

// measure is what a result is asked for, and what a formula says of it.
type measure struct {
	name string
	of   func(*Result) float64
	want float64
}

// agree runs a scenario with several seeds and compares each measure's mean with its
// formula: it must lie in the 99.9 % interval (Student's t with 9 degrees of freedom).
func agree(t *testing.T, scenario func(seed uint64) *Scenario, measures ...measure) {
	t.Helper()
	const n, student = 10, 4.78
	sums, squares := make([]float64, len(measures)), make([]float64, len(measures))
	for seed := range uint64(n) {
		r, err := Run(scenario(seed+1), Hooks{})
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range measures {
			x := m.of(r)
			sums[i], squares[i] = sums[i]+x, squares[i]+x*x
		}
	}
	for i, m := range measures {
		mean := sums[i] / n
		half := student * math.Sqrt(max(0, squares[i]-sums[i]*mean)/(n-1)/n)
		if math.Abs(mean-m.want) > half || half > 0.6*m.want+0.02 {
			t.Errorf("%s: simulated %.4f ± %.4f, the formula says %.4f", m.name, mean, half, m.want)
		}
	}
}

func TestTheSimulatorAgreesWithErlangC(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		n    int
		load float64
	}{{1, 0.6}, {10, 8}} {
		t.Run(fmt.Sprintf("%d agents, %.1f Erlang", tt.n, tt.load), func(t *testing.T) {
			agree(t, func(seed uint64) *Scenario {
				return single(seed, tt.n, tt.load*3600/300, Exponential(300), Draw{}, 400/tt.n+30)
			},
				measure{"chance to wait", func(r *Result) float64 { return r.All().Delayed() }, ErlangC(tt.n, tt.load)},
				measure{"mean wait", func(r *Result) float64 { return r.All().Mean() }, ErlangCWait(tt.n, tt.load, 300)},
				measure{"served within 20 s", func(r *Result) float64 { return r.All().Within(20) }, ErlangCLevel(tt.n, tt.load, 300, 20)},
				measure{"occupancy", func(r *Result) float64 { return r.Occupancy[0] }, tt.load / float64(tt.n)})
		})
	}
}

func TestTheSimulatorAgreesWithErlangA(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		n              int
		load, patience float64
	}{{10, 12, 300}, {20, 18, 120}, {5, 2, 600}} {
		t.Run(fmt.Sprintf("%d agents, %.0f Erlang", tt.n, tt.load), func(t *testing.T) {
			want := ErlangA(tt.n, tt.load/300, 300, tt.patience)
			agree(t, func(seed uint64) *Scenario {
				return single(seed, tt.n, tt.load*3600/300, Exponential(300), Exponential(tt.patience), 200/tt.n+20)
			},
				measure{"share who leave", func(r *Result) float64 { g := r.All(); return float64(g.Left) / float64(g.Served+g.Left) }, want.Abandoned},
				measure{"mean time in line", func(r *Result) float64 { return r.All().Line() }, want.Wait},
				measure{"chance to wait", func(r *Result) float64 { return r.All().Delayed() }, want.Delayed})
		})
	}
}

func TestErlangFormulasGiveTextbookValues(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		got, want float64
	}{
		{"B(10, 5)", ErlangB(10, 5), 0.018385},
		{"C(1, 0.6) is the load", ErlangC(1, 0.6), 0.6},
		{"C(2, 1) is 1/3", ErlangC(2, 1), 1.0 / 3},
		{"C overloaded", ErlangC(3, 3), 1},
		{"A with patience beyond all is C", ErlangA(10, 8.0/300, 300, 1e9).Delayed, ErlangC(10, 8)},
		// With θ = μ the number in the system is Poisson(load) whatever n.
		{"A with patience like handling", ErlangA(3, 4.0/300, 300, 300).Delayed, 1 - math.Exp(-4)*(1+4+8)},
	} {
		if math.Abs(tt.got-tt.want) > 1e-4 {
			t.Errorf("%s = %.6f, want %.6f", tt.name, tt.got, tt.want)
		}
	}
}

// Kingman's heavy traffic result in its exact M/G/1 form: the mean wait of
// Pollaczek and Khinchine tells a wrong variance at once.
func TestLognormalHandlingGivesPollaczekKhinchine(t *testing.T) {
	t.Parallel()
	const load, mean, scv = 0.7, 60.0, 0.3
	agree(t, func(seed uint64) *Scenario {
		return single(seed, 1, load*60, Lognormal(mean, scv), Draw{}, 150)
	}, measure{"mean wait", func(r *Result) float64 { return r.All().Mean() }, load * mean * (1 + scv) / 2 / (1 - load)})
}

func TestAVisitorWhoLeftHasAPotentialWait(t *testing.T) {
	t.Parallel()
	s := single(1, 1, 60, Lognormal(60, 1e-9), Draw{}, 4)
	s.Warmup = 0
	patient := map[string]float64{}
	if _, err := Run(s, Hooks{Outcome: func(o Outcome) { patient[o.Ticket] = o.Wait }}); err != nil {
		t.Fatal(err)
	}
	// The same arrivals; each visitor is impatient, and every person's wait is at
	// most what it was with no person leaving ahead.
	s.Queues[0].Patience = Exponential(600)
	left := 0
	_, err := Run(s, Hooks{Outcome: func(o Outcome) {
		if o.Served {
			return
		}
		left++
		if o.Wait < o.Patience {
			t.Errorf("%s left after %.0f ms and would have been served after %.0f", o.Ticket, o.Patience, o.Wait)
		}
	}})
	if err != nil || left == 0 {
		t.Fatalf("nobody left (%v)", err)
	}
}

func TestPotentialWaitsAgreeWithTheTheory(t *testing.T) {
	t.Parallel()
	// Who meets k ahead in M/M/n+M waits Σ 1/(nμ+jθ), j = 0..k (Whitt 1999).
	const n, mu, theta = 5, 1.0 / 300, 1.0 / 200
	sums, counts := map[int]float64{}, map[int]float64{}
	ahead := map[string]int{}
	s := single(3, n, 7*12, Exponential(1/mu), Exponential(1/theta), 300)
	_, err := Run(s, Hooks{
		Joined: func(v Arrival, delayed bool) {
			if delayed {
				ahead[v.Ticket.ID] = v.State.Position(v.Ticket) - 1
			}
		},
		Outcome: func(o Outcome) {
			if k, ok := ahead[o.Ticket]; ok {
				sums[k] += o.Wait / 1000
				counts[k]++
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for k := range 5 {
		want := 0.0
		for j := range k + 1 {
			want += 1 / (n*mu + float64(j)*theta)
		}
		if got := sums[k] / counts[k]; counts[k] < 500 || math.Abs(got-want)/want > 0.06 {
			t.Errorf("%d ahead: %.1f s on average of %.0f, want %.1f", k, got, counts[k], want)
		}
	}
}

func TestARunIsTheSameForASeed(t *testing.T) {
	t.Parallel()
	s := &Scenario{
		Seed: 7,
		Queues: []Demand{
			{Department: "support", Language: "en", PerHour: 100, Handling: Lognormal(200, 1), Patience: Exponential(300), Classes: []Class{{"vip", 0.2, 600_000}, {"", 0.8, 0}}},
			{Department: "support", Language: "es", PerHour: 60, Handling: Exponential(200), Patience: Exponential(300), Profile: Profile{Amplitude: 0.5, Period: hour}},
		},
		Staff: []Staff{
			{Count: 2, Departments: []string{"support"}, Languages: []string{"en"}, Capacity: 2},
			{Count: 2, Departments: []string{"support"}, Languages: []string{"en", "es"}, Capacity: 2, Shifts: []Shift{{0, 3 * hour}, {4 * hour, 8 * hour}}},
		},
		Accept: Lognormal(8, 2), Slowdown: 0.3, Length: 8 * hour,
	}
	var first string
	for i := range 3 {
		number := uint64(0)
		r, err := Run(s, Hooks{Record: func(step queue.Step) { number = step.Number }})
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(number, r.Occupancy, r.All().Waits)
		if i == 0 {
			first = got
		} else if got != first {
			t.Fatal("two runs of one seed differ")
		}
	}
}

func TestCapacityHoldsAndNobodyWaitsBesideRoom(t *testing.T) {
	t.Parallel()
	s := single(5, 6, 6*12*3, Exponential(300), Draw{}, 30)
	s.Staff[0].Capacity, s.Slowdown, s.Staff[0].Shifts = 3, 0.2, []Shift{{hour, 20 * hour}}
	looked := 0
	var st *queue.State
	_, err := Run(s, Hooks{
		Joined:    func(v Arrival, _ bool) { st = v.State },
		TickEvery: 60_000,
		Tick: func(now queue.Stamp) {
			if st == nil {
				return
			}
			q := queue.QueueID{Department: "support", Language: "en"}
			looked++
			if st.Size(q) > 0 && st.AgentsWithRoom(q) > 0 {
				t.Errorf("at %d: %d wait beside %d agents with room", now, st.Size(q), st.AgentsWithRoom(q))
			}
			for _, a := range st.Agents() {
				if st.Load(a.ID) > a.Capacity {
					t.Errorf("%s holds %d of %d", a.ID, st.Load(a.ID), a.Capacity)
				}
			}
		},
	})
	if err != nil || looked < 1000 {
		t.Fatal(err, looked)
	}
}

func TestAScenarioThatCannotBeIsRefusedWithAllReasons(t *testing.T) {
	t.Parallel()
	s := &Scenario{Queues: []Demand{{Department: "support", PerHour: -1}}, Staff: []Staff{{Count: -1}}}
	err := s.Check()
	for _, want := range []string{"length_ms", "per_hour", "handling", "staff[0]", "language"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not speak of %s", err, want)
		}
	}
}

// One op is one visitor, from the join to the end, among 100 agents.
func BenchmarkTickets(b *testing.B) {
	s := single(1, 100, 0.95*100*12, Exponential(300), Draw{}, 1)
	s.Length, s.Warmup = queue.Millis(float64(b.N)/(0.95*100*12)*hour)+1, 0
	b.ReportAllocs()
	r, err := Run(s, Hooks{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(r.Joins)/b.Elapsed().Seconds(), "tickets/s")
}
