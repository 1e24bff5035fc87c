// Command model turns the run.json of a load run into what each thing costs, and
// a forecast into gateways and Redis.
//
//	go run ./model results/…/run.json                          # costs
//	go run ./model results/…/run.json --connections 1200000 --waiting 1000000 --tickets 300 --messages 2000
//
// In a run frames, tickets and messages rise and fall together, so a fit cannot
// tell what each of them costs: any cost of a frame from 0 to 30 µs explains the
// seconds of a peak within 1 %. What make bench-peers and an idle gateway beside a
// run measure alone is therefore given; the seconds of the run then say what a
// ticket takes over and above, least squares without negative costs: gateway
// processor seconds a second − frame × (places sent + beats) − message × messages
// = idle + ticket × tickets. Memory likewise: the run says what a ticket takes
// besides the sockets, whose number rises and falls with it.
package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"os"

	"nextup/loadtest/report"
)

// Costs are what one of each takes. Processor is in microseconds, memory in
// bytes. Frame, Message, Replay, Connection and RedisMessage are measured elsewhere,
// see docs/capacity.md.
type Costs struct {
	Frame        float64 // of a gateway's processor, to show a visitor their place or answer a heartbeat
	Message      float64 // of the gateways' processor, everything about it included
	Replay       float64 // of every gateway's processor, for each ticket
	Ticket       float64 // of the gateways' processor together, but for replay, messages and places
	Connection   float64 // of the memory of the gateway that holds it
	Remembered   float64 // of the memory of each gateway, for a ticket that is remembered
	Messages     float64 // of a ticket of the run
	RedisTicket  float64 // of Redis's processor, those messages included
	RedisMessage float64 // of Redis's processor, for each that a ticket has more; given
	RedisMemory  float64 // of Redis's memory, for each ticket that it remembers
	Seconds      int     // that the fit is made of
}

// beatEvery is how many seconds a visitor's socket lets pass between beats.
const beatEvery = 10

// Measure adds to what is given what can be read off a run.
func (c Costs) Measure(r *report.Run) (Costs, error) {
	var rows [][]float64
	var cpu []float64
	for i := 1; i < len(r.Samples); i++ {
		a, b := &r.Samples[i-1], &r.Samples[i]
		dt := b.T - a.T
		if dt <= 0 || a.Gateways != b.Gateways || b.GatewayCPU < a.GatewayCPU {
			continue // a gateway was away or began anew
		}
		frames := (b.Positions-a.Positions)/dt + b.Connections/beatEvery
		rows = append(rows, []float64{1, float64(b.Number-a.Number) / dt})
		cpu = append(cpu, 1e6*(b.GatewayCPU-a.GatewayCPU)/dt-c.Frame*frames-c.Message*(b.Messages-a.Messages)/dt)
	}
	if len(rows) < 20 || r.Observed == nil || r.Observed.Tallies.Joins == 0 {
		return Costs{}, fmt.Errorf("the run has %d useful seconds and no log beside them: 20 are needed", len(rows))
	}
	t := r.Observed.Tallies
	last, first := r.Samples[len(r.Samples)-1], r.Samples[0]
	all := nonNegative(rows, cpu)[1] * float64(t.Records) / float64(t.Joins)
	c.Ticket = max(0, all-float64(last.Gateways)*c.Replay)
	c.Seconds = len(rows)
	c.Messages = (last.Messages - first.Messages) / float64(t.Joins)
	c.RedisTicket = 1e6 * (last.RedisCPU - first.RedisCPU) / float64(t.Joins)
	c.RedisMemory = (last.RedisMemory - first.RedisMemory) / float64(t.Joins)
	c.Remembered = c.remembered(r)
	return c, nil
}

// remembered fits the gateways' memory without their sockets, of which the most so
// far count, since memory is not given back at once, to the tickets so far, which
// each gateway remembers.
func (c Costs) remembered(r *report.Run) float64 {
	var rows [][]float64
	var rss []float64
	most := 0.0
	for i := range r.Samples {
		s := &r.Samples[i]
		most = max(most, s.Connections)
		if s.Gateways > 0 {
			rows = append(rows, []float64{float64(s.Gateways), float64(s.Gateways) * float64(s.Joins)})
			rss = append(rss, s.GatewayRSS-c.Connection*most)
		}
	}
	return nonNegative(rows, rss)[1]
}

// nonNegative is least squares by coordinate descent with costs that are not
// below zero. Columns are scaled, so that all of them converge alike.
func nonNegative(rows [][]float64, want []float64) []float64 {
	n := len(rows[0])
	scale := make([]float64, n)
	for k := range n {
		for _, row := range rows {
			scale[k] = max(scale[k], math.Abs(row[k]))
		}
		if scale[k] == 0 {
			scale[k] = 1
		}
	}
	x := make([]float64, n)
	rest := append([]float64(nil), want...)
	for range 5000 {
		for k := range n {
			dot, square := 0.0, 0.0
			for i, row := range rows {
				v := row[k] / scale[k]
				dot += v * rest[i]
				square += v * v
			}
			if square == 0 {
				continue
			}
			next := max(0, x[k]+dot/square)
			for i, row := range rows {
				rest[i] -= (next - x[k]) * row[k] / scale[k]
			}
			x[k] = next
		}
	}
	for k := range x {
		x[k] /= scale[k]
	}
	return x
}

// Forecast is what is expected at the peak.
type Forecast struct {
	Connections, Waiting float64 // at a time
	Tickets, Messages    float64 // a second
	Remembered           float64 // tickets open or ended within the site's retention
	Lines                float64 // lines that the waiting spread over
	// Cores is a gateway's, Load the share of them that may be used, and Sockets
	// the most that one holds.
	Cores, Load, Sockets float64
}

// Plan is what a forecast needs.
type Plan struct {
	FramesPerSecond float64
	GatewayCores    float64
	GatewayMemory   float64 // bytes, of each
	RedisCores      float64
	RedisMemory     float64 // bytes
	Gateways        int
	GivesFirst      string
}

// framesPerSecond is how many places and answers to beats a second the forecast
// asks for: in a line that moves, each band is shown anew at its cadence (150 ms,
// 0.8 s, 2.5 s). A line moves when a ticket joins it or leaves it.
func (f Forecast) framesPerSecond() float64 {
	moves := f.Tickets / max(1, f.Lines) * 2 // joins and departures of a line a second
	line := f.Waiting / max(1, f.Lines)
	band := func(people, every float64) float64 { return people * min(moves, 1/every) }
	perLine := band(min(line, 10), 0.15) + band(min(max(line-10, 0), 90), 0.8) + band(max(line-100, 0), 2.5)
	return f.Lines*perLine + f.Connections/beatEvery
}

// Need is the plan of a forecast at the costs. Every gateway replays the whole
// log, so that part grows with their number.
func (c Costs) Need(f Forecast) Plan {
	p := Plan{FramesPerSecond: f.framesPerSecond(), RedisMemory: f.Remembered * c.RedisMemory}
	p.RedisCores = (f.Tickets*c.RedisTicket + max(0, f.Messages-f.Tickets*c.Messages)*c.RedisMessage) / 1e6
	shared := (p.FramesPerSecond*c.Frame + f.Messages*c.Message + f.Tickets*c.Ticket) / 1e6
	replay := f.Tickets * c.Replay / 1e6
	room := f.Cores*f.Load - replay
	bySockets := math.Ceil(f.Connections / f.Sockets)
	if room <= 0 {
		p.GivesFirst = "a gateway cannot even replay the log: spread the people over sites"
		return p
	}
	byCores := math.Ceil(shared / room)
	p.Gateways = int(max(byCores, bySockets, 2))
	p.GatewayMemory = f.Connections/float64(p.Gateways)*c.Connection + f.Remembered*c.Remembered
	p.GatewayCores = shared + float64(p.Gateways)*replay
	switch {
	case p.RedisCores > 0.7:
		p.GivesFirst = "Redis's one core"
	case bySockets >= byCores:
		p.GivesFirst = "sockets of a gateway"
	default:
		p.GivesFirst = "processor of the gateways"
	}
	return p
}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "model:", err)
		os.Exit(2)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("want the path of a run.json, and then perhaps a forecast: --connections N --waiting N --tickets N --messages N")
	}
	f, c := Forecast{}, Costs{}
	flags := flag.NewFlagSet("model", flag.ContinueOnError)
	flags.Float64Var(&f.Connections, "connections", 0, "open sockets at the peak")
	flags.Float64Var(&f.Waiting, "waiting", 0, "people in line at the peak")
	flags.Float64Var(&f.Tickets, "tickets", 0, "tickets begun a second")
	flags.Float64Var(&f.Messages, "messages", 0, "messages a second")
	flags.Float64Var(&f.Remembered, "remembered", 0, "tickets open or ended within the retention; those who wait at least")
	flags.Float64Var(&f.Lines, "lines", 8, "lines that they stand in")
	flags.Float64Var(&f.Cores, "cores", 4, "cores of a gateway")
	flags.Float64Var(&f.Load, "load", 0.6, "share of them that may be used")
	flags.Float64Var(&f.Sockets, "sockets", 0.85*65_536, "sockets that one gateway may hold")
	flags.Float64Var(&c.Frame, "frame", 12.3, "µs of a gateway for a place that is shown, by make bench-peers")
	flags.Float64Var(&c.Message, "message", 62, "µs of gateways for a message, by make bench-peers")
	flags.Float64Var(&c.RedisMessage, "redis-message", 27, "µs of Redis for a message, by make bench-peers")
	flags.Float64Var(&c.Connection, "socket", 5400, "bytes of a gateway for an open socket, by make bench-peers")
	flags.Float64Var(&c.Replay, "replay", 370, "µs of each gateway for a ticket, of one without sockets beside a run")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	f.Remembered = max(f.Remembered, f.Waiting)
	r, err := report.Read(args[0])
	if err != nil {
		return err
	}
	c, err = c.Measure(r)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s, %s, %d cores, commit %s, %d seconds\n", r.Scenario, r.Machine.Date, r.Machine.Cores, r.Machine.Commit, c.Seconds)
	fmt.Fprintf(out, "given: frame %.1f µs, message %.0f µs, of Redis %.0f µs, replay of a ticket %.0f µs of each gateway, socket %.1f KB\n", c.Frame, c.Message, c.RedisMessage, c.Replay, c.Connection/1e3)
	fmt.Fprintf(out, "measured: ticket %.1f ms of gateways together besides, %.1f ms and %.1f KB of Redis, %.1f KB of each gateway for a remembered one\n",
		c.Ticket/1e3, c.RedisTicket/1e3, c.RedisMemory/1e3, c.Remembered/1e3)
	if f.Connections == 0 {
		return nil
	}
	p := c.Need(f)
	fmt.Fprintf(out, "forecast: %.0f places and beats a second; %d gateways of %.0f cores, %.1f cores in all, %.1f GB each; Redis %.2f cores, %.1f GB; gives first: %s\n",
		p.FramesPerSecond, p.Gateways, f.Cores, p.GatewayCores, p.GatewayMemory/1e9, p.RedisCores, p.RedisMemory/1e9, p.GivesFirst)
	return nil
}
