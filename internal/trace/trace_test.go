package trace

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"nextup/queue"
	"nextup/queue/eta"
)

const head = "at_ms,event,ticket,agent,queue,head_start_s,capacity\n"

func TestARowThatCannotBeIsRefusedWithItsLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, rows, reason string
		line               int
	}{
		{"no event", "", "no event", 1},
		{"too few columns", "1,join,t\n", "columns", 2},
		{"no time", "soon,join,t,,q,0,\n", "at_ms", 2},
		{"a negative time", "-1,join,t,,q,0,\n", "at_ms", 2},
		{"time goes back", "5,join,t,,q,0,\n4,join,u,,q,0,\n", "before", 3},
		{"an unknown event", "1,vanish,t,,q,0,\n", "unknown event", 2},
		{"a join without a queue", "1,join,t,,,0,\n", "without queue", 2},
		{"a head start that is none", "1,join,t,,q,-3,\n", "head_start_s", 2},
		{"a capacity of 0", "1,agent_on,,a,q,,0\n", "capacity", 2},
		{"joining twice", "1,join,t,,q,0,\n2,join,t,,q,0,\n", "twice", 3},
		{"an assignment of nobody", "1,agent_on,,a,q,,1\n2,assign,t,a,,,\n", "does not wait", 3},
		{"an assignment to nobody", "1,join,t,,q,0,\n2,assign,t,a,,,\n", "never on", 3},
		{"closed by another", "1,agent_on,,a,q,,1\n1,join,t,,q,0,\n2,assign,t,a,,,\n3,close,t,b,,,\n", "not assigned", 5},
		{"abandoned while served", "1,agent_on,,a,q,,1\n1,join,t,,q,0,\n2,assign,t,a,,,\n3,abandon,t,,,,\n", "does not wait", 5},
		{"a ticket that comes back", "1,join,t,,q,0,\n2,abandon,t,,,,\n3,join,t,,q,0,\n", "twice", 4},
		{"an agent who goes and was not there", "1,agent_off,,a,,,\n", "was not on", 2},
		{"a queue without a name", "1,agent_on,,a,q|,,1\n", "empty queue", 2},
		{"a quote that never ends", "1,join,\"t,,q,0,\n", "quote", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(head + tt.rows)
			var row *RowError
			if !errors.As(err, &row) || !strings.Contains(row.Reason, tt.reason) || row.Line != tt.line {
				t.Errorf("got %v, want line %d and %q", err, tt.line, tt.reason)
			}
			if row != nil && row.ExitCode() != 2 {
				t.Errorf("exit code %d", row.ExitCode())
			}
		})
	}
}

// day is a trace of two agents and so many visitors, busy enough for a line.
func day(visitors int) string {
	rng := rand.New(rand.NewPCG(1, 1))
	var b strings.Builder
	b.WriteString(head + "0,agent_on,,a,q|r,,1\n0,agent_on,,b,q,,1\n")
	free := map[string]int64{"a": 0, "b": 0}
	type row struct {
		at   int64
		text string
	}
	var rows []row
	add := func(at int64, rank int, format string, args ...any) {
		rows = append(rows, row{at*10 + int64(rank), fmt.Sprintf("%d,", at) + fmt.Sprintf(format, args...)})
	}
	at := int64(0)
	for i := range visitors {
		at += int64(rng.ExpFloat64() * 60_000)
		agent := "a"
		if free["b"] < free["a"] {
			agent = "b"
		}
		begin := max(at, free[agent])
		end := begin + 1000 + int64(rng.ExpFloat64()*110_000)
		free[agent] = end
		add(at, 1, "join,t%d,,q,0,", i)
		add(begin, 2, "assign,t%d,%s,,,", i, agent)
		add(end, 0, "close,t%d,%s,,,", i, agent)
	}
	for len(rows) > 0 {
		least := 0
		for i := range rows {
			if rows[i].at < rows[least].at {
				least = i
			}
		}
		b.WriteString(rows[least].text + "\n")
		rows = append(rows[:least], rows[least+1:]...)
	}
	return b.String()
}

func replayAll(t *testing.T, csv string, every int64) ([]Estimate, *Score) {
	t.Helper()
	log, err := Parse(csv)
	if err != nil {
		t.Fatal(err)
	}
	var all []Estimate
	score := &Score{}
	err = Replay(log, Options{Every: every, Seed: 1, Scores: []*Score{score}, OnEstimate: func(s Estimate) error { all = append(all, s); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	return all, score
}

// However much of a trace is cut off, what was said before the cut stays the
// same, to the last bit.
func TestAnEstimateKnowsNothingOfTheFuture(t *testing.T) {
	t.Parallel()
	whole := day(300)
	lines := strings.SplitAfter(whole, "\n")
	for _, every := range []int64{0, 30_000} {
		all, _ := replayAll(t, whole, every)
		for cut := 20; cut < len(lines); cut += 151 {
			part, _ := replayAll(t, strings.Join(lines[:cut], ""), every)
			if len(part) == 0 || len(part) > len(all) || !reflect.DeepEqual(part, all[:len(part)]) {
				t.Fatalf("every %d ms, cut at line %d: what was said changes with what comes later", every, cut)
			}
		}
	}
}

func TestAReplayAsksAtEachJoinAndWhileWaiting(t *testing.T) {
	t.Parallel()
	once, _ := replayAll(t, day(200), 0)
	if len(once) != 200 {
		t.Errorf("%d estimates for 200 joins", len(once))
	}
	often, _ := replayAll(t, day(200), 30_000)
	last := int64(0)
	for _, s := range often {
		if s.At < last {
			t.Fatal("out of order")
		}
		last = s.At
	}
	if len(often) <= 300 {
		t.Errorf("%d estimates with --every 30s", len(often))
	}
}

// shrinking is a trace of six agents of which five leave while a line waits.
func shrinking() string {
	var b strings.Builder
	b.WriteString(head)
	for a := range 6 {
		fmt.Fprintf(&b, "0,agent_on,,a%d,q,,1\n", a)
	}
	at := 0
	for round := range 40 { // every person talks for two minutes, over and over
		for a := range 6 {
			fmt.Fprintf(&b, "%d,join,t%d-%d,,q,0,\n%d,assign,t%d-%d,a%d,,,\n", at, round, a, at, round, a, a)
		}
		for a := range 6 {
			fmt.Fprintf(&b, "%d,close,t%d-%d,a%d,,,\n", at+120_000, round, a, a)
		}
		at += 120_000
	}
	for a := range 6 {
		fmt.Fprintf(&b, "%d,join,last%d,,q,0,\n%d,assign,last%d,a%d,,,\n", at, a, at, a, a)
	}
	for v := range 12 {
		fmt.Fprintf(&b, "%d,join,v%d,,q,0,\n", at+1000, v)
	}
	for a := 1; a < 6; a++ {
		fmt.Fprintf(&b, "%d,agent_off,,a%d,,,\n", at+30_000, a)
	}
	for a := range 6 {
		fmt.Fprintf(&b, "%d,close,last%d,a%d,,,\n", at+120_000, a, a)
	}
	for v := range 12 {
		fmt.Fprintf(&b, "%d,assign,v%d,a0,,,\n%d,close,v%d,a0,,,\n", at+120_000*(v+1), v, at+120_000*(v+2), v)
	}
	return b.String()
}

// A person who has waited all along and a person who has just reloaded the page are shown the same,
// but for a step: so what is shown rises only when the estimate is two steps above it.
func TestWhatIsShownSeldomRisesAndAReloadMovesItByOneStep(t *testing.T) {
	t.Parallel()
	minutes := []int{0, 1, 2, 4, 7, 10, 15, 20, 30, 45, 60, 120}
	step := func(seconds int) int { return slices.Index(minutes, seconds/60) }
	for name, log := range map[string]struct {
		csv   string
		rises bool
	}{"five of six agents leave": {shrinking(), true}, "a steady day": {day(300), false}} {
		all, _ := replayAll(t, log.csv, 5_000)
		shown := map[string]Estimate{}
		rises := 0
		for _, s := range all {
			before, seen := shown[s.Ticket]
			shown[s.Ticket] = s
			fresh := eta.Shown(queue.EstimatedWait{Known: s.Known, P25: s.P25, P90: s.P90})
			if low, high := step(fresh.Low)-step(s.Low), step(fresh.High)-step(s.High); low < 0 || low > 1 || high < 0 || high > 1 {
				t.Errorf("%s: %s at %d ms: shown %d–%d s, after a reload %d–%d s", name, s.Ticket, s.At, s.Low, s.High, fresh.Low, fresh.High)
			}
			if seen && s.High > before.High {
				if rises++; s.P90 <= float64(s.High) {
					t.Errorf("%s: %s at %d ms: rises from %d to %d s, P90 is %.0f s", name, s.Ticket, s.At, before.High, s.High, s.P90)
				}
			}
		}
		if (rises > 0) != log.rises {
			t.Errorf("%s: %d rises", name, rises)
		}
	}
}

func TestOnALineThatIsServedInOrderWeBeatTheLastWait(t *testing.T) {
	t.Parallel()
	_, score := replayAll(t, day(1500), 0)
	f := score.Figures()
	if f[0].N < 1000 || f[0].RMSE > 0.9*f[2].RMSE {
		t.Errorf("RMSE %.1f s of %d, LES %.1f s", f[0].RMSE, f[0].N, f[2].RMSE)
	}
	if inside, _ := score.Coverage(); inside < 0.6 || inside > 0.95 {
		t.Errorf("%.2f of the waits are in the 80 %% interval", inside)
	}
}

// The same events in other clothes say the same.
func TestATraceMayBeWrittenInSeveralWays(t *testing.T) {
	t.Parallel()
	plain := day(60)
	want, _ := replayAll(t, plain, 0)
	var swapped, more strings.Builder
	for line := range strings.Lines(plain) {
		f := strings.Split(strings.TrimSpace(line), ",")
		extra := "site-7"
		if f[0] == "at_ms" {
			extra = "branch"
		}
		fmt.Fprintln(&swapped, strings.Join([]string{f[6], f[5], f[4], f[3], f[2], f[1], f[0]}, ","))
		fmt.Fprintln(&more, extra+","+strings.Join(f, ","))
	}
	for _, tt := range []struct{ name, csv string }{
		{"lines that end in CR LF", strings.ReplaceAll(plain, "\n", "\r\n")},
		{"a byte order mark", "\xef\xbb\xbf" + plain},
		{"no newline at the end", strings.TrimSuffix(plain, "\n")},
		{"an empty line at the end", plain + "\n"},
		{"no header", strings.TrimPrefix(plain, head)},
		{"columns in another order", swapped.String()},
		{"a column that nothing is known of", more.String()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, _ := replayAll(t, tt.csv, 0); !reflect.DeepEqual(got, want) {
				t.Error("something else is said")
			}
		})
	}
}

func TestAHeaderWithoutWhatIsNeededIsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ header, reason string }{
		{"at_ms,event,ticket,agent\n", "no column queue"},
		{"at_ms,event,ticket,agent,queue,queue\n", "twice"},
		{"", "no event"},
		{head, "no event"},
	} {
		_, err := Parse(tt.header)
		var row *RowError
		if !errors.As(err, &row) || row.Line != 1 || !strings.Contains(row.Reason, tt.reason) {
			t.Errorf("%q: %v", tt.header, err)
		}
	}
}

// Nights, a queue without agents, a visitor who leaves, agents who come and
// go, and one who goes with a conversation open.
func TestWhatRealLogsDoIsNoTrouble(t *testing.T) {
	t.Parallel()
	all, _ := replayAll(t, head+`0,join,early,,q,0,
1000,agent_on,,a,q|r,,2
1000,assign,early,a,,,
5000,join,nobody,,s,0,
6000,join,second,,r,60,
6000,assign,second,a,,,
7000,join,third,,r,0,
8000,agent_off,,a,,,
9000,abandon,third,,,,
9500,close,second,a,,,
10000,close,early,a,,,
86400000,agent_on,,b,q,,1
86400000,agent_on,,b,q|s,,1
86410000,assign,nobody,b,,,
86420000,join,late,,q,0,
`, 0)
	known := map[string]bool{}
	for _, s := range all {
		known[s.Ticket] = s.Known
		if s.Known != (s.High > 0 && s.P10 <= s.P50 && s.P50 <= s.P90 && s.Low <= s.High) {
			t.Errorf("unlikely: %+v", s)
		}
	}
	want := map[string]bool{"early": false, "nobody": false, "second": true, "third": true, "late": true}
	if !reflect.DeepEqual(known, want) {
		t.Errorf("known %v, want %v", known, want)
	}
}

func TestAGzippedTraceReadsAsThePlainOne(t *testing.T) {
	t.Parallel()
	csv := day(20)
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write([]byte(csv)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "day.csv.gz")
	if err := os.WriteFile(path, z.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	events := func(l *Log, err error) (all []Event) {
		t.Helper()
		if err == nil {
			err = l.Events(func(e *Event) error {
				copied := *e
				copied.Ticket, copied.Agent, copied.Queue, copied.Serves = strings.Clone(e.Ticket), strings.Clone(e.Agent), strings.Clone(e.Queue), e.serves()
				all = append(all, copied)
				return nil
			})
		}
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if plain, zipped := events(Parse(csv)), events(Open(path)); len(plain) < 60 || !reflect.DeepEqual(plain, zipped) {
		t.Errorf("%d events plain, %d zipped", len(plain), len(zipped))
	}
	if err := os.WriteFile(path, z.Bytes()[:z.Len()/2], 0o600); err != nil {
		t.Fatal(err)
	}
	var row *RowError
	if _, err := Open(path); !errors.As(err, &row) || row.Line < 1 || !strings.Contains(row.Reason, "cannot be read") {
		t.Errorf("half of a gzipped trace gives %v, want the line where it ends", err)
	}
}
