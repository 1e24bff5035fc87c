package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// settings are the sizes of a run; the defaults are those of the goals.
type settings struct {
	rows     string
	conns    int
	waiting  int
	repeats  int
	seconds  float64
	out      string
	profiles string
	before   string
}

// bench runs rows.
type bench struct {
	settings
	table []row
	row   string // the row that runs
	// now and earlier are the two builds of a comparison; earlier is nil without one.
	now, earlier *product
}

// row is a line of the table.
type row struct{ work, ours, peers, floor, ratio, must, aim string }

func run(args []string) error {
	var s settings
	flags := flag.NewFlagSet("run", flag.ExitOnError)
	flags.StringVar(&s.rows, "rows", "idle,empty,fanout,served,chat,latency,tickets,growth,storm,stalled", "which, with commas between")
	flags.IntVar(&s.conns, "conns", 10_000, "conns of idle, fanout, served and stalled; storm has twice as many")
	flags.IntVar(&s.waiting, "waiting", 100_000, "tickets in line in growth")
	flags.IntVar(&s.repeats, "repeats", 3, "how often the subjects take turns (latency: twice that and one more)")
	flags.Float64Var(&s.seconds, "seconds", 8, "length of a measured window")
	flags.StringVar(&s.out, "out", "", "file to write the table into, between its marks")
	flags.StringVar(&s.profiles, "profiles", "", "folder for CPU profiles of our gateway, one a row")
	flags.StringVar(&s.before, "before", "", "a commit: instead of the peers, compare nextup of the work tree with nextup of it, in pairs (not latency, growth, storm and stalled)")
	_ = flags.Parse(args)
	b := &bench{settings: s, now: current}
	defer b.now.remove()
	if s.before != "" {
		b.earlier = &product{commit: s.before}
		defer b.earlier.remove()
	}
	rows := map[string]func() error{
		"idle": b.idle, "empty": b.empty, "fanout": b.fanout, "served": b.served, "chat": b.chat, "latency": b.latency,
		"tickets": b.tickets, "growth": b.growth, "storm": b.storm, "stalled": b.stalled,
	}
	var failed error
	for name := range strings.SplitSeq(s.rows, ",") {
		if rows[name] == nil {
			return fmt.Errorf("no row is called %q", name)
		}
		begun := time.Now()
		b.row = name
		if err := rows[name](); err != nil && !errors.Is(err, errCompared) {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", name, err))
		}
		fmt.Fprintf(os.Stderr, "%s: %.0f s\n", name, time.Since(begun).Seconds())
	}
	text := b.markdown()
	fmt.Print(text)
	if s.out != "" {
		failed = errors.Join(failed, insert(s.out, text))
	}
	return failed
}

func (b *bench) add(r row) {
	b.table = append(b.table, r)
	fmt.Fprintf(os.Stderr, "  %s: ours %s, peers %s, floor %s, ratio %s (must %s, aim %s)\n", r.work, r.ours, r.peers, r.floor, r.ratio, r.must, r.aim)
}

// markdown is the table under a line that says when and where.
func (b *bench) markdown() string {
	commit, _ := exec.Command("git", "rev-parse", "--short", "HEAD").Output()
	var t strings.Builder
	fmt.Fprintf(&t, "Measured %s at commit %s: %s, %d cores, %s; %d turns each, medians.\n\n",
		time.Now().UTC().Format("2006-01-02 15:04 UTC"), strings.TrimSpace(string(commit)), processor(), runtime.NumCPU(), runtime.Version(), b.repeats)
	t.WriteString("| work | ours | peers | floor | ratio | must | aim |\n|---|---|---|---|---|---|---|\n")
	for _, r := range b.table {
		fmt.Fprintf(&t, "| %s |\n", strings.Join([]string{r.work, r.ours, r.peers, r.floor, r.ratio, r.must, r.aim}, " | "))
	}
	return t.String()
}

func processor() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	_, after, found := strings.Cut(string(data), "model name")
	if !found {
		return runtime.GOARCH
	}
	line, _, _ := strings.Cut(after, "\n")
	return strings.TrimLeft(line, "\t: ")
}

const (
	markBegin = "<!-- bench -->\n"
	markEnd   = "<!-- /bench -->"
)

// insert replaces what stands between the marks of a file.
func insert(path, text string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok1 := strings.Cut(string(data), markBegin)
	_, after, ok2 := strings.Cut(rest, markEnd)
	if !ok1 || !ok2 {
		return fmt.Errorf("%s has no marks %q and %q", path, strings.TrimSpace(markBegin), markEnd)
	}
	return os.WriteFile(path, []byte(before+markBegin+text+markEnd+after), 0o644)
}

// subject is something that is measured in turns: its result by name.
type subject struct {
	name string
	// measure starts what it measures, and ends it.
	measure func() (float64, error)
	// open replaces measure for a subject that stays running between measurements, so that
	// a comparison can measure both builds in alternation.
	open func() (measure func() (float64, error), end func(), err error)
}

func (s subject) run() (float64, error) {
	if s.open == nil {
		return s.measure()
	}
	measure, end, err := s.open()
	if err != nil {
		return 0, err
	}
	defer end()
	return measure()
}

// turns has every subject run as often as there are repeats, in turn, and
// returns all results in order of size. In a comparison it has nextup alone run, in
// pairs, and returns errCompared.
func (b *bench) turns(repeats int, subjects ...subject) (map[string][]float64, error) {
	if b.earlier != nil {
		return nil, b.compare(subjects[0])
	}
	all := map[string][]float64{}
	for range repeats {
		for _, s := range subjects {
			v, err := s.run()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			fmt.Fprintf(os.Stderr, "    %s %.2f\n", s.name, v)
			all[s.name] = append(all[s.name], v)
		}
	}
	for _, v := range all {
		slices.Sort(v)
	}
	return all, nil
}

func median(v []float64) float64 { return v[len(v)/2] }

func sorted(v []float64) []float64 { return slices.Sorted(slices.Values(v)) }

func figure(v []float64, unit string) string {
	m := median(v)
	if m >= 1000 { // whole: %g would write 2.94e+04
		return strings.TrimSpace(fmt.Sprintf("%.0f %s", m, unit))
	}
	return strings.TrimSpace(fmt.Sprintf("%.4g %s", m, unit))
}

func times(a, b float64) string { return fmt.Sprintf("%.2f ×", a/b) }

// over is the CPU time that processes use while something happens.
func over(pids []int, do func() error) (seconds float64, err error) {
	before, err := cpuOf(pids...)
	if err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, err
	}
	after, err := cpuOf(pids...)
	return after - before, err
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// notef tells how a run goes.
func notef(format string, args ...any) { fmt.Fprintf(os.Stderr, "    "+format+"\n", args...) }
