package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"nextup/loadtest/observer"
	"nextup/loadtest/report"
)

// summary is what the scripts leave behind; see handleSummary in k6/main.ts.
type summary struct {
	Settings struct {
		Profile struct {
			Arrivals float64 `json:"arrivals"`
			Agents   int     `json:"agents"`
			Pace     float64 `json:"pace"`
			Limits   *limits `json:"limits"`
			Reach    *reach  `json:"reach"`
		} `json:"profile"`
	} `json:"settings"`
	Length float64 `json:"length"`
	Shape  struct {
		Steps *steps `json:"steps"`
	} `json:"shape"`
	Metrics map[string]metric `json:"metrics"`
}

type metric struct {
	Type       string               `json:"type"`
	Values     map[string]float64   `json:"values"`
	Thresholds map[string]threshold `json:"thresholds"`
}

type threshold struct {
	OK bool `json:"ok"`
}

// steps are the levels of breakpoint.
type steps struct {
	Every float64 `json:"every"` // seconds
	By    float64 `json:"by"`
	Count int     `json:"count"`
}

// limits are those of k6/profiles.ts, in ms at the 99th percentile.
type limits struct {
	JoinToPosition  float64            `json:"joinToPosition"`
	MessageReceived float64            `json:"messageReceived"`
	Reconnected     float64            `json:"reconnected"`
	Errors          float64            `json:"errors"`
	Offer           float64            `json:"offer"`
	Staleness       map[string]float64 `json:"staleness"`
}

// reach is the peak that a run must come to, or it proves nothing; see k6/profiles.ts.
type reach struct {
	Sockets float64 `json:"sockets"`
	Waiting float64 `json:"waiting"`
	Joins   float64 `json:"joins"`
}

// promised is what the wire promises, whatever the profile judges; see cadence-1.
var promised = observer.Promise{"first_10": 250, "first_100": 1000, "others": 3000}

func readSummary(path string) (*summary, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := new(summary)
	return s, json.Unmarshal(data, s)
}

// merge adds the summary of another load process: counts add up, and of times
// the worst stands.
func (s *summary) merge(other *summary) {
	for name, m := range other.Metrics {
		mine, ok := s.Metrics[name]
		if !ok {
			s.Metrics[name] = m
			continue
		}
		for k, v := range m.Values {
			switch {
			case k == "count" || k == "passes" || k == "fails":
				mine.Values[k] += v
			default:
				mine.Values[k] = max(mine.Values[k], v)
			}
		}
	}
}

func (s *summary) value(name, of string) float64 { return s.Metrics[name].Values[of] }

// share is of a k6 Rate: the part that was true, and of how many.
func (s *summary) share(name string) (part, of float64) {
	passes, fails := s.value(name, "passes"), s.value(name, "fails")
	if of = passes + fails; of > 0 {
		part = passes / of
	}
	return part, of
}

// invariants are the counters that must be zero under every scenario and profile.
var invariants = []struct{ metric, name string }{
	{"message_lost", "messages lost"},
	{"message_doubled", "messages doubled"},
	{"message_out_of_order", "messages out of order"},
	{"two_owners", "tickets with two owners"},
	{"foreign_answer", "assignments into which another agent wrote"},
	{"over_capacity", "desks over capacity"},
	{"worse_without_reason", "places worse without a reason"},
	{"place_lost", "places lost within grace"},
	{"not_resumed", "sockets that were cut and not resumed"},
}

// bands of a line, from the front, see cadence-1 of the wire.
var bands = []string{"first_10", "first_100", "others"}

// fewest is how many ages of a band are judged at least.
const fewest = 20

// enough is how many waits or views a share is judged on at least.
const enough = 100

// keptAtLeast is the band of the shown upper end: it says the ninetieth
// percentile, rounded up, so fewer than this within it is a broken promise.
const keptAtLeast = 0.8

// check fills in the service-level table, and says how many lines are broken.
func check(r *report.Run, s *summary, seen *observer.Report) {
	add := func(c report.Check) { r.Checks = append(r.Checks, c) }
	for _, l := range invariants {
		n := s.value(l.metric, "count")
		add(report.Check{Group: report.Truth, Name: l.name, Value: n, Limit: "0", OK: n == 0, Judged: true})
	}
	within, judged := s.share("wait_within_high")
	outside := 0.0 // of them, beyond those that the band leaves outside
	if judged >= enough && within < keptAtLeast {
		outside = math.Ceil(judged*(keptAtLeast-within) - 1e-9) // as whole people, whatever the fractions round to
	}
	add(report.Check{Group: report.Truth, Name: "shown waits outside their band", Value: outside, Limit: "0", OK: outside == 0, Judged: judged >= enough})
	add(report.Check{Group: report.Truth, Name: "waits within the shown upper end", Value: 100 * within, Unit: "%", Limit: "80 % to 100 %", OK: judged == 0 || within >= keptAtLeast})
	if n := len(r.Samples); n > 0 && r.Samples[n-1].Judged > 0 { // by the gateways themselves, before any rounding
		last := r.Samples[n-1]
		inside := last.Inside / last.Judged
		add(report.Check{Group: report.Truth, Name: "waits inside the interval of 80 %, unrounded", Value: 100 * inside, Unit: "%", Limit: "70 % to 90 %", OK: inside >= 0.7 && inside <= 0.9})
	}
	served := s.value("visitors_served", "count")
	add(report.Check{Group: report.Reach, Name: "visitors served", Value: served, Limit: "more than 0", OK: served > 0, Judged: true})

	l := s.Settings.Profile.Limits
	speed := func(name string, value, limit float64, has bool) {
		c := report.Check{Group: report.Speed, Name: name, Value: value, Unit: "ms", Bound: limit, Limit: fmt.Sprintf("under %.0f ms", limit), OK: value < limit || !has, Judged: l != nil && has && s.Shape.Steps == nil}
		if !has {
			c.Limit, c.Bound = "too few to be judged", 0
			if value == 0 {
				c.Limit = "not measured"
			}
		}
		add(c)
	}
	shown := l
	if shown == nil {
		shown = &limits{JoinToPosition: 500, MessageReceived: 500, Reconnected: 5000, Errors: 0.001, Offer: 25, Staleness: promised}
	}
	p99 := func(m string) (float64, bool) { return s.value(m, "p(99)"), s.value(m, "count") > 0 }
	v, has := p99("join_to_position")
	speed("join to first position", v, shown.JoinToPosition, has)
	v, has = p99("message_received")
	speed("message to received", v, shown.MessageReceived, has)
	v, has = p99("reconnect_to_resumed")
	speed("reconnect to resumed", v, shown.Reconnected, has)
	if seen != nil {
		speed("free place to offer", seen.Offer.P99, shown.Offer, seen.Offer.Count > 0)
		for _, band := range bands {
			q := seen.Staleness[band]
			speed("age of a shown place, "+strings.ReplaceAll(band, "_", " "), q.P99, shown.Staleness[band], q.Count >= fewest)
		}
	} else {
		speed("free place to offer", 0, shown.Offer, false)
		speed("age of a shown place", 0, 0, false)
	}
	errors, of := s.share("errors")
	add(report.Check{Group: report.Speed, Name: "requests that failed", Value: 100 * errors, Unit: "%", Bound: 100 * shown.Errors, Limit: fmt.Sprintf("under %g %%", 100*shown.Errors), OK: errors < shown.Errors, Judged: l != nil && of > 0 && s.Shape.Steps == nil})
}

// checkPeak adds how far the run went. Where the profile says how far it must, a
// run that stayed below has proven nothing, however well everything went.
func checkPeak(r *report.Run, s *summary) {
	most := func(of func(s *report.Sample) float64) (top float64) {
		for i := range r.Samples {
			top = max(top, of(&r.Samples[i]))
		}
		return top
	}
	add := func(name, unit string, value, least float64, judged bool) {
		c := report.Check{Group: report.Reach, Name: name, Unit: unit, Value: value, Limit: "shown", OK: true}
		if judged {
			c.Limit, c.OK, c.Judged = fmt.Sprintf("at least %.0f", least), value >= least, true
		}
		r.Checks = append(r.Checks, c)
	}
	want, peak := s.Settings.Profile.Reach, r.Scenario == "peak_hour"
	if want == nil {
		want, peak = new(reach), false
	}
	sockets := most(func(s *report.Sample) float64 { return s.Connections })
	add("open sockets at the peak", "", sockets, want.Sockets, peak)
	add("people in line at the peak", "", most(func(s *report.Sample) float64 { return float64(s.Waiting) }), want.Waiting, peak)
	if joins := busiestMinute(r.Samples); joins > 0 || peak { // some runs are shorter than a minute
		add("joins, mean of the busiest minute", "a second", joins, want.Joins, peak)
	}
	add("visitors who gave up", "", s.value("visitors_left", "count"), 1, peak)
	add("conversations at the peak", "", most(func(s *report.Sample) float64 { return float64(s.Talking) }), 0, false)
	if r.Scenario == "reconnect_storm" {
		add("sockets that were cut", "", s.value("sockets_cut", "count"), want.Sockets, want.Sockets > 0)
		add("sockets that were resumed", "", s.value("sockets_resumed", "count"), want.Sockets, want.Sockets > 0)
	}
}

// busiestMinute is the greatest mean number of joins a second over a minute.
func busiestMinute(samples []report.Sample) (most float64) {
	from := 0
	for i := range samples {
		for samples[i].T-samples[from].T > 60.5 { // a sample comes every second or so
			from++
		}
		if d := samples[i].T - samples[from].T; d > 59 {
			most = max(most, float64(samples[i].Joins-samples[from].Joins)/d)
		}
	}
	return most
}

// findLevel notes the last level of a breakpoint run at which everything held, and
// what broke at the next one. Seen is what the observer measured between two
// seconds of the run.
func findLevel(r *report.Run, s *summary, seen func(from, to float64) *observer.Report) {
	st := s.Shape.Steps
	if st == nil {
		return
	}
	// The scripts begin when the first socket is there.
	begin := slices.IndexFunc(r.Samples, func(s report.Sample) bool { return s.Connections > 0 })
	for level := 1; level <= st.Count; level++ {
		some := false
		for _, name := range []string{"join_to_position", "message_received", "errors"} {
			m, has := s.Metrics[fmt.Sprintf("%s{level:%d}", name, level)]
			some = some || has && (m.Values["count"] > 0 || m.Values["passes"]+m.Values["fails"] > 0)
			for _, t := range m.Thresholds {
				if !t.OK {
					r.Broke = strings.ReplaceAll(name, "_", " ")
					return
				}
			}
		}
		if !some {
			return
		}
		if l := s.Settings.Profile.Limits; begin >= 0 && l != nil {
			from := r.Samples[begin].T + float64(level-1)*st.Every
			if r.Broke = late(seen(from, from+st.Every), l); r.Broke != "" {
				return
			}
		}
		r.LastGood = float64(level) * st.By * s.Settings.Profile.Arrivals
	}
}

// late names what the observer saw later than its limit, or nothing.
func late(seen *observer.Report, l *limits) string {
	if seen == nil {
		return ""
	}
	if seen.Offer.Count >= fewest && seen.Offer.P99 >= l.Offer {
		return "free place to offer"
	}
	for _, band := range bands {
		if q := seen.Staleness[band]; q.Count >= fewest && q.P99 >= l.Staleness[band] {
			return "age of a shown place, " + strings.ReplaceAll(band, "_", " ")
		}
	}
	return ""
}

// verdict sums the table up in one line.
func verdict(r *report.Run) {
	var broken []string
	for _, c := range r.Checks {
		if c.Judged && !c.OK {
			name := c.Name
			if c.Unit == "ms" {
				name += ", p99,"
			}
			broken = append(broken, fmt.Sprintf("%s is %.4g%s (must be %s)", name, c.Value, unit(c.Unit), c.Limit))
		}
	}
	r.Passed = len(broken) == 0
	r.Verdict = fmt.Sprintf("PASSED: %s at the profile %s, everything judged holds", r.Scenario, r.Profile)
	if !slices.ContainsFunc(r.Checks, func(c report.Check) bool { return c.Group == report.Speed && c.Judged }) {
		r.Verdict = fmt.Sprintf("HELD: %s at the profile %s, what must never happen did not, and no speed was judged, so the run proves none", r.Scenario, r.Profile)
	}
	if r.Scenario == "breakpoint" && r.Passed {
		r.Passed = r.LastGood > 0
		r.Verdict = fmt.Sprintf("FOUND: %s at the profile %s holds ", r.Scenario, r.Profile)
		switch {
		case !r.Passed:
			r.Verdict = fmt.Sprintf("FAILED: %s at the profile %s: %s breaks at the first level", r.Scenario, r.Profile, cmp.Or(r.Broke, "everything"))
		case r.Broke != "":
			r.Verdict += fmt.Sprintf("up to %.0f arrivals a second, then %s breaks", r.LastGood, r.Broke)
		default:
			r.Verdict += fmt.Sprintf("%.0f arrivals a second, the most that it tries: nothing broke", r.LastGood)
		}
	}
	if len(broken) > 0 {
		r.Verdict = fmt.Sprintf("FAILED: %s at the profile %s: %s", r.Scenario, r.Profile, strings.Join(broken, "; "))
	}
}

func unit(u string) string {
	if u == "" {
		return ""
	}
	return " " + u
}
