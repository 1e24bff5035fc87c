package main

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/loadtest/observer"
	"nextup/loadtest/report"
	"nextup/loadtest/scrape"
)

// sampler samples the run once a second: the state of the log, and what the gateways
// and Redis have used.
type sampler struct {
	observer *observer.Observer    // nil without a log to follow
	redis    redis.UniversalClient // nil without
	gateways []string              // addresses with /metrics
	started  time.Time

	mu      sync.Mutex
	samples []report.Sample
	marks   []observer.Mark // beside the samples, with an observer
}

// maxSamples bounds the samples of a soak: later ones are dropped.
const maxSamples = 100_000

// run samples until ctx ends.
func (g *sampler) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s := g.sample(ctx)
			g.mu.Lock()
			if len(g.samples) < maxSamples {
				g.samples = append(g.samples, s)
				if g.observer != nil {
					g.marks = append(g.marks, g.observer.Mark())
				}
			}
			g.mu.Unlock()
		}
	}
}

func (g *sampler) sample(ctx context.Context) report.Sample {
	s := report.Sample{T: time.Since(g.started).Seconds()}
	if g.observer != nil {
		s.Second = g.observer.Sample()
	}
	for _, at := range g.gateways {
		m, err := scrape.Gateway(ctx, at)
		if err != nil {
			continue // it is being restarted
		}
		s.Gateways++
		s.GatewayCPU += m["process_cpu_seconds_total"]
		s.GatewayRSS += m["process_resident_memory_bytes"]
		s.Connections += m["nextup_connections"]
		s.FramesOut += m["nextup_frames_sent_total"]
		s.Positions += m["nextup_positions_sent_total"]
		s.Messages += m["nextup_messages_total"]
		s.Conflicts += m["nextup_conflicts_total"]
		s.SlowReaders += m["nextup_slow_readers_closed_total"]
		s.Judged += m["nextup_waits_judged_total"]
		s.Inside += m["nextup_waits_inside_total"]
		if g.observer == nil {
			s.Waiting = max(s.Waiting, int(m["nextup_queue_size"]))
		}
	}
	if g.redis != nil {
		info := scrape.Redis(ctx, g.redis)
		s.RedisCPU = info["used_cpu_user"] + info["used_cpu_sys"]
		s.RedisMemory, s.RedisCommands = info["used_memory"], info["total_commands_processed"]
	}
	return s
}

// last returns the newest sample.
func (g *sampler) last() report.Sample {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.samples) == 0 {
		return report.Sample{}
	}
	return g.samples[len(g.samples)-1]
}

// all returns all samples.
func (g *sampler) all() []report.Sample {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.samples
}

// between returns what the observer measured from one second of the run to another, or
// nil without an observer.
func (g *sampler) between(from, to float64) *observer.Report {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.marks) == 0 {
		return nil
	}
	at := func(second float64) observer.Mark {
		i, _ := slices.BinarySearchFunc(g.samples, second, func(s report.Sample, t float64) int { return cmp.Compare(s.T, t) })
		return g.marks[min(i, len(g.marks)-1)]
	}
	r := g.observer.Between(at(from), at(to))
	return &r
}
