package main

import (
	"errors"
	"fmt"
	"time"

	"nextup/bench/orders"
)

// house is a server and a crowd in front of it.
type house struct {
	server, crowd *child
}

func (h house) end() {
	if h.crowd != nil {
		h.crowd.end()
	}
	if h.server != nil {
		h.server.end()
	}
}

// build starts a server of a kind and an empty crowd.
func build(kind string, args ...string) (h house, err error) {
	if h.server, err = start(kind, args...); err != nil {
		return h, err
	}
	if h.crowd, err = start("crowd"); err != nil {
		h.end()
	}
	return h, err
}

const (
	beat  = 25.0 // seconds: what the peer's pings are apart
	frame = 240  // bytes of a frame that tells a place in line
)

// idle: memory per conn that has said hello, stands in line and has asked and
// been answered three times.
func (b *bench) idle() error {
	measure := func(kind string, args ...string) subject {
		name := kind
		if len(args) > 0 {
			name += " " + args[0]
		}
		return subject{name: name, measure: func() (float64, error) {
			h, err := build(kind, args...)
			defer h.end()
			if err != nil {
				return 0, err
			}
			if err := h.server.call("collect", nil, nil); err != nil {
				return 0, err
			}
			before, err := memory(h.server.pid(), "VmRSS")
			if err != nil {
				return 0, err
			}
			if err := h.crowd.call("come", comeOrder{URL: h.server.address, Name: "v", N: b.conns, Kind: kind, Join: kind == "nextup"}, nil); err != nil {
				return 0, err
			}
			if kind == "nextup" {
				time.Sleep(4 * time.Second) // the last places are shown
			}
			if err := h.crowd.call("chatter", 3, nil); err != nil {
				return 0, err
			}
			time.Sleep(2 * time.Second)
			if err := h.server.call("collect", nil, nil); err != nil {
				return 0, err
			}
			after, err := memory(h.server.pid(), "VmRSS")
			b.profile(h.server, "idle", "heap", 0)
			return (after - before) / float64(b.conns), err
		}}
	}
	all, err := b.turns(b.repeats, measure("nextup"), measure("centrifuge"), measure("centrifuge", "-tuned"), measure("raw"))
	if err != nil {
		return err
	}
	ours, peer, tuned, floor := all["nextup"], all["centrifuge"], all["centrifuge -tuned"], all["raw"]
	b.add(row{
		fmt.Sprintf("memory per idle conn with a ticket in line, at %d", b.conns),
		figure(ours, "B"), figure(peer, "B") + ", tuned " + figure(tuned, "B"), figure(floor, "B"),
		times(median(ours), median(peer)) + ", tuned " + times(median(ours), median(tuned)), "≤ 0.35 ×", "≤ 0.2 ×",
	})
	return nil
}

// profile writes a profile of a process of ours, if that is wanted.
func (b *bench) profile(c *child, row, kind string, seconds float64) {
	if b.profiles != "" {
		_ = c.call("profile", orders.Profile{Kind: kind, Seconds: seconds, Path: fmt.Sprintf("%s/%s.%s", b.profiles, row, kind)}, nil)
	}
}

// cadence is how often the gateway shows the far part of a line what changed.
const cadence = 2.5

// fanout: CPU time of everything that the server does while all in a long
// line is shown another place again and again. Nothing else goes on: heartbeats
// and pings are far apart, and a view that has just changed is not repeated.
func (b *bench) fanout() error {
	rounds := int(2*b.seconds/cadence) + 1
	window := float64(rounds) * cadence
	measure := func(kind string, args ...string) subject {
		return subject{name: kind, open: func() (func() (float64, error), func(), error) {
			h, err := build(kind, args...)
			if err != nil {
				return nil, nil, err
			}
			err = h.crowd.call("come", comeOrder{URL: h.server.address, Name: "v", N: b.conns, Kind: kind, Join: kind == "nextup"}, nil)
			if err != nil {
				h.end()
				return nil, nil, err
			}
			time.Sleep(4 * time.Second)
			return func() (float64, error) {
				if err := h.server.call("collect", nil, nil); err != nil {
					return 0, err
				}
				var before, after counts
				if err := h.crowd.call("counts", nil, &before); err != nil {
					return 0, err
				}
				if kind == "nextup" {
					b.profile(h.server, "fanout", "cpu", window)
				}
				used, err := over([]int{h.server.pid()}, func() error {
					if kind == "nextup" {
						return h.crowd.call("leave", leaveOrder{rounds * 3, window}, nil)
					}
					begun := time.Now()
					err := h.server.call("publish", publishOrder{"v", b.conns, frame, rounds, cadence}, nil)
					time.Sleep(time.Until(begun.Add(seconds(window))))
					return err
				})
				if err != nil {
					return 0, err
				}
				if err := h.crowd.call("counts", nil, &after); err != nil {
					return 0, err
				}
				n := after.Positions - before.Positions
				if n < int64(b.conns) {
					return 0, fmt.Errorf("only %d frames came (%s)", n, after.LastError)
				}
				notef("%s: %d frames of %d bytes in %.1f s", kind, n, (after.Bytes-before.Bytes)/n, window)
				return used / float64(n) * 1e6, nil
			}, h.end, nil
		}}
	}
	all, err := b.turns(b.repeats, measure("nextup", "-heartbeat", "5m"), measure("centrifuge", "-quiet"), measure("raw"))
	if err != nil {
		return err
	}
	ours, peer, floor := all["nextup"], all["centrifuge"], all["raw"]
	b.add(row{
		fmt.Sprintf("CPU per frame that tells a place, %d receivers, all different", b.conns),
		figure(ours, "µs"), figure(peer, "µs"), figure(floor, "µs"),
		times(median(ours), median(peer)) + "; " + times(median(ours), median(floor)) + " raw", "≤ 0.75 ×; ≤ 1.9 × raw", "≤ 0.55 ×; ≤ 1.4 × raw",
	})
	return nil
}

// served: CPU of a gateway that keeps a long line up to date while 50 tickets a
// second are offered, accepted and closed at its head.
func (b *bench) served() error {
	all, err := b.turns(b.repeats, subject{name: "nextup", measure: func() (float64, error) {
		r, err := startRedis()
		if err != nil {
			return 0, err
		}
		defer r.end()
		h, err := build("nextup", "-redis", r.url(), "-heartbeat", "10s")
		defer h.end()
		if err != nil {
			return 0, err
		}
		agents, err := start("crowd")
		if err != nil {
			return 0, err
		}
		defer agents.end()
		if err := h.crowd.call("come", comeOrder{URL: h.server.address, Name: "v", N: b.conns, Kind: "nextup", Join: true, Rejoin: true, Beat: 10}, nil); err != nil {
			return 0, err
		}
		if err := agents.call("pace", paceOrder{PerSecond: 50}, nil); err != nil {
			return 0, err
		}
		if err := agents.call("come", comeOrder{URL: h.server.address, Name: "a", N: 40, Kind: "nextup", Agents: true, Beat: 10}, nil); err != nil {
			return 0, err
		}
		time.Sleep(3 * time.Second)
		window := 2 * b.seconds
		b.profile(h.server, "served", "cpu", window)
		var before, after, shown, all counts
		if err := errors.Join(agents.call("counts", nil, &before), h.crowd.call("counts", nil, &shown)); err != nil {
			return 0, err
		}
		used, err := over([]int{h.server.pid()}, func() error { time.Sleep(seconds(window)); return nil })
		if err != nil {
			return 0, err
		}
		if err := errors.Join(agents.call("counts", nil, &after), h.crowd.call("counts", nil, &all)); err != nil {
			return 0, err
		}
		notef("%.0f places a second are shown", float64(all.Positions-shown.Positions)/window)
		if n := float64(after.Served - before.Served); n < 45*window {
			return 0, fmt.Errorf("only %.0f tickets were served in %.0f s (%s)", n, window, after.LastError)
		}
		return used / window * 100, nil
	}})
	if err != nil {
		return err
	}
	b.add(row{
		fmt.Sprintf("%d waiting, 50 served a second: CPU of the gateway", b.conns),
		figure(all["nextup"], "% of a core"), "–", "–", "–", "≤ 15 %", "≤ 8 %",
	})
	return nil
}
