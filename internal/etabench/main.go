// Command etabench measures the wait estimator against its gates: how near it comes
// to an oracle that knows the true rates, how often its ranges held, and what
// visitors would have seen. make bench-eta runs it and keeps the table in
// docs/estimates.md.
//
//	go run ./internal/etabench -only lunch -visitors 2000
//	go run ./internal/etabench -sensitivity -only "half are|doubled"
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"nextup/internal/trace"
)

func main() {
	only := flag.String("only", "", "run the trials and desks whose name contains this, or one of these, as a|b")
	visitors := flag.Int("visitors", 20_000, "delayed visitors per trial, about, pooled over the seeds")
	out := flag.String("out", "", "put the table in its place in this page as well")
	log := flag.String("trace", "", "a log of contacts (CSV, may be gzipped) to replay as well")
	flag.Uint64Var(&firstSeed, "first", firstSeed, "the first of the five seeds: others show what is luck")
	halves := flag.Bool("sensitivity", false, "replay the desks whose names contain -only with each constant of the calibration halved and doubled")
	flag.IntVar(&playBudget, "budget", playBudget, "records of the plays of one look, 30 s apart")
	flag.Parse()
	run := func() error { return bench(*only, *visitors, *out, *log) }
	if *halves {
		run = func() error { return sensitivity(os.Stdout, *only) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "etabench:", err)
		os.Exit(1)
	}
}

func bench(only string, visitors int, out, log string) error {
	var rows []row
	for _, t := range trials() {
		if !chosen(t.name, only) {
			continue
		}
		began := time.Now()
		all, err := t.run(visitors)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%s: %d visitors in %v\n", t.name, len(all), time.Since(began).Round(time.Second))
		judged := t.judge(all)
		table(os.Stderr, judged)
		rows = append(rows, judged...)
	}
	for _, d := range desks() {
		if !chosen(d.name, only) {
			continue
		}
		judged, err := d.replay()
		if err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		table(os.Stderr, judged)
		rows = append(rows, judged...)
	}
	if log != "" {
		more, err := replayed(log)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	var page strings.Builder
	page.WriteString(provenance(log, visitors))
	missed := table(&page, rows)
	fmt.Fprintf(&page, "\n%d rows; %d miss what they must.\n", len(rows), missed)
	fmt.Print(page.String())
	if out == "" || only != "" {
		return nil
	}
	return insert(out, page.String())
}

// chosen reports whether a name contains one of the parts of only, which are divided by |.
func chosen(name, only string) bool {
	return slices.ContainsFunc(strings.Split(only, "|"), func(part string) bool { return strings.Contains(name, part) })
}

// provenance returns the command, commit, machine and seeds of the table.
func provenance(log string, visitors int) string {
	var b strings.Builder
	commit := "unknown"
	if text, err := exec.CommandContext(context.Background(), "git", "rev-parse", "--short", "HEAD").Output(); err == nil {
		commit = strings.TrimSpace(string(text))
	}
	how := "make bench-eta"
	if log != "" {
		how += " TRACE=" + filepath.Base(log)
	}
	fmt.Fprintf(&b, "`%s` on %s, commit %s, %s, %d cores; seeds %d–%d, about %d delayed visitors a scenario.\n\n",
		how, time.Now().Format("2 January 2006"), commit, runtime.Version(), runtime.NumCPU(), firstSeed, firstSeed+seeds-1, visitors)
	if log == "" {
		b.WriteString("No log of contacts was given (`make bench-eta TRACE=file.csv.gz`): the gate on a real trace was **not run**.\n\n")
	}
	return b.String()
}

// The table stands between these lines of the page; the rest of the page is written
// by hand.
const (
	tableBegin = "<!-- make bench-eta writes from here -->\n"
	tableEnd   = "<!-- to here -->\n"
)

// insert replaces the table of the page.
func insert(path, table string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(page), tableBegin)
	_, after, closed := strings.Cut(rest, tableEnd)
	if !found || !closed {
		return fmt.Errorf("%s has no place for the table, between %q and %q", path, tableBegin, tableEnd)
	}
	return os.WriteFile(path, []byte(before+tableBegin+"\n"+table+"\n"+tableEnd+after), 0o644)
}

// replayed scores the second half of a real log, waits over 5 s.
func replayed(path string) ([]row, error) {
	log, err := trace.Open(path)
	if err != nil {
		return nil, err
	}
	half := log.First + (log.Last-log.First)/2
	score := &trace.Score{Over: 5, From: half}
	strict := &trace.Score{Over: 5, From: half, Strict: true}
	noticed := &trace.Score{Over: 1, From: half}
	if err := trace.Replay(log, trace.Options{Every: 15_000, Seed: 1, Scores: []*trace.Score{score, strict, noticed}}); err != nil {
		return nil, err
	}
	const what = "real trace"
	products := len(trace.Baselines) - 1 // of which the last divides the work in line by the agents
	ours, n := relative(score, products)
	hardest, _ := relative(score, len(trace.Baselines))
	harder, _ := relative(strict, products)
	return append([]row{
		atMost(what, "RMSE in seconds", score.Figures()[0].RMSE, 58, 56, n),
		atMost(what, "RMSE ÷ the best of last 10, EWMA, LES, long-run mean", ours, .85, .78, n),
		atMost(what, "the same with position × handling ÷ agents", hardest, .85, .78, n),
		{gate: "the same, had they learned only from waits over 5 s", what: what, value: harder, informational: true, n: n},
		// The ranges of before, which were learned apart from the mean, had 3.16.
		atMost(what, "interval score of P10–P90 ÷ mean wait", score.Truths()[0].Score, .85*3.16, .75*3.16, n),
	}, truths(what, score, noticed)...), nil
}

// relative returns our error divided by that of the best of the first simpler methods.
func relative(s *trace.Score, methods int) (ratio float64, n int) {
	all := s.Figures()
	best := math.Inf(1)
	for _, f := range all[1 : 1+methods] {
		best = min(best, f.RMSE)
	}
	return all[0].RMSE / best, all[0].N
}

// seeds is the number of seeds that are pooled, from firstSeed on.
const seeds = 5

var firstSeed uint64 = 1

// run runs the trial on every core and pools the scores of the seeds, in their
// order.
func (t *trial) run(visitors int) ([]scored, error) {
	hours, repeats := 0.0, max(1, t.repeats*visitors/20_000)
	if t.perHour > 0 {
		hours = 300/t.perHour + 1.35*float64(visitors)/seeds/t.perHour
	}
	parts, errs := make([][]scored, seeds*repeats), make([]error, seeds*repeats)
	cores := make(chan struct{}, runtime.GOMAXPROCS(0))
	var work sync.WaitGroup
	for i := range parts {
		cores <- struct{}{}
		work.Go(func() {
			defer func() { <-cores }()
			seed, again := i/repeats, i%repeats
			parts[i], errs[i] = t.once(firstSeed+uint64(seed+again*1000), hours)
			for k := range parts[i] {
				parts[i][k].block += blocks * seed
			}
		})
	}
	work.Wait()
	return slices.Concat(parts...), errors.Join(errs...)
}
