package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheToolsAnswerOnAVirtualClock(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		args []string
		want []string
	}{
		{"simulate prints waits, level and occupancy", []string{"simulate", "--hours", "5"}, []string{"support/en", "within 1m0s", "occupancy of 11 agents"}},
		{"simulate tells classes apart", []string{"simulate", "--hours", "5", "--vip-share", "0.2"}, []string{"vip", "other", "all"}},
		{"compare shows our rule beside others", []string{"simulate", "--compare", "--hours", "2"}, []string{"ours", "longest idle", "pooled"}},
		{"plan finds a number and shows Erlang C beside it", []string{"plan", "--hours", "10", "--runs", "2"}, []string{"agents (en) serve", "Erlang C holds for this forecast"}},
		{"plan with patience shows Erlang A", []string{"plan", "--hours", "10", "--runs", "2", "--patience", "4m", "--add", "2"}, []string{"+2 agents (en): p90", "Erlang A holds for this forecast"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, errs, code := nextup(t, tt.args...)
			if code != 0 {
				t.Fatalf("exit %d: %s", code, errs)
			}
			for _, w := range tt.want {
				if !strings.Contains(out, w) {
					t.Errorf("no %q in:\n%s", w, out)
				}
			}
		})
	}
}

func TestBadWishesOfTheToolsAreRefused(t *testing.T) {
	t.Parallel()
	broken := filepath.Join(t.TempDir(), "broken.csv")
	if err := os.WriteFile(broken, []byte("at_ms,event,ticket,agent,queue,head_start_s,capacity\n1,join,t,,q,0,\nx,join,u,,q,0,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	unknown := filepath.Join(t.TempDir(), "unknown.csv")
	if err := os.WriteFile(unknown, []byte("first,second\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"a malformed row", []string{"backtest", broken}, 2, "line 3: at_ms"},
		{"no such trace", []string{"backtest", broken + ".not"}, 1, "no such file"},
		{"a log of no desk that is known", []string{"backtest", unknown}, 2, "line 1: the columns are those of no export"},
		{"a desk's log with a line cut off", []string{"backtest", "--format", "asterisk", broken}, 2, "line 1: 1 fields between |"},
		{"no such zone", []string{"backtest", "--zone", "Berlin", broken}, 1, "--zone is a time zone"},
		{"half an agent", []string{"simulate", "--agents", "en=1.5"}, 80, "whole number"},
		{"no visitors of the language", []string{"plan", "--for", "fr", "--hours", "1"}, 1, "there is no demand for fr"},
		{"a share of everybody", []string{"plan", "--share", "100"}, 1, "--share"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, errs, code := nextup(t, tt.args...)
			if code != tt.code || !strings.Contains(errs, tt.want) {
				t.Errorf("exit %d: %q, want %d and %q", code, errs, tt.code, tt.want)
			}
		})
	}
}

func TestBacktestWritesOneLinePerJoinAndASummary(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "day.csv")
	if err := os.WriteFile(path, []byte(`at_ms,event,ticket,agent,queue,head_start_s,capacity
0,agent_on,,a,q,,1
1000,join,t1,,q,0,
1000,assign,t1,a,,,
2000,join,t2,,q,0,
9000,close,t1,a,,,
9000,assign,t2,a,,,
`), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, code := nextup(t, "backtest", path)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || len(lines) != 2 || !strings.Contains(errs, "RMSE") {
		t.Fatalf("exit %d: %q, %q", code, out, errs)
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[1]), &line); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"ticket", "queue", "at_ms", "position", "known", "mean_s", "p10_s", "p25_s", "p50_s", "p90_s", "shown_low_s", "shown_high_s"} {
		if _, ok := line[k]; !ok {
			t.Errorf("no %s in %s", k, lines[1])
		}
	}
	if len(line) != 12 || line["ticket"] != "t2" || line["known"] != true {
		t.Errorf("unexpected: %s", lines[1])
	}
}

// The export of another desk is judged as a trace is, with what it does not say.
func TestBacktestReadsTheExportOfAnotherDesk(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "rooms.csv")
	if err := os.WriteFile(path, []byte(`_id,ts,departmentId,servedBy.username,servedBy.ts,closedAt
one,2026-11-02T09:00:00Z,care,ann,2026-11-02T09:00:00Z,2026-11-02T09:05:00Z
two,2026-11-02T09:01:00Z,care,ann,2026-11-02T09:05:00Z,2026-11-02T09:06:00Z
`), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, code := nextup(t, "backtest", "--zone", "Europe/Berlin", path)
	if lines := strings.Split(strings.TrimSpace(out), "\n"); code != 0 || len(lines) != 2 || !strings.Contains(lines[1], `"queue":"care","at_ms":36060000`) {
		t.Errorf("exit %d: %s", code, out)
	}
	for _, want := range []string{"Read as an export of Rocket.Chat", "2 contacts of 1 agents", "from 2026-11-02 10:00", "does not say when agents were there", "RMSE"} {
		if !strings.Contains(errs, want) {
			t.Errorf("no %q in:\n%s", want, errs)
		}
	}
}
