package trace

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// scored is a score of waits of 1 to n seconds, in line at their number, all of which
// were said to take from p10 to p90 seconds.
func scored(n int, mean, p10, p90 float64, high int) *Score {
	s := &Score{}
	for i := 1; i <= n; i++ {
		s.all = append(s.all, comparison{
			wait: float64(i), estimate: Estimate{Queue: fmt.Sprint("q", i%2), Position: 1 + i/60, At: int64(i) * 60_000, Known: true, Mean: mean, P10: p10, P25: p10, P50: mean, P90: p90, High: high},
		})
	}
	return s
}

func TestABacktestSaysInWordsWhereTheRangesAreWrong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		score *Score
		words string
	}{
		{"true", scored(100, 50, 10.5, 90.5, 120), ""},
		{"too low", scored(100, 30, 5, 50, 60), "overall: people wait longer than they are told (46 % inside, 50 % above, 4 % below)"},
		{"too high", scored(100, 90, 60, 150, 240), "overall: people wait less long than they are told (41 % inside, 0 % above, 59 % below)"},
		{"too narrow", scored(200, 100, 80, 120, 120), "overall: the range is too narrow (20 % inside, 40 % above, 40 % below)"},
		{"too wide", scored(200, 100, 0, 400, 420), "overall: the range is wider than it has to be (100 % inside, 0 % above, 0 % below)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			tt.score.printTruths(&out)
			if text := out.String(); !strings.Contains(text, tt.words) || (tt.words == "") != !strings.Contains(text, "overall: ") {
				t.Errorf("it does not say %q:\n%s", tt.words, text)
			}
		})
	}
}

// What visitors are shown is told in words where it is broken: an upper end that many
// pass, and waits that grow.
func TestABacktestSaysInWordsWhatOfTheShownWaitsIsBroken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		high          int
		watched, rose int
		words         []string
	}{
		{"kept", 120, 100, 2, nil},
		{"few told again", 120, 3, 1, nil},
		{"passed", 60, 0, 0, []string{"overall: 40 % wait longer than the upper end that they are shown\n", "queue q1: 40 %"}},
		{"rising", 120, 100, 30, []string{"overall: 30 % of those who are told again see a longer wait\n"}},
		{"both", 60, 100, 30, []string{"overall: 40 % wait longer than the upper end that they are shown, and 30 % of those"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := scored(100, 50, 10.5, 90.5, tt.high)
			for i := range tt.watched {
				s.all[i].watched, s.all[i].rose = true, i < tt.rose
			}
			var out strings.Builder
			s.printTruths(&out)
			for _, w := range tt.words {
				if !strings.Contains(out.String(), w) {
					t.Errorf("no %q in:\n%s", w, &out)
				}
			}
			if tt.words == nil && strings.Contains(out.String(), "overall: ") {
				t.Errorf("something is called broken:\n%s", &out)
			}
		})
	}
}

func TestRangesAreJudgedApartByWhatTheWaitsHaveInCommon(t *testing.T) {
	t.Parallel()
	all := scored(120, 40, 12.5, 108.5, 60).Truths()
	by := map[string]int{}
	for _, truth := range all {
		by[truth.By] += truth.N
		if sum := truth.Inside + truth.Above + truth.Below; math.Abs(sum-1) > 1e-9 {
			t.Errorf("%+v: inside, above and below are %.3f together", truth, sum)
		}
	}
	for _, name := range []string{"", "estimate", "queue", "hour", "class", "position"} {
		if by[name] < 100 {
			t.Errorf("by %q %d of 120 waits were judged", name, by[name])
		}
	}
	total := all[0]
	if math.Abs(total.Inside-.8) > 0.001 || math.Abs(total.Over-.5) > 0.001 || total.Middle != 1 || math.Abs(total.Width-1) > 0.05 {
		t.Errorf("overall: %+v", total)
	}
	// Every tenth of the twelve on each side is outside by half a second to 11.5 s.
	if want := (96 + 2*10*(0.5+11.5)/2*12/120) / 60.5; math.Abs(total.Score-want) > 0.01 {
		t.Errorf("the interval score is %.3f, want %.3f", total.Score, want)
	}
}

// Those who see a longer wait than before are counted.
func TestABacktestCountsThoseWhoSeeARise(t *testing.T) {
	t.Parallel()
	for name, log := range map[string]struct {
		csv   string
		every int64
	}{"five of six agents leave": {shrinking(), 5_000}, "nothing is asked again": {shrinking(), 0}} {
		_, score := replayAll(t, log.csv, log.every)
		watched, rose := score.Rises()
		if (watched > 0) != (log.every > 0) || (rose > 0) != (log.every > 0) || rose > watched {
			t.Errorf("%s: %d of %d see a rise", name, rose, watched)
		}
	}
}

// A visitor reads what was published last, which does not know of an agent who has left since: that is what is
// judged, and not what one who knew of it would have said.
func TestABacktestTellsWhatWasPublishedBeforeTheJoin(t *testing.T) {
	t.Parallel()
	told := func(join int) float64 {
		csv := "at_ms,event,ticket,agent,queue\n" +
			"0,agent_on,,a,q\n0,agent_on,,b,q\n1000,join,t1,,q\n1000,join,t2,,q\n1000,assign,t1,a,\n1000,assign,t2,b,\n" +
			"5000,join,t3,,q\n9500,agent_off,,b,\n" + fmt.Sprintf("%d,join,t4,,q\n", join)
		estimates, _ := replayAll(t, csv, 0)
		for _, e := range estimates {
			if e.Ticket == "t4" {
				return e.Mean
			}
		}
		t.Fatal("t4 is told nothing")
		return 0
	}
	if before, after := told(9_600), told(14_000); after < 1.3*before {
		t.Errorf("%.0f s are told just after an agent has left, and %.0f s when that has been published", before, after)
	}
}
