package report

import (
	"bytes"
	_ "embed" // the page
	"fmt"
	"html/template"
	"math"
	"strings"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"number": number,
}).Parse(pageText))

// number writes a figure as people read it.
func number(v float64) string {
	switch a := math.Abs(v); {
	case v == math.Trunc(v) && a < 1e15:
		return fmt.Sprintf("%.0f", v)
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 1:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.4f", v)
}

// curve is one chart of a page.
type curve struct {
	Title string
	Unit  string
	SVG   template.HTML
	Names []named
}

type named struct{ Name, Colour string }

var colours = []string{"#2563eb", "#d97706", "#059669", "#be185d"}

// Page makes the page.
func Page(r *Run, dashboard []byte) ([]byte, error) {
	var out bytes.Buffer
	err := page.Execute(&out, struct {
		*Run
		Curves    []curve
		Scatter   template.HTML
		Kept      []keptRow
		Dashboard string
	}{r, curves(r), scatter(r), kept(r), string(dashboard)})
	return out.Bytes(), err
}

func curves(r *Run) []curve {
	line := func(title, unit string, names []string, of ...func(i int) float64) curve {
		series := make([][]float64, len(of))
		c := curve{Title: title, Unit: unit}
		for k, f := range of {
			c.Names = append(c.Names, named{names[k], colours[k]})
			for i := range r.Samples {
				series[k] = append(series[k], f(i))
			}
		}
		c.SVG = chart(r, series)
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
	return []curve{
		line("In line and in conversation", "tickets", []string{"waiting", "assigned"},
			at(func(s *Sample) float64 { return float64(s.Waiting) }), at(func(s *Sample) float64 { return float64(s.Talking) })),
		line("Wait of those who reached an agent, median of the second", "s", []string{"wait"}, at(func(s *Sample) float64 { return s.Wait })),
		line("From a free place to an offer, longest of the second", "ms", []string{"offer"}, at(func(s *Sample) float64 { return s.Offer })),
		line("Age of a shown place, worst of the second", "ms", []string{"first 10", "first 100", "others"},
			at(func(s *Sample) float64 { return s.Staleness["first_10"] }), at(func(s *Sample) float64 { return s.Staleness["first_100"] }),
			at(func(s *Sample) float64 { return s.Staleness["others"] })),
		line("Open sockets", "", []string{"sockets"}, at(func(s *Sample) float64 { return s.Connections })),
		line("Frames and places sent", "a second", []string{"frames", "places"}, per(func(s *Sample) float64 { return s.FramesOut }),
			per(func(s *Sample) float64 { return s.Positions })),
		line("Processor", "cores", []string{"gateways", "Redis"}, per(func(s *Sample) float64 { return s.GatewayCPU }),
			per(func(s *Sample) float64 { return s.RedisCPU })),
	}
}

const (
	chartWidth  = 640
	chartHeight = 150
	left        = 52
	bottom      = 18
)

// chart draws lines over the seconds of a run.
func chart(r *Run, series [][]float64) template.HTML {
	top, end := 0.0, 1.0
	for _, s := range series {
		for i, v := range s {
			top, end = max(top, v), max(end, r.Samples[i].T)
		}
	}
	if top == 0 {
		top = 1
	}
	var b strings.Builder
	x := func(t float64) float64 { return left + (chartWidth-left-8)*t/end }
	y := func(v float64) float64 { return 8 + (chartHeight-bottom-8)*(1-v/top) }
	frame(&b, top, end, x, y)
	for _, e := range r.Events {
		fmt.Fprintf(&b, `<line class="event" x1="%.1f" x2="%.1f" y1="8" y2="%d"><title>%s</title></line>`, x(e.T), x(e.T), chartHeight-bottom, template.HTMLEscapeString(e.What))
	}
	for k, s := range series {
		fmt.Fprintf(&b, `<polyline fill="none" stroke="%s" stroke-width="1.5" points="`, colours[k])
		for i, v := range s {
			fmt.Fprintf(&b, "%.1f,%.1f ", x(r.Samples[i].T), y(v))
		}
		b.WriteString(`"/>`)
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) //nolint:gosec // made of numbers and escaped text alone
}

// frame draws the axes and says what their ends mean.
func frame(b *strings.Builder, top, end float64, x, y func(float64) float64) {
	fmt.Fprintf(b, `<svg viewBox="0 0 %d %d" role="img">`, chartWidth, chartHeight)
	for _, share := range []float64{0, 0.5, 1} {
		fmt.Fprintf(b, `<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`,
			left, chartWidth-8, y(top*share), y(top*share), left-5, y(top*share)+4, number(top*share))
	}
	for _, share := range []float64{0, 0.25, 0.5, 0.75, 1} {
		fmt.Fprintf(b, `<text x="%.1f" y="%d" text-anchor="middle">%.0f s</text>`, x(end*share), chartHeight-4, end*share)
	}
}

// scatter sets what was promised against what was kept; on the line both are
// the same, below it the wait was shorter.
func scatter(r *Run) template.HTML {
	if len(r.Promises) == 0 {
		return ""
	}
	top, end := 1.0, 1.0
	for _, p := range r.Promises {
		top, end = max(top, p.WaitedS), max(end, float64(p.HighS))
	}
	var b strings.Builder
	x := func(t float64) float64 { return left + (chartWidth-left-8)*t/end }
	y := func(v float64) float64 { return 8 + (chartHeight-bottom-8)*(1-v/top) }
	frame(&b, top, end, x, y)
	same := min(top, end)
	fmt.Fprintf(&b, `<line class="event" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, x(0), y(0), x(same), y(same))
	for _, p := range r.Promises {
		fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="2"/>`, x(float64(p.HighS)), y(p.WaitedS))
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) //nolint:gosec // made of numbers alone
}

// keptRow is what became of one promise.
type keptRow struct {
	HighS   int
	Count   int
	Within  float64 // percent
	Longest float64
}

func kept(r *Run) []keptRow {
	by := map[int]*keptRow{}
	var order []int
	for _, p := range r.Promises {
		row := by[p.HighS]
		if row == nil {
			row = &keptRow{HighS: p.HighS}
			by[p.HighS] = row
			order = append(order, p.HighS)
		}
		row.Count++
		if p.WaitedS <= float64(p.HighS) {
			row.Within++
		}
		row.Longest = max(row.Longest, p.WaitedS)
	}
	var rows []keptRow
	for _, high := range order {
		row := *by[high]
		row.Within = 100 * row.Within / float64(row.Count)
		rows = append(rows, row)
	}
	return rows
}
