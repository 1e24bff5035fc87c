package main

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// desks are agents who serve what is in line over some gateways.
type desks struct {
	redis    *server
	line     *child
	gateways []*child
	agents   []*child
}

func (d *desks) end() {
	for _, c := range append(append(d.agents, d.gateways...), d.line) {
		if c != nil {
			c.end()
		}
	}
	if d.redis != nil {
		d.redis.end()
	}
}

// openDesks starts Redis with a line of so many, and gateways; its agents come
// with staff, and serve with pace.
func openDesks(gateways, waiting int, args ...string) (d *desks, err error) {
	d = &desks{}
	defer func() {
		if err != nil {
			d.end()
		}
	}()
	if d.redis, err = startRedis(); err != nil {
		return d, err
	}
	if waiting > 0 {
		if d.line, err = start("line", "-redis", d.redis.url(), "-n", fmt.Sprint(waiting)); err != nil {
			return d, err
		}
	}
	for range gateways {
		g, err := start("nextup", append([]string{"-redis", d.redis.url()}, args...)...)
		if err != nil {
			return d, err
		}
		d.gateways = append(d.gateways, g)
	}
	return d, nil
}

// staff brings agents to every gateway, who serve at the pace that they are given.
func (d *desks) staff(each int) error {
	for i, g := range d.gateways {
		c, err := start("crowd")
		if err != nil {
			return err
		}
		d.agents = append(d.agents, c)
		order := comeOrder{URL: g.address, Name: fmt.Sprint("a", i, "-"), N: each, Kind: "nextup", Agents: true, Beat: 10}
		if err := c.call("come", order, nil); err != nil {
			return err
		}
	}
	return nil
}

// pace has the agents of all gateways serve, and share what is to be served.
func (d *desks) pace(o paceOrder) (err error) {
	o.PerSecond /= float64(len(d.agents))
	for _, a := range d.agents {
		err = errors.Join(err, a.call("pace", o, nil))
	}
	return err
}

func (d *desks) served() (n float64, err error) {
	for _, a := range d.agents {
		var c counts
		if err := a.call("counts", nil, &c); err != nil {
			return 0, err
		}
		n += float64(c.Served)
	}
	return n, nil
}

// during is what Redis did, and how many tickets were served, in some seconds.
func (d *desks) during(seconds float64) (per books, served float64, err error) {
	before, err1 := d.redis.books()
	had, err2 := d.served()
	time.Sleep(time.Duration(seconds * float64(time.Second)))
	after, err3 := d.redis.books()
	has, err4 := d.served()
	return after.minus(before), has - had, errors.Join(err1, err2, err3, err4)
}

// tickets: how many whole lives of a ticket one core of Redis bears in a second.
func (b *bench) tickets() error {
	all, err := b.turns(b.repeats, subject{name: "nextup", measure: func() (float64, error) {
		d, err := openDesks(2, 0)
		if err != nil {
			return 0, err
		}
		defer d.end()
		visitors, err := start("crowd")
		if err != nil {
			return 0, err
		}
		defer visitors.end()
		for i, g := range d.gateways {
			if err := visitors.call("come", comeOrder{URL: g.address, Name: fmt.Sprint("v", i, "-"), N: 200, Kind: "nextup", Join: true, Rejoin: true, Beat: 10}, nil); err != nil {
				return 0, err
			}
		}
		if err := errors.Join(d.staff(50), d.pace(paceOrder{PerSecond: -1})); err != nil {
			return 0, err
		}
		time.Sleep(2 * time.Second)
		b.profile(d.gateways[0], "tickets", "cpu", b.seconds)
		per, served, err := d.during(b.seconds)
		if err != nil {
			return 0, err
		}
		notef("%.0f tickets a second, %.1f commands each", served/b.seconds, per.commands/served)
		return served / per.cpu, nil
	}})
	if err != nil {
		return err
	}
	b.add(row{"tickets joined, offered, accepted and closed per second of a Redis core", figure(all["nextup"], ""), "–", "–", "–", "≥ 5000", "≥ 12000"})
	return nil
}

// lined are desks before a line that is as long again before each window, and what
// they cost.
type lined struct {
	*desks
	waiting        int
	idle, busy     books // in the last window
	commands, each []float64
}

// growth: what a ticket costs Redis while few or very many others wait, and what
// each of those costs it. Both lines stand all the time, each with a Redis of its
// own, and are served in turn for a few seconds, so that what else the machine does
// meets both: at 50 tickets a second Redis is mostly asleep, and what it costs to
// wake it scatters by a third.
func (b *bench) growth() error {
	const pace, gateways = 50, 4
	few := int(pace*(b.seconds+2*early)) + 100 // more than are served
	rounds := 2*b.repeats + 1
	var lines []*lined
	defer func() {
		for _, l := range lines {
			l.end()
		}
	}()
	for _, waiting := range []int{few, b.waiting} {
		d, err := openDesks(gateways, waiting)
		if err != nil {
			return err
		}
		lines = append(lines, &lined{desks: d, waiting: waiting})
	}
	small, long := lines[0], lines[1]
	if err := errors.Join(small.staff(10), long.staff(10)); err != nil {
		return err
	}
	time.Sleep(3 * time.Second)
	var ratios []float64
	var busy, idle float64 // seconds of Redis that the longer line has cost more
	for n := range rounds {
		for _, l := range lines {
			if err := l.serve(pace, b.seconds); err != nil {
				return err
			}
		}
		ratios = append(ratios, long.each[n]/small.each[n])
		busy += long.busy.cpu - small.busy.cpu
		idle += long.idle.cpu - small.idle.cpu
	}
	people := max(busy, idle) / b.seconds / float64(rounds) / float64(b.waiting-few)
	if err := long.gateways[0].call("collect", nil, nil); err != nil {
		return err
	}
	rss, err := memory(long.gateways[0].pid(), "VmRSS")
	if err != nil {
		return err
	}
	mid := func(v []float64) float64 { return median(sorted(v)) }
	spread := sorted(ratios)
	b.add(row{
		fmt.Sprintf("Redis per ticket served, at most %d against %d waiting, %d windows in turn: commands; CPU", few, b.waiting, rounds),
		fmt.Sprintf("%.2f against %.2f; %.0f against %.0f µs", mid(small.commands), mid(long.commands), mid(small.each)*1e6, mid(long.each)*1e6), "–", "–",
		times(mid(long.commands), mid(small.commands)) + fmt.Sprintf("; %.2f × (middle half %.2f–%.2f)", median(spread), spread[rounds/4], spread[rounds-1-rounds/4]),
		"≤ 1.05 ×; ≤ 1.15 ×", "1.00 ×; 1.05 ×",
	})
	b.add(row{
		fmt.Sprintf("Redis CPU per waiting person and second beyond the tickets' own, %d waiting, %d gateways, mean", b.waiting, gateways),
		fmt.Sprintf("%.3f µs", people*1e6), "–", "–", "–", "≤ 0.15 µs", "≤ 0.05 µs",
	})
	b.add(row{fmt.Sprintf("memory of a gateway whose replica has %d waiting, none of them connected", b.waiting), fmt.Sprintf("%.1f MB", rss/1e6), "–", "–", "–", "≤ 40 MB of it the replica", "–"})
	return nil
}

// early is how many seconds the agents are at it before a window and after it.
const early = .5

// serve measures while none is served, then while some are, and has as many join
// again.
func (l *lined) serve(pace, window float64) (err error) {
	before, err := l.served()
	if err != nil {
		return err
	}
	var served float64
	if l.idle, served, err = l.during(window); err != nil {
		return err
	}
	if served > 0 {
		return fmt.Errorf("%.0f tickets were served when none were to be, with %d waiting", served, l.waiting)
	}
	if err := l.pace(paceOrder{PerSecond: pace, Seconds: window + 2*early}); err != nil {
		return err
	}
	time.Sleep(seconds(early))
	if l.busy, served, err = l.during(window); err != nil {
		return err
	}
	if served < pace*window*.8 {
		return fmt.Errorf("only %.0f tickets were served in %.0f s with %d waiting", served, window, l.waiting)
	}
	// What is late must not be the next window's.
	var all float64
	for patience := time.Now().Add(10 * time.Second); ; time.Sleep(seconds(early)) {
		after, err := l.served()
		if err != nil {
			return err
		}
		gateways := float64(len(l.gateways))
		if all = after - before; all >= gateways*math.Floor(pace/gateways*(window+2*early)) {
			break
		}
		if time.Now().After(patience) {
			return fmt.Errorf("of what was to be served with %d waiting only %.0f were", l.waiting, all)
		}
	}
	of := l.busy.minus(l.idle)
	notef("%d waiting: %.0f served; %.2f commands and %.1f µs each; idle %.1f commands and %.0f µs a second",
		l.waiting, served, of.commands/served, of.cpu/served*1e6, l.idle.commands/window, l.idle.cpu/window*1e6)
	l.commands, l.each = append(l.commands, of.commands/served), append(l.each, of.cpu/served)
	return l.line.call("join", int(all), nil)
}
