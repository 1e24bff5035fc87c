package sim

import (
	"math"
	"slices"

	"nextup/queue"
)

// Result is what a run measured after its warm-up. Waits are in seconds.
type Result struct {
	// Joins counts all visitors who came, including the warm-up.
	Joins int
	// Groups are by queue and class, in the order of the scenario.
	Groups []*Group
	// Occupancy is the share of the agents' places in use while they were on shift, by
	// staff; Agents is the same for each agent.
	Occupancy []float64
	Agents    []float64

	index       map[string]*Group
	used, there []float64 // by agent, in place-milliseconds
}

// Group is one class of one queue.
type Group struct {
	Queue  queue.QueueID
	Class  string
	Served int
	Left   int
	// Waits are those of served visitors, sorted at the end of the run. Potential are
	// the waits of all visitors had none left. line is the sum of the times in line of
	// all visitors, served or not.
	Waits     []float64
	Potential []float64
	line      float64
}

func newResult(s *Scenario) *Result {
	r := &Result{index: map[string]*Group{}}
	for i := range s.Queues {
		d := &s.Queues[i]
		names := []string{""}
		if len(d.Classes) > 0 {
			names = nil
			for _, c := range d.Classes {
				names = append(names, c.Name)
			}
		}
		for _, n := range names {
			g := &Group{Queue: d.Queue(), Class: n}
			r.Groups = append(r.Groups, g)
			r.index[d.Queue().String()+"\x00"+n] = g
		}
	}
	return r
}

func (r *Result) add(o *Outcome) {
	g := r.index[o.Queue.String()+"\x00"+o.Class]
	wait := o.Wait / 1000
	g.Potential = append(g.Potential, wait)
	if o.Served {
		g.Served++
		g.Waits = append(g.Waits, wait)
		g.line += wait
	} else {
		g.Left++
		g.line += o.Patience / 1000
	}
}

// accrue accounts for an agent up to now.
func (r *Result) accrue(run *run, a *agent) {
	from := max(a.since, float64(run.Warmup))
	a.since = run.now
	if run.now <= from {
		return
	}
	i := a.index
	for len(r.used) <= i {
		r.used, r.there = append(r.used, 0), append(r.there, 0)
	}
	r.used[i] += float64(a.load) * (run.now - from)
	if a.on {
		r.there[i] += float64(a.cap) * (run.now - from)
	} else {
		r.there[i] += float64(a.load) * (run.now - from)
	}
}

func (r *Result) finish(run *run) *Result {
	for _, a := range run.agents {
		r.accrue(run, a)
	}
	used, there := make([]float64, len(run.Staff)), make([]float64, len(run.Staff))
	for i, a := range run.agents {
		if i < len(r.used) {
			used[a.staff] += r.used[i]
			there[a.staff] += r.there[i]
			r.Agents = append(r.Agents, ratio(r.used[i], r.there[i]))
		}
	}
	for i := range run.Staff {
		r.Occupancy = append(r.Occupancy, ratio(used[i], there[i]))
	}
	for _, g := range r.Groups {
		slices.Sort(g.Waits)
		slices.Sort(g.Potential)
	}
	return r
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// All returns the sum of the groups.
func (r *Result) All() *Group {
	all := &Group{}
	for _, g := range r.Groups {
		all.Served, all.Left, all.line = all.Served+g.Served, all.Left+g.Left, all.line+g.line
		all.Waits = append(all.Waits, g.Waits...)
		all.Potential = append(all.Potential, g.Potential...)
	}
	slices.Sort(all.Waits)
	slices.Sort(all.Potential)
	return all
}

// Line returns the mean time in line of all visitors, in seconds.
func (g *Group) Line() float64 { return ratio(g.line, float64(g.Served+g.Left)) }

// Mean returns the mean wait of the served visitors.
func (g *Group) Mean() float64 {
	sum := 0.0
	for _, w := range g.Waits {
		sum += w
	}
	return ratio(sum, float64(len(g.Waits)))
}

// Quantile returns a quantile of the waits of served visitors, 0 without any.
func (g *Group) Quantile(p float64) float64 { return quantile(g.Waits, p) }

// Within returns the share of all visitors who were served within the seconds.
func (g *Group) Within(seconds float64) float64 {
	n, _ := slices.BinarySearch(g.Waits, math.Nextafter(seconds, math.Inf(1)))
	return ratio(float64(n), float64(g.Served+g.Left))
}

// Delayed returns the share of visitors who would have had to wait at all had none
// left.
func (g *Group) Delayed() float64 {
	n, _ := slices.BinarySearch(g.Potential, math.SmallestNonzeroFloat64)
	return ratio(float64(len(g.Potential)-n), float64(len(g.Potential)))
}

func quantile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(p*float64(len(sorted))))]
}
