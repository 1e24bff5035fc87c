package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// row is one line of the table.
type row struct {
	gate, what          string
	value, half         float64
	must, aim           string
	meetsMust, meetsAim bool
	informational       bool // not a gate
	n                   int
}

// ratio returns a quotient of two sums, with the half width of its 95 % interval by
// the jackknife over blocks.
func ratio(all []scored, over, under func(*scored) float64) (value, half float64) {
	byBlock := map[int][2]float64{}
	var a, b float64
	for i := range all {
		x, y := over(&all[i]), under(&all[i])
		if math.IsNaN(x) || math.IsNaN(y) {
			continue
		}
		sums := byBlock[all[i].block]
		byBlock[all[i].block] = [2]float64{sums[0] + x, sums[1] + y}
		a, b = a+x, b+y
	}
	value = a / b
	var sum float64
	n := float64(len(byBlock))
	for _, s := range byBlock {
		d := (a-s[0])/(b-s[1]) - value
		sum += d * d
	}
	return value, 1.96 * math.Sqrt((n-1)/n*sum)
}

func sq(x float64) float64 { return x * x }

func ourError(s *scored) float64    { return sq(s.estimate - s.wait) }
func oracleError(s *scored) float64 { return sq(s.oracle-s.wait) - s.noise }
func lesError(s *scored) float64    { return sq(s.les - s.wait) }
func oursBesideLES(s *scored) float64 {
	if math.IsNaN(s.les) {
		return math.NaN()
	}
	return ourError(s)
}
func unit(*scored) float64 { return 1 }

func inside(s *scored) float64 { return indicator(s.wait >= s.p10 && s.wait <= s.p90) }
func over(s *scored) float64   { return indicator(s.wait > s.high && s.high < 7200) }

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// judge turns the scores of a trial into rows of the table.
func (t *trial) judge(all []scored) []row {
	var rows []row
	atMost := func(gate, what string, part []scored, value, half, must, aim float64) {
		rows = append(rows, row{
			gate: gate, what: what, value: value, half: half, n: len(part),
			must: fmt.Sprintf("≤ %.2f", must), aim: fmt.Sprintf("≤ %.2f", aim),
			meetsMust: math.Abs(value) <= must, meetsAim: math.Abs(value) <= aim,
		})
	}
	groups := map[string][]scored{"": all}
	for _, s := range all {
		groups[s.group] = append(groups[s.group], s)
	}
	names := []string{}
	for g := range groups {
		if g == "" || len(groups) > 2 {
			names = append(names, g)
		}
	}
	slices.Sort(names)
	for _, g := range names {
		part := groups[g]
		name := t.name
		if g != "" {
			name += ", " + g
		}
		v, h := ratio(part, ourError, oracleError)
		atMost("MSE ÷ oracle", name, part, v, h, t.must, t.aim)
		if t.withModel {
			v, h = ratio(part, func(s *scored) float64 { return sq(s.modelled - s.wait) }, oracleError)
			rows = append(rows, row{gate: "the same, told that all is exponential", what: name, value: v, half: h, informational: true, n: len(part)})
		}
		if t.to > 0 {
			continue
		}
		v, h = ratio(part, func(s *scored) float64 { return s.estimate - s.oracle }, func(s *scored) float64 { return s.oracle })
		atMost("bias against the oracle", name, part, v, h, .03, .01)
		v, h = ratio(part, inside, unit)
		low, high, a := .78, .82, .01
		if g != "" {
			low, high, a = .75, .85, .03
		}
		rows = append(rows, row{
			gate: "coverage of P10–P90", what: name, value: v, half: h, n: len(part),
			must: fmt.Sprintf("%.2f–%.2f", low, high), aim: fmt.Sprintf(".80 ± %.2f", a),
			meetsMust: v >= low && v <= high, meetsAim: math.Abs(v-.8) <= a,
		})
		if g != "" {
			continue
		}
		v, h = ratio(part, oursBesideLES, lesError)
		aim := .5
		if t.les > .6 {
			aim = t.les
		}
		atMost("MSE ÷ LES", name, part, v, h, t.les, aim)
		v, h = ratio(part, over, unit)
		atMost("waits over the shown end", name, part, v, h, .10, .05)
		followed := slices.DeleteFunc(slices.Clone(part), func(s scored) bool { return !s.watched })
		v, h = ratio(followed, func(s *scored) float64 { return float64(s.rises) }, unit)
		atMost("shown rises per wait", name, followed, v, h, t.rises, .02)
	}
	for i := range rows {
		rows[i].informational = rows[i].informational || t.informational
	}
	return rows
}

func (r *row) achieved() string {
	if r.half == 0 { // a single log has no interval
		return fmt.Sprintf("%.3f", r.value)
	}
	return fmt.Sprintf("%.3f ± %.3f", r.value, r.half)
}

// table prints the rows as Markdown and returns how many miss what they must meet.
func table(out io.Writer, rows []row) (missed int) {
	fmt.Fprintln(out, "| gate | scenario | visitors | must | aim | achieved (95 %) | |\n|---|---|---|---|---|---|---|")
	for _, r := range rows {
		verdict := "**missed**"
		switch {
		case r.informational:
			verdict = ""
		case r.meetsAim:
			verdict = "aim"
		case r.meetsMust:
			verdict = "must"
		default:
			missed++
		}
		fmt.Fprintf(out, "| %s | %s | %d | %s | %s | %s | %s |\n", r.gate, r.what, r.n, strings.ReplaceAll(r.must, "0.", "."), strings.ReplaceAll(r.aim, "0.", "."), r.achieved(), verdict)
	}
	return missed
}
