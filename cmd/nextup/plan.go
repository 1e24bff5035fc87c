package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"nextup/queue/sim"
)

type planCmd struct {
	scenarioFlags `embed:""`
	For           string        `help:"Languages of the agents in question, such as es or en+es; the staff group is added if there is none." placeholder:"LANGS"`
	Share         float64       `help:"Per cent to serve in time." default:"80"`
	Within        time.Duration `help:"The time to serve them in." default:"60s"`
	Add           int           `help:"Instead of asking how many: what so many more agents would change." placeholder:"N"`
	Most          int           `help:"Give up above this number of agents." default:"500"`
	Runs          int           `help:"Seeds per answer." default:"5"`
	Day           string        `help:"Ask for each hour of a day: a CSV of the arrivals by hour, or a log that backtest reads, in place of --arrivals." placeholder:"FILE"`
	Zone          string        `help:"With --day and the export of another desk: the time zone of its hours." default:"UTC"`
	Each          time.Duration `help:"With --day: ask for each period of this length." default:"1h"`
	Precision     float64       `help:"With --day: run until the level of each period is known to so many points (95 % interval)." default:"3"`
	MostRuns      int           `help:"With --day: give up on that after so many runs." default:"200"`
}

// Help is shown by --help below the summary.
func (planCmd) Help() string {
	return `Answers staffing questions with the rules that serve people: how many agents of a
language serve a share of the visitors of that language in time at a forecast, or what
some more of them would change. Where Erlang C or Erlang A holds (one queue, one place
per agent, exponential times, a constant rate) it says what the formula gives beside the
simulation.

A number for the whole day hides its worst hour: a desk that serves 80 % in time over the
day may serve 55 % at noon. With --day it says how many agents each hour needs, how sure
that is (it runs the day again until each hour is certain to --precision), which hour is
the worst, and what the agents of now would do, all day alike. Each hour counts the
visitors who join in it; the line of one hour is that of the next. Write the numbers into
the shifts of your agents (docs/supervising.md). The file is a CSV such as

    hour,en,es
    08:00,40,12
    09:00,75,20

with the visitors of each language until the next row, or a log of contacts, of which it
takes the mean of the days, queue by queue.

Examples:

    nextup plan --day tuesday.csv --for en --agents en=11 --handling 6m --patience 4m
    nextup plan --day last-month.csv.gz --for sales --each 30m --share 90 --within 30s
    nextup plan --arrivals en=120 --arrivals es=40 --agents en=11 --agents es=4 --for es
    nextup plan --arrivals en=240 --agents en=20 --patience 4m --for en --add 2
    nextup plan --scenario day.yaml --for en+es --share 90 --within 30s`
}

// Run implements the command.
func (c *planCmd) Run(out io.Writer) error {
	s, err := c.scenario()
	if err != nil {
		return err
	}
	var d *day
	if c.Day != "" {
		if d, err = readDay(c.Day, c.Zone, c.Each); err != nil {
			return err
		}
		if c.Scenario != "" || c.Add != 0 || c.Precision <= 0 || c.MostRuns < 1 {
			return fmt.Errorf("plan: --day goes without --scenario and --add, --precision is above 0 and --most-runs at least 1")
		}
		d.demand(s, s.Queues[0])
		if c.For == "" && len(d.languages) == 1 {
			c.For = d.languages[0]
		}
	}
	if c.For == "" && len(s.Staff) > 0 {
		c.For = strings.Join(s.Staff[0].Languages, "+")
	}
	if c.Share <= 0 || c.Share >= 100 || c.Runs < 1 || c.For == "" {
		return fmt.Errorf("plan: --share is above 0 and below 100, --runs at least 1, and --for names languages")
	}
	p := &planner{planCmd: c, base: s, languages: splitPlus(c.For)}
	p.group = slices.IndexFunc(s.Staff, func(f sim.Staff) bool { return slices.Equal(f.Languages, p.languages) })
	if p.group < 0 {
		s.Staff = append(s.Staff, sim.Staff{Languages: p.languages, Departments: departmentsOf(s), Capacity: max(1, c.Capacity)})
		p.group = len(s.Staff) - 1
	}
	if !slices.ContainsFunc(s.Queues, func(d sim.Demand) bool { return slices.Contains(p.languages, d.Language) }) {
		return fmt.Errorf("plan: there is no demand for %s in this forecast", c.For)
	}
	if d != nil {
		return p.hours(out, d)
	}
	if c.Add != 0 {
		return p.change(out)
	}
	return p.search(out)
}

// planner answers staffing questions with the simulator.
type planner struct {
	*planCmd
	base      *sim.Scenario
	languages []string
	group     int
}

// answer is the service with a number of agents in the group.
type answer struct {
	agents                         int
	share, half                    float64
	mean, p50, p90, left, occupied float64
	leftHalf                       float64
	// hours are the hours of the day of a scenario whose demand varies.
	hours []period
}

func (p *planner) ask(agents int) (answer, error) {
	s := *p.base
	s.Staff = slices.Clone(s.Staff)
	s.Staff[p.group].Count = agents
	a := answer{agents: agents}
	var shares, lefts []float64
	for i := range p.Runs {
		s.Seed = p.base.Seed + uint64(i)
		r, err := sim.Run(&s, p.byHour(&a))
		if err != nil {
			return a, err
		}
		// Only the visitors that these agents are for.
		mine := *r
		mine.Groups = nil
		for _, g := range r.Groups {
			if slices.Contains(p.languages, g.Queue.Language) {
				mine.Groups = append(mine.Groups, g)
			}
		}
		g, n := mine.All(), float64(p.Runs)
		shares = append(shares, 100*g.Within(p.Within.Seconds()))
		a.mean += g.Mean() / n
		a.p50 += g.Quantile(.5) / n
		a.p90 += g.Quantile(.9) / n
		lefts = append(lefts, 100*float64(g.Left)/max(1, float64(g.Left+g.Served)))
		a.occupied += 100 * r.Occupancy[p.group] / n
	}
	a.share, a.half = interval(shares)
	a.left, a.leftHalf = interval(lefts)
	return a, nil
}

// hourName returns the time of an hour of the day.
func hourName(h int) string { return fmt.Sprintf("%02d:00", h) }

// byHour counts one more run by the hour of the day, if the demand varies: the first hour
// after the warm-up is hour 0.
func (p *planner) byHour(a *answer) sim.Hooks {
	if !slices.ContainsFunc(p.base.Queues, func(d sim.Demand) bool { return len(d.Profile.Steps) > 0 || d.Profile.Period > 0 }) {
		return sim.Hooks{}
	}
	if a.hours == nil {
		a.hours = make([]period, 24)
	}
	for h := range a.hours {
		a.hours[h].joined, a.hours[h].within = append(a.hours[h].joined, 0), append(a.hours[h].within, 0)
	}
	last := len(a.hours[0].joined) - 1
	return sim.Hooks{Outcome: func(o sim.Outcome) {
		t := int64(o.Joined-sim.Start) - int64(p.base.Warmup)
		if t < 0 || !slices.Contains(p.languages, o.Queue.Language) {
			return
		}
		h := &a.hours[t/time.Hour.Milliseconds()%24]
		if h.joined[last]++; o.Served {
			h.waits = append(h.waits, o.Wait/1000)
			if o.Wait <= float64(p.Within.Milliseconds()) {
				h.within[last]++
			}
		}
	}}
}

// interval returns a mean with the half width of its 95 % interval, 0 for one run.
func interval(x []float64) (mean, half float64) {
	n := float64(len(x))
	var sum, squares float64
	for _, v := range x {
		sum, squares = sum+v, squares+v*v
	}
	mean = sum / n
	if n < 2 {
		return mean, 0
	}
	return mean, student(n-1) * math.Sqrt(max(0, squares-sum*mean)/(n-1)/n)
}

// student returns Student's t at 97.5 % with so many degrees of freedom, by the expansion
// of Cornish and Fisher.
func student(f float64) float64 {
	const z = 1.96
	return z + (z*z*z+z)/(4*f) + (5*math.Pow(z, 5)+16*z*z*z+3*z)/(96*f*f)
}

// search finds the smallest number of agents that is enough. More agents never make
// the service worse, so bisection finds it.
func (p *planner) search(out io.Writer) error {
	asked := map[int]answer{}
	enough := func(n int) (bool, error) {
		a, err := p.ask(n)
		asked[n] = a
		return a.share >= p.Share, err
	}
	low, high := -1, max(1, p.base.Staff[p.group].Count)
	for {
		ok, err := enough(high)
		if err != nil {
			return err
		}
		if ok {
			break
		}
		if low = high; high >= p.Most {
			return fmt.Errorf("plan: %d agents (%s) serve %.1f %% within %v: %v %% is out of reach below --most", high, p.For, asked[high].share, p.Within, p.Share)
		}
		high = min(p.Most, high+max(2, high/4))
	}
	for high-low > 1 {
		middle := (low + high) / 2
		ok, err := enough(middle)
		if err != nil {
			return err
		}
		if ok {
			high = middle
		} else {
			low = middle
		}
	}
	fmt.Fprintf(out, "%d agents (%s) serve %.1f ± %.1f %% within %v; asked were %v %%.\n\n", high, p.For, asked[high].share, asked[high].half, p.Within, p.Share)
	rows := []answer{}
	for _, n := range []int{high - 1, high, high + 1} {
		a, ok := asked[n]
		if n < 0 {
			continue
		}
		if !ok {
			var err error
			if a, err = p.ask(n); err != nil {
				return err
			}
		}
		rows = append(rows, a)
	}
	return p.table(out, rows)
}

// change compares the service now with that of some more agents, or fewer.
func (p *planner) change(out io.Writer) error {
	now := p.base.Staff[p.group].Count
	before, err := p.ask(now)
	if err != nil {
		return err
	}
	after, err := p.ask(max(0, now+p.Add))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%+d agents (%s): p90 %.0f s → %.0f s, within %v %.1f %% → %.1f %%.\n\n", p.Add, p.For, before.p90, after.p90, p.Within, before.share, after.share)
	return p.table(out, []answer{before, after})
}

func (p *planner) table(out io.Writer, rows []answer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	theory := p.theory()
	fmt.Fprintf(w, "agents\twithin %v\tmean s\tp50 s\tp90 s\tleft\toccupied\t%s\t\n", p.Within, theory.title)
	agreeing := 0
	for _, a := range rows {
		beside := ""
		if theory.check != nil {
			formula, simulated, half := theory.check(a)
			beside = fmt.Sprintf("%.1f %%", formula)
			if math.Abs(formula-simulated) <= half {
				agreeing++
			}
		}
		fmt.Fprintf(w, "%d\t%.1f ± %.1f %%\t%.1f\t%.1f\t%.1f\t%.1f %%\t%.1f %%\t%s\t\n", a.agents, a.share, a.half, a.mean, a.p50, a.p90, a.left, a.occupied, beside)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for i, a := range rows {
		if a.hours != nil {
			if i == 0 {
				fmt.Fprintln(out)
			}
			fmt.Fprintln(out, worst(a.hours, hourName, fmt.Sprintf("%d agents", a.agents)))
		}
	}
	if theory.check == nil || p.Runs < 2 {
		return nil
	}
	_, err := fmt.Fprintf(out, "\n%s holds for this forecast: it lies in the simulation's 95 %% interval in %d of %d rows.\n", theory.name, agreeing, len(rows))
	return err
}

// theory is the Erlang formula beside an answer, where it holds. check returns its per
// cent, the simulated per cent and the half width of their interval.
type theory struct {
	name, title string
	check       func(answer) (says, simulated, half float64)
}

func (p *planner) theory() theory {
	s := p.base
	if len(s.Queues) != 1 || len(s.Staff) != 1 || s.Staff[0].Capacity != 1 || len(s.Staff[0].Shifts) > 0 || s.Accept.Mean > 0 ||
		s.Queues[0].Handling.SCV > 0 || s.Queues[0].Patience.SCV > 0 || len(s.Queues[0].Classes) > 1 ||
		len(s.Queues[0].Profile.Steps) > 0 || s.Queues[0].Profile.Period > 0 {
		return theory{}
	}
	d := s.Queues[0]
	rate, load := d.PerHour/3600, d.PerHour/3600*d.Handling.Mean
	if d.Patience.Mean > 0 {
		return theory{"Erlang A", "Erlang A: left", func(a answer) (float64, float64, float64) {
			return 100 * sim.ErlangA(a.agents, rate, d.Handling.Mean, d.Patience.Mean).Abandoned, a.left, a.leftHalf
		}}
	}
	return theory{"Erlang C", fmt.Sprintf("Erlang C: within %v", p.Within), func(a answer) (float64, float64, float64) {
		return 100 * sim.ErlangCLevel(a.agents, load, d.Handling.Mean, p.Within.Seconds()), a.share, a.half
	}}
}

func departmentsOf(s *sim.Scenario) []string {
	var all []string
	for _, q := range s.Queues {
		all = append(all, q.Department)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// nameAndNumber reads NAME=NUMBER.
func nameAndNumber(text string) (string, float64, error) {
	name, number, ok := strings.Cut(text, "=")
	n, err := strconv.ParseFloat(number, 64)
	if !ok || name == "" || err != nil || n < 0 || math.IsInf(n, 0) || math.IsNaN(n) {
		return "", 0, fmt.Errorf("%q: a name and a number of 0 or more are needed, such as en=120", text)
	}
	return name, n, nil
}

func splitPlus(s string) []string { return strings.Split(s, "+") }
