package main

import (
	"fmt"
	"time"
)

// emptySites is how many sites the gateway of the row empty serves.
const emptySites = 50

// empty measures what a gateway uses whose sites have no people: all of it is timers.
func (b *bench) empty() error {
	all, err := b.turns(b.repeats, subject{name: "nextup", measure: func() (float64, error) {
		r, err := startRedis()
		if err != nil {
			return 0, err
		}
		defer r.end()
		g, err := start("nextup", "-redis", r.url(), "-empty", fmt.Sprint(emptySites))
		if err != nil {
			return 0, err
		}
		defer g.end()
		time.Sleep(5 * time.Second)  // what a start causes is over
		window := max(b.seconds, 20) // the kernel counts hundredths of a second
		b.profile(g, "empty", "cpu", window)
		before, err := r.books()
		if err != nil {
			return 0, err
		}
		used, err := over([]int{g.pid()}, func() error { time.Sleep(seconds(window)); return nil })
		if err != nil {
			return 0, err
		}
		after, err := r.books()
		if err != nil {
			return 0, err
		}
		did := after.minus(before)
		notef("Redis: %.0f commands a second, %.2f %% of a core", did.commands/window, did.cpu/window*100)
		return used / window * 100, nil
	}})
	if err != nil {
		return err
	}
	b.add(row{
		fmt.Sprintf("%d sites with no one there: CPU of the gateway", emptySites),
		figure(all["nextup"], "% of a core"), "–", "–", "–", "< 0.5 %", "–",
	})
	return nil
}
