package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"nextup/loadtest/observer"
	"nextup/loadtest/report"
)

// ran is the summary of a run at which everything held.
func ran() *summary {
	s := &summary{Metrics: map[string]metric{
		"visitors_served":      {Type: "counter", Values: map[string]float64{"count": 500}},
		"visitors_left":        {Type: "counter", Values: map[string]float64{"count": 5}},
		"errors":               {Type: "rate", Values: map[string]float64{"passes": 0, "fails": 10_000}},
		"wait_within_high":     {Type: "rate", Values: map[string]float64{"passes": 90, "fails": 10}},
		"join_to_position":     {Type: "trend", Values: map[string]float64{"count": 500, "p(99)": 100}},
		"message_received":     {Type: "trend", Values: map[string]float64{"count": 500, "p(99)": 100}},
		"reconnect_to_resumed": {Type: "trend", Values: map[string]float64{"count": 500, "p(99)": 1000}},
		"sockets_cut":          {Type: "counter", Values: map[string]float64{"count": 5000}},
		"sockets_resumed":      {Type: "counter", Values: map[string]float64{"count": 5000}},
	}}
	s.Settings.Profile.Limits = &limits{JoinToPosition: 500, MessageReceived: 500, Reconnected: 5000, Errors: 0.001, Offer: 25, Staleness: promised}
	s.Settings.Profile.Reach = &reach{Sockets: 5000, Waiting: 2000, Joins: 100}
	return s
}

func watched() *observer.Report {
	q := observer.Quantiles{Count: 100, P99: 20}
	return &observer.Report{Offer: q, Staleness: map[string]observer.Quantiles{"first_10": q, "first_100": q, "others": q}}
}

// peak are two minutes with so many joins a second.
func peak(sockets float64, waiting int, joins uint64) (all []report.Sample) {
	for i := range 121 {
		s := report.Sample{T: float64(i), Connections: sockets}
		s.Waiting, s.Joins = waiting, uint64(i)*joins
		all = append(all, s)
	}
	return all
}

func TestAVerdictNamesWhatDoesNotHold(t *testing.T) {
	t.Parallel()
	enough := peak(5000, 2000, 100)
	type run struct {
		*summary
		seen    *observer.Report
		samples []report.Sample
	}
	set := func(name, of string, v float64) func(*run) {
		return func(r *run) {
			if r.Metrics[name].Values == nil {
				r.Metrics[name] = metric{Values: map[string]float64{}}
			}
			r.Metrics[name].Values[of] = v
		}
	}
	tests := map[string]struct {
		scenario string
		change   func(*run)
		want     string // empty: it passes
	}{
		"all is well":                  {"peak_hour", func(*run) {}, ""},
		"a slow join":                  {"peak_hour", set("join_to_position", "p(99)", 500), "join to first position, p99, is 500 ms (must be under 500 ms)"},
		"a slow message":               {"peak_hour", set("message_received", "p(99)", 501), "message to received"},
		"slow to come back":            {"peak_hour", set("reconnect_to_resumed", "p(99)", 5001), "reconnect to resumed"},
		"one request of 500 failed":    {"peak_hour", set("errors", "passes", 20), "requests that failed"},
		"a slow offer":                 {"peak_hour", func(r *run) { r.seen.Offer.P99 = 26 }, "free place to offer"},
		"an old place at the back":     {"peak_hour", func(r *run) { r.seen.Staleness["others"] = observer.Quantiles{Count: 20, P99: 3001} }, "age of a shown place, others"},
		"too few of them to judge":     {"peak_hour", func(r *run) { r.seen.Staleness["others"] = observer.Quantiles{Count: 19, P99: 3001} }, ""},
		"speed without limits":         {"smoke", func(r *run) { r.Settings.Profile.Limits, r.seen.Offer.P99 = nil, 1000 }, ""},
		"21 of 100 over the upper end": {"peak_hour", func(r *run) { set("wait_within_high", "passes", 79)(r); set("wait_within_high", "fails", 21)(r) }, "shown waits outside their band is 1"},
		"20 of 100":                    {"peak_hour", func(r *run) { set("wait_within_high", "passes", 80)(r); set("wait_within_high", "fails", 20)(r) }, ""},
		"nobody was served":            {"smoke", set("visitors_served", "count", 0), "visitors served"},
		"too few sockets":              {"peak_hour", func(r *run) { r.samples = peak(4999, 2000, 100) }, "open sockets at the peak is 4999 (must be at least 5000)"},
		"too short a line":             {"peak_hour", func(r *run) { r.samples = peak(5000, 1999, 100) }, "people in line"},
		"too few joins":                {"peak_hour", func(r *run) { r.samples = peak(5000, 2000, 99) }, "joins, mean of the busiest minute"},
		"a peak too short to be one":   {"peak_hour", func(r *run) { r.samples = enough[:50] }, "joins, mean of the busiest minute"},
		"of no peak nothing is asked":  {"market_crash", func(r *run) { r.samples = peak(10, 1, 1) }, ""},
		"amounts of one's own":         {"peak_hour", func(r *run) { r.Settings.Profile.Reach, r.samples = nil, peak(10, 1, 1) }, ""},
		"a storm that is none":         {"reconnect_storm", set("sockets_cut", "count", 4999), "sockets that were cut"},
		"a storm that stays out":       {"reconnect_storm", set("sockets_resumed", "count", 4999), "sockets that were resumed"},
	}
	for _, l := range invariants {
		tests["one of "+l.metric] = struct {
			scenario string
			change   func(*run)
			want     string
		}{"smoke", set(l.metric, "count", 1), l.name + " is 1 (must be 0)"}
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &run{ran(), watched(), enough}
			tt.change(in)
			r := &report.Run{Scenario: tt.scenario, Samples: in.samples}
			check(r, in.summary, in.seen)
			checkPeak(r, in.summary)
			verdict(r)
			if r.Passed != (tt.want == "") || !strings.Contains(r.Verdict, tt.want) || strings.Contains(r.Verdict, ";") {
				t.Errorf("%q, want it to say %q and nothing else", r.Verdict, tt.want)
			}
		})
	}
}

func TestABreakpointSaysTheLastLevelThatHeldAndWhatBreaks(t *testing.T) {
	t.Parallel()
	slow := observer.Quantiles{Count: 100, P99: 4000}
	for _, tt := range []struct {
		broken int // level at which joins break, after which k6 ends; 0 for none
		late   int // level at which the observer sees it
		seen   observer.Report
		want   string
	}{
		{0, 0, observer.Report{}, "FOUND: breakpoint at the profile laptop holds 240 arrivals a second, the most that it tries: nothing broke"},
		{5, 0, observer.Report{}, "FOUND: breakpoint at the profile laptop holds up to 80 arrivals a second, then join to position breaks"},
		{5, 3, observer.Report{Offer: slow}, "FOUND: breakpoint at the profile laptop holds up to 40 arrivals a second, then free place to offer breaks"},
		{5, 4, observer.Report{Staleness: map[string]observer.Quantiles{"others": slow}}, "FOUND: breakpoint at the profile laptop holds up to 60 arrivals a second, then age of a shown place, others breaks"},
		{1, 0, observer.Report{}, "FAILED: breakpoint at the profile laptop: join to position breaks at the first level"},
	} {
		s := ran()
		s.Settings.Profile.Arrivals = 100
		s.Shape.Steps = &steps{Every: 30, By: 0.2, Count: 12}
		for level := 1; level <= 12 && (tt.broken == 0 || level <= tt.broken); level++ {
			m := metric{Values: map[string]float64{"count": 100}, Thresholds: map[string]threshold{"p(99)<500": {OK: level != tt.broken}}}
			s.Metrics[fmt.Sprintf("join_to_position{level:%d}", level)] = m
		}
		r := &report.Run{Scenario: "breakpoint", Profile: "laptop", Samples: []report.Sample{{T: 1}, {T: 2, Connections: 1}}}
		check(r, s, watched())
		findLevel(r, s, func(from, to float64) *observer.Report {
			if to != from+30 || from != float64(2+30*int(from/30)) {
				t.Errorf("a level from %v to %v", from, to)
			}
			if int(from/30)+1 == tt.late {
				return &tt.seen
			}
			return watched()
		})
		verdict(r)
		if r.Verdict != tt.want || r.Passed != (tt.broken != 1) {
			t.Errorf("passed %v, %q, want %q", r.Passed, r.Verdict, tt.want)
		}
	}
}

// TestHowTrueTheEstimatesWereIsShown, beside the band of whole minutes, which short
// waits cannot leave.
func TestHowTrueTheEstimatesWereIsShown(t *testing.T) {
	t.Parallel()
	for inside, ok := range map[float64]bool{69: false, 70: true, 90: true, 91: false} {
		r := &report.Run{Samples: []report.Sample{{Judged: 100, Inside: inside}}}
		check(r, ran(), watched())
		i := slices.IndexFunc(r.Checks, func(c report.Check) bool { return strings.HasSuffix(c.Name, "unrounded") })
		if i < 0 || r.Checks[i].Value != inside || r.Checks[i].OK != ok || r.Checks[i].Judged {
			t.Errorf("%v inside: %+v", inside, r.Checks)
		}
	}
}

func TestSummariesOfSeveralProcessesAreOne(t *testing.T) {
	t.Parallel()
	a, b := ran(), ran()
	b.Metrics["join_to_position"].Values["p(99)"] = 700
	b.Metrics["message_lost"] = metric{Values: map[string]float64{"count": 2}}
	a.merge(b)
	got := []float64{a.value("visitors_served", "count"), a.value("join_to_position", "p(99)"), a.value("message_lost", "count"), a.value("wait_within_high", "passes")}
	if want := []float64{1000, 700, 2, 180}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// A run that was too small for any speed to be judged proves none, and says so in its
// first line.
func TestARunThatProvesNoSpeedDoesNotSayThatItPassed(t *testing.T) {
	t.Parallel()
	kept := report.Check{Group: report.Truth, Name: "messages lost", OK: true, Judged: true}
	for name, row := range map[string]struct {
		speed report.Check
		want  string
	}{
		"none judged": {report.Check{Group: report.Speed, Name: "join to position", OK: true}, "HELD: smoke at the profile smoke, what must never happen did not, and no speed was judged"},
		"one judged":  {report.Check{Group: report.Speed, Name: "join to position", OK: true, Judged: true}, "PASSED: smoke at the profile smoke"},
	} {
		r := &report.Run{Scenario: "smoke", Profile: "smoke", Checks: []report.Check{kept, row.speed}}
		if verdict(r); !r.Passed || !strings.HasPrefix(r.Verdict, row.want) {
			t.Errorf("%s: %v, %q", name, r.Passed, r.Verdict)
		}
	}
}
