// Command etabench measures the wait estimator against its gates: how near it
// comes to somebody who knows the true rates, how often its ranges held, and
// what people would have seen. make bench-eta runs it and keeps the table under
// docs/estimates.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

func main() {
	only := flag.String("only", "", "run the trials whose name contains this")
	visitors := flag.Int("visitors", 20_000, "delayed visitors per trial, at least")
	stretch := flag.Float64("stretch", 1, "play so many times as long and score a sample")
	flag.IntVar(&playBudget, "budget", playBudget, "records of the plays of one look, 30 s apart")
	flag.Parse()
	var rows []row
	for _, t := range trials() {
		if !strings.Contains(t.name, *only) {
			continue
		}
		began := time.Now()
		all, err := t.run(*visitors, *stretch)
		if err != nil {
			fmt.Fprintln(os.Stderr, "etabench:", err)
			os.Exit(1)
		}
		fmt.Fprintf(os.Stderr, "%s: %d visitors in %v\n", t.name, len(all), time.Since(began).Round(time.Second))
		rows = append(rows, t.judge(all)...)
	}
	table(os.Stdout, rows)
}

// seeds are pooled.
const seeds = 5

func (t *trial) run(visitors int, stretch float64) ([]scored, error) {
	var all []scored
	for seed := uint64(1); seed <= seeds; seed++ {
		for i := range max(1, t.repeats*visitors/20_000) {
			hours := 0.0
			if t.perHour > 0 {
				hours = 300/t.perHour + 1.15*float64(visitors)/seeds/t.perHour*stretch
			}
			part, err := t.play(seed+uint64(i)*1000, hours, 1/stretch)
			if err != nil {
				return nil, err
			}
			for _, s := range part {
				s.block += blocks * (int(seed) - 1)
				all = append(all, s)
			}
		}
	}
	return all, nil
}
