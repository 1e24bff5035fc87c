package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"nextup/internal/trace"
)

// A number for the day hides its worst hour; the plan by the hour names it, and gives that
// hour the agents that it needs.
func TestAPlanByTheHourShowsTheHourThatADayHides(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "day.csv")
	if err := os.WriteFile(path, []byte("hour,en\n10,60\n11,60\n12,150\n13,60\n14,60\n15,0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, code := nextup(t, "plan", "--day", path, "--agents", "en=8", "--patience", "4m", "--precision", "6", "--most-runs", "60")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	row := regexp.MustCompile(`(?m)^ *(\d\d:\d\d) +([\d.]+) +(\d+) +([\d.]+) ± ([\d.]+) % +(\d+) +([\d.]+) % +([\d.]+) ± ([\d.]+) %`)
	number := func(s string) float64 {
		n, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	agents := map[string]float64{}
	for _, m := range row.FindAllStringSubmatch(out, -1) {
		agents[m[1]] = number(m[3])
		if number(m[4]) < 80 || number(m[5]) > 6 {
			t.Errorf("%s: %s ± %s %% are served in time, 80 ± 6 were asked", m[1], m[4], m[5])
		}
		if m[1] == "12:00" && number(m[8]) > 60 {
			t.Errorf("eight agents serve %s %% at noon", m[8])
		}
	}
	if len(agents) != 5 || agents["12:00"] < agents["10:00"]+5 {
		t.Errorf("agents by the hour: %v", agents)
	}
	for _, want := range []string{"agent-hours", "8 agents all day (40.0 agent-hours) serve", "the worst time is from 12:00 on"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
}

// What is called a 95 % interval holds the true share in about 95 of 100 cases, also where
// the visitors of a period vary.
func TestTheIntervalOfALevelHoldsTheTrueShare(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	held, cases := 0, 2000
	for range cases {
		var p period
		for range 10 {
			n := 5 + rng.IntN(30)
			within := 0
			for range n {
				if rng.Float64() < .7 {
					within++
				}
			}
			p.joined, p.within = append(p.joined, float64(n)), append(p.within, float64(within))
		}
		if level, half := p.level(); math.Abs(level-70) <= half {
			held++
		}
	}
	if share := float64(held) / float64(cases); share < .92 || share > .98 {
		t.Errorf("%.3f of the intervals hold the true share", share)
	}
	if level, half := (&period{joined: []float64{0, 0}, within: []float64{0, 0}}).level(); level != 100 || half != 0 {
		t.Errorf("a period without visitors: %v ± %v", level, half)
	}
}

func TestTheArrivalsOfADayAreReadFromAFileOrALog(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, tt := range []struct {
		name, text string
		each       time.Duration
		want       string
		err        string
	}{
		{"by the hour", "hour,en,es\n9,40,4\n10,20,2\n", time.Hour, "[en es] 9:40 10:20 9:4 10:2", ""},
		{"half hours of hours", "hour,en\n09:00,40\n10:00,20\n", 30 * time.Minute, "[en] 18:20 19:20 20:10 21:10", ""},
		{"hours of half hours", "from,en\n09:00,40\n09:30,20\n", time.Hour, "[en] 9:60", ""},
		{"a log of two days", "at_ms,event,ticket,agent,queue\n32400000,join,a,,q\n32500000,join,b,,q\n118800000,join,c,,r\n", time.Hour, "[q r] 9:1 9:0.5", ""},
		{"an hour that goes back", "hour,en\n9,40\n8,20\n", time.Hour, "", `line 3: "8" is no later hour`},
		{"half a visitor less", "hour,en\n9,-1\n", time.Hour, "", `line 2: "-1" is no number of visitors`},
		{"no hour", "hour,en\n", time.Hour, "", "line 1: an hour"},
		{"minutes that do not divide a day", "hour,en\n9,1\n", 25 * time.Minute, "", "--each is at least 15m"},
		{"no log", "a,b\n1,2\n", time.Hour, "", "no export that is known"},
	} {
		path := filepath.Join(folder, strings.ReplaceAll(tt.name, " ", "-"))
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := readDay(path, "UTC", tt.each)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: %v, want %q", tt.name, err, tt.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		got := fmt.Sprint(d.languages)
		for _, v := range d.visitors {
			for h, n := range v {
				if n != 0 {
					got += fmt.Sprintf(" %d:%g", h, n)
				}
			}
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	if code := (&trace.RowError{}).ExitCode(); code != 2 {
		t.Errorf("a row that cannot be read exits with %d", code)
	}
}

// Also where one number is asked for, a scenario whose demand varies is told by its worst
// hour.
func TestOneNumberForAVaryingDayNamesTheWorstHour(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "day.yaml")
	if err := os.WriteFile(path, []byte(`length_ms: 36000000
queues:
- {department: support, language: en, per_hour: 100, handling: {mean_s: 300}, patience: {mean_s: 240}, profile: {steps: [{from_ms: 0, factor: 0.5}, {from_ms: 18000000, factor: 1.5}, {from_ms: 21600000, factor: 0.5}]}}
staff:
- {count: 8, departments: [support], languages: [en], capacity: 1}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, code := nextup(t, "plan", "--scenario", path, "--for", "en", "--runs", "4")
	if code != 0 || !strings.Contains(out, "the worst time is from 05:00 on") {
		t.Errorf("exit %d: %s\n%s", code, errs, out)
	}
}
