package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"nextup/gateway/protocol"
	"nextup/internal/cadence"
	"nextup/internal/eventlog/redislog"
	"nextup/loadtest/cluster"
	"nextup/loadtest/observer"
	"nextup/loadtest/report"
	"nextup/loadtest/token"
	"nextup/queue"
)

// watchEvery is how often a visitor of the observer comes; until is the share of
// the run after which none does, so that all of them see their end. (Of breakpoint
// they see every level.)
const (
	watchEvery = 600 * time.Millisecond
	watchUntil = 0.7
)

// runScenario makes one run and returns its report and the path of the report.
func runScenario(ctx context.Context, s settings, out io.Writer) (*report.Run, string, error) {
	scratch, err := os.MkdirTemp("", "nextup-load")
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	k6, err := toolPath(ctx, "k6")
	if err != nil {
		return nil, "", err
	}
	var own *cluster.Cluster
	direct := s.metrics
	if len(s.targets) == 0 {
		if own, err = startCluster(ctx, s, scratch); err != nil {
			return nil, "", err
		}
		defer own.Close()
		s.targets, direct, s.redis, s.site, s.key = own.Targets(), own.Direct(), own.Redis, cluster.Site, cluster.KeyID+":"+own.Secret
		fmt.Fprintf(out, "Redis and %d gateways are up: %v\n", cluster.Gateways, direct)
	}
	welcome, err := preflight(ctx, s.targets, s.site, s.key, s.mark)
	if err != nil {
		return nil, "", err
	}
	g := &sampler{gateways: direct, started: time.Now()}
	if s.redis != "" {
		if g.observer, err = observer.Follow(ctx, s.redis, s.site, departments(welcome)); err != nil {
			return nil, "", fmt.Errorf("the log at REDIS cannot be followed: %w", err)
		}
		defer g.observer.Close()
		if g.redis, err = redislog.Dial(s.redis); err != nil {
			return nil, "", err
		}
		defer g.redis.Close()
	} else {
		fmt.Fprintln(out, "REDIS is not given: the age of shown places and the time to an offer are not measured")
	}
	d := &loadRun{settings: s, cluster: own, out: out, sampler: g, k6: k6, scratch: scratch}
	sum, crowd, err := d.run(ctx)
	if err != nil {
		if own != nil {
			fmt.Fprint(out, own.Logs())
		}
		return nil, "", err
	}
	r := d.report(ctx, sum, crowd)
	dir := filepath.Join(s.out, fmt.Sprintf("%s-%s-%s", s.scenario, s.profile, time.Now().UTC().Format("20060102-150405")))
	dashboard, _ := os.ReadFile(filepath.Join(scratch, "dashboard.html")) // a short run has none
	path, err := report.Write(dir, r, dashboard)
	if own != nil && err == nil && !r.Passed {
		err = os.WriteFile(filepath.Join(dir, "gateways.log"), []byte(own.Logs()), 0o644)
	}
	return r, path, err
}

// toolPath builds a tool that go.mod pins, the first time for some minutes.
func toolPath(ctx context.Context, name string) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "tool", "-n", name).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s cannot be built: %s", name, firstLine(string(out)))
	}
	return firstLine(string(out)), nil
}

func startCluster(ctx context.Context, s settings, scratch string) (*cluster.Cluster, error) {
	binary := s.binary
	if binary == "" {
		binary = filepath.Join(scratch, "nextup")
		if out, err := exec.CommandContext(ctx, "go", "build", "-C", "..", "-o", binary, "./cmd/nextup").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("nextup cannot be built: %s", out)
		}
	}
	return cluster.Start(ctx, cluster.Options{Binary: binary, Wrapped: s.scenario == "reconnect_storm"})
}

func departments(w protocol.Welcome) []queue.Department {
	var all []queue.Department
	for _, d := range w.Departments {
		all = append(all, queue.Department{ID: d.ID, Name: d.Name, Languages: d.Languages})
	}
	return all
}

// loadRun is the state of one run.
type loadRun struct {
	settings
	cluster *cluster.Cluster
	out     io.Writer
	sampler *sampler
	k6      string
	scratch string

	mu     sync.Mutex
	events []report.Event
}

func (d *loadRun) event(format string, args ...any) {
	e := report.Event{T: time.Since(d.sampler.started).Seconds(), What: fmt.Sprintf(format, args...)}
	fmt.Fprintf(d.out, "%4.0f s  %s\n", e.T, e.What)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, e)
}

// run starts the scripts, the observer and what the scenario does to the gateways,
// and returns when the scripts have ended.
func (d *loadRun) run(ctx context.Context) (*summary, *observer.Crowd, error) {
	processes := 1
	if n, err := strconv.Atoi(os.Getenv("PROCESSES")); err == nil && n > 1 {
		processes = n
	}
	var sockets []string
	for _, t := range d.targets {
		sockets = append(sockets, socketOf(t))
	}
	d.sampler.started = time.Now()
	crowd := &observer.Crowd{Targets: sockets, Observer: d.sampler.observer, Begun: d.sampler.started, Mark: d.mark, Token: func(subject string) (string, error) {
		return token.Mint(d.site, d.key, protocol.Visitor, subject)
	}}
	aside, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	watched := float64(d.lengthOf())
	if d.scenario != "breakpoint" { // there the last levels are what counts
		watched *= watchUntil
	}
	all.Go(func() { d.sampler.run(aside) })
	all.Go(func() { d.progress(aside) })
	all.Go(func() { crowd.Run(aside, watchEvery, time.Now().Add(time.Duration(watched))) })
	all.Go(func() { d.interfere(aside) })

	summaries := make([]*summary, processes)
	errs := make([]error, processes)
	var load sync.WaitGroup
	for i := range processes {
		load.Go(func() { summaries[i], errs[i] = d.scripts(ctx, i, processes) })
	}
	load.Wait()
	for i := range processes {
		if errs[i] != nil {
			return nil, nil, errs[i]
		}
		if i > 0 {
			summaries[0].merge(summaries[i])
		}
	}
	return summaries[0], crowd, nil
}

// lengthOf returns about how long a scenario takes; see k6/scenarios.ts.
func (d *loadRun) lengthOf() time.Duration {
	switch d.scenario {
	case "smoke":
		return 50 * time.Second
	case "soak":
		if s, err := strconv.Atoi(os.Getenv("DURATION")); err == nil {
			return time.Duration(s) * time.Second
		}
		return time.Hour
	case "breakpoint":
		return 6 * time.Minute
	}
	return 4 * time.Minute
}

// interfere does to the gateways what the scenario is about.
func (d *loadRun) interfere(ctx context.Context) {
	switch d.scenario {
	case "reconnect_storm":
		if d.cluster != nil && cadence.Pause(ctx, 70*time.Second) {
			d.event("%d sockets cut", d.cluster.Cut())
		}
	case "rolling_restart":
		if !cadence.Pause(ctx, 35*time.Second) {
			return
		}
		if d.cluster == nil {
			d.event("%s", d.restart)
			if out, err := exec.CommandContext(ctx, "sh", "-c", d.restart).CombinedOutput(); err != nil {
				d.event("the restart failed: %s", firstLine(string(out)))
			}
			return
		}
		for i := range cluster.Gateways {
			d.event("gateway %d is drained", i+1)
			if err := d.cluster.RestartOne(ctx, i); err != nil {
				d.event("%s", firstLine(err.Error()))
			}
			if !cadence.Pause(ctx, 8*time.Second) {
				return
			}
		}
	}
}

// progress prints a line every five seconds.
func (d *loadRun) progress(ctx context.Context) {
	for cadence.Pause(ctx, 5*time.Second) {
		s := d.sampler.last()
		fmt.Fprintf(d.out, "%4.0f s  %5.0f sockets  %5d waiting  %5d in conversation\n", s.T, s.Connections, s.Waiting, s.Talking)
	}
}
