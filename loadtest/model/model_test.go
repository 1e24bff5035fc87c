package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nextup/loadtest/observer"
	"nextup/loadtest/report"
)

// made is a run whose costs are known: 20 µs a frame, 40 a record, 100 a message
// and 5,000 idle, 11,900 bytes a socket and 400 a remembered ticket, with sums that vary from second to second.
func made() *report.Run {
	r := &report.Run{Observed: &observer.Report{}}
	r.Observed.Tallies.Joins, r.Observed.Tallies.Records = 1000, 5000
	var s report.Sample
	for i := range 120 {
		frames, records, messages := float64(1000+300*(i%7)), uint64(200+60*(i%5)), float64(100+90*(i%3))
		s.T, s.Gateways, s.Connections, s.Joins = float64(i), 3, float64(1000+10*i), uint64(i*i)
		s.FramesOut += frames
		s.Number += records
		s.Messages += messages
		s.GatewayCPU += (20*frames + 40*float64(records) + 100*messages + 5000) / 1e6
		s.GatewayRSS = 60e6 + 11_900*s.Connections + 3*400*float64(s.Joins)
		s.RedisCPU += 0.01
		r.Samples = append(r.Samples, s)
	}
	return r
}

func TestCostsAreReadOffARunWhoseCostsAreKnown(t *testing.T) {
	t.Parallel()
	c, err := Measure(made())
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string][2]float64{
		"frame": {c.Frame, 20}, "message": {c.Message, 100}, "ticket": {c.Ticket, 200}, "socket": {c.Connection, 11_900}, "remembered": {c.Remembered, 400}, "Redis": {c.RedisTicket, 1190},
	} {
		if math.Abs(v[0]-v[1]) > 0.02*v[1] {
			t.Errorf("%s is %.2f, want %.2f", name, v[0], v[1])
		}
	}
}

func TestAForecastSaysWhatGivesFirst(t *testing.T) {
	t.Parallel()
	c := Costs{Frame: 20, Ticket: 3000, Message: 100, Connection: 12_000, RedisTicket: 300}
	base := Forecast{Connections: 10_000, Waiting: 5_000, Tickets: 20, Messages: 100, Lines: 8, Cores: 4, Load: 0.6, Sockets: 50_000}
	tests := map[string]struct {
		change func(*Forecast)
		gives  string
		atMost int
	}{
		"a small desk":        {func(*Forecast) {}, "sockets", 2},
		"very many sockets":   {func(f *Forecast) { f.Connections = 1e6 }, "sockets", 20},
		"very many tickets":   {func(f *Forecast) { f.Tickets = 2400 }, "cannot even replay", 0},
		"Redis before it":     {func(f *Forecast) { f.Tickets = 2350 }, "Redis", 1000},
		"a storm of messages": {func(f *Forecast) { f.Messages = 200_000 }, "processor", 1000},
		"a million who wait":  {func(f *Forecast) { f.Waiting, f.Connections, f.Tickets = 1e6, 1e6, 200 }, "sockets", 20},
	}
	for name, tt := range tests {
		f := base
		tt.change(&f)
		if p := c.Need(f); !strings.Contains(p.GivesFirst, tt.gives) || p.Gateways > tt.atMost {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestWhatIsNoRunIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "run.json")
	if err := os.WriteFile(path, []byte(`{"samples":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{nil, {"nowhere.json"}, {path}} {
		if err := run(args, new(bytes.Buffer)); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}
