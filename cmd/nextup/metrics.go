package main

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nextup/gateway"
	"nextup/gateway/auth"
	"nextup/internal/eventlog/redislog"
)

// measureRedis registers what the Redis that keeps the logs is seen to do.
func measureRedis(r *prometheus.Registry, b *redislog.Backend) {
	counter := func(name, help string, read func() uint64) {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "nextup", Name: name, Help: help},
			func() float64 { return float64(read()) }))
	}
	gauge := func(name, help string, read func() float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "nextup", Name: name, Help: help}, read))
	}
	counter("log_subscriptions_lost_total", "Times that the connection which hears of news failed or no longer echoed its probe.", b.SubscriptionsLost)
	counter("log_clock_jumps_total", "Times that the clock of a Redis server jumped, or a server with another clock took its place.", b.ClockJumps)
	counter("log_full_refusals_total", "Commits and probes that a Redis server refused because its memory is full.", b.FullRefusals)
	gauge("log_servers_refusing", "Redis servers of those that keep logs that take no commits, or only those that free memory.",
		func() float64 { return float64(b.Refusing()) })
	gauge("log_memory_used_ratio", "Share of maxmemory that the fullest Redis server uses; 0 without a limit.", b.MemoryUsed)
	gauge("log_evicts", "1 while the Redis that keeps the log throws away what it holds when its memory is full.",
		func() float64 { return oneIf(b.Evicts()) })
}

// readyTimeout bounds how long a scrape waits for a Redis that hangs.
const readyTimeout = time.Second

// readiness reports what /readyz answers, when it is scraped.
type readiness struct{ ready func(context.Context) error }

var (
	readyNow   = prometheus.NewDesc("nextup_ready", "1 while the gateway can serve, as /readyz tells; 0 while it starts, cannot, or leaves.", nil, nil)
	leavingNow = prometheus.NewDesc("nextup_leaving", "1 while the gateway sends its sockets elsewhere, to end.", nil, nil)
)

// Describe implements prometheus.Collector.
func (r readiness) Describe(ch chan<- *prometheus.Desc) {
	ch <- readyNow
	ch <- leavingNow
}

// Collect implements prometheus.Collector.
func (r readiness) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	err := r.ready(ctx)
	ch <- prometheus.MustNewConstMetric(readyNow, prometheus.GaugeValue, oneIf(err == nil))
	ch <- prometheus.MustNewConstMetric(leavingNow, prometheus.GaugeValue, oneIf(errors.Is(err, gateway.ErrLeaving)))
}

func oneIf(holds bool) float64 {
	if holds {
		return 1
	}
	return 0
}

// keySets reports how the fetches of key sets go, when it is scraped.
type keySets struct{ verifier *auth.Verifier }

var (
	keySetLabels  = []string{"site", "key"}
	keySetFailing = prometheus.NewDesc("nextup_key_set_failing", "1 while the newest fetch of a key set failed.", keySetLabels, nil)
	keySetUsable  = prometheus.NewDesc("nextup_key_set_usable", "1 while the keys of a key set count, although its newest fetch may have failed.", keySetLabels, nil)
)

// Describe implements prometheus.Collector.
func (k keySets) Describe(ch chan<- *prometheus.Desc) {
	ch <- keySetFailing
	ch <- keySetUsable
}

// Collect implements prometheus.Collector.
func (k keySets) Collect(ch chan<- prometheus.Metric) {
	for site, sets := range k.verifier.KeySets() {
		for key, s := range sets {
			ch <- prometheus.MustNewConstMetric(keySetFailing, prometheus.GaugeValue, oneIf(s.Failing), site, key)
			ch <- prometheus.MustNewConstMetric(keySetUsable, prometheus.GaugeValue, oneIf(s.Usable), site, key)
		}
	}
}
