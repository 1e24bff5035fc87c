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

// given are costs that the run is made of and that are told to the model.
var given = Costs{Frame: 20, Message: 100, Replay: 30, Connection: 11_900}

// made is a run of three gateways whose costs are known: 20 µs a place or beat, 40 a
// record, 100 a message and 5,000 idle, 11,900 bytes a socket and 400 a remembered
// ticket, with sums that rise and fall together but for a little.
func made() *report.Run {
	r := &report.Run{Observed: &observer.Report{}}
	r.Observed.Tallies.Joins, r.Observed.Tallies.Records = 1000, 5000
	var s report.Sample
	for i := range 120 {
		wave := float64(i % 7)
		places, records, messages := 1000+300*wave, uint64(200+60*wave), 100+90*wave+float64(i%2)
		s.T, s.Gateways, s.Connections, s.Joins = float64(i), 3, float64(1000+10*i), uint64(i*i)
		s.Positions += places
		s.FramesOut += places + 7*messages // those of tickets and messages are in their cost
		s.Number += records
		s.Messages += messages
		s.GatewayCPU += (20*(places+s.Connections/10) + 40*float64(records) + 100*messages + 5000) / 1e6
		s.GatewayRSS = 60e6 + 11_900*s.Connections + 3*400*float64(s.Joins)
		s.RedisCPU += 0.01
		s.RedisMemory += 1000
		r.Samples = append(r.Samples, s)
	}
	return r
}

func TestCostsAreReadOffARunWhoseCostsAreKnown(t *testing.T) {
	t.Parallel()
	c, err := given.Measure(made())
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string][2]float64{
		"frame": {c.Frame, 20}, "message": {c.Message, 100}, "ticket without replay": {c.Ticket, 5*40 - 3*30},
		"remembered": {c.Remembered, 400}, "Redis": {c.RedisTicket, 1190}, "Redis's memory": {c.RedisMemory, 119},
	} {
		if math.Abs(v[0]-v[1]) > 0.02*v[1] {
			t.Errorf("%s is %.2f, want %.2f", name, v[0], v[1])
		}
	}
}

// TestTheWorkedExampleIsTheModels: docs/capacity.md shows what the model says of the
// committed run.
func TestTheWorkedExampleIsTheModels(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/capacity.md")
	if err != nil {
		t.Fatal(err)
	}
	const command = "go run ./model examples/peak_hour.json "
	_, line, found := strings.Cut(string(text), command)
	line, _, _ = strings.Cut(line, "\n")
	if !found {
		t.Fatal("docs/capacity.md has no example of the command")
	}
	var out bytes.Buffer
	if err := run(append([]string{"../examples/peak_hour.json"}, strings.Fields(line)...), &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), line+"\n"+out.String()) {
		t.Errorf("docs/capacity.md should show this below its command:\n%s", &out)
	}
}

func TestAForecastSaysWhatGivesFirst(t *testing.T) {
	t.Parallel()
	c := Costs{Frame: 20, Replay: 1000, Ticket: 500, Message: 100, Connection: 12_000, RedisTicket: 300}
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
