package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"nextup/loadtest/measure"
)

// part is a share of what is expected at the peak and in the day, in as many lines.
func (f Forecast) part(share float64) Forecast {
	for _, v := range []*float64{&f.Connections, &f.Waiting, &f.Tickets, &f.Messages, &f.Day, &f.Agents} {
		*v *= share
	}
	return f
}

// measured makes a part of a forecast happen on this machine and prints what the model says of
// that part beside what it took.
func measured(ctx context.Context, c Costs, f Forecast, window time.Duration, out io.Writer) error {
	dir, err := os.MkdirTemp("", "nextup-model")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary := os.Getenv("NEXTUP")
	if binary != "" {
		return compare(ctx, c, f, window, binary, out)
	}
	binary = filepath.Join(dir, "nextup")
	if text, err := exec.CommandContext(ctx, "go", "build", "-C", "..", "-o", binary, "./cmd/nextup").CombinedOutput(); err != nil {
		return fmt.Errorf("nextup cannot be built: %s", text)
	}
	return compare(ctx, c, f, window, binary, out)
}

// compare prints the forecast beside what a binary takes for it.
func compare(ctx context.Context, c Costs, f Forecast, window time.Duration, binary string, out io.Writer) error {
	p := c.Need(f)
	if f.Places < 1 {
		return fmt.Errorf("--places %.0f: an agent holds one conversation at least", f.Places)
	}
	m, err := measure.Run(ctx, measure.Options{
		Binary: binary, Gateways: p.Gateways, Connections: whole(f.Connections), Waiting: whole(f.Waiting), Agents: whole(p.Talking / f.Places),
		Tickets: f.Tickets, Messages: f.Messages, Handling: f.Handling, Places: whole(f.Places), Ended: whole(f.day() * f.Retention.Hours() / 24),
		Lines: whole(f.Lines), Retention: f.Retention, Window: window, LogKept: logKept * time.Second, Out: out,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n| | forecast | measured | ratio |\n|---|---|---|---|\n")
	row := func(name, unit string, want, got float64) {
		fmt.Fprintf(out, "| %s | %s%s | %s%s | %.2f |\n", name, digits(want), unit, digits(got), unit, got/want)
	}
	row("sockets", "", f.Connections, m.Connections)
	row("people in line", "", f.Waiting, m.Waiting)
	row("tickets a second", "", f.Tickets, m.Tickets)
	row("messages a second", "", f.Messages, m.Messages)
	row("processor of all gateways", " cores", p.Expected, m.GatewayCores)
	row("processor of Redis", " cores", p.RedisExpected, m.RedisCores)
	row("memory of each gateway", " MB", c.gatewayMemory(f, p.Remembered, float64(p.Gateways))/1e6, m.GatewayMemory/1e6)
	row("memory of Redis, on its first day", " MB", c.redisMemory(f, 1)/1e6, m.RedisMemory/1e6)
	return nil
}

func whole(v float64) int { return int(math.Round(v)) }

// digits is a number with two digits that count, as far as the fourth place.
func digits(v float64) string {
	for places := 0; ; places++ {
		if v >= 10/math.Pow10(places) || v == 0 || places == 4 {
			return fmt.Sprintf("%.*f", places, v)
		}
	}
}
