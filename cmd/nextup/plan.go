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
}

// Help is shown by --help below the summary.
func (planCmd) Help() string {
	return `Answers staffing questions with the rules that serve people: how many agents of a
language serve a share of the visitors of that language in time at a forecast, or what
some more of them would change. Where Erlang C or Erlang A holds (one queue, one place
per agent, exponential times, a constant rate) it says what the formula gives beside the
simulation.

Examples:

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
}

func (p *planner) ask(agents int) (answer, error) {
	s := *p.base
	s.Staff = slices.Clone(s.Staff)
	s.Staff[p.group].Count = agents
	a := answer{agents: agents}
	var shares, lefts []float64
	for i := range p.Runs {
		s.Seed = p.base.Seed + uint64(i)
		r, err := sim.Run(&s, sim.Hooks{})
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
	// Student's t at 97.5 %, by the expansion of Cornish and Fisher.
	const z = 1.96
	f := n - 1
	t := z + (z*z*z+z)/(4*f) + (5*math.Pow(z, 5)+16*z*z*z+3*z)/(96*f*f)
	return mean, t * math.Sqrt(max(0, squares-sum*mean)/f/n)
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
	if err := w.Flush(); err != nil || theory.check == nil || p.Runs < 2 {
		return err
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
