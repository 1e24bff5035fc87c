// Command loadtest runs one scenario of the load suite and judges it: it opens a
// socket at each gateway to see that there is something to judge, starts the
// scripts of k6/ beside an observer that follows the log, does to the gateways
// what the scenario is about, and leaves a report. Without TARGET it first
// starts Redis and three gateways of its own. Everything is set by environment
// variables; see README.md.
//
// It exits with 0 when everything judged holds, 1 when something does not, and 2
// when the run could not be made.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// errFailed says that the run was made and something judged does not hold.
var errFailed = errors.New("the run failed")

// spareMemory is the load's GOGC, ours and k6's: there is memory to spare, and
// the processor is for what is measured.
const spareMemory = 400

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	debug.SetGCPercent(spareMemory)
	err := run(ctx)
	stop()
	switch {
	case errors.Is(err, errFailed):
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(2)
	}
}

func run(ctx context.Context) error {
	s, err := readSettings(os.Getenv)
	if err != nil {
		return err
	}
	r, path, err := runScenario(ctx, s, os.Stdout)
	if err != nil {
		return err
	}
	fmt.Printf("\n%s\nreport: %s\n", r.Verdict, path)
	if !r.Passed {
		return errFailed
	}
	return nil
}
