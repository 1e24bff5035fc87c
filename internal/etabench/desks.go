package main

import (
	"fmt"
	"math"
	"time"

	"nextup/internal/trace"
	"nextup/queue/sim"
)

// replay replays the desk's log as nextup backtest does, and judges the estimates of
// waits over 5 s of those who joined in its last three quarters, after everything was
// seen once.
func (d *desk) replay() ([]row, error) {
	log, err := trace.Parse(d.write(firstSeed))
	if err != nil {
		return nil, err
	}
	from := func(hour float64) *trace.Score { return &trace.Score{Over: 5, From: int64(hour * 3.6e6)} }
	score := from(d.hours / 4)
	scores := []*trace.Score{score}
	var after []*trace.Score
	if d.changes > 0 { // the waits from half an hour on after the change, and from an hour on, until the next
		for _, hours := range []float64{.5, 1} {
			s := from(d.changes + hours)
			s.Until = s.From + int64(hours*3.6e6)
			after = append(after, s)
		}
	}
	began := time.Now()
	if err := trace.Replay(log, trace.Options{Every: 15_000, Seed: 1, Scores: append(scores, after...)}); err != nil {
		return nil, err
	}
	speed := float64(log.Rows) / time.Since(began).Seconds()
	all := score.Truths()
	total := &all[0]
	lowest, highest := 1.0, 0.0
	for i := range all {
		if t := &all[i]; t.By == "estimate" && t.N >= total.N/30 && t.Mean >= 8 {
			lowest, highest = min(lowest, t.Inside), max(highest, t.Inside)
		}
	}
	watched, rose := score.Rises()
	within := func(gate string, value, low, high, aimLow, aimHigh float64, n int) row {
		return row{
			gate: gate, what: d.name, value: value, n: n, must: fmt.Sprintf("%.2f–%.2f", low, high), aim: fmt.Sprintf("%.2f–%.2f", aimLow, aimHigh),
			meetsMust: value >= low && value <= high, meetsAim: value >= aimLow && value <= aimHigh,
		}
	}
	atMost := func(gate string, value, must, aim float64, n int) row {
		r := within(gate, value, 0, must, 0, aim, n)
		r.must, r.aim = fmt.Sprintf("≤ %.2f", must), fmt.Sprintf("≤ %.2f", aim)
		return r
	}
	rows := []row{
		within("coverage of P10–P90", total.Inside, .77, .83, .79, .81, total.N),
		within("the same, worst octave of the mean, low", lowest, .72, 1, .75, 1, total.N),
		within("the same, worst octave of the mean, high", highest, 0, .88, 0, .85, total.N),
		atMost("waits over P90", total.Above, .13, .11, total.N),
		atMost("waits over the shown end", total.Over, .06, .05, total.N),
		atMost("MAE of the median ÷ MAE of the mean", total.Middle, 1.05, 1, total.N),
		atMost("share who see a rise", float64(rose)/max(1, float64(watched)), .03, .02, watched),
		{gate: "interval score ÷ mean wait", what: d.name, value: total.Score, informational: true, n: total.N},
		{gate: "events replayed a second", what: d.name, value: math.Round(speed), informational: true, n: log.Rows},
	}
	for i, s := range after {
		t := s.Truths()[0]
		must, aim := [2]float64{.65, .75}[i], [2]float64{.75, .78}[i]
		rows = append(rows, within(fmt.Sprintf("coverage %g h after the change", [2]float64{.5, 1}[i]), t.Inside, must, 1, aim, 1, t.N))
	}
	return rows, nil
}

// desks returns the desks of the table.
func desks() []desk {
	talk := sim.Lognormal(handling, 1.2)
	queues := func(n int, perHour float64, patience float64) []demand {
		all := make([]demand, n)
		for i := range all {
			all[i] = demand{perHour: perHour / float64(n), handling: talk, patience: sim.Exponential(patience)}
		}
		return all
	}
	day := func(hour float64) float64 { return 1 + .25*math.Sin(2*math.Pi*hour/8) }
	offset := queues(3, .92*30*12, 900)
	offset[1].offset, offset[2].offset = 40, 15
	offset[1].handling = sim.Lognormal(1.3*handling, 1.2)
	skills := queues(12, .9*60*12, 900)
	for i := range skills {
		skills[i].perHour *= .4 + .1*float64(i)
	}
	return []desk{
		{name: "agents look idle and take none", hours: 48, agents: 25, queues: queues(2, .85*25*12, 900), breaks: .6, rest: sim.Lognormal(60, 3), arrivals: day},
		{name: "half are served at once", hours: 72, agents: 14, queues: queues(1, .8*14*12, 600), breaks: .1, rest: sim.Lognormal(120, 1), arrivals: day},
		{name: "queues with an offset", hours: 40, agents: 30, queues: offset, arrivals: day},
		{name: "an outage with 700 in line", hours: 36, agents: 40, queues: queues(1, .85*40*12, 7200), staff: func(hour float64) float64 {
			if h := math.Mod(hour, 12); h > 5 && h < 7.1 {
				return .05
			}
			return 1
		}},
		{name: "handling time doubled, then halved", hours: 48, changes: 24, agents: 20, queues: queues(1, .9*20*12, 600), handling: func(hour float64) float64 {
			if hour > 24 && hour < 36 {
				return 2
			}
			return 1
		}},
		{name: "twelve skills, many sets", hours: 20, agents: 60, queues: skills, serves: 4, arrivals: day},
		{name: "chats, three at once", hours: 40, agents: 12, capacity: 3, queues: queues(2, .9*36*12, 900), breaks: .1, rest: sim.Lognormal(60, 3), arrivals: day},
	}
}
