package main

import (
	"errors"
	"fmt"
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
// with staff.
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

// staff brings agents to every gateway, who serve so many a second together.
func (d *desks) staff(each int, pace float64) error {
	for i, g := range d.gateways {
		c, err := start("crowd")
		if err != nil {
			return err
		}
		d.agents = append(d.agents, c)
		if err := errors.Join(
			c.call("come", comeOrder{URL: g.address, Name: fmt.Sprint("a", i, "-"), N: each, Kind: "nextup", Agents: true, Beat: 10}, nil),
			c.call("pace", pace/float64(len(d.gateways)), nil),
		); err != nil {
			return err
		}
	}
	return nil
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
	all, err := turns(b.repeats, subject{"nextup", func() (float64, error) {
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
		if err := d.staff(50, -1); err != nil {
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

// growth: what a ticket costs Redis while few or very many others wait, and what
// each of those costs it.
func (b *bench) growth() error {
	const few, pace, gateways = 1000, 50, 4 // few is more than are served
	window := 2 * b.seconds
	commands, times1, people, memories := map[int][]float64{}, map[int][]float64{}, []float64{}, []float64{}
	for range b.repeats {
		busy, quiet := map[int]books{}, map[int]books{}
		for _, waiting := range []int{few, b.waiting} {
			d, err := openDesks(gateways, waiting)
			if err != nil {
				return err
			}
			time.Sleep(3 * time.Second)
			idle, _, err := d.during(window)
			if err == nil {
				err = d.staff(10, pace)
			}
			time.Sleep(2 * time.Second)
			var work books
			var served float64
			if err == nil {
				work, served, err = d.during(window)
			}
			var rss float64
			if err == nil {
				err = d.gateways[0].call("collect", nil, nil)
			}
			if err == nil {
				rss, err = memory(d.gateways[0].pid(), "VmRSS")
			}
			d.end()
			if err != nil {
				return err
			}
			if served < pace*window*.8 {
				return fmt.Errorf("only %.0f tickets were served in %.0f s with %d waiting", served, window, waiting)
			}
			of := work.minus(idle)
			notef("%d waiting: %.0f served; %.2f commands and %.1f µs each; idle %.1f commands and %.0f µs a second; a gateway has %.0f MB",
				waiting, served, of.commands/served, of.cpu/served*1e6, idle.commands/window, idle.cpu/window*1e6, rss/1e6)
			commands[waiting] = append(commands[waiting], of.commands/served)
			times1[waiting] = append(times1[waiting], of.cpu/served)
			busy[waiting], quiet[waiting] = work, idle
			if waiting == b.waiting {
				memories = append(memories, rss/1e6)
			}
		}
		people = append(people, max(0, busy[b.waiting].cpu-busy[few].cpu, quiet[b.waiting].cpu-quiet[few].cpu)/window/float64(b.waiting-few)*1e6)
	}
	mid := func(v []float64) float64 { return median(sorted(v)) }
	b.add(row{
		fmt.Sprintf("Redis per ticket served, %d against %d waiting: commands; CPU", few, b.waiting),
		fmt.Sprintf("%.2f against %.2f; %.0f against %.0f µs", mid(commands[few]), mid(commands[b.waiting]), mid(times1[few])*1e6, mid(times1[b.waiting])*1e6), "–", "–",
		times(mid(commands[b.waiting]), mid(commands[few])) + "; " + times(mid(times1[b.waiting]), mid(times1[few])), "≤ 1.05 ×; ≤ 1.15 ×", "1.00 ×; 1.05 ×",
	})
	b.add(row{
		fmt.Sprintf("Redis CPU per waiting person and second beyond the tickets' own, %d waiting, %d gateways", b.waiting, gateways),
		figure(sorted(people), "µs"), "–", "–", "–", "≤ 0.15 µs", "≤ 0.05 µs",
	})
	b.add(row{fmt.Sprintf("memory of a gateway whose replica has %d waiting, nobody connected", b.waiting), figure(sorted(memories), "MB"), "–", "–", "–", "≤ 40 MB of it the replica", "–"})
	return nil
}
