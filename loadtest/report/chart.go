package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// A chart's measures, in the units of its SVG.
const (
	chartWidth  = 640
	chartHeight = 170
	chartLeft   = 46
	chartRight  = 8
	chartTop    = 8
	chartBottom = 20
)

// canvas maps the seconds of a run and values from 0 on to places of a chart.
type canvas struct {
	strings.Builder
	end, top float64
}

// newCanvas draws the axes, with round figures at both.
func newCanvas(end, top float64) *canvas {
	step := round(top / 3)
	c := &canvas{end: max(end, 1), top: step * math.Ceil(top/step)}
	fmt.Fprintf(c, `<svg viewBox="0 0 %d %d" role="img">`, chartWidth, chartHeight)
	for v := 0.0; v <= c.top*1.001; v += step {
		fmt.Fprintf(c, `<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`,
			chartLeft, chartWidth-chartRight, c.y(v), c.y(v), chartLeft-6, c.y(v)+3.5, figure(v))
	}
	every := round(c.end / 5)
	if c.end > 60 {
		every = 60 * math.Ceil(c.end/60/6) // whole minutes
	}
	for t := 0.0; t <= c.end; t += every {
		fmt.Fprintf(c, `<text x="%.1f" y="%d" text-anchor="middle">%.0f s</text>`, c.x(t), chartHeight-5, t)
	}
	return c
}

// round is the next of 1, 2, 5, 10, 20, 50 and so on; 1 for nothing.
func round(v float64) float64 {
	if v <= 0 {
		return 1
	}
	ten := math.Pow(10, math.Floor(math.Log10(v)))
	for _, k := range []float64{1, 2, 5} {
		if k*ten >= v {
			return k * ten
		}
	}
	return 10 * ten
}

func (c *canvas) x(t float64) float64 {
	return chartLeft + (chartWidth-chartLeft-chartRight)*t/c.end
}

func (c *canvas) y(v float64) float64 {
	return chartTop + (chartHeight-chartTop-chartBottom)*(1-v/c.top)
}

// line draws a value for each sample. Where nothing was measured, which is NaN, it
// breaks off; a value alone is a dot.
func (c *canvas) line(r *Run, colour string, values []float64) {
	fmt.Fprintf(c, `<path fill="none" stroke="%s" stroke-width="1.6" stroke-linejoin="round" stroke-linecap="round" d="`, colour)
	on := false
	for i, v := range values {
		switch x := c.x(r.Samples[i].T); {
		case math.IsNaN(v):
			on = false
		case on:
			fmt.Fprintf(c, "L%.0f,%.1f", x, c.y(v))
		default:
			fmt.Fprintf(c, "M%.0f,%.1fh0", x, c.y(v))
			on = true
		}
	}
	c.WriteString(`"/>`)
}

// events marks what was done to the gateways.
func (c *canvas) events(r *Run) {
	for _, e := range r.Events {
		fmt.Fprintf(c, `<line class="event" x1="%.1f" x2="%.1f" y1="%d" y2="%d"><title>%s</title></line>`,
			c.x(e.T), c.x(e.T), chartTop, chartHeight-chartBottom, template.HTMLEscapeString(e.What))
	}
}

func (c *canvas) done() template.HTML {
	c.WriteString("</svg>")
	return template.HTML(c.String()) //nolint:gosec // made of numbers and escaped text alone
}

// promises sets the waits that were shown against those that were kept: for each
// visitor the range that they were shown first, at the second at which they were,
// and a dot for how long it took from then on.
func promises(r *Run) template.HTML {
	if len(r.Promises) == 0 {
		return ""
	}
	end, top := 0.0, 0.0
	for _, p := range r.Promises {
		end, top = max(end, p.T), max(top, p.WaitedS, float64(p.HighS))
	}
	for i := range r.Samples {
		end = max(end, r.Samples[i].T)
	}
	c := newCanvas(end, top)
	for _, p := range r.Promises {
		fmt.Fprintf(c, `<line class="shown" x1="%.0f" x2="%.0f" y1="%.1f" y2="%.1f"/>`, c.x(p.T), c.x(p.T), c.y(float64(p.LowS)), c.y(float64(p.HighS)))
	}
	for _, p := range r.Promises {
		class := "kept"
		if p.WaitedS > float64(p.HighS) {
			class = "broken"
		}
		fmt.Fprintf(c, `<circle class="%s" cx="%.0f" cy="%.1f" r="2"/>`, class, c.x(p.T), c.y(p.WaitedS))
	}
	c.events(r)
	return c.done()
}
