package main

import (
	"bufio"
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/loadtest/observer"
	"nextup/loadtest/report"
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

var scraper = &http.Client{Timeout: 3 * time.Second}

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
		m, err := scrape(ctx, at)
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
		g.info(ctx, &s)
	}
	return s
}

// scrape reads /metrics: the sum of each name's series.
func scrape(ctx context.Context, at string) (map[string]float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	res, err := scraper.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	sums := map[string]float64{}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		line := lines.Text()
		at := strings.LastIndexByte(line, ' ')
		if at < 0 || line[0] == '#' {
			continue
		}
		name, _, _ := strings.Cut(line[:at], "{")
		if v, err := strconv.ParseFloat(line[at+1:], 64); err == nil {
			sums[name] += v
		}
	}
	return sums, lines.Err()
}

func (g *sampler) info(ctx context.Context, s *report.Sample) {
	text, err := g.redis.Info(ctx, "cpu", "memory", "stats").Result()
	if err != nil {
		return
	}
	for line := range strings.SplitSeq(text, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			continue
		}
		switch name {
		case "used_cpu_user", "used_cpu_sys":
			s.RedisCPU += v
		case "used_memory":
			s.RedisMemory = v
		case "total_commands_processed":
			s.RedisCommands = v
		}
	}
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
