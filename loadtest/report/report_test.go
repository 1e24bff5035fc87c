package report

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"nextup/loadtest/observer"
)

func sample() *Run {
	r := &Run{
		Scenario: "peak_hour", Profile: "laptop", Verdict: "FAILED: peak_hour: join is 600 ms", Pace: 8, Agents: 300, Seconds: 240,
		Machine: Machine{Date: "2026-11-26 13:29 UTC", Cores: 2, Memory: "24 GiB", CPU: "a processor", Commit: "1f882cc"},
		Events:  []Event{{T: 2, What: `gateway 1 is <b>drained</b>`}},
		Checks: []Check{
			{Group: Truth, Name: "messages lost", Limit: "0", OK: true, Judged: true},
			{Group: Speed, Name: "join to first position", Value: 600, Unit: "ms", Bound: 500, Limit: "under 500 ms", Judged: true},
			{Group: Reach, Name: "open sockets at the peak", Value: 5742, Limit: "shown", OK: true},
		},
		Counts:   map[string]float64{"visitors_served": 15_774, "messages_sent": 84_926},
		Times:    map[string]Times{"join_to_position": {Count: 10, P99: 600}},
		Promises: []observer.Promised{{T: 1, LowS: 60, HighS: 60, WaitedS: 20}, {T: 2, LowS: 60, HighS: 60, WaitedS: 61.5}},
	}
	for i := range 4 {
		r.Samples = append(r.Samples, Sample{T: float64(i), Connections: float64(100 * i)})
	}
	return r
}

func TestThePageSaysTheVerdictFirstAndWhereItIsFrom(t *testing.T) {
	t.Parallel()
	page, err := Page(sample(), []byte(`<p class="k6">its own</p>`))
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	_, body, _ := strings.Cut(text, "</style>")
	if !strings.HasPrefix(strings.TrimSpace(body), `<h1 class="">FAILED: peak_hour`) {
		t.Errorf("the page begins with %.80q", body)
	}
	for _, want := range []string{
		"2 cores", "24 GiB", "2026-11-26 13:29 UTC", "1f882cc", "8 times", "1 of 1", "BROKEN", "under 500 ms", "15,774",
		"50 %", "61.5 s", `class="broken"`, "gateway 1 is &lt;b&gt;drained", "srcdoc=\"&lt;p class=",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if loads := regexp.MustCompile(`(?i)(src|href)=["']?(https?:)?//|@import|url\(`).FindString(text); loads != "" {
		t.Errorf("the page is not self-contained: %s", loads)
	}
}

// TestARunIsReadAsItWasWritten, and a page of a run in which nothing was measured
// can be made too.
func TestARunIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	for _, r := range []*Run{sample(), {}} {
		dir := t.TempDir()
		path, err := Write(dir, r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(path, dir) {
			t.Errorf("the page is at %s", path)
		}
		back, err := Read(dir + "/run.json")
		if err != nil {
			t.Fatal(err)
		}
		want, _ := json.Marshal(r)
		if got, _ := json.Marshal(back); string(got) != string(want) {
			t.Errorf("%s\n%s", got, want)
		}
	}
}

// TestACurveBreaksOffWhereNothingWasMeasured: no age is not an age of nothing.
func TestACurveBreaksOffWhereNothingWasMeasured(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Samples[0].Staleness = map[string]float64{"others": 2000}
	r.Samples[2].Staleness = map[string]float64{"others": 3000}
	r.Samples[3].Staleness = map[string]float64{"others": 1000}
	for _, c := range curves(r) {
		if !strings.HasPrefix(c.Title, "Age of a shown place") {
			continue
		}
		paths := regexp.MustCompile(` d="([^"]*)"`).FindAllStringSubmatch(string(c.SVG), -1)
		if len(paths) != 3 || paths[0][1] != "" || strings.Count(paths[2][1], "M") != 2 || strings.Count(paths[2][1], "L") != 1 {
			t.Errorf("%q", paths)
		}
		return
	}
	t.Error("there is no such curve")
}

func TestWhatIsOverALimitThatIsNotJudgedIsNotCalledBroken(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Checks[1].Judged = false
	page, err := Page(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(page); strings.Contains(text, "BROKEN") || !strings.Contains(text, "outside, not judged") || strings.Contains(text, `<tr class="bad"`) {
		t.Error("it looks as if something that counts were broken")
	}
}

func TestFiguresAreAsPeopleReadThem(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{0: "0", 12345: "12,345", 67.84: "67.8", 0.1234: "0.123", 999.6: "1,000", -1234: "-1,234", 1e6: "1,000,000"} {
		if got := figure(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}
