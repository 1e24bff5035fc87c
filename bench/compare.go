package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
)

// errCompared ends a row that was run as a comparison: there is no figure of a peer to
// go on with.
var errCompared = errors.New("the row was compared")

// compared are the rows whose subjects start their own servers, so that either
// product can be started, and whether more is better.
var compared = map[string]bool{"idle": false, "empty": false, "fanout": false, "served": false, "chat": false, "tickets": true}

// pairsOfOne is how many pairs are measured on the same two gateways, where that can be
// done: gateways that are started anew lie otherwise in memory.
const pairsOfOne = 6

// compare runs nextup of the work tree and nextup of the earlier commit in pairs, each
// pair in the other order than the last, and adds the median of the pairs' ratios with
// its interval to the table: what now costs over what it cost.
func (b *bench) compare(nextup subject) error {
	more, ok := compared[b.row]
	if !ok {
		return fmt.Errorf("the row %s cannot be compared with an earlier commit", b.row)
	}
	defer func() { current = b.now }()
	var now, earlier, ratios []float64
	run := map[*product]func() (float64, error){b.now: nextup.run, b.earlier: nextup.run}
	var ends []func()
	end := func() {
		for _, e := range ends {
			e()
		}
		ends = nil
	}
	defer end()
	for pair := range b.repeats {
		if nextup.open != nil && pair%pairsOfOne == 0 {
			end()
			for _, current = range []*product{b.now, b.earlier} {
				measure, e, err := nextup.open()
				if err != nil {
					return err
				}
				run[current], ends = measure, append(ends, e)
			}
		}
		figures := map[*product]float64{}
		order := []*product{b.now, b.earlier}
		if pair%2 == 1 {
			slices.Reverse(order)
		}
		for _, current = range order {
			v, err := run[current]()
			if err != nil {
				return err
			}
			figures[current] = v
		}
		now, earlier = append(now, figures[b.now]), append(earlier, figures[b.earlier])
		ratio := figures[b.now] / figures[b.earlier]
		if more {
			ratio = 1 / ratio
		}
		ratios = append(ratios, ratio)
		fmt.Fprintf(os.Stderr, "    now %.2f, %s %.2f, ratio %.3f\n", figures[b.now], b.before, figures[b.earlier], ratio)
	}
	slices.Sort(ratios)
	low, high := interval(ratios)
	b.add(row{
		fmt.Sprintf("%s: now beside %s, %d pairs", b.row, b.before, b.repeats),
		figure(sorted(now), ""), figure(sorted(earlier), ""), "–",
		fmt.Sprintf("%.3f × (95 %%: %.3f to %.3f)", middle(ratios), low, high), "middle < 1.03, interval < 1.05", "–",
	})
	return errCompared
}

// middle is the median of sorted values.
func middle(v []float64) float64 { return (v[(len(v)-1)/2] + v[len(v)/2]) / 2 }

// interval is that of the median of sorted values which holds it with 95 %, by the
// order statistics of the binomial distribution: no form of the values' own
// distribution is assumed. With fewer than six values it is the whole range, and holds less.
func interval(v []float64) (low, high float64) {
	n := len(v)
	p := 1.0 // of k of n on one side of the median, times 2^n
	for range n {
		p /= 2
	}
	k, below := 0, 0.0
	for ; k < n/2; k++ {
		if below += p; 2*below > 0.05 {
			break
		}
		p = p * float64(n-k) / float64(k+1)
	}
	k = max(k, 1)
	return v[k-1], v[n-k]
}
