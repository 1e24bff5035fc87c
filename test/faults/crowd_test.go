package faults

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"nextup/test/faults/setup"
)

// TestTheFallbackBesideSockets has so many people as NEXTUP_FALLBACK says live by sockets, and
// then as many by the fallback, all else being the same: nothing may be lost, come twice or be
// left, and it tells what a person costs. `make fallback` runs it.
func TestTheFallbackBesideSockets(t *testing.T) {
	text := os.Getenv("NEXTUP_FALLBACK")
	if text == "" {
		t.Skip("make fallback runs it")
	}
	people, err := strconv.Atoi(text)
	if err != nil || people < 100 {
		t.Fatalf("NEXTUP_FALLBACK=%s is no number of people", text)
	}
	for _, way := range []struct {
		name     string
		noSocket int
	}{{"sockets", 0}, {"streams", 1}} {
		t.Run(way.name, func(t *testing.T) {
			const slower = 40
			s := newTestbed(t, testbedOptions{
				size: size{visitors: people, agents: people / 50, warm: 75 * time.Second, fault: 60 * time.Second, after: time.Second},
				seed: seedOf(t), redis: onSingle, site: human,
			})
			s.noSocket, s.polls, s.slower, s.patience = way.noSocket, 0, slower, 3*time.Minute
			s.rules.Slack, s.rules.Staleness = patience, patience // of a machine that is full
			empty := s.costs()
			var cost costs
			run, report := s.runLoad(seedOf(t), func() {
				before := s.costs()
				s.wait(s.size.fault)
				cost = s.costs()
				cost.seconds -= before.seconds
			})
			t.Logf("%s\n%s%s", s.marksText(), report, sum(run.Histories))
			for _, wrong := range report.Wrong() {
				t.Errorf("FAILS: %s", wrong)
			}
			fmt.Printf("%s: %d people, %.0f conns without a socket, %.1f µs of processor a person and second, %.1f KB of memory a person\n",
				way.name, people, cost.streams, cost.seconds/s.size.fault.Seconds()/float64(people)*1e6, (cost.bytes-empty.bytes)/float64(people)/1024)
			if want := way.noSocket > 0; cost.streams > float64(people)*0.9 != want || !want && cost.streams > 0 {
				t.Errorf("%.0f of %d people have no socket", cost.streams, people)
			}
		})
	}
}

// human is patient, and has the heartbeats of a site that sets none: on the fallback each is a
// request of its own, and so most of what a person costs.
func human(s *setup.Site) {
	patient(s)
	s.VisitorHeartbeat, s.AgentHeartbeat = 10*time.Second, 5*time.Second
}

// costs are what all gateways have used and hold.
type costs struct{ seconds, bytes, streams float64 }

// costs waits for a gateway that is busy.
func (s *testbed) costs() (c costs) {
	for _, g := range s.gateways {
		m, err := g.Metrics(s.Context())
		for deadline := time.Now().Add(patience); err != nil && time.Now().Before(deadline); s.wait(200 * time.Millisecond) {
			m, err = g.Metrics(s.Context())
		}
		if err != nil {
			s.Fatalf("%s does not answer: %v", g.Node(), err)
		}
		c.seconds += m["process_cpu_seconds_total"]
		c.bytes += m["process_resident_memory_bytes"]
		c.streams += m["nextup_streams"]
	}
	return c
}
