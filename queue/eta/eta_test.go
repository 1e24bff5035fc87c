package eta

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"nextup/queue"
)

var support = queue.QueueID{Department: "support", Language: "en"}

func site() *queue.Site {
	return &queue.Site{ID: "demo", Departments: []queue.Department{{ID: "support", Languages: []string{"en", "zh"}}}}
}

// scene builds a state with agents who are busy since the given ages and a line
// of waiting tickets.
func scene(now queue.Stamp, capacity int, busySince []queue.Stamp, waiting int) *queue.State {
	var images []queue.Image
	images = append(images, &queue.Agent{ID: "a", Languages: queue.Fluent("en"), Departments: []string{"support"}, Capacity: capacity, Status: queue.Available})
	for i, at := range busySince {
		images = append(images, &queue.Ticket{ID: fmt.Sprint("busy", i), Visitor: fmt.Sprint("b", i), Specification: &queue.Specification{Department: "support", Language: "en", Weight: 1}, Status: queue.Assigned, Progress: &queue.Progress{Agent: "a", AssignedAt: at}, JoinedAt: at})
	}
	for i := range waiting {
		images = append(images, &queue.Ticket{ID: fmt.Sprint("wait", i), Visitor: fmt.Sprint("w", i), Specification: &queue.Specification{Department: "support", Language: "en", Weight: 1}, Status: queue.Waiting, JoinedAt: now - 1000})
	}
	for i, im := range images {
		queue.Resolve(im, queue.Revision{Version: fmt.Sprint("c", i), Number: uint64(i + 1)}, now)
	}
	st := queue.NewState(site())
	st.Restore(uint64(len(images)), now, images)
	return st
}

// ended is the step of a conversation that took the time.
func ended(at queue.Stamp, took queue.Millis) queue.Step {
	earlier := &queue.Ticket{ID: "x", Specification: &queue.Specification{Department: "support", Language: "en"}, Status: queue.Assigned, Progress: &queue.Progress{Agent: "a", AssignedAt: at - queue.Stamp(took)}}
	current := earlier.Copy()
	current.Status, current.EndedAt = queue.Closed, at
	return queue.Step{Record: queue.Record{At: at}, Tickets: []queue.TicketStep{{Before: earlier, After: current}}}
}

func TestUnknownUntilThereIsSomethingToSay(t *testing.T) {
	const now = 10_000_000
	tests := []struct {
		name        string
		completions int
		available   bool
		queue       queue.QueueID
		known       bool
	}{
		{"nothing was ever completed: the prior speaks", 0, true, support, true},
		{"five completions and an agent", 5, true, support, true},
		{"nobody speaks the language", 5, true, queue.QueueID{Department: "support", Language: "zh"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := New(nil)
			for range tt.completions {
				e.Observe(ended(now, 300_000))
			}
			out := e.Estimate(scene(now, 1, []queue.Stamp{now}, 3), now)
			if got := out.Curves[tt.queue.String()].At(1).Known; got != tt.known {
				t.Errorf("known = %v, want %v", got, tt.known)
			}
		})
	}
}

func TestTheWaitIsTheTimeOfAsManyCompletions(t *testing.T) {
	const now, places, mean = 100_000_000, 10, 300.0
	e := New(nil)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		e.Observe(ended(now, queue.Millis(rng.ExpFloat64()*mean*1000)))
	}
	busy := make([]queue.Stamp, places)
	for i := range busy {
		busy[i] = now
	}
	out := e.Estimate(scene(now, places, busy, 50), now)
	for _, k := range []int{1, 5, 20, 50} {
		got := out.Curves[support.String()].At(k)
		// A tenth of the places' time works for the other language served: none is.
		// No visitor has lost patience yet: the prior's patience counts.
		want := 0.0
		for j := range k {
			want += 1 / (places/mean + float64(j)/priorWait)
		}
		if k >= 5 && math.Abs(got.P50-want)/want > 0.12 {
			t.Errorf("place %d: median %.0f s, want about %.0f", k, got.P50, want)
		}
		if got.P90 <= got.P50 {
			t.Errorf("place %d: P90 %.0f is not above P50 %.0f", k, got.P90, got.P50)
		}
	}
}

func TestOpenConversationsCountAsExposure(t *testing.T) {
	const now = 10_000_000
	median := func(openFor queue.Stamp) float64 {
		e := New(nil)
		for range 5 {
			e.Observe(ended(now-openFor, 60_000))
		}
		e.SetBudget(0)
		e.Look(scene(now-openFor, 4, []queue.Stamp{now - openFor, now - openFor, now - openFor, now - openFor}, 8), now-openFor)
		out := e.Estimate(scene(now, 4, []queue.Stamp{now - openFor, now - openFor, now - openFor, now - openFor}, 8), now)
		return out.Curves[support.String()].At(8).P50
	}
	if fresh, long := median(0), median(600_000); long < 3*fresh {
		t.Errorf("four conversations open for ten minutes raise the wait from %.0f s to %.0f s only", fresh, long)
	}
}

// Who starts with nothing known finds long conversations open, for those who talked less long have
// ended unseen: the time before counts for nothing, or a new gateway would say 767 s where 145 s pass.
func TestAStartInMidDayDoesNotTakeOpenConversationsForLongOnes(t *testing.T) {
	t.Parallel()
	const now, agents, mean = 100_000_000, 40, 300.0
	rng := rand.New(rand.NewPCG(1, 2))
	since := make([]queue.Stamp, agents) // the age of an open exponential conversation is exponential
	for i := range since {
		since[i] = now - queue.Stamp(rng.ExpFloat64()*mean*1000)
	}
	e := New(nil)
	e.SetBudget(0)
	f := e.Next(scene(now, agents, since, 20), support, now)
	if want := 21 * mean / agents; f.Mean > 1.3*want || f.Mean < want/1.3 {
		t.Errorf("%.0f s are said, and %.0f s pass", f.Mean, want)
	}
	// A checkpoint holds the time of what is open, so a successor misses none of it.
	e.Next(scene(now+600_000, agents, since, 20), support, now+600_000)
	next := New(e.Checkpoint(scene(now+600_000, agents, since, 20)))
	_, before := e.known.service(support.String()).totals()
	_, after := next.known.service(support.String()).totals()
	if math.Abs(before-agents*600) > 1 || math.Abs(after-before) > 1 {
		t.Errorf("ten minutes of %d conversations are remembered as %.0f s, and after a restart as %.0f s", agents, before, after)
	}
}

func TestAnEstimatorGoesOnFromACheckpoint(t *testing.T) {
	const now = 10_000_000
	first := New(nil)
	for range 20 {
		first.Observe(ended(now, 240_000))
	}
	st := scene(now, 2, []queue.Stamp{now, now}, 4)
	published := first.Estimate(st, now)
	if c := st.Publish(published, nil); len(c.Writes) != 1 {
		t.Fatal("not published")
	}
	st.Apply(queue.Record{Number: st.Number() + 1, ID: "p", At: now, Writes: []queue.Write{{Name: published.Name(), Image: published}}})
	if again := first.Estimate(st, now+1000); again != nil {
		t.Error("published again though nobody would see a difference")
	}
	second := New(first.Checkpoint(st))
	if got, want := second.Estimate(scene(now, 2, []queue.Stamp{now, now}, 4), now), published; !second.sameShown(st, got, want) {
		t.Errorf("the next dispatcher says %v, the last one said %v", got.Curves, want.Curves)
	}
}

// [ticket-4] The lower end is rounded down and the upper end up, so both are true.
func TestTheEndsOfAWaitAreRoundedOutwards(t *testing.T) {
	for _, tt := range []struct {
		p25, p90  float64
		low, high int
	}{
		{0, 0, 0, 60}, {59, 61, 0, 120}, {241, 301, 240, 420}, {250, 260, 240, 420}, {60, 60, 0, 60}, {3601, 99999, 3600, 7200}, {8000, 9000, 3600, 7200},
	} {
		got := Shown(queue.EstimatedWait{Known: true, P25: tt.p25, P90: tt.p90})
		if got.Low != tt.low || got.High != tt.high {
			t.Errorf("%.0f–%.0f s is shown as %d–%d, want %d–%d", tt.p25, tt.p90, got.Low, got.High, tt.low, tt.high)
		}
	}
	if got := Shown(queue.EstimatedWait{P25: 100, P90: 200}); got != (Range{}) {
		t.Errorf("unknown is shown as %+v", got)
	}
}

func TestGammaQuantilesAreNearTheExactOnes(t *testing.T) {
	// Exact values: shape 1 is exponential; shape 4 from tables of chi-square with
	// 8 degrees of freedom (halved): 1.745, 3.672, 6.681.
	for _, tt := range []struct{ mean, sd, z, want float64 }{
		{1, 1, quantiles[3], math.Log(10)}, {1, 1, quantiles[2], math.Log(2)}, {1, 1, quantiles[0], -math.Log(.9)},
		{4, 2, quantiles[0], 1.745}, {4, 2, quantiles[2], 3.672}, {4, 2, quantiles[3], 6.681},
	} {
		if got := gammaQuantile(tt.mean, tt.sd, tt.z); math.Abs(got-tt.want)/tt.want > 0.01 {
			t.Errorf("mean %v, sd %v at z %.2f: %.4f, want %.4f", tt.mean, tt.sd, tt.z, got, tt.want)
		}
	}
}

// A conversation may end in the very moment in which a bin of the hazard begins,
// or as soon as it has begun: then an end is counted where no time was. What is said
// stays a number, and what is learned then does not spoil what comes after.
func TestAnEndOnTheEdgeOfABinIsAnEndLikeOthers(t *testing.T) {
	const now = 10_000_000
	for _, took := range []queue.Millis{0, 4000, 6400} {
		t.Run(fmt.Sprint(took), func(t *testing.T) {
			e := New(nil)
			e.Observe(ended(now, took))
			st := scene(now, 1, []queue.Stamp{now - 500}, 3)
			e.Observe(queue.Step{Record: queue.Record{At: now}})
			for _, at := range []queue.Stamp{now, now + 4000, now + 8000} {
				f := e.Next(st, support, at)
				if !f.Known || !(f.Mean > 0 && f.P90 > 0 && f.P90 < horizon) {
					t.Fatalf("at %d: %+v", at, f)
				}
				e.Look(st, at)
			}
			for range 50 {
				e.Observe(ended(now+9000, 5000))
			}
			if f := e.Next(st, support, now+60_000); !(f.P90 < 120) {
				t.Errorf("after fifty more: %+v", f)
			}
		})
	}
}

// An agent who gives a conversation away has their place free for the next in line, as with one that ends.
func TestConversationsThatAreHandedOnCountAsOver(t *testing.T) {
	t.Parallel()
	const begun, took = 10_000_000, 60_000
	mean := func(handsOn bool) float64 {
		e, st := New(nil), scene(begun, 1, nil, 0)
		e.SetBudget(0)
		e.look(st, begun)
		at := queue.Stamp(begun)
		for i := range 100 {
			earlier := &queue.Ticket{ID: fmt.Sprint("x", i), Visitor: fmt.Sprint("x", i), Specification: &queue.Specification{Department: "support", Language: "en", Requirements: &queue.Requirements{}, Weight: 1}, Status: queue.Waiting, Progress: &queue.Progress{}, JoinedAt: at}
			taken := earlier.Copy()
			taken.Status, taken.Progress = queue.Assigned, &queue.Progress{Agent: "a", AssignedAt: at}
			after := taken.Copy()
			if handsOn && i%2 == 0 {
				after.Status, after.TransferredBy = queue.Waiting, "a"
			} else {
				after.Status, after.EndedAt = queue.Closed, at+took
			}
			e.Observe(queue.Step{Record: queue.Record{At: at}, Tickets: []queue.TicketStep{{Before: earlier, After: taken}}})
			at += took
			e.Observe(queue.Step{Record: queue.Record{At: at}, Tickets: []queue.TicketStep{{Before: taken, After: after}}})
		}
		e.look(st, at)
		return e.rates.service[support.String()].mean()
	}
	if closed, handedOn := mean(false), mean(true); math.Abs(handedOn/closed-1) > 0.01 {
		t.Errorf("a place is taken for %.0f s, and for %.0f s where half of the conversations are handed on", closed, handedOn)
	}
}
