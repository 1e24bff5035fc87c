package main

import (
	"fmt"
	"math"
	"slices"
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
	noticed := from(d.hours / 4)
	noticed.Over = 1
	scores := []*trace.Score{score, noticed}
	var after []*trace.Score
	options := trace.Options{Every: 15_000, Seed: 1}
	if d.changes > 0 { // the waits of half an hour and of an hour, from as long after the change on, or from a restart on
		for _, hours := range []float64{.5, 1} {
			s := from(d.changes + hours)
			if d.forgets {
				s, options.Forget = from(d.changes+hours-.5), int64(d.changes*3.6e6)
			}
			s.Until = s.From + int64(hours*3.6e6)
			after = append(after, s)
		}
	}
	options.Scores = slices.Concat(scores, after)
	began := time.Now()
	if err := trace.Replay(log, options); err != nil {
		return nil, err
	}
	speed := float64(log.Rows) / time.Since(began).Seconds()
	rows := truths(d.name, score, noticed)
	rows = append(rows, row{gate: "events replayed a second", what: d.name, value: math.Round(speed), informational: true, n: log.Rows})
	for i, s := range after {
		t := s.Truths()[0]
		if d.forgets {
			said := s.Figures()[0]
			gate := fmt.Sprintf("mean said ÷ mean wait, %g to %g h after the restart", float64(i)/2, float64(i)/2+[2]float64{.5, 1}[i])
			rows = append(rows, within(d.name, gate, t.Mean/(t.Mean-said.Bias), .67, 1.5, .8, 1.25, t.N))
			continue
		}
		must, aim := [2]float64{.65, .75}[i], [2]float64{.75, .78}[i]
		rows = append(rows, within(d.name, fmt.Sprintf("coverage %g h after the change", [2]float64{.5, 1}[i]), t.Inside, must, 1, aim, 1, t.N))
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
		{name: "a restart in mid-day with nothing known", hours: 72, changes: 18, forgets: true, agents: 20, queues: queues(1, .95*20*12, 600)},
		{name: "conversations are handed on", hours: 40, agents: 25, queues: queues(2, .75*25*12, 900), handsOn: .2, arrivals: day},
		{name: "twelve skills, many sets", hours: 20, agents: 60, queues: skills, serves: 4, arrivals: day},
		{name: "chats, three at once", hours: 40, agents: 12, capacity: 3, queues: queues(2, .9*36*12, 900), breaks: .1, rest: sim.Lognormal(60, 3), arrivals: day},
	}
}

// fewest is the least number of waits of an octave that is judged: the share of fewer is off by more than
// the gate allows, by chance.
const fewest = 150

// truths judges the estimates of one log. Scores leave out waits of 5 s and less, and with them much of
// what is below P10 where the mean is 8 s: octaves are judged by the waits of noticed, which are long enough to be noticed.
func truths(what string, score, noticed *trace.Score) []row {
	total := &score.Truths()[0]
	all := noticed.Truths()
	lowest, highest := 1.0, 0.0
	for i := range all {
		if t := &all[i]; t.By == "estimate" && t.N >= max(fewest, total.N/30) && t.Mean >= 8 {
			lowest, highest = min(lowest, t.Inside), max(highest, t.Inside)
		}
	}
	watched, rose := score.Rises()
	return []row{
		within(what, "coverage of P10–P90", total.Inside, .77, .83, .79, .81, total.N),
		within(what, "the same of waits over 1 s, worst octave of the mean, low", lowest, .72, 1, .75, 1, total.N),
		within(what, "the same of waits over 1 s, worst octave of the mean, high", highest, 0, .88, 0, .85, total.N),
		atMost(what, "waits over P90", total.Above, .13, .11, total.N),
		atMost(what, "waits over the shown end", total.Over, .06, .05, total.N),
		atMost(what, "MAE of the median ÷ MAE of the mean", total.Middle, 1.05, 1, total.N),
		atMost(what, "share who see a rise", float64(rose)/max(1, float64(watched)), .03, .02, watched),
		{gate: "interval score ÷ mean wait", what: what, value: total.Score, informational: true, n: total.N},
	}
}

// within is a row of a value that has to be in a range, and had better be in a narrower one.
func within(what, gate string, value, low, high, aimLow, aimHigh float64, n int) row {
	return row{
		gate: gate, what: what, value: value, n: n, must: fmt.Sprintf("%.2f–%.2f", low, high), aim: fmt.Sprintf("%.2f–%.2f", aimLow, aimHigh),
		meetsMust: value >= low && value <= high, meetsAim: value >= aimLow && value <= aimHigh,
	}
}

// atMost is a row of a value that has to be at most so much.
func atMost(what, gate string, value, must, aim float64, n int) row {
	r := within(what, gate, value, 0, must, 0, aim, n)
	r.must, r.aim = fmt.Sprintf("≤ %.2f", must), fmt.Sprintf("≤ %.2f", aim)
	return r
}
