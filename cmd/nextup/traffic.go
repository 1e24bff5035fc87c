package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"nextup/internal/sitefile"
	"nextup/internal/traffic"
)

type trafficCmd struct {
	Target   []string      `help:"Gateways to go to, with commas between." default:"http://127.0.0.1:8080" placeholder:"URL"`
	SiteFile string        `help:"Site file with a key that may sign for visitors and agents; by default the demo's." placeholder:"FILE"`
	Visitors int           `help:"Visitors at a time." default:"20"`
	Agents   int           `help:"Agents on shift." default:"4"`
	Pace     float64       `help:"How many times faster than people they live." default:"1"`
	For      time.Duration `help:"How long; 0 means until interrupted." default:"0s" placeholder:"DURATION"`
	Seed     uint64        `help:"Seed of everything that is random." default:"1"`
}

// Help is shown by --help below the summary.
func (trafficCmd) Help() string {
	return `Simulated visitors join, wait, write, lose patience or are served; simulated agents
accept, answer and close. They use the public protocol, as any client would. Send them
to gateways of your own only.

Example:

    nextup traffic --target http://127.0.0.1:8080 --visitors 50 --agents 6 --pace 5 --for 2m`
}

// Run implements the command.
func (c *trafficCmd) Run(out io.Writer) error {
	if c.Visitors < 0 || c.Agents < 0 || c.Visitors+c.Agents > 15_000 {
		return fmt.Errorf("--visitors %d --agents %d: want 0 or more, and at most 15000 together", c.Visitors, c.Agents)
	}
	if c.Pace <= 0 || c.Pace > 1000 {
		return fmt.Errorf("--pace %g: want more than 0 and at most 1000", c.Pace)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if c.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.For)
		defer cancel()
	}
	file, err := loadSites(c.SiteFile)
	if err != nil {
		return err
	}
	site := file.Sites[0]
	keys, err := Keys(site)
	if err != nil {
		return err
	}
	o := traffic.Options{
		Token: demoSigner(keys, site.ID()), Visitors: c.Visitors, Agents: c.Agents, Pace: c.Pace,
		Wishes: wishesOf(site), Report: out, Seed: c.Seed,
	}
	for _, t := range c.Target {
		o.Targets = append(o.Targets, socketURL(t))
	}
	if err := traffic.Run(ctx, o); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// socketURL returns the address of a gateway's socket.
func socketURL(target string) string {
	return "ws" + strings.TrimPrefix(strings.TrimSuffix(target, "/"), "http") + "/v1/connect"
}

// wishesOf returns a wish for each queue of a site.
func wishesOf(s sitefile.Site) []traffic.Wish {
	var all []traffic.Wish
	for _, d := range s.Rules.Departments {
		for _, l := range d.Languages {
			all = append(all, traffic.Wish{Department: d.ID, Language: l})
		}
	}
	return all
}
