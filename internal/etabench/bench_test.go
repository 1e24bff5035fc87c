package main

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"nextup/internal/trace"
)

// One op is the replay of the log of 60 agents, each with some of twelve queues, as
// nextup backtest does it: a look every 3 s with plays, and each wait estimated again every
// 15 s. events/s is by the processor time of all threads, garbage collection included.
func BenchmarkTwelveSkillSets(b *testing.B) {
	log := twelveSkills(b, 20)
	began := processorTime(b)
	for b.Loop() {
		if err := trace.Replay(log, trace.Options{Every: 15_000, Seed: 1}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(log.Rows*b.N)/(processorTime(b)-began).Seconds(), "events/s")
}

// twelveSkills returns the log of so many hours of the desk with many sets of skills.
func twelveSkills(tb testing.TB, hours float64) *trace.Log {
	tb.Helper()
	for _, d := range desks() {
		if strings.HasPrefix(d.name, "twelve skills") {
			d.hours = hours
			log, err := trace.Parse(d.write(1))
			if err != nil {
				tb.Fatal(err)
			}
			return log
		}
	}
	tb.Fatal("no desk has twelve skills")
	return nil
}

// processorTime is what this process has used so far.
func processorTime(tb testing.TB) time.Duration {
	tb.Helper()
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
