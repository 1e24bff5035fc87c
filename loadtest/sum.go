package main

import (
	"context"
	"strings"

	"nextup/loadtest/observer"
	"nextup/loadtest/report"
)

// report makes the report of a run that has ended.
func (d *loadRun) report(ctx context.Context, s *summary, crowd *observer.Crowd) *report.Run {
	samples := d.sampler.all()
	r := &report.Run{
		Scenario: d.scenario, Profile: d.profile, Machine: thisMachine(ctx), OwnCluster: d.cluster != nil,
		Pace: s.Settings.Profile.Pace, Arrivals: s.Settings.Profile.Arrivals, Agents: s.Settings.Profile.Agents, Seconds: s.Length,
		Counts: map[string]float64{}, Times: map[string]report.Times{}, Events: d.events, Promises: crowd.Promises(), Samples: samples,
	}
	for name, m := range s.Metrics {
		switch {
		case strings.Contains(name, "{") || strings.HasPrefix(name, "vus") || strings.HasPrefix(name, "iteration"):
		case m.Type == "counter":
			r.Counts[name] = m.Values["count"]
		case m.Type == "trend" && m.Values["count"] > 0:
			r.Times[name] = report.Times{Count: m.Values["count"], P50: m.Values["med"], P90: m.Values["p(90)"], P99: m.Values["p(99)"], Max: m.Values["max"]}
		}
	}
	if d.sampler.observer != nil {
		seen := d.sampler.observer.Report(promised)
		r.Observed = &seen
		times := func(q observer.Quantiles) report.Times {
			return report.Times{Count: float64(q.Count), P50: q.P50, P90: q.P90, P99: q.P99, Max: q.Max}
		}
		r.Times["free place to offer (log)"] = times(seen.Offer)
		for band, q := range seen.Staleness {
			r.Times["age of a shown place, "+band] = times(q)
		}
	}
	check(r, s, r.Observed)
	findLevel(r, s, d.sampler.between)
	checkPeak(r, s)
	verdict(r)
	return r
}
