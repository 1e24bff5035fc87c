package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"nextup/internal/eventlog/redislog"
	"nextup/internal/outbound"
	"nextup/internal/sitefile"
	"nextup/queue"
)

type checkCmd struct {
	File   string `arg:"" help:"Site file to check."`
	Before string `placeholder:"FILE" help:"Site file in force: what the checked one leaves out is named, since people may wait there."`
	Redis  string `placeholder:"URL" help:"Redis to try as well: whether it takes what gateways write, and its user may run what they need."`
	// Durability is what Redis has to be fit for.
	Durability string `help:"What Redis has to be fit for: memory, replica or disk." enum:"memory,replica,disk" default:"memory"`
}

// Help is shown by --help below the summary.
func (checkCmd) Help() string {
	return `Reads the site file as a gateway would, with the keys that it names, and prints what
it describes, or every problem with its line. Exits with 1 if there is one.

Example:

    nextup check site.yaml
    nextup check --before site.yaml new.yaml
    nextup check site.yaml --redis redis://nextup:PASSWORD@HOST:6379 --durability replica`
}

// Run implements the command.
func (c *checkCmd) Run(out io.Writer) error {
	file, err := sitefile.Load(c.File)
	var invalid *sitefile.Invalid
	if errors.As(err, &invalid) {
		fmt.Fprintln(out, invalid)
		return fmt.Errorf("problems found: %d", len(invalid.Problems)+invalid.More)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s is valid; sites: %d\n", c.File, len(file.Sites))
	for _, s := range file.Sites {
		describe(out, s)
	}
	if c.Redis != "" {
		if err := c.tryRedis(out); err != nil {
			return err
		}
	}
	if c.Before == "" {
		return nil
	}
	before, err := sitefile.Load(c.Before)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Before, err)
	}
	leftOut(out, before, file)
	return nil
}

// checkTimeout bounds how long Redis is tried.
const checkTimeout = 30 * time.Second

// tryRedis commits beside the logs on every server, as gateways do once a second.
func (c *checkCmd) tryRedis(out io.Writer) error {
	durability, err := redislog.ParseDurability(c.Durability)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
	defer cancel()
	if err := redislog.Check(ctx, c.Redis, redislog.Options{Durability: durability}); err != nil {
		return fmt.Errorf("redis: %w", err)
	}
	fmt.Fprintf(out, "\nRedis takes what gateways write (durability %s), and its user may run all that they need\n", durability)
	return nil
}

// leftOut names the sites and queues that the file before has and the new one does
// not: a gateway refuses to lose a site while it runs, and visitors who wait in such a
// queue have to be moved, or are served in another of their languages.
func leftOut(out io.Writer, before, file *sitefile.File) {
	fmt.Fprintln(out)
	none := true
	for _, old := range before.Sites {
		i := slices.IndexFunc(file.Sites, func(s sitefile.Site) bool { return s.ID() == old.ID() })
		if i < 0 {
			none = false
			fmt.Fprintf(out, "WARNING: site %s is left out: a gateway that runs refuses the file, since sites come and go with a restart\n", old.ID())
			continue
		}
		queues := file.Sites[i].Rules.Queues()
		for _, q := range old.Rules.Queues() {
			if !slices.Contains(queues, q) {
				none = false
				fmt.Fprintf(out, "WARNING: the queue %s of %s is left out: the board and the log of the reload say how many wait in it\n", q, old.ID())
			}
		}
	}
	if none {
		fmt.Fprintln(out, "no site and no queue of the file before is left out")
	}
}

func describe(out io.Writer, s sitefile.Site) {
	queues := 0
	fmt.Fprintf(out, "\n%s\n", s.ID())
	for i := range s.Rules.Departments {
		d := &s.Rules.Departments[i]
		queues += len(d.Languages)
		fmt.Fprintf(out, "  department %s: %s; at most %d waiting per queue, %s to accept an offer\n",
			d.ID, strings.Join(d.Languages, " "), d.QueueLimit, d.OfferTTL.Duration())
		if asks := requirementsOf(s.Rules, d); len(asks) > 0 {
			fmt.Fprintf(out, "    %s\n", strings.Join(asks, "; "))
		}
		if none := s.Unspoken(d); len(none) > 0 {
			fmt.Fprintf(out, "    WARNING: no agent of the file speaks %s well enough here: such visitors wait until the department widens, or for ever if they require their language\n",
				strings.Join(none, ", "))
		}
	}
	fmt.Fprintf(out, "  queues: %d\n", queues)
	if names := slices.Sorted(maps.Keys(s.Rules.Topics)); len(names) > 0 {
		fmt.Fprintf(out, "  topics with rules: %s\n", strings.Join(names, ", "))
	}
	if len(s.Rules.VisitorTiers)+len(s.Rules.Urgencies) > 0 {
		fmt.Fprintf(out, "  head starts: %s\n", strings.Join(headStarts(s.Rules), ", "))
	}
	if s.Rules.StickyWindow > 0 {
		fmt.Fprintf(out, "  the last agent is preferred for %s, waited for at most %s\n", s.Rules.StickyWindow.Duration(), s.Rules.StickyHold.Duration())
	}
	fmt.Fprintf(out, "  agents: capacity %d by default, %d known by name\n", s.Agents.Defaults.Capacity, len(s.Agents.Known))
	origins := "the gateway's own host"
	if len(s.Origins) > 0 {
		origins = strings.Join(s.Origins, " ")
	}
	fmt.Fprintf(out, "  origins: %s\n", origins)
	fmt.Fprintf(out, "  tokens live for at most %s\n", s.MaxTokenLife)
	if len(s.AllowNetworks) > 0 {
		fmt.Fprintf(out, "  addresses may also be in %s\n", strings.Trim(fmt.Sprint(s.AllowNetworks), "[]"))
	}
	for _, k := range s.Keys {
		roles := make([]string, len(k.Roles))
		for i, r := range k.Roles {
			roles[i] = string(r)
		}
		fmt.Fprintf(out, "  key %s: %s, for %s\n", k.ID, k.Algorithm, strings.Join(roles, " "))
		if k.JWKSURL != "" {
			if err := reachable(s, k); err != nil {
				fmt.Fprintf(out, "  WARNING: the key set of %s cannot be fetched from here: %v\n", k.ID, err)
			}
		}
		if k.Secret.Published() {
			fmt.Fprintf(out, "  WARNING: key %s has a secret that is published with Nextup, which anybody can read: serve takes it on 127.0.0.1 only\n", k.ID)
		}
	}
}

// reachable returns an error if a gateway here would not call the address of a key
// set. A name that cannot be resolved is no error, since it may be resolved where the
// gateway runs.
func reachable(s sitefile.Site, k sitefile.Key) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := outbound.Policy{Allow: s.AllowNetworks}.CheckNames(ctx, k.JWKSURL)
	if errors.Is(err, outbound.ErrRefused) {
		return err
	}
	return nil
}

// requirementsOf describes what a department requires of its agents, and what it gives
// up when.
func requirementsOf(s *queue.Site, d *queue.Department) []string {
	var asks []string
	if d.Tier > 1 {
		asks = append(asks, fmt.Sprintf("tier %d", d.Tier))
	}
	if len(d.Skills) > 0 {
		asks = append(asks, "skills "+strings.Join(d.Skills, " "))
	}
	if d.MinProficiency > 1 {
		asks = append(asks, fmt.Sprintf("proficiency %d", d.MinProficiency))
	}
	if d.AutoAccept {
		asks = append(asks, "accepts by itself")
	}
	if d.WrapUp > 0 {
		asks = append(asks, fmt.Sprintf("%s to wrap up", d.WrapUp.Duration()))
	}
	for _, w := range d.Widening {
		var gives []string
		switch w.Languages {
		case queue.SpreadNone:
		case queue.SpreadListed:
			gives = append(gives, "any listed language")
		case queue.SpreadFallback:
			gives = append(gives, s.Fallback)
		}
		if len(w.DropSkills) > 0 {
			gives = append(gives, "without "+strings.Join(w.DropSkills, " "))
		}
		if w.MinProficiency > 0 {
			gives = append(gives, fmt.Sprintf("proficiency %d", w.MinProficiency))
		}
		asks = append(asks, fmt.Sprintf("after %s %s", w.After.Duration(), strings.Join(gives, ", ")))
	}
	return asks
}

// headStarts describes the head starts by name.
func headStarts(s *queue.Site) []string {
	var all []string
	for _, tier := range slices.Sorted(maps.Keys(s.VisitorTiers)) {
		all = append(all, fmt.Sprintf("%s %s", tier, s.VisitorTiers[tier].Duration()))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Urgencies)) {
		u := s.Urgencies[name]
		by := "by token"
		if u.VisitorsMay {
			by = "visitors may"
		}
		all = append(all, fmt.Sprintf("%s %s (%s)", name, u.HeadStart.Duration(), by))
	}
	return all
}
