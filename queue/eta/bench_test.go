package eta

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"nextup/queue"
	"nextup/queue/sim"
)

// One op is Rate for the last of 10,000 who wait in one queue, as the state has
// moved since the last time.
func BenchmarkRate(b *testing.B) {
	const now = 10_000_000
	busy := make([]queue.Stamp, 200)
	for i := range busy {
		busy[i] = now - queue.Stamp(i*2000)
	}
	st := scene(now, 200, busy, 10_000)
	e := New(nil)
	e.SetBudget(0)
	e.look(st, now)
	at := queue.Stamp(now)
	for b.Loop() {
		at++
		if f := e.Next(st, support, at); !f.Known {
			b.Fatal("unknown")
		}
	}
}

// One op is a minute of a site with some 1,000 log records a second, as a gateway
// learns from it: each record, and a look every 3 s with the plays. %core is the
// share of one core that this takes: the processor time of the whole, garbage
// collection and all, less that of the same minute without an estimator.
func BenchmarkLearning(b *testing.B) {
	const agents, handling = 1000, 4.0
	s := &sim.Scenario{
		Seed: 1, Length: 60_000,
		Queues: []sim.Demand{{Department: "support", Language: "en", PerHour: 1.02 * agents * 3600 / handling, Handling: sim.Exponential(handling)}},
		Staff:  []sim.Staff{{Count: agents, Departments: []string{"support"}, Languages: []string{"en"}, Capacity: 1}},
	}
	minute := func(e *Estimator) (records int, took time.Duration) {
		began := processorTime(b)
		var st *queue.State
		_, err := sim.Run(s, sim.Hooks{
			Record: func(step queue.Step) {
				records++
				if e != nil {
					e.Observe(step)
				}
			},
			Joined:    func(v sim.Arrival, _ bool) { st = v.State },
			TickEvery: 3000,
			Tick: func(now queue.Stamp) {
				if e != nil {
					e.Estimate(st, now)
				}
			},
		})
		if err != nil {
			b.Fatal(err)
		}
		return records, processorTime(b) - began
	}
	var with, without time.Duration
	records := 0
	for b.Loop() {
		n, took := minute(New(nil))
		records, with = records+n, with+took
		_, took = minute(nil)
		without += took
	}
	minutes := float64(b.N)
	b.ReportMetric(float64(records)/60/minutes, "records/s")
	b.ReportMetric(100*(with-without).Seconds()/60/minutes, "%core")
}

// processorTime is what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// One op is a look at a site of 1,000 waiting and 200 agents: the curve of each
// queue and the plays of the real rules. A dispatcher looks every 2 s or more.
func BenchmarkLook(b *testing.B) {
	const now = 10_000_000
	for _, budget := range []int{0, defaultPlays} {
		b.Run(fmt.Sprint("records ", budget), func(b *testing.B) {
			st := scenery(now, 200, 1000)
			e := New(nil)
			e.SetBudget(budget)
			at := queue.Stamp(now)
			began := processorTime(b)
			for b.Loop() {
				at += playEveryStamp
				e.Estimate(st, at)
			}
			b.ReportMetric(100*(processorTime(b)-began).Seconds()/float64(b.N)/(float64(playEvery)/1000), "%core")
		})
	}
}

const playEveryStamp = queue.Stamp(playEvery)

// scenery is a state of so many agents, each in one conversation, and so many in
// line.
func scenery(now queue.Stamp, agents, waiting int) *queue.State {
	var images []queue.Image
	for i := range agents {
		id := fmt.Sprint("a", i)
		images = append(images,
			&queue.Agent{ID: id, Languages: queue.Fluent("en"), Departments: []string{"support"}, Capacity: 1, Status: queue.Available},
			&queue.Ticket{ID: "busy" + id, Visitor: "b" + id, Specification: &queue.Specification{Department: "support", Language: "en", Weight: 1}, Status: queue.Assigned, Progress: &queue.Progress{Agent: id, AssignedAt: now - queue.Stamp(i*1000)}, JoinedAt: now - 500_000})
	}
	for i := range waiting {
		images = append(images, &queue.Ticket{ID: fmt.Sprint("wait", i), Visitor: fmt.Sprint("w", i), Specification: &queue.Specification{Department: "support", Language: "en", Weight: 1}, Status: queue.Waiting, JoinedAt: now - 100_000 + queue.Stamp(i)})
	}
	for i, im := range images {
		queue.Resolve(im, queue.Revision{Version: fmt.Sprint("c", i), Number: uint64(i + 1)}, now)
	}
	st := queue.NewState(site())
	st.Restore(uint64(len(images)), now, images)
	return st
}
