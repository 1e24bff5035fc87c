package eta

import (
	"fmt"
	"math"
	"testing"

	"nextup/queue"
)

const minute = 60_000

// planned is a scene of ten busy places and a line, with a plan for some more
// agents or for the one who is there.
func planned(now queue.Stamp, waiting int, plan map[string]*queue.Planned) *queue.State {
	busy := make([]queue.Stamp, 10)
	for i := range busy {
		busy[i] = now - 1000
	}
	st := scene(now, 10, busy, waiting)
	rules := *st.Site()
	rules.Planned = plan
	st.SetSite(&rules)
	return st
}

func shiftOf(id string, capacity int, language string, from, to queue.Stamp) *queue.Planned {
	return &queue.Planned{
		Facts:  queue.AgentFacts{ID: id, Languages: queue.Fluent(language), Departments: []string{"support"}, Capacity: capacity},
		Shifts: []queue.Shift{{From: from, To: to}},
	}
}

func TestPlannedShiftsAreCountedOn(t *testing.T) {
	const now = 100_000_000
	wait := func(plan map[string]*queue.Planned) Forecast {
		st := planned(now, 60, plan)
		return New(nil).Forecast(st, st.Ticket("wait59"), now)
	}
	alone := wait(nil)
	helped := wait(map[string]*queue.Planned{"b": shiftOf("b", 40, "en", now+5*minute, now+500*minute)})
	if !helped.Known || helped.Mean > 0.5*alone.Mean || helped.Mean < 300 {
		t.Errorf("with 40 more places in 5 min %.0f s, without them %.0f s; want above 300 s and below half", helped.Mean, alone.Mean)
	}
	others := wait(map[string]*queue.Planned{"b": shiftOf("b", 40, "zh", now+5*minute, now+500*minute)})
	if others.Mean != alone.Mean {
		t.Errorf("who will speak another language changes %.0f s into %.0f s", alone.Mean, others.Mean)
	}
	if left := wait(map[string]*queue.Planned{"a": shiftOf("a", 10, "en", now-60*minute, now+5*minute)}); left.Known {
		t.Errorf("all leave in 5 min, and %.0f s are said to wait", left.Mean)
	}
	stays := wait(map[string]*queue.Planned{"a": shiftOf("a", 10, "en", now-60*minute, now-minute)})
	if stays.Mean != alone.Mean {
		t.Errorf("who stays beyond a shift changes %.0f s into %.0f s", alone.Mean, stays.Mean)
	}
}

func TestALanguageIsKnownOnceSomebodyIsPlannedForIt(t *testing.T) {
	const now = 100_000_000
	zh := queue.QueueID{Department: "support", Language: "zh"}
	if f := New(nil).Next(planned(now, 0, nil), zh, now); f.Known {
		t.Fatal("nobody speaks it, and a wait is said")
	}
	st := planned(now, 0, map[string]*queue.Planned{"b": shiftOf("b", 4, "zh", now+20*minute, now+500*minute)})
	if f := New(nil).Next(st, zh, now); !f.Known || f.Mean < 1100 || f.Mean > 1500 {
		t.Errorf("somebody comes in 20 min: known %v, %.0f s", f.Known, f.Mean)
	}
}

func TestPlaysKeepThePlan(t *testing.T) {
	const now = 100_000_000
	st := planned(now, 60, map[string]*queue.Planned{"b": shiftOf("b", 20, "en", now+5*minute, now+500*minute)})
	e := New(nil)
	e.SetBudget(100_000)
	for i := range 30 {
		e.Estimate(st, now+queue.Stamp(i)*playEveryStamp)
	}
	c := e.twin.by[support.String()][octave(60)]
	if ratio := c.mean.A / c.mean.B; c.mean.N < 50 || math.Abs(ratio-1) > 0.1 {
		t.Errorf("%.0f plays say %.3f times what Rate says", c.mean.N, ratio)
	}
}

func TestStaffWhoComeAndGoWidenTheRange(t *testing.T) {
	var steady, restless drift
	for i := range 48 { // three hours with 60, one with 40, three times
		at := queue.Stamp(1 + i*driftEvery)
		steady.observe(60, at)
		restless.observe(60-20*float64(i%16/12), at)
	}
	if got := steady.variance(600, 300); got != 0 {
		t.Errorf("staff who stay widen by %v", got)
	}
	// With 40 there one step up an hour is expected, with 60 one down in three; the
	// quarter of an hour before anything was seen counts too.
	step := sq(math.Log(1.5)) * 600
	for _, tt := range []struct {
		places, talk, want float64
	}{
		{40, 0, 2 * step / (2*3600 + 2700 + 900) / 3},
		{40, 300, 2 * step / (2*3600 + 2700 + 900) * (1./3 + .5 + .25)},
		{60, 300, 3 * step / (9*3600 + 900) / 3},
	} {
		restless.Places = tt.places
		if got := restless.variance(600, tt.talk); math.Abs(got/tt.want-1) > 0.05 {
			t.Errorf("with %.0f there and talks of %.0f s the range is widened by %v, want about %v", tt.places, tt.talk, got, tt.want)
		}
	}
	if got := restless.variance(1e9, 300); got != driftMost {
		t.Errorf("a wait without end is widened by %v, want at most %v", got, driftMost)
	}
}

// With a thousand agents who each talk for exactly 1,000 s, one conversation
// ends each second: an estimator whose ends fade before the time they took does
// would say 5 % more.
func TestTheMeanDoesNotDependOnHowManyTalkAtOnce(t *testing.T) {
	const agents, lasts = 1000, 1000
	e := New(nil)
	st := scene(1, 1, nil, 0)
	e.sync(st)
	at := func(second int) queue.Stamp { return queue.Stamp(1 + second*1000) }
	open := make([]*queue.Ticket, agents)
	for second := range 45_000 {
		i := second % agents
		agent := fmt.Sprint("a", i)
		if second < agents {
			a := &queue.Agent{ID: agent, Languages: queue.Fluent("en"), Departments: []string{"support"}, Capacity: 1, Status: queue.Available}
			e.Observe(queue.Step{Record: queue.Record{At: at(second), Writes: []queue.Write{{Name: a.Name(), Image: a}}}})
		}
		var steps []queue.TicketStep
		if before := open[i]; before != nil {
			after, course := *before, *before.Progress
			course.EndedAt = at(second)
			after.Status, after.Progress = queue.Closed, &course
			steps = append(steps, queue.TicketStep{Before: before, After: &after})
		}
		open[i] = &queue.Ticket{
			ID: fmt.Sprint("t", second), Specification: &queue.Specification{Department: "support", Language: "en", Weight: 1}, Status: queue.Assigned,
			Progress: &queue.Progress{Agent: agent, AssignedAt: at(second), Token: 1}, JoinedAt: at(second),
		}
		steps = append(steps, queue.TicketStep{After: open[i]})
		e.Observe(queue.Step{Record: queue.Record{At: at(second)}, Tickets: steps})
	}
	r := rates{service: map[string]*hazard{}}
	e.learnService(&r, st.Site().Queues(), at(45_000))
	ends, time := 0.0, 0.0
	for _, p := range e.agents {
		for _, k := range p.held {
			time += float64(at(45_000)-k.since) / 1000 * e.weight(&k)
		}
	}
	n, closed := e.known.service(support.String()).totals()
	ends, time = ends+n, time+closed
	if mean := time / ends; math.Abs(mean/lasts-1) > 0.005 {
		t.Errorf("%.0f ends in %.0f s: a mean of %.1f s, want %d", ends, time, mean, lasts)
	}
}

func TestAQueueWithoutAHistoryBorrowsFromItsDepartment(t *testing.T) {
	const now = 100_000_000
	rules := &queue.Site{ID: "demo", Departments: []queue.Department{
		{ID: "cards", Languages: []string{"en", "es", "zh"}}, {ID: "loans", Languages: []string{"en", "es", "zh"}},
	}}
	e := New(nil)
	for range 400 {
		for _, seen := range []struct {
			department, language string
			took                 queue.Millis
		}{{"cards", "en", 100_000}, {"cards", "es", 110_000}, {"loans", "en", 1_000_000}, {"loans", "es", 900_000}} {
			step := ended(now, seen.took)
			for _, t := range []*queue.Ticket{step.Tickets[0].Before, step.Tickets[0].After} {
				t.Department, t.Language = seen.department, seen.language
			}
			e.Observe(step)
		}
	}
	r := rates{service: map[string]*hazard{}}
	e.learnService(&r, rules.Queues(), now)
	short, long := r.service["cards/zh"].mean(), r.service["loans/zh"].mean()
	if short > 200 || long < 700 {
		t.Errorf("a queue nobody has used is believed to take %.0f s among short ones and %.0f s among long ones", short, long)
	}
}
