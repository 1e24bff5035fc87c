package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	"nextup/app"
	clientjs "nextup/client-js"
	"nextup/gateway/auth"
	"nextup/internal/eventlog/redislog"
	"nextup/internal/heap"
	"nextup/internal/sitefile"
	"nextup/internal/tracing"
	"nextup/internal/traffic"
	"nextup/queue"
)

type serveCmd struct {
	Listen       string         `help:"Address to listen on; port 0 takes a free one. By default 127.0.0.1:8080 or, if another program has that, the next free port." placeholder:"HOST:PORT"`
	SiteFile     string         `help:"Site file; by default the built-in demo site." placeholder:"FILE"`
	Redis        string         `help:"Redis that keeps the logs; without it they live and die with this process." placeholder:"URL"`
	Durability   string         `help:"What is acknowledged is in Redis's memory, on a replica, or on disk: memory, replica or disk." enum:"memory,replica,disk" default:"memory"`
	TrustDisk    bool           `help:"With disk: do not ask Redis for its configuration, as a managed Redis may not allow it."`
	Node         string         `help:"Name of this gateway among the others; by default a random one." placeholder:"NAME"`
	Demo         bool           `help:"Add simulated visitors and agents, and mint tokens for anybody. Never in production."`
	DemoTokens   bool           `help:"Mint tokens for anybody at /demo/token. Never in production."`
	HelloRate    int            `help:"Hellos a second that are taken; the others are told when to come back." default:"1000"`
	TrustedProxy []netip.Prefix `help:"Networks of proxies whose X-Forwarded-For (or Forwarded, where that is missing) is believed, with commas between." placeholder:"CIDR"`
	MaxLevel     int            `help:"Highest level of a site that this gateway takes, by default all that it knows; a lower one keeps the way back to an older release open (nextup level --help)." default:"-1" placeholder:"N"`
	LameDuck     time.Duration  `help:"Time after SIGTERM for which /readyz fails while new clients are still served, until every balancer has noticed; --drain follows." default:"0s"`
	Drain        time.Duration  `help:"Time over which sockets are sent elsewhere after SIGTERM." default:"8s"`

	TLSCert string `help:"Certificate, with those between it and its root, for TLS at --listen; read again when it changes and on SIGHUP." name:"tls-cert" placeholder:"FILE"`
	TLSKey  string `help:"Private key of --tls-cert." name:"tls-key" placeholder:"FILE"`

	Admin         string `help:"Address of a private port: metrics, which are then not at --listen, readiness, profiles, reload and drain. Off by default." placeholder:"HOST:PORT"`
	AdminAnywhere bool   `help:"Let --admin listen where other machines reach it: they are answered metrics and readiness, and nothing else."`

	AdminTokenFile string `help:"File with a token that the admin port asks for, but for metrics and readiness; without it every program of this machine may ask." placeholder:"FILE"`

	Audit string `help:"File to which what supervisors do is appended, one JSON object a line; by default the log has it, with audit=true." placeholder:"FILE"`

	TraceTo    string  `help:"Collector that gets the ways of tickets as traces (OTLP over HTTP); off by default." placeholder:"URL"`
	TraceShare float64 `help:"With --trace-to: share of the tickets that is followed, 0 to 1." default:"0.01"`

	LogLevel  string `help:"Least level that is logged: debug, info, warn or error." enum:"debug,info,warn,error" default:"info"`
	LogFormat string `help:"Form of the log lines: text or json." enum:"text,json" default:"text"`

	known variables // of the environment; none in tests
}

// Help is shown by --help below the summary.
func (serveCmd) Help() string {
	return `Redis is given as redis://HOST:PORT, rediss:// for TLS, redis+sentinel://MASTER@H1:P1,H2:P2
or redis+cluster://H1:P1,H2:P2. Any number of gateways may share one; a visitor and
their agent can be on different ones. Logs go to stderr and hold neither tokens nor
what people write.

The site file is read again when it or a secret or key file that it names changes,
and on SIGHUP (which also opens the audit file anew, for rotation); so are the files of
--tls-cert and --tls-key. A file with problems is refused and what was in force stays. Sites themselves come and go only with a restart.

Example:

    nextup serve --demo
    nextup serve --site-file site.yaml --redis redis://127.0.0.1:6379`
}

// Run implements the command.
func (c *serveCmd) Run(out io.Writer, known variables) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	adopt(c.logger(os.Stderr))
	c.known = known
	err := c.serve(ctx, stop, out, os.Stderr)
	if err != nil && c.LogFormat == formatJSON {
		c.logger(os.Stderr).Error("the gateway has ended", "err", err)
		return loggedError{err}
	}
	return err
}

// serve runs until the context ends, and then calls last, after which a signal ends
// the process at once.
func (c *serveCmd) serve(ctx context.Context, last func(), out, logs io.Writer) error {
	heap.Bound()
	log := c.logger(logs)
	file, err := loadSites(c.SiteFile)
	if err != nil {
		return err
	}
	if c.known != nil {
		c.known.warn(log, os.Environ(), file.Variables)
		warnOfArguments(log, os.Args, c.Redis)
	}
	reload := newReloader(c.SiteFile, file, log)
	if err := errors.Join(c.safe(), c.safeAdmin()); err != nil {
		return err
	}
	if reload.certificate, err = newCertificate(c.TLSCert, c.TLSKey); err != nil {
		return err
	}
	if t := reload.certificate; t != nil && t.overdue(time.Now()) {
		log.Error("the certificate has run out, so browsers do not connect; a renewed one is taken as soon as its files are there", "file", c.TLSCert, "until", t.leaf().NotAfter)
	}
	token := ""
	if c.AdminTokenFile != "" {
		if token, err = adminToken(c.AdminTokenFile); err != nil {
			return err
		}
	}
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	durability, err := redislog.ParseDurability(c.Durability)
	if err != nil {
		return err
	}
	levels := queue.Levels()
	if c.MaxLevel > int(queue.Newest(levels)) {
		return fmt.Errorf("--max-level %d: this binary knows levels up to %d", c.MaxLevel, queue.Newest(levels))
	} else if c.MaxLevel >= 0 {
		levels = levels[:c.MaxLevel+1]
	}
	var audit *slog.Logger
	if c.Audit != "" {
		if reload.audit, err = openAudit(c.Audit, log); err != nil {
			return fmt.Errorf("--audit: %w", err)
		}
		defer func() { _ = reload.audit.Close() }() // every line is written by now
		audit = reload.audit.logger()
	}
	told := make(chan os.Signal, 1) // from the start, since a SIGHUP without a receiver ends the process
	signal.Notify(told, syscall.SIGHUP)
	defer signal.Stop(told)
	var tracer app.Tracer
	if c.TraceTo != "" {
		exporter, err := tracing.New(tracing.Options{Endpoint: c.TraceTo, Share: c.TraceShare, Version: thisBuild().version, Log: log})
		if err != nil {
			return fmt.Errorf("--trace-to: %w", err)
		}
		defer exporter.Close()
		tracer = exporter
	}
	pages, built := clientjs.Assets()
	app, err := NewApp(ctx, appConfig{
		Listen: c.Listen, Redis: c.Redis, Durability: durability, TrustDisk: c.TrustDisk, File: file, Node: c.Node,
		Levels: levels, HelloRate: c.HelloRate, TrustedProxies: c.TrustedProxy, DemoTokens: c.Demo || c.DemoTokens, Pages: pages, Logger: log, Audit: audit,
		Admin: adminConfig{Listen: c.Admin, Token: token, Reload: reload.ask, Drain: leave}, Certificate: reload.certificate, Tracer: tracer,
	})
	if err != nil {
		if ctx.Err() != nil {
			return nil // told to end before it had started
		}
		return err
	}
	c.logStart(log, app, file)
	if c.LogFormat == formatJSON {
		out = logLines{log}
	}
	c.greet(out, app, built)
	if c.Demo {
		go c.traffic(ctx, app, file, log)
	}
	reload.run(ctx, app, told)
	if ctx.Err() == nil {
		return app.Close() // returns why it no longer serves
	}
	last()
	if c.LameDuck > 0 {
		app.StopReady()
		fmt.Fprintf(out, "leaving: not ready, and served on for %s; a second signal ends it at once\n", c.LameDuck)
		if !serves(app, c.LameDuck) {
			return app.Close()
		}
	}
	fmt.Fprintf(out, "leaving: sockets are sent elsewhere within %s; a second signal ends it at once\n", c.Drain)
	drain, cancel := context.WithTimeout(context.Background(), c.Drain+2*time.Second)
	defer cancel()
	app.Drain(drain, c.Drain)
	return app.Close()
}

// serves reports whether the App still listens after the time.
func serves(app *App, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-app.Served():
		return false
	}
}

// safe returns an error for a durability that the store does not have, for numbers that
// cannot be meant, and for the demo
// on an address that others reach: every reader of the source has the demo's key.
func (c *serveCmd) safe() error {
	if c.Redis == "" && c.Durability != "memory" {
		return fmt.Errorf("--durability %s: the memory store keeps nothing; give --redis URL", c.Durability)
	}
	if _, _, err := net.SplitHostPort(c.Listen); c.Listen != "" && err != nil {
		return fmt.Errorf("--listen %s: want HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080", c.Listen)
	}
	if c.Drain < 0 || c.LameDuck < 0 {
		return fmt.Errorf("--drain %s, --lame-duck %s: want a time of 0 or more", c.Drain, c.LameDuck)
	}
	if c.HelloRate < 1 {
		return fmt.Errorf("--hello-rate %d: want 1 or more", c.HelloRate)
	}
	if c.TraceShare < 0 || c.TraceShare > 1 {
		return fmt.Errorf("--trace-share %v: want 0 to 1", c.TraceShare)
	}
	if onlyHere(c.Listen) {
		return nil
	}
	if c.SiteFile == "" || c.Demo || c.DemoTokens {
		return fmt.Errorf("--listen %s: the demo lets anybody be anybody, so it listens on 127.0.0.1 only; give a --site-file with keys of your own, and no --demo", c.Listen)
	}
	return nil
}

// logStart logs what began, so that what follows can be read without the command line.
func (c *serveCmd) logStart(log *slog.Logger, app *App, file *sitefile.File) {
	var sites []string
	for _, s := range file.Sites {
		sites = append(sites, s.ID())
	}
	store := "memory"
	if c.Redis != "" {
		store = "redis" // without its address, which may hold a password
	}
	b := thisBuild()
	log.Info("the gateway has started", "version", b.version, "commit", b.commit, "go", b.toolchain, "node", app.Node(),
		"url", app.URL(), "admin", app.AdminURL(), "store", store, "durability", c.Durability, "sites", sites, "site_file", c.SiteFile)
}

// greet prints what runs and where, first the line that scripts wait for.
func (c *serveCmd) greet(out io.Writer, app *App, built bool) {
	fmt.Fprintf(out, "listening on %s\n", app.URL())
	if app.moved > 0 {
		fmt.Fprintf(out, "port %d is in use by another program: this took the next free one (--listen HOST:PORT for another)\n", app.moved)
	}
	if _, everywhere := shownAddress(app.address); everywhere {
		fmt.Fprintln(out, "and on every other address of this machine")
	}
	if url := app.AdminURL(); url != "" {
		fmt.Fprintf(out, "admin port    %s\n", url)
	}
	if c.Redis == "" {
		fmt.Fprintln(out, "memory store: one gateway, and nothing outlives it (--redis URL for a real one)")
	}
	if !built {
		fmt.Fprintln(out, "the pages are not built: run make build (needs Node.js)")
		return
	}
	fmt.Fprintf(out, "visitor page  %s/visitor.html\nagent desk    %s/desk\n", app.URL(), app.URL())
}

func (c *serveCmd) logger(w io.Writer) *slog.Logger { return newLogger(w, c.LogLevel, c.LogFormat) }

// traffic keeps the demo's queues moving, with a few more visitors than the agents can
// serve, so that there is always a line.
func (c *serveCmd) traffic(ctx context.Context, app *App, file *sitefile.File, log *slog.Logger) {
	site := file.Sites[0]
	var keys []auth.Key
	keys, err := Keys(site)
	if err == nil {
		err = traffic.Run(ctx, traffic.Options{
			Targets:  []string{socketURL(app.URL())},
			Token:    demoSigner(keys, site.ID()),
			Visitors: 36, Agents: 5, Pace: 2, Wishes: wishesOf(site),
		})
	}
	if err != nil {
		log.Error("the demo's traffic has ended", "err", err)
	}
}
