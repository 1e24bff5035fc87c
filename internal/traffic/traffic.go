// Package traffic drives simulated visitors and agents through the public protocol at
// human pace, so that a demo's queues move and a gateway has work. It measures nothing;
// the load suite does.
//
//	err := traffic.Run(ctx, traffic.Options{
//		Targets: []string{"ws://127.0.0.1:8080/v1/connect"}, Token: mint, Visitors: 20, Agents: 4, Pace: 1,
//		Wishes: []traffic.Wish{{Department: "support", Language: "en"}},
//	})
package traffic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"nextup/gateway/protocol"
	"nextup/internal/cadence"
	"nextup/internal/client"
)

// Options set how many people there are, where they connect and how fast they live.
type Options struct {
	// Targets are the gateways' addresses, such as ws://127.0.0.1:8080/v1/connect;
	// people are spread over them.
	Targets []string
	// Token mints a token of the site.
	Token func(role protocol.Role, subject, name string, languages []string) (string, error)
	// Visitors is how many visitors there are at a time; another follows each that leaves.
	// Agents is how many agents stay.
	Visitors, Agents int
	// Pace divides every pause: 1 is human, 10 is ten times as fast.
	Pace float64
	// Wishes is where visitors may join.
	Wishes []Wish
	// Report takes a line every few seconds; nil means none.
	Report io.Writer
	Seed   uint64
}

// Wish is a queue that visitors ask for.
type Wish struct{ Department, Language string }

// Run returns once the context has ended and all have left. It fails at once if the
// first person cannot connect.
func Run(ctx context.Context, o Options) error {
	if len(o.Targets) == 0 || len(o.Wishes) == 0 || o.Pace <= 0 {
		return errors.New("traffic: a target, a wish and a pace above 0 are required")
	}
	probe, err := o.Token(protocol.Visitor, "traffic-probe", "", nil)
	if err != nil {
		return err
	}
	first, err := client.Dial(ctx, o.Targets[0], probe, func(protocol.ServerFrame) {})
	if err != nil {
		return fmt.Errorf("the gateway at %s does not let us in: %w", o.Targets[0], err)
	}
	first.Close()

	crowd := &crowd{Options: o}
	var all sync.WaitGroup
	for i := range o.Agents {
		all.Go(func() { crowd.agent(ctx, i) })
	}
	for i := range o.Visitors {
		all.Go(func() { crowd.visitors(ctx, i) })
	}
	if o.Report != nil {
		all.Go(func() { crowd.report(ctx) })
	}
	all.Wait()
	return nil
}

// crowd is the people of a run and counts what happens to them.
type crowd struct {
	Options
	joined, served, left, messages, failures atomic.Int64
}

func (c *crowd) report(ctx context.Context) {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			fmt.Fprintf(c.Report, "traffic: %d joined, %d served, %d left, %d messages, %d failures\n",
				c.joined.Load(), c.served.Load(), c.left.Load(), c.messages.Load(), c.failures.Load())
		}
	}
}

// random returns a person's own source of chance, so that a run can be repeated.
func (c *crowd) random(kind, i int) *rand.Rand {
	return rand.New(rand.NewPCG(c.Seed, uint64(kind)<<32|uint64(i)))
}

// pause waits for about the time, at the crowd's pace; it returns false when the context
// has ended.
func (c *crowd) pause(ctx context.Context, rng *rand.Rand, about time.Duration) bool {
	d := time.Duration(rng.ExpFloat64() * float64(about) / c.Pace)
	return cadence.Pause(ctx, min(d, 5*about))
}

// connect dials until a gateway answers, with a pause after each failure.
func (c *crowd) connect(ctx context.Context, rng *rand.Rand, role protocol.Role, subject, name string, languages []string, on func(protocol.ServerFrame)) *client.Conn {
	for ctx.Err() == nil {
		token, err := c.Token(role, subject, name, languages)
		if err == nil {
			var conn *client.Conn
			if conn, err = client.Dial(ctx, c.Targets[rng.IntN(len(c.Targets))], token, on); err == nil {
				return conn
			}
		}
		c.failures.Add(1)
		if !c.pause(ctx, rng, 2*time.Second) {
			return nil
		}
	}
	return nil
}
