package report

import (
	"bytes"
	_ "embed" // the page
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"figure": figure, "words": words,
}).Parse(pageText))

// figure writes a number as people read it: 12,345, 67.8, 0.123.
func figure(v float64) string {
	digits := 0
	switch a := math.Abs(v); {
	case v == math.Trunc(v) || a >= 100:
	case a >= 1:
		digits = 1
	default:
		digits = 3
	}
	text := fmt.Sprintf("%.*f", digits, v)
	whole, rest, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest = strings.TrimRight(rest, "0"); rest != "" {
		return whole + "." + rest
	}
	return whole
}

// words makes words of a metric's name.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

// part is one group of the service-level table.
type part struct {
	Title  string
	Checks []row
}

type row struct {
	Check
	Bar     float64 // percent of the limit, 0 for none
	Verdict string
}

// parts are the groups that a run has.
func parts(r *Run) []part {
	var all []part
	for _, g := range []struct {
		group Group
		title string
	}{{Truth, "What may never happen"}, {Speed, "How fast, at the 99th percentile"}, {Reach, "How far the run went"}} {
		p := part{Title: g.title}
		for _, c := range r.Checks {
			if c.Group != g.group {
				continue
			}
			w := row{Check: c, Verdict: "holds"}
			switch {
			case !c.Judged && !c.OK:
				w.Verdict = "outside, not judged"
			case !c.Judged:
				w.Verdict = "not judged"
			case !c.OK:
				w.Verdict = "BROKEN"
			}
			if c.Bound > 0 {
				w.Bar = min(100, 100*c.Value/c.Bound)
			}
			p.Checks = append(p.Checks, w)
		}
		if len(p.Checks) > 0 {
			all = append(all, p)
		}
	}
	return all
}

// card is one of the figures on top.
type card struct{ Figure, Name string }

func cards(r *Run) []card {
	broken, truths := 0, 0
	for _, c := range r.Checks {
		if c.Group == Truth && c.Judged {
			truths++
			if !c.OK {
				broken++
			}
		}
	}
	all := []card{{fmt.Sprintf("%d of %d", truths-broken, truths), "truths hold"}}
	for _, c := range r.Checks {
		if c.Group == Reach && !strings.HasPrefix(c.Name, "visitors") {
			all = append(all, card{figure(math.Round(c.Value)), c.Name})
		}
	}
	return append(all, card{figure(r.Counts["visitors_served"]), "visitors served"}, card{figure(r.Counts["messages_sent"]), "messages"})
}

// curve is one chart of a page.
type curve struct {
	Title, Unit string
	SVG         template.HTML
	Names       []named
}

type named struct{ Name, Colour string }

var colours = []string{"#3b82f6", "#d97706", "#10b981", "#db2777"}

// Page makes the page.
func Page(r *Run, dashboard []byte) ([]byte, error) {
	var out bytes.Buffer
	err := page.Execute(&out, struct {
		*Run
		Parts     []part
		Cards     []card
		Curves    []curve
		Promised  template.HTML
		Kept      []keptRow
		Dashboard string
	}{r, parts(r), cards(r), curves(r), promises(r), kept(r), string(dashboard)})
	return out.Bytes(), err
}

func curves(r *Run) []curve {
	line := func(title, unit string, names []string, of ...func(i int) float64) curve {
		c := curve{Title: title, Unit: unit}
		series, top, end := make([][]float64, len(of)), 0.0, 0.0
		for k, f := range of {
			c.Names = append(c.Names, named{names[k], colours[k]})
			for i := range r.Samples {
				series[k] = append(series[k], f(i))
				end = r.Samples[i].T
				if !math.IsNaN(f(i)) {
					top = max(top, f(i))
				}
			}
		}
		on := newCanvas(end, top)
		on.events(r)
		for k, s := range series {
			on.line(r, colours[k], s)
		}
		c.SVG = on.done()
		return c
	}
	per := func(f func(s *Sample) float64) func(int) float64 {
		return func(i int) float64 {
			if i == 0 {
				return 0
			}
			a, b := &r.Samples[i-1], &r.Samples[i]
			if b.T <= a.T || f(b) < f(a) { // a gateway began anew
				return 0
			}
			return (f(b) - f(a)) / (b.T - a.T)
		}
	}
	at := func(f func(s *Sample) float64) func(int) float64 {
		return func(i int) float64 { return f(&r.Samples[i]) }
	}
	// Of some seconds there is nothing to measure, which is not the same as no time.
	some := func(v float64, known bool) float64 {
		if !known {
			return math.NaN()
		}
		return v
	}
	age := func(band string) func(int) float64 {
		return at(func(s *Sample) float64 { v, known := s.Staleness[band]; return some(v, known) })
	}
	return []curve{
		line("In line and in conversation", "tickets", []string{"waiting", "assigned"},
			at(func(s *Sample) float64 { return float64(s.Waiting) }), at(func(s *Sample) float64 { return float64(s.Talking) })),
		line("Joins", "a second", []string{"joins"}, per(func(s *Sample) float64 { return float64(s.Joins) })),
		line("Wait of those who reached an agent, median of the second", "s", []string{"wait"}, at(func(s *Sample) float64 { return some(s.Wait, s.Wait > 0) })),
		line("Open sockets", "", []string{"sockets"}, at(func(s *Sample) float64 { return s.Connections })),
		line("Age of a shown place, worst of the second", "ms", []string{"first 10", "first 100", "others"},
			age("first_10"), age("first_100"), age("others")),
		line("From a free place to an offer, longest of the second", "ms", []string{"offer"}, at(func(s *Sample) float64 { return some(s.Offer, s.Offer > 0) })),
		line("Frames, and places among them", "a second", []string{"frames", "places"}, per(func(s *Sample) float64 { return s.FramesOut }),
			per(func(s *Sample) float64 { return s.Positions })),
		line("Processor", "cores", []string{"gateways", "Redis"}, per(func(s *Sample) float64 { return s.GatewayCPU }),
			per(func(s *Sample) float64 { return s.RedisCPU })),
	}
}

// keptRow is what became of one promise.
type keptRow struct {
	LowS, HighS int
	Count       int
	Within      float64 // percent
	Longest     float64
}

func kept(r *Run) []keptRow {
	by := map[[2]int]*keptRow{}
	var rows []*keptRow
	for _, p := range r.Promises {
		key := [2]int{p.HighS, p.LowS}
		row := by[key]
		if row == nil {
			row = &keptRow{LowS: p.LowS, HighS: p.HighS}
			by[key] = row
			rows = append(rows, row)
		}
		row.Count++
		if p.WaitedS <= float64(p.HighS) {
			row.Within++
		}
		row.Longest = max(row.Longest, p.WaitedS)
	}
	slices.SortFunc(rows, func(a, b *keptRow) int { return (a.HighS-b.HighS)*10_000 + a.LowS - b.LowS })
	var out []keptRow
	for _, row := range rows {
		row.Within *= 100 / float64(row.Count)
		out = append(out, *row)
	}
	return out
}
