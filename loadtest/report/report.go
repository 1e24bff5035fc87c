// Package report is what a run leaves behind: a file for machines with all that
// was measured, and one self-contained page for people, with the verdict in one
// line on top.
package report

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"nextup/loadtest/observer"
)

// Run is everything about one run.
type Run struct {
	Scenario string  `json:"scenario"`
	Profile  string  `json:"profile"`
	Machine  Machine `json:"machine"`
	// OwnCluster reports that Redis, three gateways and the load shared the machine.
	OwnCluster bool `json:"stage"`
	// Pace is the factor by which people were faster than people.
	Pace     float64 `json:"pace"`
	Arrivals float64 `json:"arrivals_per_s"`
	Agents   int     `json:"agents"`
	Seconds  float64 `json:"seconds"`
	Verdict  string  `json:"verdict"`
	Passed   bool    `json:"passed"`
	// LastGood is the last level of a breakpoint run at which everything held, in
	// arrivals a second.
	LastGood float64 `json:"last_good_arrivals_per_s,omitzero"`
	// Broke is what broke at the level after it; empty for nothing.
	Broke    string              `json:"broke,omitzero"`
	Events   []Event             `json:"events,omitempty"`
	Checks   []Check             `json:"checks"`
	Counts   map[string]float64  `json:"counts"`
	Times    map[string]Times    `json:"times_ms"`
	Observed *observer.Report    `json:"observed,omitempty"`
	Promises []observer.Promised `json:"promises"`
	Samples  []Sample            `json:"samples"`
}

// Machine says where a run was.
type Machine struct {
	Date   string `json:"date"`
	Cores  int    `json:"cores"`
	Memory string `json:"memory"`
	CPU    string `json:"cpu"`
	Commit string `json:"commit"`
}

// Event is something that was done to the gateways, at a second of the run.
type Event struct {
	T    float64 `json:"t"`
	What string  `json:"what"`
}

// Check is one line of the service-level table.
type Check struct {
	Group Group   `json:"group"`
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Limit string  `json:"limit"`
	// Bound is the limit as a figure, 0 for none.
	Bound float64 `json:"bound,omitzero"`
	Unit  string  `json:"unit,omitempty"`
	OK    bool    `json:"ok"`
	// Judged is false for what is shown and decides nothing.
	Judged bool `json:"judged"`
}

// Group is a part of the service-level table.
type Group string

// The groups, in the order in which they are shown.
const (
	Truth Group = "truth" // what may never happen
	Speed Group = "speed" // at the 99th percentile
	Reach Group = "reach" // how far the run went
)

// Times are of one kind of wait, in ms; of several load processes the worst.
type Times struct {
	Count float64 `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// Sample is one second. CPU is in seconds since the start, memory in bytes, and
// the other figures of gateways are their sums since the start.
type Sample struct {
	T float64 `json:"t"`
	observer.Second
	Gateways      int     `json:"gateways"`
	GatewayCPU    float64 `json:"gateway_cpu_s"`
	GatewayRSS    float64 `json:"gateway_rss"`
	Connections   float64 `json:"connections"`
	FramesOut     float64 `json:"frames_out"`
	Positions     float64 `json:"positions"`
	Messages      float64 `json:"messages"`
	Conflicts     float64 `json:"conflicts"`
	SlowReaders   float64 `json:"slow_readers"`
	Judged        float64 `json:"waits_judged"`
	Inside        float64 `json:"waits_inside"`
	RedisCPU      float64 `json:"redis_cpu_s"`
	RedisMemory   float64 `json:"redis_memory"`
	RedisCommands float64 `json:"redis_commands"`
}

// Write leaves run.json and report.html in the folder and returns the page's
// path. The page holds k6's own dashboard too, where there is one.
func Write(dir string, r *Run, dashboard []byte) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	data, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "run.json"), data, 0o644); err != nil {
		return "", err
	}
	page, err := Page(r, dashboard)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "report.html")
	return path, os.WriteFile(path, page, 0o644)
}

// Read reads a run.json.
func Read(path string) (*Run, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := new(Run)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("%s is no report of a run: %w", path, err)
	}
	return r, nil
}
