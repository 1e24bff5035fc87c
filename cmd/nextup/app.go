package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nextup/app"
	"nextup/app/conversation"
	"nextup/gateway"
	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/internal/eventlog"
	"nextup/internal/eventlog/redislog"
	"nextup/internal/sitefile"
	"nextup/presence"
	"nextup/presence/redispresence"
	"nextup/queue"
	"nextup/queue/logstore"
)

// appConfig configures an App.
type appConfig struct {
	// Listen is host:port; port 0 takes a free one, and "" the default or, if that is
	// in use, the next free port.
	Listen string
	// Redis is a URL; empty means the memory store.
	Redis string
	// Durability is what an acknowledgement from Redis means.
	Durability redislog.Durability
	// TrustDisk skips the proof of disk where Redis does not show its configuration.
	TrustDisk bool
	File      *sitefile.File
	Node      string
	// Levels are what it takes; nil means all that it knows.
	Levels []queue.LevelSpec
	// HelloRate and TrustedProxies are passed to the gateway.
	HelloRate      int
	TrustedProxies []netip.Prefix
	// DemoTokens mints tokens for any person at /demo/token.
	DemoTokens bool
	Pages      map[string][]byte
	Logger     *slog.Logger
	// Audit takes a line for each action of a supervisor; nil means the Logger.
	Audit *slog.Logger
	Admin adminConfig
	// Tracer hears of the ways of tickets; nil for none.
	Tracer app.Tracer
	// Certificate is for TLS at Listen; nil for none.
	Certificate *certificate
}

// App is one running gateway: it can start several times in one process.
type App struct {
	address      string
	adminAddress string
	moved        int  // the default port that was in use, or 0
	onlyHere     bool // it listens to this machine alone, and no proxy is in front
	backend      eventlog.Backend
	nodes        presence.Registry
	keys         *auth.Verifier
	reloads      *prometheus.CounterVec
	evicts       func() bool
	hub          *conversation.Hub
	app          *app.App
	gateway      *gateway.Gateway
	front        *front
	certificate  *certificate // nil without TLS
	server       *http.Server
	admin        *http.Server // nil without a private port
	registry     *prometheus.Registry
	served       chan struct{}
	failed       error // why the server ended; set before served is closed
}

// NewApp listens and starts everything, and waits for a Redis that is away until ctx
// ends. When a part fails it ends those that it has started.
func NewApp(ctx context.Context, c appConfig) (_ *App, err error) {
	a := &App{served: make(chan struct{}), registry: prometheus.NewRegistry()}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	measureBuild(a.registry, thisBuild())
	a.front = newFront()
	a.front.private = c.Admin.Listen != ""
	a.registry.MustRegister(readiness{a.front.Ready})
	a.onlyHere = onlyHere(c.Listen) && len(c.TrustedProxies) == 0
	keys, sites, err := a.parts(c.File)
	if err != nil {
		return nil, err
	}
	if a.keys, err = auth.New(keys, auth.Options{Logger: c.Logger}); err != nil {
		return nil, err
	}
	a.reloads = countReloads(a.registry)
	a.certificate = c.Certificate
	a.certificate.measure(a.registry)
	listener, moved, err := listen(ctx, c.Listen)
	if err != nil {
		return nil, err
	}
	a.moved, a.address = moved, listener.Addr().String()
	a.serveHTTP(listener, c.Logger)
	if c.Admin.Listen != "" {
		if err := a.serveAdmin(ctx, c.Admin, c.Logger, c.Audit); err != nil {
			return nil, err
		}
	}
	store, err := a.open(ctx, c)
	if err != nil {
		return nil, err
	}
	a.hub = conversation.New(a.backend, conversation.Options{Retention: retentionOf(c.File), Logger: c.Logger})
	application := app.Options{
		Node: c.Node, Store: store, Conversations: a.hub, Presence: a.nodes, Levels: c.Levels,
		Logger: c.Logger, Audit: c.Audit, Tracer: c.Tracer, Registry: a.registry,
	}
	for _, s := range sites {
		application.Sites = append(application.Sites, s.SiteOptions)
	}
	if a.app, err = app.New(application); err != nil {
		return nil, err
	}
	options := gateway.Options{
		App: a.app, Verifier: a.keys, Sites: sites,
		Ready: a.backend.Ready, Evicts: a.evicts, Logger: c.Logger, Pages: c.Pages,
		Nodes: eventlog.Nodes{Backend: a.backend}, Registry: a.registry, HideMetrics: a.front.private, HelloRate: c.HelloRate, TrustedProxies: c.TrustedProxies,
	}
	if c.DemoTokens {
		options.DemoToken = func(id auth.Identity) (string, error) { return sign(a.keys.Keys(), id) }
	}
	if a.gateway, err = gateway.New(options); err != nil {
		return nil, err
	}
	a.registry.MustRegister(keySets{a.keys})
	a.app.Start()
	a.front.gateway.Store(a.gateway)
	return a, nil
}

// open opens the backend that keeps the logs, and returns the store over it.
func (a *App) open(ctx context.Context, c appConfig) (queue.Store, error) {
	if c.Redis == "" {
		memory := eventlog.NewMemory()
		a.backend = memory
		return logstore.New(memory), nil
	}
	backend, err := openRedis(ctx, c.Redis, redislog.Options{Logger: c.Logger, Durability: c.Durability, TrustDisk: c.TrustDisk}, a.front.wait)
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	a.backend, a.nodes = backend, redispresence.New(backend.Client(), backend.Prove)
	a.evicts = backend.Evicts
	measureRedis(a.registry, backend)
	return logstore.New(backend), nil
}

// Node returns the name of this gateway among the others, which changes if it is taken
// for lost.
func (a *App) Node() string { return a.app.Node() }

// URL returns the address of the App for a browser on this machine.
func (a *App) URL() string {
	shown, _ := shownAddress(a.address)
	if a.certificate != nil {
		return "https://" + shown
	}
	return "http://" + shown
}

// Served returns a channel that is closed when the App no longer listens.
func (a *App) Served() <-chan struct{} { return a.served }

// StopReady has /readyz fail while the App serves on; Drain comes next.
func (a *App) StopReady() { a.gateway.StopReady() }

// Drain sends all clients to other gateways over the given time; Close comes next.
func (a *App) Drain(ctx context.Context, over time.Duration) { a.gateway.Drain(ctx, over) }

// Close ends what NewApp began, in the opposite order.
func (a *App) Close() error {
	var errs []error
	if a.admin != nil {
		errs = append(errs, a.admin.Close())
	}
	if a.server != nil { // its listener first; sockets are the gateway's
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if err := a.server.Shutdown(ctx); err != nil {
			errs = append(errs, a.server.Close())
		}
		<-a.Served()
	}
	if a.gateway != nil {
		errs = append(errs, a.gateway.Close())
	}
	if a.app != nil {
		a.app.Close()
	}
	if a.keys != nil {
		a.keys.Close()
	}
	if a.hub != nil {
		a.hub.Close()
	}
	if a.backend != nil {
		errs = append(errs, a.backend.Close())
	}
	if a.failed != nil && !errors.Is(a.failed, http.ErrServerClosed) {
		errs = append(errs, a.failed)
	}
	return errors.Join(errs...)
}

// parts turns a site file into keys and sites. It fails for a file with published
// secrets if the App can be reached from other machines.
func (a *App) parts(file *sitefile.File) (keys []auth.Key, sites []gateway.SiteOptions, err error) {
	if !a.onlyHere {
		if err := refusePublished(file); err != nil {
			return nil, nil, err
		}
	}
	for _, s := range file.Sites {
		k, err := Keys(s)
		if err != nil {
			return nil, nil, err
		}
		keys = append(keys, k...)
		sites = append(sites, siteOf(s))
	}
	return keys, sites, nil
}

// retentionOf returns how long each site keeps ended conversations.
func retentionOf(file *sitefile.File) map[string]time.Duration {
	all := map[string]time.Duration{}
	for _, s := range file.Sites {
		all[s.ID()] = s.Rules.Retention.Duration()
	}
	return all
}

// sign mints a token with the first key that has a secret and may sign for the
// identity's site and role.
func sign(keys []auth.Key, id auth.Identity) (string, error) {
	i := slices.IndexFunc(keys, func(k auth.Key) bool {
		return k.Secret != nil && slices.Contains(k.Sites, id.Site) && slices.Contains(k.Roles, id.Role)
	})
	if i < 0 {
		return "", fmt.Errorf("site %q has no key with a secret that may sign for the role %q", id.Site, id.Role)
	}
	return auth.Sign(keys[i], id)
}

// demoSigner returns the sign function of traffic: short-lived tokens of one site.
func demoSigner(keys []auth.Key, site string) func(role protocol.Role, subject, name string, languages []string) (string, error) {
	return func(role protocol.Role, subject, name string, languages []string) (string, error) {
		return sign(keys, auth.Identity{
			Site: site, Subject: subject, Role: role, Name: name, Languages: languages,
			ExpiresAt: time.Now().Add(12 * time.Hour),
		})
	}
}
