package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"sync"
	"text/tabwriter"
	"time"

	"nextup/queue"
	"nextup/queue/sim"
)

// hourPlanner finds the agents of a group that each period of a day needs.
type hourPlanner struct {
	*planner
	day   *day
	like  sim.Staff // the group
	other []sim.Staff
	since time.Time
	shown time.Time
}

// period is what the runs say of the visitors of the group who join in one period.
type period struct {
	joined, within []float64 // by run
	left           float64
	waits          []float64 // of those served, in seconds
}

// level returns the per cent who are served in time, and half of its 95 % interval.
func (p *period) level() (level, half float64) {
	var joined, within float64
	for i, n := range p.joined {
		joined, within = joined+n, within+p.within[i]
	}
	if joined == 0 {
		return 100, 0
	}
	share, squares, n := within/joined, 0.0, float64(len(p.joined))
	for i := range p.joined { // of a ratio of sums (Cochran, "Sampling techniques", 1977)
		d := p.within[i] - share*p.joined[i]
		squares += d * d
	}
	if n > 1 {
		half = student(n-1) * math.Sqrt(squares/(n-1)*n) / joined
	}
	return 100 * share, 100 * half
}

// visitors returns the mean number of visitors.
func (p *period) visitors() float64 {
	sum := 0.0
	for _, n := range p.joined {
		sum += n
	}
	return sum / float64(max(1, len(p.joined)))
}

// play runs the day with so many agents in each period, with the seeds from one on, and
// adds what it says.
func (p *hourPlanner) play(agents []int, into []period, from, runs int) error {
	results, errs := make([][]period, runs), make([]error, runs)
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(runs, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := range next {
				results[i], errs[i] = p.once(agents, p.base.Seed+uint64(from+i))
			}
		})
	}
	for i := range runs {
		next <- i
	}
	close(next)
	wg.Wait()
	for i, r := range results {
		if errs[i] != nil {
			return errs[i]
		}
		for h := range r {
			one, sum := &r[h], &into[h]
			sum.joined, sum.within = append(sum.joined, one.joined...), append(sum.within, one.within...)
			sum.left, sum.waits = sum.left+one.left, append(sum.waits, one.waits...)
		}
	}
	return nil
}

func (p *hourPlanner) once(agents []int, seed uint64) ([]period, error) {
	s := *p.base
	s.Seed = seed
	s.Staff = append(slices.Clone(p.other), p.day.staff(p.like, agents)...)
	out := make([]period, p.day.periods())
	for h := range out {
		out[h].joined, out[h].within = []float64{0}, []float64{0}
	}
	at := func(q queue.QueueID, joined queue.Stamp) *period {
		t := time.Duration(joined-sim.Start) * time.Millisecond
		if t < dayBefore || t >= dayBefore+dayLength || !slices.Contains(p.languages, q.Language) {
			return &period{joined: []float64{0}, within: []float64{0}}
		}
		return &out[p.day.period(t)]
	}
	_, err := sim.Run(&s, sim.Hooks{
		Joined: func(v sim.Arrival, _ bool) { at(v.Ticket.Queue(), v.Now).joined[0]++ },
		Outcome: func(o sim.Outcome) {
			h := at(o.Queue, o.Joined)
			switch {
			case !o.Served:
				h.left++
			case o.Wait <= float64(p.Within.Milliseconds()):
				h.within[0]++
			}
			if o.Served {
				h.waits = append(h.waits, o.Wait/1000)
			}
		},
	})
	return out, err
}

func (p *hourPlanner) progress(format string, a ...any) {
	if now := time.Now(); now.Sub(p.since) > progressEvery && now.Sub(p.shown) > progressEvery {
		p.shown = now
		fmt.Fprintf(os.Stderr, "plan: "+format+"\n", a...)
	}
}

const (
	// searchRuns is the number of runs of each step of the search: all of them meet the
	// same visitors, so that steps differ by their agents alone.
	searchRuns = 8
	// batchRuns is how many runs are added until the answer is certain enough.
	batchRuns = 10
	// spacing is how many periods are apart that lose an agent at the same time: fewer
	// agents in one are felt in those that follow.
	spacing = 3
)

// look returns the levels with the agents of each period, in the search.
func (p *hourPlanner) look(agents []int) ([]float64, error) {
	periods := make([]period, len(agents))
	if err := p.play(agents, periods, 0, searchRuns); err != nil {
		return nil, err
	}
	levels := make([]float64, len(agents))
	for h := range periods {
		levels[h], _ = periods[h].level()
	}
	return levels, nil
}

// search returns the least agents that serve the share in time in each period.
func (p *hourPlanner) search() ([]int, error) {
	agents := make([]int, p.day.periods())
	for k, l := range p.day.languages {
		if slices.Contains(p.languages, l) {
			for h, n := range p.day.visitors[k] {
				load := n / p.day.each.Seconds() * p.base.Queues[k].Handling.Mean / float64(p.like.Capacity)
				agents[h] += int(math.Ceil(load + math.Sqrt(load)/2))
			}
		}
	}
	levels, err := p.look(agents)
	for round := 1; err == nil && slices.ContainsFunc(levels, func(l float64) bool { return l < p.Share }); round++ {
		p.progress("agents of each period, round %d: the lowest level is %.0f %%", round, slices.Min(levels))
		for h, l := range levels {
			if l < p.Share {
				agents[h] += max(1, int(float64(agents[h])*(p.Share-l)/400))
			}
		}
		if most := slices.Max(agents); most > p.Most {
			return nil, fmt.Errorf("plan: %d agents (%s) serve %.1f %% within %v in the worst period: %v %% is out of reach below --most", most, p.For, slices.Min(levels), p.Within, p.Share)
		}
		levels, err = p.look(agents)
	}
	done := make([]bool, len(agents))
	for first := 0; err == nil && slices.Contains(done, false); first++ {
		fewer, tried := slices.Clone(agents), false
		for h := first % spacing; h < len(agents); h += spacing {
			if done[h] = done[h] || agents[h] == 0; !done[h] {
				fewer[h]--
				tried = true
			}
		}
		if !tried {
			continue
		}
		p.progress("fewer agents where they are not needed, round %d", first+1)
		if levels, err = p.look(fewer); err != nil {
			break
		}
		for h := first % spacing; h < len(agents); h += spacing {
			for k := range spacing {
				done[h] = done[h] || levels[(h+k)%len(levels)] < p.Share
			}
			if !done[h] {
				agents[h] = fewer[h]
			}
		}
	}
	return agents, err
}

// certain runs the day until the level of each period is known to --precision.
func (p *hourPlanner) certain(agents []int) ([]period, error) {
	periods := make([]period, len(agents))
	for runs := 0; ; runs += batchRuns {
		widest := 0.0
		for h := range periods {
			_, half := periods[h].level()
			widest = max(widest, half)
		}
		if runs >= p.MostRuns || runs > 0 && widest <= p.Precision {
			return periods, nil
		}
		if runs > 0 {
			p.progress("%d runs: the least certain period is known to ± %.1f points", runs, widest)
		}
		if err := p.play(agents, periods, runs, min(batchRuns, p.MostRuns-runs)); err != nil {
			return nil, err
		}
	}
}

// hours answers for each period of the day.
func (p *planner) hours(out io.Writer, d *day) error {
	h := &hourPlanner{planner: p, day: d, like: p.base.Staff[p.group], since: time.Now()}
	now := h.like.Count
	for i, s := range p.base.Staff {
		if i != p.group {
			h.other = append(h.other, s)
		}
	}
	agents, err := h.search()
	if err != nil {
		return err
	}
	var needed []period
	for { // the search had few runs: what turns out short gets one more
		if needed, err = h.certain(agents); err != nil {
			return err
		}
		short := false
		for i := range needed {
			if level, _ := needed[i].level(); level < p.Share {
				agents[i]++
				short = true
			}
		}
		if !short {
			break
		}
		h.progress("an agent more where the search had been too bold")
	}
	var current []period
	if now > 0 {
		if current, err = h.certain(slices.Repeat([]int{now}, len(agents))); err != nil {
			return err
		}
	}
	return h.print(out, agents, needed, now, current)
}

func (p *hourPlanner) print(out io.Writer, agents []int, needed []period, now int, current []period) error {
	fmt.Fprintf(out, "Agents (%s) that serve %v %% within %v, for %s; %d runs, ± is a 95 %% interval.\n\n", p.For, p.Share, p.Within, p.day.source, len(needed[0].joined))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "from\tvisitors\tagents\twithin %v\tp90 s\tleft\t", p.Within)
	if now > 0 {
		fmt.Fprintf(w, "with %d all day\t", now)
	}
	fmt.Fprintln(w)
	open := 0
	for h := range needed {
		n := &needed[h]
		if n.visitors() == 0 {
			continue // nights would fill the table
		}
		open++
		level, half := n.level()
		fmt.Fprintf(w, "%s\t%.1f\t%d\t%.1f ± %.1f %%\t%.0f\t%.1f %%\t", p.day.name(h), n.visitors(), agents[h], level, half, p90(n.waits), 100*n.left/(n.visitors()*float64(len(n.joined))))
		if now > 0 {
			level, half := current[h].level()
			fmt.Fprintf(w, "%.1f ± %.1f %%\t", level, half)
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	sum := 0
	for _, n := range agents {
		sum += n
	}
	fmt.Fprintf(out, "\n%.1f agent-hours, %d agents at the most. ", float64(sum)*p.day.each.Hours(), slices.Max(agents))
	fmt.Fprintln(out, worst(needed, p.day.name, "These agents"))
	if now > 0 {
		fmt.Fprintln(out, worst(current, p.day.name, fmt.Sprintf("%d agents all day (%.1f agent-hours)", now, float64(now*open)*p.day.each.Hours())))
	}
	if len(needed[0].joined) >= p.MostRuns {
		_, err := fmt.Fprintf(out, "The runs ended at --most-runs before each period was known to ± %v points.\n", p.Precision)
		return err
	}
	return nil
}

// worst says in words how a day goes, and its worst period.
func worst(periods []period, name func(int) string, who string) string {
	all := period{joined: make([]float64, len(periods[0].joined)), within: make([]float64, len(periods[0].joined))}
	at, lowest := -1, 101.0
	for h := range periods {
		if periods[h].visitors() == 0 {
			continue
		}
		for i := range all.joined {
			all.joined[i] += periods[h].joined[i]
			all.within[i] += periods[h].within[i]
		}
		if level, _ := periods[h].level(); level < lowest {
			at, lowest = h, level
		}
	}
	if at < 0 {
		return who + " meet no visitor."
	}
	level, half := periods[at].level()
	whole, wholeHalf := all.level()
	return fmt.Sprintf("%s serve %.1f ± %.1f %% in time over the day; the worst time is from %s on: %.1f ± %.1f %%, and one in ten waits %.0f s or more.",
		who, whole, wholeHalf, name(at), level, half, p90(periods[at].waits))
}

// p90 returns the ninetieth percentile of waits.
func p90(waits []float64) float64 {
	if len(waits) == 0 {
		return 0
	}
	slices.Sort(waits)
	return waits[len(waits)*9/10]
}
