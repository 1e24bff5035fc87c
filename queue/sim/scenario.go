package sim

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"nextup/queue"
)

// Scenario describes the visitors and the agents of a run. Times are in milliseconds
// of the virtual clock, which begins at Start.
type Scenario struct {
	Seed   uint64   `yaml:"seed"`
	Queues []Demand `yaml:"queues"`
	Staff  []Staff  `yaml:"staff"`
	// Accept is how long an agent takes to accept an offer; zero is at once. An offer
	// that is not accepted within OfferTTL lapses.
	Accept   Draw         `yaml:"accept"`
	OfferTTL queue.Millis `yaml:"offer_ttl_ms"`
	// Slowdown is how much longer each conversation takes for every further one
	// that its agent holds: with 0.5 and three held, each runs at half speed.
	Slowdown float64 `yaml:"slowdown"`
	// Length ends the run.
	Length queue.Millis `yaml:"length_ms"`
	// Warmup is the time at the start that is not measured.
	Warmup queue.Millis `yaml:"warmup_ms"`
}

// Demand describes the visitors of one queue.
type Demand struct {
	Department string `yaml:"department"`
	Language   string `yaml:"language"`
	// PerHour is the mean number of visitors who join in an hour, before Profile.
	PerHour float64 `yaml:"per_hour"`
	// Profile scales PerHour over time.
	Profile Profile `yaml:"profile"`
	// Handling is the time from accept to close.
	Handling Draw `yaml:"handling"`
	// Patience is how long a visitor waits before leaving; zero is for ever.
	Patience Draw `yaml:"patience"`
	// Classes split the visitors by head start; none means one class without any.
	Classes []Class `yaml:"classes"`
}

// Queue returns the demand's queue.
func (d *Demand) Queue() queue.QueueID {
	return queue.QueueID{Department: d.Department, Language: d.Language}
}

// Class is a share of a queue's visitors.
type Class struct {
	Name      string       `yaml:"name"`
	Share     float64      `yaml:"share"`
	HeadStart queue.Millis `yaml:"head_start_ms"`
}

// Profile is a factor over time: steps, each valid from its time on, and a sine
// around them. The zero Profile is 1 throughout.
type Profile struct {
	Steps []Step `yaml:"steps"`
	// Amplitude (0 to 1) and Period of the sine, which begins at 0 rising.
	Amplitude float64      `yaml:"amplitude"`
	Period    queue.Millis `yaml:"period_ms"`
}

// Step is a factor from a time on.
type Step struct {
	From   queue.Millis `yaml:"from_ms"`
	Factor float64      `yaml:"factor"`
}

// at returns the factor after t milliseconds.
func (p Profile) at(t float64) float64 {
	f := 1.0
	for _, s := range p.Steps {
		if t < float64(s.From) {
			break
		}
		f = s.Factor
	}
	if p.Period > 0 {
		f *= 1 + p.Amplitude*math.Sin(2*math.Pi*t/float64(p.Period))
	}
	return f
}

// peak returns an upper bound of at.
func (p Profile) peak() float64 {
	most := 1.0
	for _, s := range p.Steps {
		most = max(most, s.Factor)
	}
	if p.Period > 0 {
		most *= 1 + p.Amplitude
	}
	return most
}

// Staff are agents who are alike.
type Staff struct {
	Count       int      `yaml:"count"`
	Departments []string `yaml:"departments"`
	Languages   []string `yaml:"languages"`
	Capacity    int      `yaml:"capacity"`
	// Shifts are when they take tickets; none means throughout. An agent who goes
	// finishes what they hold.
	Shifts []Shift `yaml:"shifts"`
	// Planned puts the shifts into the site's plan, so that estimates know them.
	Planned bool `yaml:"told"`
}

// Shift is a time from From until before To.
type Shift struct {
	From queue.Millis `yaml:"from_ms"`
	To   queue.Millis `yaml:"to_ms"`
}

// maxAgents and maxQueues bound a scenario.
const (
	maxAgents = 10_000
	maxQueues = 1_000
)

// Check returns an error that lists all problems of the scenario.
func (s *Scenario) Check() error {
	var wrong []error
	add := func(format string, a ...any) { wrong = append(wrong, fmt.Errorf(format, a...)) }
	if len(s.Queues) == 0 || len(s.Queues) > maxQueues {
		add("queues: %d; 1 to %d are allowed", len(s.Queues), maxQueues)
	}
	if s.Length <= 0 {
		add("length_ms: %d; it must be above 0", s.Length)
	}
	if s.Warmup < 0 || s.Warmup >= max(s.Length, 1) {
		add("warmup_ms: %d; it must be 0 or more and below the length", s.Warmup)
	}
	if s.Slowdown < 0 || s.Slowdown > 10 {
		add("slowdown: %v; 0 to 10 are allowed", s.Slowdown)
	}
	wrong = append(wrong, s.Accept.check("accept"))
	seen := map[queue.QueueID]bool{}
	for i := range s.Queues {
		d := &s.Queues[i]
		name := fmt.Sprintf("queues[%d]", i)
		if d.Department == "" || d.Language == "" || seen[d.Queue()] {
			add("%s: %q must have a department and a language and stand there once", name, d.Queue())
		}
		seen[d.Queue()] = true
		if d.PerHour < 0 || d.PerHour > 1e7 || math.IsNaN(d.PerHour) {
			add("%s.per_hour: %v; 0 to 10,000,000 are allowed", name, d.PerHour)
		}
		if d.Handling.Mean <= 0 {
			add("%s.handling.mean_s: %v; it must be above 0", name, d.Handling.Mean)
		}
		wrong = append(wrong, d.Handling.check(name+".handling"), d.Patience.check(name+".patience"))
		for j, c := range d.Classes {
			if c.Share < 0 || c.HeadStart < 0 {
				add("%s.classes[%d]: share %v, head_start_ms %d; both must be 0 or more", name, j, c.Share, c.HeadStart)
			}
		}
	}
	total := 0
	for i, f := range s.Staff {
		total += max(f.Count, 0)
		if f.Count < 0 || f.Capacity < 1 || f.Capacity > 100 {
			add("staff[%d]: count %d, capacity %d; a count of 0 or more and a capacity of 1 to 100 are allowed", i, f.Count, f.Capacity)
		}
		for _, sh := range f.Shifts {
			if sh.From < 0 || sh.To <= sh.From {
				add("staff[%d].shifts: %d to %d; a shift ends after it begins", i, sh.From, sh.To)
			}
		}
	}
	if total > maxAgents {
		add("staff: %d agents; at most %d are allowed", total, maxAgents)
	}
	return errors.Join(wrong...)
}

// site returns the scenario's site, without limits that would turn visitors away.
func (s *Scenario) site() *queue.Site {
	// Ended tickets are forgotten soon: a run has no history to show.
	site := &queue.Site{ID: "simulated", VisitorGrace: 1, AgentGrace: 1, AssignedGrace: 1, Retention: 1}
	ttl := s.OfferTTL
	if ttl <= 0 {
		ttl = 20_000
	}
	for i := range s.Queues {
		d := &s.Queues[i]
		at := slices.IndexFunc(site.Departments, func(x queue.Department) bool { return x.ID == d.Department })
		if at < 0 {
			at = len(site.Departments)
			site.Departments = append(site.Departments, queue.Department{ID: d.Department, OfferTTL: ttl})
		}
		site.Departments[at].Languages = append(site.Departments[at].Languages, d.Language)
	}
	site.Planned = s.planned()
	return site
}

// planned returns the agents whose shifts are in the plan.
func (s *Scenario) planned() map[string]*queue.Planned {
	all, n := map[string]*queue.Planned{}, 0
	for _, f := range s.Staff {
		for range f.Count {
			if f.Planned {
				p := &queue.Planned{Facts: f.facts(n)}
				for _, sh := range f.Shifts {
					p.Shifts = append(p.Shifts, queue.Shift{From: Start.Add(sh.From), To: Start.Add(sh.To)})
				}
				all[p.Facts.ID] = p
			}
			n++
		}
	}
	return all
}

// facts returns the facts of the n-th agent of a scenario.
func (f *Staff) facts(n int) queue.AgentFacts {
	return queue.AgentFacts{ID: fmt.Sprintf("a%05d", n), Languages: queue.Fluent(f.Languages...), Departments: f.Departments, Capacity: f.Capacity}
}
