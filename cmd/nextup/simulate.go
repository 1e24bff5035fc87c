package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/goccy/go-yaml"

	"nextup/queue"
	"nextup/queue/sim"
)

// scenarioFlags describe a scenario in short, or name a file that describes it
// in full.
type scenarioFlags struct {
	Scenario string        `help:"YAML file with the whole scenario; the flags below are for the simple case." placeholder:"FILE"`
	Arrivals []demandFlag  `help:"Visitors per hour by language, such as en=120." default:"en=120" placeholder:"LANG=N"`
	Agents   []staffFlag   `help:"Agents by languages, such as en=8 or en+es=3." default:"en=11" placeholder:"LANGS=N"`
	Handling time.Duration `help:"Mean handling time." default:"5m"`
	SCV      float64       `name:"handling-scv" help:"Squared coefficient of variation of a lognormal handling time; 0 is exponential." default:"0"`
	Patience time.Duration `help:"Mean patience (exponential); 0 is endless." default:"0s"`
	Accept   time.Duration `help:"Mean time to accept an offer (exponential); 0 is at once." default:"0s"`
	Capacity int           `help:"Conversations that an agent holds at once." default:"1"`
	Slowdown float64       `help:"How much longer each conversation takes for every further one held." default:"0"`
	VIP      float64       `name:"vip-share" help:"Share of visitors with a head start." default:"0"`
	Head     time.Duration `name:"vip-head-start" help:"Their head start." default:"10m"`
	Hours    float64       `help:"Hours to simulate, after a warm-up of a tenth." default:"200"`
	Seed     uint64        `help:"The same seed gives the same run." default:"1"`
}

// demandFlag is LANG=N, staffFlag LANG+LANG=N.
type (
	demandFlag struct {
		Language string
		PerHour  float64
	}
	staffFlag struct {
		Languages []string
		Count     int
	}
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *demandFlag) UnmarshalText(text []byte) error {
	name, n, err := nameAndNumber(string(text))
	if err != nil {
		return err
	}
	d.Language, d.PerHour = name, n
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *staffFlag) UnmarshalText(text []byte) error {
	name, n, err := nameAndNumber(string(text))
	if err != nil || n != math.Trunc(n) {
		return fmt.Errorf("%q: a whole number of agents is needed, such as en+es=3", text)
	}
	s.Languages, s.Count = splitPlus(name), int(n)
	return nil
}

// department is the one department of a scenario that is made of flags.
const department = "support"

// scenario reads the file, or builds a scenario from the flags.
func (f *scenarioFlags) scenario() (*sim.Scenario, error) {
	if f.Scenario != "" {
		data, err := os.ReadFile(f.Scenario)
		if err != nil {
			return nil, err
		}
		s := &sim.Scenario{Seed: f.Seed}
		if err := yaml.UnmarshalWithOptions(data, s, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Scenario, err)
		}
		return s, s.Check()
	}
	length := queue.Millis(f.Hours * 1.1 * 3.6e6)
	s := &sim.Scenario{
		Seed: f.Seed, Length: length, Warmup: length / 11, Slowdown: f.Slowdown,
		Accept: sim.Exponential(f.Accept.Seconds()), OfferTTL: 20_000,
	}
	for _, d := range f.Arrivals {
		demand := sim.Demand{
			Department: department, Language: d.Language, PerHour: d.PerHour,
			Handling: sim.Draw{Mean: f.Handling.Seconds(), SCV: f.SCV}, Patience: sim.Exponential(f.Patience.Seconds()),
		}
		if f.VIP > 0 {
			demand.Classes = []sim.Class{
				{Name: "vip", Share: f.VIP, HeadStart: queue.Millis(f.Head.Milliseconds())},
				{Name: "other", Share: 1 - f.VIP},
			}
		}
		s.Queues = append(s.Queues, demand)
	}
	for _, a := range f.Agents {
		s.Staff = append(s.Staff, sim.Staff{Count: a.Count, Languages: a.Languages, Departments: []string{department}, Capacity: f.Capacity})
	}
	return s, s.Check()
}

type simulateCmd struct {
	scenarioFlags `embed:""`
	Within        time.Duration `help:"Service level: the share served within this time." default:"60s"`
	Compare       bool          `help:"Play the same visitors under other rules for who gets a ticket, ten seeds each."`
}

// Help is shown by --help below the summary.
func (simulateCmd) Help() string {
	return `Plays a scenario on a virtual clock with the rules that serve people, and prints waits,
occupancy and service level. A scenario file says more than the flags: shifts, profiles
over the day, several departments, classes with head starts.

Examples:

    nextup simulate --arrivals en=240 --agents en=22 --patience 4m
    nextup simulate --arrivals en=120 --arrivals es=40 --agents en=9 --agents en+es=5
    nextup simulate --scenario day.yaml
    nextup simulate --compare --arrivals en=120 --arrivals es=60 --agents en=8 --agents en+es=8`
}

// Run implements the command.
func (c *simulateCmd) Run(out io.Writer) error {
	s, err := c.scenario()
	if err != nil {
		return err
	}
	if c.Compare {
		return compareRules(out, s)
	}
	r, err := sim.Run(s, sim.Hooks{})
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "queue\tclass\tserved\tleft\tmean s\tp50 s\tp90 s\tp95 s\twithin %v\t\n", c.Within)
	row := func(name, class string, g *sim.Group) {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f %%\t\n", name, class, g.Served, g.Left,
			g.Mean(), g.Quantile(.5), g.Quantile(.9), g.Quantile(.95), 100*g.Within(c.Within.Seconds()))
	}
	for _, g := range r.Groups {
		row(g.Queue.String(), g.Class, g)
	}
	if len(r.Groups) > 1 {
		row("all", "", r.All())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for i, o := range r.Occupancy {
		fmt.Fprintf(out, "occupancy of %d agents (%v): %.1f %%\n", s.Staff[i].Count, s.Staff[i].Languages, 100*o)
	}
	return nil
}

// comparedSeeds is the number of runs of each rule.
const comparedSeeds = 10

// compareRules runs the same visitors under each rule. Differences are paired: their
// interval is that of the difference to our rule.
func compareRules(out io.Writer, s *sim.Scenario) error {
	type figures struct{ mean, p95, spread []float64 }
	var all []figures
	names := []string{}
	for _, rule := range append(sim.Rules(s.Seed), sim.NamedRule{Name: "bound: one pooled queue"}) {
		var f figures
		for i := range comparedSeeds {
			play := *s
			play.Seed = s.Seed + uint64(i)
			if rule.Name == "bound: one pooled queue" {
				play = pooled(&play)
			}
			r, err := sim.RunWith(&play, rule.Rule, sim.Hooks{})
			if err != nil {
				return err
			}
			g := r.All()
			f.mean, f.p95 = append(f.mean, g.Mean()), append(f.p95, g.Quantile(.95))
			f.spread = append(f.spread, 100*spread(&play, r))
		}
		all, names = append(all, f), append(names, rule.Name)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "rule\tmean s\t− ours\tp95 s\t− ours\toccupancy spread, points\t")
	for i, f := range all {
		dm, hm := paired(f.mean, all[0].mean)
		dp, hp := paired(f.p95, all[0].p95)
		m, _ := paired(f.mean, make([]float64, comparedSeeds))
		p, _ := paired(f.p95, make([]float64, comparedSeeds))
		sp, hs := paired(f.spread, make([]float64, comparedSeeds))
		fmt.Fprintf(w, "%s\t%.2f\t%+.2f ± %.2f\t%.1f\t%+.1f ± %.1f\t%.1f ± %.1f\t\n", names[i], m, dm, hm, p, dp, hp, sp, hs)
	}
	fmt.Fprintf(w, "\n")
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d seeds each, the same visitors; ± is a 95 %% interval; the spread is the widest among agents of equal skills.\n", comparedSeeds)
	return nil
}

// pooled lets every agent serve every visitor.
func pooled(s *sim.Scenario) sim.Scenario {
	p := *s
	var departments, languages []string
	for _, q := range s.Queues {
		departments, languages = append(departments, q.Department), append(languages, q.Language)
	}
	slices.Sort(departments)
	slices.Sort(languages)
	departments, languages = slices.Compact(departments), slices.Compact(languages)
	p.Staff = slices.Clone(s.Staff)
	for i := range p.Staff {
		p.Staff[i].Departments, p.Staff[i].Languages = departments, languages
	}
	return p
}

// spread returns the widest difference of occupancy among equal agents.
func spread(s *sim.Scenario, r *sim.Result) float64 {
	widest, at := 0.0, 0
	for _, f := range s.Staff {
		if group := r.Agents[at:min(len(r.Agents), at+f.Count)]; len(group) > 0 {
			widest = max(widest, slices.Max(group)-slices.Min(group))
		}
		at += f.Count
	}
	return widest
}

// paired returns the mean difference with the half width of its 95 % interval
// (Student's t with 9 degrees of freedom, for ten seeds).
func paired(a, b []float64) (mean, half float64) {
	n := float64(len(a))
	var sum, squares float64
	for i := range a {
		d := a[i] - b[i]
		sum, squares = sum+d, squares+d*d
	}
	mean = sum / n
	return mean, 2.262 * math.Sqrt(max(0, squares-sum*mean)/(n-1)/n)
}
