package trace

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"nextup/queue"
	"nextup/queue/eta"
)

// Truth is how true the ranges were of some waits.
type Truth struct {
	// By is what the waits have in common, such as "position", and Name is its value.
	By, Name string
	N        int
	// Mean is the mean of the estimates.
	Mean float64
	// Inside is the share of the waits between P10 and P90, Below and Above are those
	// on either side, Over is that above the upper end that was shown.
	Inside, Below, Above, Over float64
	// Score is the mean interval score of P10 to P90 over the mean wait (Gneiting and
	// Raftery, "Strictly proper scoring rules", JASA 102, 2007): narrow ranges that hold
	// have a low one.
	Score float64
	// Width is the mean width of P10 to P90 over the spread of the waits about their
	// estimates, from the tenth to the ninetieth percentile.
	Width float64
	// Middle is the mean absolute error of P50 over that of the mean.
	Middle float64
	// Watched are the visitors who were told again while they waited, Rose the share of
	// them who were told a longer wait.
	Watched int
	Rose    float64
}

// truth judges some waits.
func (s *Score) truth(name string, all []comparison) Truth {
	t := Truth{Name: name, N: len(all)}
	var width, wait, penalty, middle, mean float64
	errs := make([]float64, len(all))
	for i, o := range all {
		e := &o.estimate
		low := e.P10
		switch {
		case o.wait < low:
			t.Below++
			penalty += 10 * (low - o.wait) // 2 ÷ the share outside
		case o.wait > e.P90:
			t.Above++
			penalty += 10 * (o.wait - e.P90)
		default:
			t.Inside++
		}
		if o.wait > float64(e.High) && e.High < eta.Beyond {
			t.Over++
		}
		if o.watched {
			if t.Watched++; o.rose {
				t.Rose++
			}
		}
		width += e.P90 - low
		wait += o.wait
		middle += math.Abs(e.P50 - o.wait)
		mean += math.Abs(e.Mean - o.wait)
		errs[i] = o.wait - e.Mean
		t.Mean += e.Mean / float64(len(all))
	}
	n := max(1, float64(len(all)))
	t.Inside, t.Below, t.Above, t.Over = t.Inside/n, t.Below/n, t.Above/n, t.Over/n
	t.Rose /= max(1, float64(t.Watched))
	if len(all) > 0 {
		slices.Sort(errs)
		t.Width = width / n / max(1, errs[len(errs)*9/10]-errs[len(errs)/10])
		t.Score, t.Middle = (width+penalty)/max(1, wait), middle/max(1, mean)
	}
	return t
}

// fewest is the least number of waits that are judged apart.
const fewest = 50

// Truths returns how true the ranges were overall, and by octave of the mean, position,
// queue, hour of the day and class, where there are enough waits.
func (s *Score) Truths() []Truth {
	type key struct {
		by, name string
		order    int
	}
	parts := map[key][]comparison{}
	add := func(by, name string, order int, o comparison) {
		k := key{by, name, order}
		parts[k] = append(parts[k], o)
	}
	for _, o := range s.all {
		octave := max(0, int(math.Log2(max(1, o.estimate.Mean))))
		add("estimate", fmt.Sprintf("%d to %d s", int(math.Exp2(float64(octave))), int(math.Exp2(float64(octave+1)))), octave, o)
		at := queue.BandOf(max(1, o.estimate.Position))
		add("position", queue.Bands[at].Name, at, o)
		add("queue", o.estimate.Queue, 0, o)
		hour := int(o.estimate.At / 3_600_000 % 24)
		if s.Hour != nil {
			hour = s.Hour(o.estimate.At)
		}
		add("hour", fmt.Sprintf("%02d:00", hour), hour, o)
		class := "no head start"
		if o.headStart > 0 {
			class = "head start"
		}
		add("class", class, 0, o)
	}
	keys := slices.SortedFunc(maps.Keys(parts), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.by, b.by), cmp.Compare(a.order, b.order), cmp.Compare(a.name, b.name))
	})
	out := []Truth{s.truth("all", s.all)}
	for _, k := range keys {
		if len(parts[k]) >= fewest {
			t := s.truth(k.name, parts[k])
			t.By = k.by
			out = append(out, t)
		}
	}
	return out
}

// wrong returns in words what is wrong with the ranges, or "".
func (t *Truth) wrong() string {
	luck := 3 * math.Sqrt(.16/max(1, float64(t.N))) // waits share their luck, so 3 rather than 2
	switch {
	case t.Inside > .87+luck:
		return "the range is wider than it has to be"
	case t.Above > .15+luck && t.Below > .15+luck:
		return "the range is too narrow"
	case t.Above > .15+luck:
		return "people wait longer than they are told"
	case t.Below > .15+luck:
		return "people wait less long than they are told"
	}
	return ""
}

// The most of the waits that may pass the shown upper end, and of the visitors told again
// who may see a rise.
const (
	mostOver = .06
	mostRose = .03
)

// broken returns in words which of what is shown is broken too often, or "".
func (t *Truth) broken() string {
	var all []string
	if t.Over > mostOver+3*math.Sqrt(mostOver*(1-mostOver)/max(1, float64(t.N))) {
		all = append(all, fmt.Sprintf("%.0f %% wait longer than the upper end that they are shown", 100*t.Over))
	}
	if t.Watched >= fewest && t.Rose > mostRose+3*math.Sqrt(mostRose*(1-mostRose)/max(1, float64(t.Watched))) {
		all = append(all, fmt.Sprintf("%.0f %% of those who are told again see a longer wait", 100*t.Rose))
	}
	return strings.Join(all, ", and ")
}

// printTruths writes how true the ranges were, as a table and in words.
func (s *Score) printTruths(out io.Writer) {
	all := s.Truths()
	total := &all[0]
	fmt.Fprintf(out, "between P10 and P90: %.1f %%; over the shown upper end: %.1f %%; width ÷ spread %.2f\n", 100*total.Inside, 100*total.Over, total.Width)
	if s.watched > 0 {
		fmt.Fprintf(out, "of %d who were told again, %.1f %% were told a longer wait\n", s.watched, 100*float64(s.rose)/float64(s.watched))
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "by\t\twaits\tbelow P10\tinside\tabove P90\tover the shown end\twidth ÷ spread\ttold longer\t")
	for i := range all {
		t := &all[i]
		if t.By == "" {
			continue
		}
		rose := "–"
		if t.Watched > 0 {
			rose = fmt.Sprintf("%.1f %%", 100*t.Rose)
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%.0f %%\t%.0f %%\t%.0f %%\t%.0f %%\t%.2f\t%s\t\n", t.By, t.Name, t.N, 100*t.Below, 100*t.Inside, 100*t.Above, 100*t.Over, t.Width, rose)
	}
	_ = w.Flush() // out keeps its own errors
	for i := range all {
		t := &all[i]
		where := "overall"
		if t.By != "" {
			where = t.By + " " + t.Name
		}
		if what := t.wrong(); what != "" {
			fmt.Fprintf(out, "%s: %s (%.0f %% inside, %.0f %% above, %.0f %% below)\n", where, what, 100*t.Inside, 100*t.Above, 100*t.Below)
		}
		if what := t.broken(); what != "" {
			fmt.Fprintf(out, "%s: %s\n", where, what)
		}
	}
}
