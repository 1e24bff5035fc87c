package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"nextup/app"
	"nextup/internal/eventlog/redislog"
	"nextup/internal/sitefile"
	"nextup/presence/redispresence"
	"nextup/queue"
	"nextup/queue/logstore"
)

// levelCmd shows and raises the levels of sites.
type levelCmd struct {
	Show  levelShowCmd  `cmd:"" help:"Print the level of each site, and which levels the gateways know."`
	Raise levelRaiseCmd `cmd:"" help:"Raise the level of sites, for good."`
}

// Help is shown by --help below the summary.
func (levelCmd) Help() string {
	return `A site's level says what its log may hold. A release writes what the last one cannot
read only from a level on, so that gateways of both can share a log while they are
replaced. Levels rise by themselves once all gateways have known one for a day, or by
nextup level raise. There is no way back: an older release refuses to serve a site at a
level that it does not know. docs/upgrades.md has more.

Example:

    nextup level show --site-file site.yaml --redis redis://127.0.0.1:6379
    nextup level raise --site-file site.yaml --redis redis://127.0.0.1:6379`
}

type levelFlags struct {
	SiteFile string   `help:"Site file with the sites; by default the demo's." placeholder:"FILE"`
	Redis    string   `help:"Redis that keeps the logs, as for serve." required:"" placeholder:"URL"`
	Site     []string `help:"Sites, with commas between; by default all of the file." placeholder:"ID"`
}

type levelShowCmd struct{ levelFlags }

type levelRaiseCmd struct {
	levelFlags
	auditFlags
	To         int    `help:"Level to raise to; by default the highest that this binary knows." default:"-1" env:"-" placeholder:"N"`
	Yes        bool   `help:"Do not ask." env:"-"`
	Durability string `help:"What the level is in before it counts as raised, as for serve: memory, replica or disk." enum:"memory,replica,disk" default:"memory"`
	Audit      string `help:"File to which what was raised is appended, one JSON object a line, as by serve; by default it goes to the standard error." placeholder:"FILE"`
}

// levelTimeout bounds a command, with the time to confirm it.
const levelTimeout = 10 * time.Minute

// secondLook is how long after the first look at the gateways the second one comes that a
// raise needs, so that it sees one that has started since. One whose word was gone, since it
// was late with its lease or Redis was started again, says it again within 5 s.
const secondLook = 6 * time.Second

// levels are what the commands look at.
type levels struct {
	backend *redislog.Backend
	store   *logstore.Store
	sites   []string
	demo    bool // no site file names the sites
	at      map[string]*queue.SiteLevel
	nodes   map[string]queue.Level // the highest level that each gateway knows
}

// openLevels opens Redis and reads what is there. The caller closes the backend.
func (c *levelFlags) openLevels(ctx context.Context, durability redislog.Durability) (*levels, error) {
	file, err := loadSites(c.SiteFile)
	if err != nil {
		return nil, err
	}
	l := &levels{demo: c.SiteFile == "", at: map[string]*queue.SiteLevel{}, nodes: map[string]queue.Level{}}
	if l.sites, err = c.sitesOf(file); err != nil {
		return nil, err
	}
	if l.backend, err = redislog.Open(ctx, c.Redis, redislog.Options{Durability: durability}); err != nil {
		return nil, redisError(err)
	}
	l.store = logstore.New(l.backend)
	err = l.lookAtNodes(ctx)
	for _, site := range l.sites {
		if err == nil {
			l.at[site], err = l.store.Level(ctx, site)
		}
	}
	if err != nil {
		return nil, errors.Join(err, l.backend.Close())
	}
	return l, nil
}

// redisError is an error of opening Redis in words that say what to look at.
func redisError(err error) error {
	if redislog.Away(err) {
		return fmt.Errorf("redis does not answer: nothing is known of its levels, and nothing was changed: %w", err)
	}
	return fmt.Errorf("redis: %w", err)
}

// lookAtNodes adds what the gateways know that live now.
func (l *levels) lookAtNodes(ctx context.Context) error {
	said, err := redispresence.New(l.backend.Client(), l.backend.Prove).Announcements(ctx)
	for node, words := range said {
		l.nodes[node] = app.KnownLevel(words)
	}
	return err
}

// tooOld is an error that names the gateways which do not know the level, nil if all do.
func (l *levels) tooOld(to queue.Level) error {
	var old []string
	for _, node := range slices.Sorted(maps.Keys(l.nodes)) {
		if l.nodes[node] < to {
			old = append(old, node)
		}
	}
	if len(old) == 0 {
		return nil
	}
	return fmt.Errorf("these gateways are too old for level %d and would stop serving: replace them first: %s", to, strings.Join(old, ", "))
}

func (c *levelFlags) sitesOf(file *sitefile.File) ([]string, error) {
	var all []string
	for _, s := range file.Sites {
		all = append(all, s.ID())
	}
	if len(c.Site) == 0 {
		return all, nil
	}
	for _, id := range c.Site {
		if !slices.Contains(all, id) {
			return nil, fmt.Errorf("--site %s: the site file has %s", id, strings.Join(all, ", "))
		}
	}
	return c.Site, nil
}

func levelOf(l *queue.SiteLevel) queue.Level {
	if l == nil {
		return queue.Level0
	}
	return l.Level
}

// Run implements the command.
func (c *levelShowCmd) Run(out io.Writer) error {
	adopt(newLogger(os.Stderr, "error", "text"))
	ctx, cancel := context.WithTimeout(context.Background(), levelTimeout)
	defer cancel()
	l, err := c.openLevels(ctx, redislog.Memory)
	if err != nil {
		return err
	}
	l.print(out)
	return l.backend.Close()
}

// print writes the levels of the sites, what the gateways know, and what levels bring.
func (l *levels) print(out io.Writer) {
	if l.demo {
		fmt.Fprintln(out, "no --site-file is given: this is the demo's site, which an installation does not have")
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, site := range l.sites {
		raised := "never raised"
		if at := l.at[site]; at != nil {
			raised = "raised " + time.UnixMilli(int64(at.RaisedAt)).UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(w, "site %s\tlevel %d\t%s\n", site, levelOf(l.at[site]), raised)
	}
	for _, node := range slices.Sorted(maps.Keys(l.nodes)) {
		fmt.Fprintf(w, "gateway %s\tknows %d\t\n", node, l.nodes[node])
	}
	fmt.Fprintf(w, "this binary\tknows %d\t\n", queue.Newest(queue.Levels()))
	_ = w.Flush() // as little as Fprintf's errors
	for level, spec := range queue.Levels() {
		fmt.Fprintf(out, "level %d brings %s\n", level, strings.Join(spec.Brings, "; "))
	}
}

// Run implements the command.
func (c *levelRaiseCmd) Run(out io.Writer) error {
	adopt(newLogger(os.Stderr, "error", "text")) // what the client of Redis says, the error says too
	return c.raise(out, os.Stdin)
}

func (c *levelRaiseCmd) raise(out io.Writer, in io.Reader) error {
	ctx, cancel := context.WithTimeout(context.Background(), levelTimeout)
	defer cancel()
	durability, err := redislog.ParseDurability(c.Durability)
	if err != nil {
		return err
	}
	to := queue.Newest(queue.Levels())
	if c.To > int(to) {
		return fmt.Errorf("--to %d: this binary knows levels up to %d", c.To, to)
	} else if c.To >= 0 {
		to = queue.Level(c.To)
	}
	audit := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	if c.Audit != "" { // before anything is raised
		file, err := openAudit(c.Audit, audit)
		if err != nil {
			return fmt.Errorf("--audit: %w", err)
		}
		defer func() { _ = file.Close() }() // every line is written by now
		audit = file.logger()
	}
	l, err := c.openLevels(ctx, durability)
	if err != nil {
		return err
	}
	return errors.Join(c.raiseAll(ctx, l, to, out, in, audit), l.backend.Close())
}

// tell writes to the audit log that a site's level was raised or, where the log of the site
// did not answer, may have been.
func (c *levelRaiseCmd) tell(audit *slog.Logger, site string, to queue.Level, more ...any) {
	audit.Info("audit", append([]any{
		"site", site, "by", c.operator(), "role", string(app.Admin), "action", "level", "level", int(to), "reason", c.Reason,
	}, more...)...)
}

func (c *levelRaiseCmd) raiseAll(ctx context.Context, l *levels, to queue.Level, out io.Writer, in io.Reader, audit *slog.Logger) error {
	l.print(out)
	if err := l.tooOld(to); err != nil {
		return err
	}
	looked := time.Now()
	changes := map[string]queue.Change{}
	for _, site := range l.sites {
		change, err := queue.RaiseLevel(l.at[site], to, "operator")
		if err != nil {
			return fmt.Errorf("site %s: %w", site, err)
		}
		if !change.Empty() {
			changes[site] = change
		}
	}
	if len(changes) == 0 {
		fmt.Fprintf(out, "nothing to do: every site is at level %d\n", to)
		return nil
	}
	if !c.Yes {
		fmt.Fprintf(out, "Raise to level %d for good? A release that does not know it can then not serve: %s. Type yes: ", to, strings.Join(slices.Sorted(maps.Keys(changes)), ", "))
		answer, _ := bufio.NewReader(in).ReadString('\n') // an end counts as no
		if strings.TrimSpace(answer) != "yes" {
			return errors.New("nothing is raised: it was not confirmed (--yes does not ask)")
		}
	}
	fmt.Fprintf(out, "Looking for gateways again, for up to %s.\n", secondLook)
	time.Sleep(time.Until(looked.Add(secondLook)))
	if err := errors.Join(l.lookAtNodes(ctx), l.tooOld(to)); err != nil {
		return err
	}
	for _, site := range slices.Sorted(maps.Keys(changes)) {
		outcomes, err := l.store.Commit(ctx, site, []queue.Change{changes[site]})
		if err != nil {
			c.tell(audit, site, to, "unclear", true)
			return fmt.Errorf("site %s: it is not known whether its level is raised; raise it again: %w", site, err)
		}
		if outcomes[0].Verdict != queue.Done {
			return fmt.Errorf("site %s: its level was raised by another at the same time; nextup level show prints it", site)
		}
		c.tell(audit, site, to)
		fmt.Fprintf(out, "site %s is at level %d\n", site, to)
	}
	return nil
}
