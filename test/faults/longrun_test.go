package faults

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nextup/gateway/protocol"
	"nextup/test/oracle"
)

// trouble is one fault of the long run.
type trouble struct {
	name string
	do   func(*testbed)
}

var gatewayTroubles = []trouble{
	{"kill -9 of a gateway", func(s *testbed) { s.killGateway(s.anyGateway()) }},
	{"kill -9 of the dispatcher", func(s *testbed) { s.killGateway(s.dispatcher()) }},
	{"SIGTERM of a gateway", func(s *testbed) { s.terminateGateway(s.anyGateway()) }},
	{"a gateway hung and taken for dead", (*testbed).hangGateway},
	{"SCRIPT FLUSH", (*testbed).flushScripts},
	{"clients that stall", func(s *testbed) {
		heal := s.stallers(s.anyGateway(), 4, 20)
		s.wait(8 * time.Second)
		heal()
	}},
}

// topology is what the long run alternates between, slice by slice.
type topology struct {
	name     string
	redis    redisKind
	args     []string
	rules    func(*oracle.Rules)
	troubles []trouble
}

// Failovers may lose what was not acknowledged, and with durability memory also
// what was.
func lossy(r *oracle.Rules)   { r.MayFork = true }
func durable(r *oracle.Rules) { r.MayFork, r.Durable = true, true }

var failovers = []trouble{
	{"failover by kill -9", func(s *testbed) { s.failover(s.masterOfSite(), false) }},
	{"failover of a hung master", func(s *testbed) { s.failover(s.masterOfSite(), true) }},
}

var topologies = []topology{
	{name: "single, disk", redis: onDisk, args: []string{"--durability", "disk"}, troubles: []trouble{
		{"Redis kill -9 and restart", (*testbed).redisKilled},
		{"Redis hung for 3 s", (*testbed).redisHung},
		{"replies swallowed", (*testbed).swallowReplies},
		{"2 s delay on every reply", func(s *testbed) { s.delayReplies(2*time.Second, 5*time.Second) }},
		{"a gateway cut off from Redis", (*testbed).cutOff},
		{"Redis at its memory limit", func(s *testbed) {
			s.limitMemory("1mb")
			s.wait(3 * time.Second)
			s.limitMemory("0")
		}},
	}},
	{name: "Sentinel, memory", redis: onSentinel, rules: lossy, troubles: failovers},
	{name: "Cluster, memory", redis: onCluster, rules: lossy, troubles: append(slices.Clone(failovers),
		trouble{"another master's failover", func(s *testbed) { s.failover((s.masterOfSite()+1)%3, false) }},
		trouble{"the site's slot moved", (*testbed).moveSlot},
	)},
	{name: "Sentinel, replica", redis: onSentinel, args: []string{"--durability", "replica"}, rules: durable, troubles: failovers},
}

// sliceFlag is how long faults go on before everything is judged: a run of hours
// would not fit into memory, and what went wrong could not be found in it.
var sliceFlag = flag.Duration("slice", 450*time.Second, "how long faults go on in a slice of the long run")

// TestLongRun does a random fault every few seconds for as many minutes as
// NEXTUP_FAULTS_MINUTES says, and judges after each slice. What it counts is
// written to the file that NEXTUP_FAULTS_REPORT names. Times are counted and not
// judged: the rows of the matrix, run alone, do that.
func TestLongRun(t *testing.T) {
	text := os.Getenv("NEXTUP_FAULTS_MINUTES")
	if text == "" {
		t.Skip("a run of an hour is asked for by make faults MINUTES=60")
	}
	minutes, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatalf("NEXTUP_FAULTS_MINUTES: %v", err)
	}
	left := time.Duration(minutes * float64(time.Minute))
	all := newCounts()
	for i := 0; left > 0; i++ {
		top := topologies[i%len(topologies)]
		seed := seedOf(t) + uint64(i)
		during := min(left, *sliceFlag)
		left -= during
		ok := t.Run(fmt.Sprintf("%02d %s", i, top.name), func(t *testing.T) {
			t.Logf("seed %d", seed)
			s := newTestbed(t, testbedOptions{
				size: size{visitors: 300, agents: 30, warm: 4 * time.Second, fault: during, after: 6 * time.Second},
				seed: seed, redis: top.redis, args: top.args,
			})
			s.rules.Slack, s.rules.Staleness = time.Minute, 8*time.Second
			if top.rules != nil {
				top.rules(&s.rules)
			}
			run, report := s.runLoad(seed, func() { s.randomly(slices.Concat(gatewayTroubles, top.troubles)) })
			all.add(s, run, report)
			for _, st := range report.Wrong() {
				t.Errorf("FAILS: %s (seed %d)", st, seed)
			}
		})
		if all.Slices[top.name]++; !ok {
			all.Failed++
		}
		t.Logf("after %d slices:\n%s", i+1, all)
		if path := os.Getenv("NEXTUP_FAULTS_REPORT"); path != "" {
			if err := os.WriteFile(path, []byte(all.String()), 0o644); err != nil {
				t.Error(err)
			}
		}
	}
}

// randomly does one fault after the other, with some seconds between them.
func (s *testbed) randomly(troubles []trouble) {
	for end := time.Now().Add(s.size.fault); time.Now().Before(end) && s.Context().Err() == nil; {
		which := troubles[s.rng.IntN(len(troubles))]
		s.mark("%s%s", faultMark, which.name)
		which.do(s)
		s.wait(2*time.Second + time.Duration(s.rng.Int64N(int64(4*time.Second))))
	}
}

// faultMark begins the marks of the long run's faults.
const faultMark = "FAULT "

// counts is what the long run adds up.
type counts struct {
	Failed   int
	Slices   map[string]int
	Events   map[string]int                      // faults apart
	Faults   map[string]int                      // by name
	Resumed  map[string][]time.Duration          // by the fault before it; -1 is never
	GoesOn   map[string][]time.Duration          // on each gateway after an outage of Redis
	Findings map[oracle.Invariant]oracle.Finding // without details
	Wrong    []string
	began    time.Time
}

func newCounts() *counts {
	return &counts{
		Slices: map[string]int{}, Events: map[string]int{}, Faults: map[string]int{},
		Resumed: map[string][]time.Duration{}, GoesOn: map[string][]time.Duration{},
		Findings: map[oracle.Invariant]oracle.Finding{}, began: time.Now(),
	}
}

func (c *counts) add(s *testbed, run *oracle.Run, report *oracle.Report) {
	for _, m := range s.marks {
		if name, ok := strings.CutPrefix(m.What, faultMark); ok {
			c.Faults[name]++
		}
	}
	before := func(at time.Duration) string {
		name := "none"
		for _, m := range s.marks {
			if n, ok := strings.CutPrefix(m.What, faultMark); ok && m.At <= at {
				name = n
			}
		}
		return name
	}
	for _, l := range lostConns(run.Histories, s.at("the fault begins"), s.at("settled")) {
		c.Resumed[before(l.at)] = append(c.Resumed[before(l.at)], l.took)
	}
	for _, o := range s.outages() {
		for _, took := range s.goesOn(run.Histories, o.answers) {
			c.GoesOn[before(o.down)] = append(c.GoesOn[before(o.down)], took)
		}
	}
	for st, f := range report.Findings {
		sum := c.Findings[st]
		c.Findings[st] = oracle.Finding{Looked: sum.Looked + f.Looked, Wrong: sum.Wrong + f.Wrong, Forgiven: sum.Forgiven + f.Forgiven}
		for _, d := range f.Details {
			c.Wrong = append(c.Wrong, string(st)+": "+d)
		}
	}
	c.Events["forks of the site's log"] += len(run.Snapshot.Forks)
	for _, h := range run.Histories {
		for _, e := range h.Events {
			c.event(e)
		}
	}
}

func (c *counts) event(e oracle.Event) {
	switch {
	case e.Kind == oracle.Asked && e.Ask.Type == protocol.TypeSend:
		c.Events["messages asked for"]++
	case e.Kind == oracle.Answered && e.Ask.Type == protocol.TypeSend:
		c.Events["messages acknowledged"]++
	case e.Kind == oracle.Answered && e.Ask.Type == protocol.TypeJoin:
		c.Events["joins acknowledged"]++
	case e.Kind == oracle.Answered && e.Ask.Type == protocol.TypeAccept:
		c.Events["offers accepted"]++
	case e.Kind == oracle.Answered && e.Ask.Type == protocol.TypeClose:
		c.Events["tickets closed"]++
	case e.Kind == oracle.Refused:
		c.Events["refused: "+string(e.Error.Code)]++
	case e.Kind == oracle.Unsure:
		c.Events["without an answer"]++
	case e.Kind == oracle.Welcomed:
		c.Events["conns"]++
	case e.Kind == oracle.Told && e.Reset != nil && e.Reset.Ticket == "":
		c.Events["resets of a view"]++
	case e.Kind == oracle.Told && e.Reset != nil:
		c.Events["resets of a conversation"]++
	case e.Kind == oracle.Told && e.Entry != nil:
		c.Events["entries delivered"]++
	case e.Kind == oracle.Told && e.Error == nil:
		c.Events["views shown"]++
	}
}

// String is what goes into the documentation.
func (c *counts) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v since the start; slices %s; %d of them failed\n", time.Since(c.began).Round(time.Second), asJSON(c.Slices), c.Failed)
	total := 0
	for _, name := range slices.Sorted(maps.Keys(c.Faults)) {
		fmt.Fprintf(&b, "| %s | %d | %s | %s |\n", name, c.Faults[name], spread(c.Resumed[name]), spread(c.GoesOn[name]))
		total += c.Faults[name]
	}
	fmt.Fprintf(&b, "| no fault before | | %s | |\n%d faults\n", spread(c.Resumed["none"]), total)
	var resumed []time.Duration
	for _, r := range c.Resumed {
		resumed = append(resumed, r...)
	}
	fmt.Fprintf(&b, "resumed, all: %s\n", spread(resumed))
	for _, name := range slices.Sorted(maps.Keys(c.Events)) {
		fmt.Fprintf(&b, "| %s | %d |\n", name, c.Events[name])
	}
	for _, st := range oracle.Invariants() {
		f := c.Findings[st]
		fmt.Fprintf(&b, "| %s | %d | %d | %d |\n", st, f.Looked, f.Wrong, f.Forgiven)
	}
	for _, w := range c.Wrong {
		fmt.Fprintln(&b, "WRONG", w)
	}
	return b.String()
}

func asJSON(v any) string {
	data, _ := json.Marshal(v) // of strings and numbers
	return string(data)
}

// spread is how many there are, the median, the 99th of a hundred and the
// longest; those that never were come last.
func spread(all []time.Duration) string {
	if len(all) == 0 {
		return "–"
	}
	never := 0
	var sorted []time.Duration
	for _, d := range all {
		if d < 0 {
			never++
		} else {
			sorted = append(sorted, d)
		}
	}
	slices.Sort(sorted)
	if len(sorted) == 0 {
		return fmt.Sprintf("%d, none ever", never)
	}
	at := func(share float64) time.Duration {
		return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)].Round(10 * time.Millisecond)
	}
	within := 0
	for _, d := range sorted {
		if d <= 3*time.Second {
			within++
		}
	}
	return fmt.Sprintf("%d: %v, %v, %v; within 3 s %.2f %%; never %d", len(all), at(0.5), at(0.99), at(1), 100*float64(within)/float64(len(all)), never)
}
