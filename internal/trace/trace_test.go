package trace

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

const header = "at_ms,event,ticket,agent,queue,head_start_s,capacity\n"

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
		{"a quote that never ends", "1,join,\"t,,q,0,\n", "quote", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Read(strings.NewReader(header + tt.rows))
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
	b.WriteString(header + "0,agent_on,,a,q|r,,1\n0,agent_on,,b,q,,1\n")
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

func replayAll(t *testing.T, csv string, every int64) ([]Said, *Score) {
	t.Helper()
	events, err := Read(strings.NewReader(csv))
	if err != nil {
		t.Fatal(err)
	}
	var all []Said
	score := &Score{}
	err = Replay(events, Options{Every: every, Score: score, Said: func(s Said) error { all = append(all, s); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	return all, score
}

func TestAnEstimateKnowsNothingOfTheFuture(t *testing.T) {
	t.Parallel()
	whole := day(300)
	all, _ := replayAll(t, whole, 0)
	lines := strings.SplitAfter(whole, "\n")
	part, _ := replayAll(t, strings.Join(lines[:500], ""), 0)
	if len(part) < 100 || !reflect.DeepEqual(part, all[:len(part)]) {
		t.Fatal("what was said changes with what comes later")
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
	plain, err1 := Read(strings.NewReader(csv))
	zipped, err2 := Read(&z)
	if err1 != nil || err2 != nil || !reflect.DeepEqual(plain, zipped) {
		t.Fatal(err1, err2)
	}
}
