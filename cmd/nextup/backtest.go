package main

import (
	"bufio"
	"io"
	"os"
	"time"

	"github.com/go-json-experiment/json"

	"nextup/internal/trace"
)

type backtestCmd struct {
	Trace string        `arg:"" help:"CSV of events, plain or gzipped."`
	Every time.Duration `help:"Ask also so often while somebody waits; 0 asks at the join alone." default:"0s"`
	Over  time.Duration `help:"Summary: score waits longer than this." default:"0s"`
	After float64       `help:"Summary: score those who joined after this share of the trace's time." default:"0"`
}

// Help is shown by --help below the summary.
func (backtestCmd) Help() string {
	return `Replays a log of contacts and writes, as one JSON line per join, what the estimator would
have said with what was known then. A summary goes to stderr: how far off it was, next to
simpler ways to estimate. A row that cannot be read ends it with 2.

The columns are at_ms,event,ticket,agent,queue,head_start_s,capacity; events are agent_on
(with the queues served, as a|b, and the capacity), join, assign, close, abandon and
agent_off.

Examples:

    nextup backtest last-month.csv.gz > said.jsonl
    nextup backtest --every 30s --over 5s --after 0.5 last-month.csv > said.jsonl`
}

// Run implements the command.
func (c *backtestCmd) Run(out io.Writer) error {
	file, err := os.Open(c.Trace)
	if err != nil {
		return err
	}
	defer file.Close()
	events, err := trace.Read(file)
	if err != nil {
		return err
	}
	first, last := events[0].At, events[len(events)-1].At
	score := &trace.Score{Over: c.Over.Seconds(), From: first + int64(c.After*float64(last-first))}
	lines := bufio.NewWriter(out)
	err = trace.Replay(events, trace.Options{
		Every: c.Every.Milliseconds(), Score: score,
		Said: func(s trace.Said) error {
			if err := json.MarshalWrite(lines, s); err != nil {
				return err
			}
			return lines.WriteByte('\n')
		},
	})
	if err != nil {
		return err
	}
	if err := lines.Flush(); err != nil {
		return err
	}
	score.Print(os.Stderr)
	return nil
}
