package main

import (
	"fmt"

	"nextup/queue"
	"nextup/queue/sim"
)

// trial is one scenario with its gates.
type trial struct {
	name  string
	build func(seed uint64, hours float64) *sim.Scenario
	// oracle returns the mean wait by the true rates, and the variance of that mean.
	oracle func(*trialRun, sim.Arrival) (mean, noise float64)
	// perHour is about the number of delayed visitors in an hour, to size the runs.
	perHour float64
	// must and aim bound the MSE divided by the oracle's; les bounds it divided by that
	// of LES.
	must, aim, les float64
	rises          float64
	// from and to bound the arrivals (by number) that are scored; 0 is no bound.
	from, to      int
	fresh         int  // conversations that must have ended before a visitor is scored
	withModel     bool // the row of exponentialModel is printed as well
	repeats       int  // runs per seed, for trials that are short
	informational bool // not a gate
	quiet         bool // no looks between the joins, since plays have nothing to correct there
}

const handling = 300.0 // seconds, of every trial

func one(seed uint64, n int, load float64, draw, patience sim.Draw, hours float64) *sim.Scenario {
	return &sim.Scenario{
		Seed: seed, Length: queue.Millis(hours * 3.6e6),
		Queues: []sim.Demand{{Department: "support", Language: "en", PerHour: load * float64(n) * 3600 / handling, Handling: draw, Patience: patience}},
		Staff:  []sim.Staff{{Count: n, Departments: []string{"support"}, Languages: []string{"en"}, Capacity: 1}},
	}
}

var exponential = sim.Exponential(handling)

func trials() []trial {
	plain := func(name string, n int, load float64, patience sim.Draw) trial {
		return trial{
			name: name, perHour: load * float64(n) * 12 * 0.8, must: 1.08, aim: 1.03, les: .55, rises: .03, fresh: 300,
			build: func(seed uint64, hours float64) *sim.Scenario {
				return one(seed, n, load, exponential, patience, hours)
			},
			oracle: steps(patience.Mean, 1), withModel: patience.Mean == 0,
		}
	}
	light := plain("M/M/100, load 0.95", 100, .95, sim.Draw{})
	light.perHour *= .7 // fewer visitors wait
	all := []trial{
		light,
		plain("M/M/100, load 0.98", 100, .98, sim.Draw{}),
		plain("M/M/100+M, load 1.4", 100, 1.4, sim.Exponential(300)),
		plain("M/M/10+M, load 1.2", 10, 1.2, sim.Exponential(300)),
	}
	for _, scv := range []float64{1, .3} {
		t := plain(fmt.Sprintf("lognormal, scv %v", scv), 100, .97, sim.Draw{})
		draw := sim.Lognormal(handling, scv)
		t.build = func(seed uint64, hours float64) *sim.Scenario {
			return one(seed, 100, .97, draw, sim.Draw{}, hours)
		}
		t.oracle, t.withModel = played(draw, sim.Draw{}), false
		all = append(all, t)
	}
	sine := plain("sinusoidal arrivals", 100, .9, sim.Draw{})
	sine.withModel = false
	sine.perHour *= .6
	sine.build = func(seed uint64, hours float64) *sim.Scenario {
		s := one(seed, 100, .9, exponential, sim.Draw{}, hours)
		s.Queues[0].Profile = sim.Profile{Amplitude: .25, Period: 3 * 3.6e6}
		return s
	}
	languages := plain("3 languages, 20 % bilingual", 60, .97, sim.Draw{})
	languages.build, languages.oracle, languages.withModel = threeLanguages, played(exponential, sim.Draw{}), false
	vip := plain("20 % VIP", 50, .96, sim.Draw{})
	vip.withModel = false
	vip.build = func(seed uint64, hours float64) *sim.Scenario {
		s := one(seed, 50, .96, exponential, sim.Draw{}, hours)
		s.Queues[0].Classes = []sim.Class{{Name: "vip", Share: .2, HeadStart: 100 * 3.6e6}, {Name: "other", Share: .8}}
		return s
	}
	together := plain("concurrency 3", 30, .97, sim.Draw{})
	together.build = func(seed uint64, hours float64) *sim.Scenario {
		s := one(seed, 30, .97*2, exponential, sim.Draw{}, hours)
		s.Staff[0].Capacity, s.Slowdown = 3, .25 // three at two thirds of the speed
		return s
	}
	together.perHour, together.oracle, together.withModel = 30*.97*2*12*.7, steps(0, 3/1.5), false
	accepts := sim.Lognormal(20, .1)
	slow := plain("accepting takes 20 s", 60, .97, sim.Draw{})
	slow.withModel, slow.oracle = false, played(exponential, accepts)
	slow.build = func(seed uint64, hours float64) *sim.Scenario {
		s := one(seed, 60, .97*handling/(handling+accepts.Mean), exponential, sim.Draw{}, hours)
		s.Accept, s.OfferTTL = accepts, 120_000
		return s
	}
	lunch := plain("a third leaves for lunch", 60, .97, sim.Exponential(1200))
	lunch.must, lunch.les = 1.10, .75
	lunch.build = func(seed uint64, hours float64) *sim.Scenario {
		s := one(seed, 60, .97, exponential, sim.Exponential(1200), hours)
		rest := s.Staff[0]
		rest.Count, s.Staff[0].Count = 20, 40
		for day := 0.0; day < hours; day += 4 {
			rest.Shifts = append(rest.Shifts, sim.Shift{From: queue.Millis(day * 3.6e6), To: queue.Millis((day + 3) * 3.6e6)})
		}
		s.Staff = append(s.Staff, rest)
		return s
	}
	told := lunch
	told.name, told.informational = "the same lunch, shifts given", true
	told.build = func(seed uint64, hours float64) *sim.Scenario {
		s := lunch.build(seed, hours)
		s.Staff[1].Planned = true
		return s
	}
	return append(all, sine, languages, vip, together, slow, lunch, told, cold(60, 120, 1.25, 1.10), cold(120, 300, 1.08, 1.03))
}

// cold returns a start with a prior that is wrong by a factor of two: conversations
// take 600 s, and an estimator without evidence believes 300.
func cold(from, to int, must, aim float64) trial {
	const n, load, takes = 20, 1.3, 600.0
	return trial{
		name: fmt.Sprintf("cold start, arrivals %d–%d", from, to), must: must, aim: aim, rises: 1, from: from, to: to,
		build: func(seed uint64, _ float64) *sim.Scenario {
			s := one(seed, n, load, sim.Exponential(takes), sim.Exponential(takes), 2.8)
			s.Queues[0].PerHour = load * n * 3600 / takes
			return s
		},
		oracle:  steps(takes, handling/takes),
		repeats: 24_000/(to-from)/5 + 1, quiet: true,
	}
}

// threeLanguages returns a site with two unlike queues beside a large one, and agents
// who speak two of the three languages.
func threeLanguages(seed uint64, hours float64) *sim.Scenario {
	s := &sim.Scenario{Seed: seed, Length: queue.Millis(hours * 3.6e6)}
	for _, l := range []struct {
		tag  string
		rate float64
	}{{"en", 28}, {"es", 18}, {"ja", 12.2}} {
		s.Queues = append(s.Queues, sim.Demand{Department: "support", Language: l.tag, PerHour: l.rate * 3600 / handling, Handling: exponential})
	}
	for _, f := range []struct {
		count     int
		languages []string
	}{{23, []string{"en"}}, {14, []string{"es"}}, {11, []string{"ja"}}, {6, []string{"en", "es"}}, {3, []string{"en", "ja"}}, {3, []string{"es", "ja"}}} {
		s.Staff = append(s.Staff, sim.Staff{Count: f.count, Departments: []string{"support"}, Languages: f.languages, Capacity: 1})
	}
	return s
}
