package main

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// storm: all sockets of two gateways are cut at once and come back.
func (b *bench) storm() error {
	var took, grown, retried []float64
	for range b.repeats {
		d, err := openDesks(2, 0, "-hello-rate", "1000")
		if err != nil {
			return err
		}
		seconds, ratio, retries, err := b.cut(d)
		d.end()
		if err != nil {
			return err
		}
		notef("%.1f s, peak %.2f × steady, %.0f tries again", seconds, ratio, retries)
		took, grown, retried = append(took, seconds), append(grown, ratio), append(retried, retries)
	}
	b.add(row{
		fmt.Sprintf("%d reconnects after a cut over two gateways: until all resumed; peak RSS against steady", 2*b.conns),
		figure(sorted(took), "s") + fmt.Sprintf("; %.2f ×; %.0f were told to come later", median(sorted(grown)), median(sorted(retried))), "–", "–", "–", "≤ 15 s; ≤ 1.5 ×", "≤ 10 s; ≤ 1.2 ×",
	})
	return nil
}

func (b *bench) cut(d *desks) (took, grown, retries float64, err error) {
	crowds := make([]*child, len(d.gateways))
	for i, g := range d.gateways {
		if crowds[i], err = start("crowd"); err != nil {
			return 0, 0, 0, err
		}
		defer crowds[i].end()
		if err = crowds[i].call("come", comeOrder{URL: g.address, Name: fmt.Sprint("v", i, "-"), N: b.conns, Kind: "nextup", Join: true, Beat: beat, Slow: true}, nil); err != nil {
			return 0, 0, 0, err
		}
	}
	time.Sleep(5 * time.Second)
	steady := make([]float64, len(d.gateways))
	for i, g := range d.gateways {
		if steady[i], err = memory(g.pid(), "VmRSS"); err != nil {
			return 0, 0, 0, err
		}
		if err = forgetPeak(g.pid()); err != nil {
			return 0, 0, 0, err
		}
	}
	b.profile(d.gateways[0], "storm", "cpu", 8)
	results := make([]returned, len(crowds))
	failures := make([]error, len(crowds))
	var all sync.WaitGroup
	begun := time.Now()
	for i, c := range crowds {
		all.Go(func() { failures[i] = c.call("return", nil, &results[i]) })
	}
	half := time.AfterFunc(4*time.Second, func() { b.profile(d.gateways[0], "storm", "heap", 0) })
	all.Wait()
	took = time.Since(begun).Seconds()
	half.Stop()
	b.profile(d.gateways[0], "storm", "allocs", 0)
	if err = errors.Join(failures...); err != nil {
		return 0, 0, 0, err
	}
	for i, g := range d.gateways {
		peak, err := memory(g.pid(), "VmHWM")
		if err != nil {
			return 0, 0, 0, err
		}
		notef("steady %.0f MB, peak %.0f MB", steady[i]/1e6, peak/1e6)
		grown = max(grown, peak/steady[i])
		retries += float64(results[i].Retries)
	}
	return took, grown, retries, nil
}

// stalled: memory per client that asks for much and reads nothing, and how long
// the others wait for an answer meanwhile.
func (b *bench) stalled() error {
	stalled := b.conns / 10
	var each, p99 []float64
	for range b.repeats {
		// The messages themselves are Redis's: only what waits is the gateway's.
		r, err := startRedis()
		if err != nil {
			return err
		}
		h, err := build("nextup", "-redis", r.url())
		var bytes, delay float64
		if err == nil {
			bytes, delay, err = b.stallIn(h, stalled)
		}
		h.end()
		r.end()
		if err != nil {
			return err
		}
		notef("%.0f B each, p99 of the others %.1f ms", bytes, delay)
		each, p99 = append(each, bytes), append(p99, delay)
	}
	b.add(row{
		fmt.Sprintf("%d stalled readers among %d: peak memory each; p99 of an answer to the others", stalled, b.conns),
		fmt.Sprintf("%.1f KiB; %.1f ms", median(sorted(each))/1024, median(sorted(p99))), "–", "–", "–", "≤ 64 KiB", "–",
	})
	return nil
}

func (b *bench) stallIn(h house, stalled int) (bytes, p99 float64, err error) {
	others, err := start("crowd")
	if err != nil {
		return 0, 0, err
	}
	defer others.end()
	if err := errors.Join(
		h.crowd.call("come", comeOrder{URL: h.server.address, Name: "s", N: stalled, Kind: "nextup", Join: true, Small: true}, nil),
		others.call("come", comeOrder{URL: h.server.address, Name: "v", N: b.conns - stalled, Kind: "nextup", Join: true, Beat: beat}, nil),
	); err != nil {
		return 0, 0, err
	}
	time.Sleep(4 * time.Second)
	if err := h.server.call("collect", nil, nil); err != nil {
		return 0, 0, err
	}
	before, err := memory(h.server.pid(), "VmRSS")
	if err != nil {
		return 0, 0, err
	}
	if err := forgetPeak(h.server.pid()); err != nil {
		return 0, 0, err
	}
	probed := make(chan error, 1)
	go func() { probed <- others.call("probe", 1000.0, &p99) }()
	// The crowd asks for more bytes than the kernel buffers, so that the rest waits in the gateway.
	err = h.crowd.call("stall", stallOrder{stalled, 12, 8 << 10}, nil)
	if err := errors.Join(err, <-probed); err != nil {
		return 0, 0, err
	}
	b.profile(h.server, "stalled", "heap", 0)
	b.profile(h.server, "stalled", "allocs", 0)
	if err := h.server.call("collect", nil, nil); err != nil {
		return 0, 0, err
	}
	peak, err := memory(h.server.pid(), "VmHWM")
	return (peak - before) / float64(stalled), p99, err
}
