// Package gateway is the edge: sockets, who is connected, and who is told what
// and when. It decides nothing: what people ask for is a command of package app,
// and a view shows what the replica has replayed.
//
//	application, err := app.New(…)
//	g, err := gateway.New(gateway.Options{App: application, Verifier: keys, Sites: sites})
//	application.Start() // the gateway has subscribed
//	server := &http.Server{Handler: g, ConnState: g.ConnState}
//	defer application.Close()
//	defer g.Close()
//
// # How a request runs
//
// A conn reads frames one by one and never waits for anything outside: a heartbeat
// is answered on the spot, and every other frame becomes a command (commands.go),
// which the application authorises, does and answers, those of one conversation in
// order.
//
// # How people are told
//
// Replay is the only source of news. The gateway subscribes to each site's replica and
// shows the people whom a step concerns their view anew: at once when their ticket or
// desk changed (site.go), and by the cadence (push.go) when only their place in line did.
// show builds every view of every kind, so the first frame, an update and the
// answer to a reconnect cannot disagree.
//
// # What a conn costs
//
// No goroutine and no buffer while nothing comes or waits (package socket). Frames
// are written where they are made; what the kernel does not take waits, bounded
// in bytes, and a client that does not read is closed.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"

	"nextup/app"
	"nextup/gateway/auth"
	"nextup/gateway/fanout"
	"nextup/gateway/socket"
	"nextup/internal/cadence"
	"nextup/queue"
)

// Site is one tenant as the edge sees it.
type Site struct {
	Rules *queue.Site
	// Digest names everything that the site file says of the site, so that
	// gateways notice when theirs differ; "" stands for that of Rules alone.
	Digest string
	// Origins are the Origin headers that browsers may come from besides the
	// gateway's own host; "*" allows all.
	Origins []string
	// Languages are the site's BCP 47 tags.
	Languages []string
	// Agent returns what the site file says of an agent: departments, skills (sorted),
	// tier and capacity. Languages replace those of the token, nil leaves them.
	Agent func(subject string) queue.AgentFacts
	// VisitorHeartbeat and AgentHeartbeat are how often clients must be heard.
	VisitorHeartbeat, AgentHeartbeat time.Duration
	Limits                           Limits
}

// ForApp is what the application needs to know of the site.
func (s Site) ForApp() app.SiteOptions { return app.SiteOptions{Rules: s.Rules, Digest: s.Digest} }

// Verifier checks a token; see auth.Verifier.
type Verifier interface {
	Verify(ctx context.Context, token string, now time.Time) (auth.Identity, error)
	// Changes counts the times at which Holds may have come to say otherwise.
	Changes() uint64
	// Holds reports whether the key of a token that was verified is still in force.
	Holds(id auth.Identity, now time.Time) bool
}

// Options are what a Gateway is made of. App, Verifier and Sites are required.
type Options struct {
	// App serves the same sites. It is started after the gateway was made, and closed
	// after the gateway.
	App      *app.App
	Verifier Verifier
	Sites    []Site
	// HelloRate is how many hellos a second are taken, and as many at once; 0
	// counts as 1000. Who is turned away is told when to come back.
	HelloRate int
	// TrustedProxies are those whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// Ready says whether the log's backend is reachable; nil counts as yes.
	Ready func(ctx context.Context) error
	// Evicts says whether the log's backend throws away what it holds when it is full;
	// nil counts as no.
	Evicts func() bool
	Logger *slog.Logger
	// Registry takes the metrics; nil means a new one.
	Registry *prometheus.Registry
	// Pages are the client's files, served at /.
	Pages fs.FS
	// DemoToken, when set, mints a token for anybody at /demo/token. It is for
	// development only.
	DemoToken func(auth.Identity) (string, error)
}

// Gateway serves the sites over HTTP. It is started by New and ended by Close.
type Gateway struct {
	options Options
	app     *app.App
	log     *slog.Logger
	metrics *metrics
	sites   map[string]*site
	handler http.Handler

	ctx  context.Context
	stop context.CancelFunc
	work sync.WaitGroup
	loop *socket.Loop

	// Those of whom only the address is known, and what tokens ask for over HTTP.
	strangers lobby[*conn]
	httpConns lobby[net.Conn]
	asking    throttle[string]
	kinds     kinds
	readiness singleflight.Group

	started  time.Time
	draining atomic.Bool
	unready  atomic.Bool // set by StopReady

	connsOpened atomic.Uint64
	admission   *admission

	conns timerWheel
}

// New subscribes to the sites and returns the gateway. Close must be called.
func New(o Options) (*Gateway, error) {
	if o.App == nil || o.Verifier == nil || len(o.Sites) == 0 {
		return nil, errors.New("gateway: an App, a verifier and at least one site are required")
	}
	if o.Evicts == nil {
		o.Evicts = func() bool { return false }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	if o.HelloRate == 0 {
		o.HelloRate = 1000
	}
	loop, err := socket.NewLoop()
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		loop:      loop,
		started:   time.Now(),
		admission: newAdmission(o.HelloRate),
		options:   o,
		app:       o.App,
		log:       o.Logger,
		metrics:   newMetrics(o.Registry),
		sites:     map[string]*site{},
	}
	g.ctx, g.stop = context.WithCancel(context.Background())
	cadence := fanout.NewMetrics(o.Registry)
	for _, s := range o.Sites {
		g.sites[s.Rules.ID] = newSite(g, s, cadence)
	}
	g.kinds.name()
	g.handler = g.routes()
	g.work.Go(g.watch)
	return g, nil
}

// ServeHTTP implements http.Handler.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.handler.ServeHTTP(w, r) }

// Close tells every client to come back elsewhere (1012), gives the sockets up
// to a second to hear it, and ends everything that New started.
func (g *Gateway) Close() error {
	g.draining.Store(true)
	g.app.Leaving()
	var closing sync.WaitGroup
	for _, c := range g.conns.all() {
		closing.Go(c.leave)
	}
	closing.Wait()
	g.stop()
	g.loop.Close()
	for _, s := range g.sites {
		s.people.Close()
	}
	g.work.Wait()
	return nil
}

// ErrLeaving is what Ready returns after StopReady, Drain or Close.
var ErrLeaving = errors.New("the gateway is leaving")

// StopReady has Ready fail, so that balancers send their next clients elsewhere, while
// the gateway serves on, also those who still come. Drain comes next.
func (g *Gateway) StopReady() { g.unready.Store(true) }

// Ready is nil while the gateway can serve: the log is reachable and takes
// changes, and every replica is up to date.
func (g *Gateway) Ready(ctx context.Context) error {
	if g.unready.Load() || g.draining.Load() {
		return ErrLeaving
	}
	if g.options.Ready != nil {
		if err := g.options.Ready(ctx); err != nil {
			return err
		}
	}
	for id, s := range g.sites {
		if s.parted() {
			return errors.New("this gateway cannot say that it lives: the others take it for lost")
		}
		if err := s.Unavailable(); err != nil {
			return fmt.Errorf("site %s: %w", id, err)
		}
	}
	return nil
}

// watch looks at the conns as the wheel turns.
func (g *Gateway) watch() {
	for keys := g.options.Verifier.Changes(); cadence.Wait(g.ctx, wheelStep); {
		now := g.now()
		if changes := g.options.Verifier.Changes(); changes != keys {
			keys = changes
			g.endKeyless(now)
		}
		g.conns.turn(func(c *conn) time.Duration { return c.look(now) })
		for _, s := range g.sites {
			s.sendElsewhereIfUnfit()
		}
	}
}

// now is the wall clock of the log: a gateway whose own clock is wrong neither lets
// in whose token has run out nor turns away whose has not.
func (g *Gateway) now() time.Time { return g.app.Wall() }
