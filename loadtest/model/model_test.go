package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nextup/loadtest/observer"
	"nextup/loadtest/report"
)

// given are costs that the run is made of and that are told to the model.
var given = Costs{Frame: 20, Message: 100, Replay: 30}

// made is a run of three gateways whose costs are known: 20 µs a place or beat, 40 a
// record, 100 a message, 5,000 idle and what it takes to wake up, with sums that rise and fall together but for a
// little.
func made() *report.Run {
	r := &report.Run{Observed: &observer.Report{}}
	r.Observed.Tallies.Joins, r.Observed.Tallies.Records = 1000, 5000
	var s report.Sample
	redis := (1190*1000/119.0 + runRedisWake*wakes(redisAsks*1000/119.0)) / 1e6
	for i := range 120 {
		joined := float64(max(0, i*i-(i-1)*(i-1)))
		wave := float64(i % 7)
		places, records, messages := 1000+300*wave, uint64(200+60*wave), 100+90*wave+float64(i%2)
		s.T, s.Gateways, s.Connections, s.Joins = float64(i), 3, float64(1000+10*i), uint64(i*i)
		s.Positions += places
		s.FramesOut += places + 7*messages // those of tickets and messages are in their cost
		s.Number += records
		s.Messages += messages
		woken := 3 * wakes((s.Connections/10+asksOfTicket*joined)/3)
		s.GatewayCPU += (20*(places+s.Connections/10) + 40*float64(records) + 100*messages + 5000 + runWake*woken) / 1e6
		s.RedisCPU += redis
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
		"Redis": {c.RedisTicket, 1190},
	} {
		if math.Abs(v[0]-v[1]) > 0.02*v[1] {
			t.Errorf("%s is %.2f, want %.2f", name, v[0], v[1])
		}
	}
}

// TestTheWorkedExamplesAreTheModels: docs/capacity.md shows what the model says of the
// committed run.
func TestTheWorkedExamplesAreTheModels(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/capacity.md")
	if err != nil {
		t.Fatal(err)
	}
	const command = "go run ./model examples/peak_hour.json "
	blocks := strings.Split(string(text), command)[1:]
	if len(blocks) < 3 {
		t.Fatalf("docs/capacity.md has %d examples of the command, want three", len(blocks))
	}
	for _, block := range blocks {
		line, shown, _ := strings.Cut(block, "\n")
		if strings.Contains(line, "--measure") {
			continue // its figures are of one machine at one time
		}
		var out bytes.Buffer
		if err := run(append([]string{"../examples/peak_hour.json"}, strings.Fields(line)...), &out); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(shown, out.String()) {
			t.Errorf("docs/capacity.md should show this below %s:\n%s", line, &out)
		}
	}
}

func TestAForecastSaysWhatGivesFirst(t *testing.T) {
	t.Parallel()
	c := Costs{Frame: 20, Replay: 1000, Ticket: 500, Message: 100, Connection: 12_000, RedisTicket: 430}
	base := Forecast{Connections: 10_000, Waiting: 5_000, Tickets: 20, Messages: 100, Lines: 8, Cores: 4, Load: 0.6, Sockets: 50_000, Spare: 1, Places: 3, Handling: 8 * time.Minute}
	tests := map[string]struct {
		change func(*Forecast)
		gives  string
		atMost int
	}{
		"a small desk":           {func(*Forecast) {}, "sockets", 2},
		"very many sockets":      {func(f *Forecast) { f.Connections = 1e6 }, "sockets", 21},
		"very many tickets":      {func(f *Forecast) { f.Tickets = 2400 }, "cannot even replay", 0},
		"Redis before it":        {func(f *Forecast) { f.Tickets = 2350 }, "Redis", 1000},
		"a storm of messages":    {func(f *Forecast) { f.Messages = 200_000 }, "processor", 1000},
		"a million who wait":     {func(f *Forecast) { f.Waiting, f.Connections, f.Tickets = 1e6, 1e6, 200 }, "sockets", 21},
		"agents who are enough":  {func(f *Forecast) { f.Agents = 3_200 }, "sockets", 2},
		"agents who are too few": {func(f *Forecast) { f.Agents = 3_199 }, "the agents", 2},
	}
	for name, tt := range tests {
		f := base
		tt.change(&f)
		if p := c.Need(f); !strings.Contains(p.GivesFirst, tt.gives) || p.Gateways > tt.atMost {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// Tickets that have ended are what fills memory: a peak that lasts all day is not the same
// as one of an hour, and gateways do not share them out.
func TestWhatIsRememberedIsCounted(t *testing.T) {
	t.Parallel()
	c := Costs{Remembered: 1700, RedisMemory: 9300, WaitingMemory: 9300, EndedTicket: 850, EndedConversation: 3000, EndedMessage: 400, EndedRecords: 3000}
	base := Forecast{Connections: 1, Waiting: 1000, Tickets: 40, Messages: 200, Lines: 1, Cores: 4, Load: 0.6, Sockets: 50_000, Retention: 24 * time.Hour, Handling: 5 * time.Minute, Spare: 1}
	for name, row := range map[string]struct {
		change               func(*Forecast)
		remembered           float64
		gigabytes, ofGateway float64
	}{
		"all day":              {func(*Forecast) {}, 1000 + 12_000 + 3_456_000, 23.8, 5.9},
		"an hour of a day":     {func(f *Forecast) { f.Day = 144_000 }, 1000 + 12_000 + 144_000, 1.18, 0.27},
		"for an hour":          {func(f *Forecast) { f.Retention = time.Hour }, 1000 + 12_000 + 144_000, 1.18, 0.27},
		"longer conversations": {func(f *Forecast) { f.Messages = 600 }, 1000 + 12_000 + 3_456_000, 51.4, 5.9},
		"more gateways":        {func(f *Forecast) { f.Spare = 7 }, 1000 + 12_000 + 3_456_000, 23.8, 5.9},
	} {
		f := base
		row.change(&f)
		p := c.Need(f)
		if p.Remembered != row.remembered || math.Abs(p.RedisMemory/1e9-row.gigabytes) > 0.05*row.gigabytes || math.Abs(p.GatewayMemory/1e9-row.ofGateway) > 0.05*row.ofGateway {
			t.Errorf("%s: %.0f remembered, %.2f GB of Redis, %.2f GB of each gateway; want %.0f, %.2f, %.2f", name, p.Remembered, p.RedisMemory/1e9, p.GatewayMemory/1e9, row.remembered, row.gigabytes, row.ofGateway)
		}
	}
}

// One gateway may be away, and the others hold all sockets.
func TestTheOthersHoldWhatTheSpareOneHeld(t *testing.T) {
	t.Parallel()
	c := Costs{Frame: 20, Connection: 10_000}
	f := Forecast{Connections: 100_000, Lines: 1, Cores: 4, Load: 0.6, Sockets: 50_000, Spare: 1}
	if p := c.Need(f); p.Gateways != 3 || p.GatewayMemory != 500e6 {
		t.Errorf("%d gateways of %.0f MB, want three of which two hold 50,000 sockets each", p.Gateways, p.GatewayMemory/1e6)
	}
}

func TestHelpIsNoMistake(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--help", "-h"} {
		var out bytes.Buffer
		if err := run([]string{flag}, &out); err != nil || !strings.Contains(out.String(), "-agents") || !strings.Contains(out.String(), "RUN.json") {
			t.Errorf("%s: %v, %q", flag, err, &out)
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

// Where little happens, a process falls asleep between two things, and each of them wakes it;
// where much happens it is awake.
func TestEachThingCostsMoreWhereLittleHappens(t *testing.T) {
	t.Parallel()
	c := Costs{Idle: 3300, Wake: 230}
	few, many := Forecast{Connections: 400}, Forecast{Connections: 400_000}
	each := func(f Forecast) float64 {
		return 1e6 * (c.cores(f, 0, 1) - c.Idle/1e6) / (f.Connections / beatEvery)
	}
	if a, b := each(few), each(many); a < 200 || b > 10 {
		t.Errorf("a beat costs %.0f µs of 40 a second and %.0f of 40,000, want about 230 and next to nothing", a, b)
	}
}

func TestFiguresHaveTwoDigitsThatCount(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{0: "0", 0.0149: "0.015", 0.18: "0.18", 3.1: "3.1", 24: "24", 521_113: "521113", 0.00004: "0.0000"} {
		if got := digits(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}

func TestATenthHasTheSameLines(t *testing.T) {
	t.Parallel()
	f := Forecast{Connections: 1000, Waiting: 100, Tickets: 10, Messages: 50, Day: 5000, Agents: 70, Lines: 8, Places: 3}.part(0.1)
	if want := (Forecast{Connections: 100, Waiting: 10, Tickets: 1, Messages: 5, Day: 500, Agents: 7, Lines: 8, Places: 3}); f != want {
		t.Errorf("%+v, want %+v", f, want)
	}
}
