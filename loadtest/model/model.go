// Command model turns the run.json of a load run into what each thing costs, and
// a forecast into gateways and Redis.
//
//	go run ./model results/…/run.json                          # costs
//	go run ./model results/…/run.json --connections 120000 --waiting 80000 --tickets 50 --day 900000 --messages 400 --agents 8000//	go run ./model results/…/run.json --connections 30000 --waiting 5000 --tickets 30 --messages 150 --share 0.1 --measure
//
// In a run frames, tickets and messages rise and fall together, so a fit cannot
// tell what each of them costs: any cost of a frame from 0 to 30 µs explains the
// seconds of a peak within 1 %. What make bench-peers and an idle gateway beside a
// run measure alone is therefore given; the seconds of the run then say what a
// ticket takes over and above, least squares without negative costs: gateway
// processor seconds a second − frame × (places sent + beats) − message × messages − what
// it takes to wake up = idle + ticket × tickets. What a gateway remembers is given too: in minutes a heap
// grows by the garbage that the runtime allows it, whatever lives.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"nextup/loadtest/report"
)

// Costs are what one of each takes. Processor is in microseconds, memory in
// bytes. What the run does not tell is measured elsewhere and given, see
// docs/capacity.md.
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
	RedisMemory  float64 // of Redis's memory, for each ticket whose conversation is open; given
	// What an ended ticket keeps in Redis; given. Its conversation is kept for twice the
	// retention, and is that of typicalMessages; its records in the site's log for logKept.
	EndedTicket, EndedConversation, EndedMessage, EndedRecords float64
	Process                                                    float64 // of the memory of a gateway without sockets and tickets; given
	// What is asked while nothing else is under way wakes a process up, see wakes; given.
	Idle, Wake, RedisIdle, RedisWake float64 // of processor: each second, and for each time
	RedisProcess                     float64 // of Redis's memory without anything; given
	WaitingMemory                    float64 // of Redis's memory, for a ticket in line; given
	Seconds                          int     // that the fit is made of
}

// beatEvery is how many seconds a visitor's socket lets pass between beats.
const beatEvery = 10

// A ticket asks this often for something, of gateways together and of Redis, and a process
// falls asleep so many times a second at most, whatever is asked of it.
const (
	asksOfTicket, redisAsks = 60, 40
	sleepsMost              = 1300
)

// wakes is how often a second a process wakes up that is asked for something at this rate:
// each time at first, ever less often as it is awake already when something comes.
func wakes(rate float64) float64 { return rate * sleepsMost / (rate + sleepsMost) }

// runWake and runRedisWake are Wake and RedisWake of a machine that does nothing else, as
// that of the run: what is left of its seconds without them is work.
const runWake, runRedisWake = 130, 40

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
		n := max(1, float64(b.Gateways))
		woken := n * wakes((b.Connections/beatEvery+asksOfTicket*float64(b.Joins-a.Joins)/dt)/n)
		cpu = append(cpu, 1e6*(b.GatewayCPU-a.GatewayCPU)/dt-c.Frame*frames-c.Message*(b.Messages-a.Messages)/dt-runWake*woken)
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
	seconds := last.T - first.T
	c.RedisTicket = max(0, 1e6*(last.RedisCPU-first.RedisCPU)-seconds*runRedisWake*wakes(redisAsks*float64(t.Joins)/seconds)) / float64(t.Joins)
	return c, nil
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

// typicalMessages are those of the conversation of Costs.EndedConversation.
const typicalMessages = 5

// logKept is for how many seconds a site's log is kept.
const logKept = 600

// Forecast is what is expected at the peak, and how much comes in a whole day.
type Forecast struct {
	Connections, Waiting float64       // at a time
	Tickets, Messages    float64       // a second
	Day                  float64       // tickets a day; 0 for Tickets all day
	Retention            time.Duration // of the site
	Lines                float64       // lines that the waiting spread over
	// Agents hold Places conversations each, which take Handling; no Agents ask nothing.
	Agents, Places float64
	Handling       time.Duration
	// Margin is how much more processor is planned for than what was measured takes, and
	// Spare how many gateways may be away.
	Margin float64
	Spare  int
	// Cores is a gateway's, Load the share of them that may be used, and Sockets
	// the most that one holds.
	Cores, Load, Sockets float64
}

// Plan is what a forecast needs.
type Plan struct {
	FramesPerSecond float64
	Expected        float64 // cores of all gateways together, without the margin
	GatewayCores    float64
	GatewayMemory   float64 // bytes, of each
	RedisExpected   float64
	RedisCores      float64
	RedisMemory     float64 // bytes
	Gateways        int
	Remembered      float64 // tickets that every gateway knows: open, or ended within the retention
	GivesFirst      string
	// Talking are the conversations that go on at a time, and Room those that the agents
	// hold.
	Talking, Room float64
}

// day is the tickets that come in a day.
func (f Forecast) day() float64 {
	if f.Day > 0 {
		return f.Day
	}
	return f.Tickets * 86_400
}

// talking are the conversations that go on at a time.
func (f Forecast) talking() float64 { return f.Tickets * f.Handling.Seconds() }

// redisMemory is what Redis keeps of the tickets that are open and of those that ended. Their
// conversations are kept for twice the retention; kept is how many retentions there have been.
func (c Costs) redisMemory(f Forecast, kept float64) float64 {
	days := f.Retention.Hours() / 24
	conversation := c.EndedConversation + c.EndedMessage*max(0, f.Messages/max(f.Tickets, 1e-9)-typicalMessages)
	return c.RedisProcess + f.Waiting*c.WaitingMemory + f.talking()*c.RedisMemory + f.day()*days*(c.EndedTicket+kept*conversation) + f.Tickets*logKept*c.EndedRecords
}

// mostGateways bounds the search for how many are enough.
const mostGateways = 10_000

// cores is what so many gateways take together.
func (c Costs) cores(f Forecast, frames, gateways float64) float64 {
	asked := f.Connections/beatEvery + f.Tickets*asksOfTicket
	each := c.Idle + c.Wake*wakes(asked/gateways) + f.Tickets*c.Replay
	return (frames*c.Frame + f.Messages*c.Message + f.Tickets*c.Ticket + gateways*each) / 1e6
}

// gatewayMemory is what each of some gateways takes, over which the sockets are spread.
func (c Costs) gatewayMemory(f Forecast, remembered, gateways float64) float64 {
	return c.Process + f.Connections/gateways*c.Connection + remembered*c.Remembered
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
// log and remembers every ticket, so those parts grow with their number. The spare ones
// come on top: what each holds is counted while they are away.
func (c Costs) Need(f Forecast) Plan {
	p := Plan{FramesPerSecond: f.framesPerSecond(), RedisMemory: c.redisMemory(f, 2), Talking: f.talking(), Room: f.Agents * f.Places}
	p.Remembered = f.Waiting + p.Talking + f.day()*f.Retention.Hours()/24
	margin := max(1, f.Margin)
	p.RedisExpected = (c.RedisIdle + c.RedisWake*wakes(f.Tickets*redisAsks) + f.Tickets*c.RedisTicket + max(0, f.Messages-f.Tickets*c.Messages)*c.RedisMessage) / 1e6
	p.RedisCores = margin * p.RedisExpected
	bySockets := max(1, math.Ceil(f.Connections/f.Sockets))
	byCores, may := 1.0, f.Cores*f.Load/margin
	if f.Tickets*c.Replay/1e6 >= may {
		p.GivesFirst = "a gateway cannot even replay the log: spread the people over sites"
		return p
	}
	for c.cores(f, p.FramesPerSecond, byCores) > byCores*may && byCores < mostGateways {
		byCores++
	}
	needed := max(byCores, bySockets)
	p.GatewayMemory = c.gatewayMemory(f, p.Remembered, needed)
	p.Gateways = int(needed) + f.Spare
	p.Expected = c.cores(f, p.FramesPerSecond, float64(p.Gateways))
	p.GatewayCores = margin * p.Expected
	switch {
	case f.Agents > 0 && p.Talking > p.Room:
		p.GivesFirst = "the agents: the line grows without end"
	case p.RedisCores > 1:
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

const usage = `Turns the run.json of a load run into what each thing costs and, with a forecast,
into gateways and Redis.

    go run ./model RUN.json [FLAGS]
    go run ./model examples/peak_hour.json --connections 12000 --waiting 2000 --tickets 4 --day 150000 --messages 40 --agents 800

The forecast is the peak of a day; --day says how many tickets come in all of it, since
those that have ended are remembered. Without --connections only the costs are printed.
With --share 0.1 --measure a tenth of it is made to happen here and measured beside it.

Flags:
`

func run(args []string, out io.Writer) error {
	f, c := Forecast{}, Costs{}
	flags := flag.NewFlagSet("model", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() {
		fmt.Fprint(out, usage)
		flags.PrintDefaults()
	}
	flags.Float64Var(&f.Connections, "connections", 0, "open sockets at the peak")
	flags.Float64Var(&f.Waiting, "waiting", 0, "people in line at the peak")
	flags.Float64Var(&f.Tickets, "tickets", 0, "tickets begun a second")
	flags.Float64Var(&f.Messages, "messages", 0, "messages a second")
	flags.Float64Var(&f.Day, "day", 0, "tickets begun in a whole day; by default --tickets all day long")
	flags.DurationVar(&f.Retention, "retention", 24*time.Hour, "the site's retention: so long every gateway knows an ended ticket")
	flags.Float64Var(&f.Agents, "agents", 0, "agents on shift at the peak, to see whether they can serve it")
	flags.Float64Var(&f.Places, "places", 3, "conversations that an agent holds at a time")
	flags.DurationVar(&f.Handling, "handling", 8*time.Minute, "how long a conversation takes, its wrap-up included")
	flags.Float64Var(&f.Margin, "margin", 1.5, "processor that is planned for, of what was measured: where less happens at a time each thing costs more")
	flags.IntVar(&f.Spare, "spare", 1, "gateways that may be away")
	flags.Float64Var(&f.Lines, "lines", 8, "lines that they stand in")
	flags.Float64Var(&f.Cores, "cores", 4, "cores of a gateway")
	flags.Float64Var(&f.Load, "load", 0.6, "share of them that may be used")
	flags.Float64Var(&f.Sockets, "sockets", 0.85*65_536, "sockets that one gateway may hold")
	flags.Float64Var(&c.Frame, "frame", 12.3, "µs of a gateway for a place that is shown, by make bench-peers")
	flags.Float64Var(&c.Message, "message", 62, "µs of gateways for a message, by make bench-peers")
	flags.Float64Var(&c.RedisMessage, "redis-message", 27, "µs of Redis for a message, by make bench-peers")
	flags.Float64Var(&c.Connection, "socket", 5400, "bytes of a gateway for an open socket, by make bench-peers")
	flags.Float64Var(&c.EndedTicket, "ended-ticket", 850, "bytes of Redis for an ended ticket")
	flags.Float64Var(&c.EndedConversation, "ended-conversation", 3000, "bytes of Redis for its conversation of five messages")
	flags.Float64Var(&c.EndedMessage, "ended-message", 400, "bytes of Redis for each message more")
	flags.Float64Var(&c.EndedRecords, "ended-records", 3000, "bytes of Redis for what the site's log has of it, for ten minutes")
	flags.Float64Var(&c.Remembered, "remembered", 800, "bytes of each gateway for a ticket that it remembers, garbage included")
	flags.Float64Var(&c.Process, "process", 54e6, "bytes of a gateway at work that remembers nothing")
	flags.Float64Var(&c.Idle, "idle", 3300, "µs a second of a gateway that is asked nothing")
	flags.Float64Var(&c.Wake, "wake", 230, "µs of a gateway each time it wakes up, which depends on the machine and what else runs there")
	flags.Float64Var(&c.RedisIdle, "redis-idle", 2800, "µs a second of Redis under two gateways that are asked nothing")
	flags.Float64Var(&c.RedisWake, "redis-wake", 70, "µs of Redis each time it wakes up")
	flags.Float64Var(&c.RedisProcess, "redis-process", 1.8e6, "bytes of Redis without anything")
	flags.Float64Var(&c.RedisMemory, "open-ticket", 7800, "bytes of Redis for a ticket with an open conversation")
	flags.Float64Var(&c.WaitingMemory, "waiting-ticket", 1500, "bytes of Redis for a ticket in line")
	flags.Float64Var(&c.Replay, "replay", 370, "µs of each gateway for a ticket, of one without sockets beside a run")
	share := flags.Float64("share", 1, "part of the forecast, such as 0.1 for a tenth, in as many lines")
	try := flags.Bool("measure", false, "make that part happen on this machine, with Redis and gateways on the loopback, and print both")
	window := flags.Duration("window", 2*time.Minute, "how long --measure measures, once the people are there")
	var path string
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		path, args = args[0], args[1:]
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	case path == "":
		path = flags.Arg(0)
	}
	if path == "" {
		return errors.New("want the path of a run.json, such as examples/peak_hour.json (--help says more)")
	}
	r, err := report.Read(path)
	if err != nil {
		return err
	}
	c, err = c.Measure(r)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s, %s, %d cores, commit %s, %d seconds\n", r.Scenario, r.Machine.Date, r.Machine.Cores, r.Machine.Commit, c.Seconds)
	fmt.Fprintf(out, "given: frame %.1f µs, message %.0f µs, of Redis %.0f µs, replay of a ticket %.0f µs of each gateway, socket %.1f KB, remembered ticket %.1f KB, ended one %.2f KB of Redis and its conversation %.1f KB\n",
		c.Frame, c.Message, c.RedisMessage, c.Replay, c.Connection/1e3, c.Remembered/1e3, c.EndedTicket/1e3, c.EndedConversation/1e3)
	fmt.Fprintf(out, "given: gateway %.1f ms a second and %.0f µs to wake up, Redis %.1f ms and %.0f µs; %.1f KB of Redis for a ticket in line, %.1f KB for one in conversation\n",
		c.Idle/1e3, c.Wake, c.RedisIdle/1e3, c.RedisWake, c.WaitingMemory/1e3, c.RedisMemory/1e3)
	fmt.Fprintf(out, "measured: ticket %.1f ms of gateways together besides, %.1f ms of Redis\n", c.Ticket/1e3, c.RedisTicket/1e3)
	if f.Connections == 0 {
		return nil
	}
	f = f.part(*share)
	if *try {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		ctx, cancel := context.WithTimeout(ctx, *window+15*time.Minute)
		defer cancel()
		return measured(ctx, c, f, *window, out)
	}
	p := c.Need(f)
	fmt.Fprintf(out, "remembered: %.0f tickets, of %.0f a day that are kept for %s, and %.0f conversations that go on\n", p.Remembered, f.day(), short(f.Retention), p.Talking)
	fmt.Fprintf(out, "forecast: %.0f places and beats a second; %d gateways of %.0f cores, %d of which may be away, %s cores in all, %s GB each; Redis %s cores, %s GB\n",
		p.FramesPerSecond, p.Gateways, f.Cores, f.Spare, digits(p.GatewayCores), digits(p.GatewayMemory/1e9), digits(p.RedisCores), digits(p.RedisMemory/1e9))
	if f.Agents > 0 {
		fmt.Fprintf(out, "agents: %.0f with %.0f places hold %.0f conversations; %.0f of %s each go on at a time, %.0f %% of that\n",
			f.Agents, f.Places, p.Room, p.Talking, short(f.Handling), 100*p.Talking/p.Room)
	}
	fmt.Fprintf(out, "gives first: %s\n", p.GivesFirst)
	return nil
}

// short is a duration without what is zero: 8m, 24h.
func short(d time.Duration) string {
	s := strings.TrimSuffix(d.String(), "0s")
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
