// Package gateway is the edge: it puts together what people connect to. It decides
// nothing: what people ask for is a command of package app, and a view shows what the
// replica has replayed.
//
//	application, err := app.New(…)
//	g, err := gateway.New(gateway.Options{App: application, Verifier: keys, Sites: sites})
//	application.Start() // the gateway has subscribed
//	server := &http.Server{Handler: g, ConnState: g.ConnState}
//	defer application.Close()
//	defer g.Close()
//
// Its rooms, from the outside in:
//
//   - httpapi answers HTTP, and session is what a client has by any transport; both turn what
//     comes into commands of the application. ws is the transport over sockets, and
//     stream the one for networks that let no socket through.
//   - admission decides for both who may come, and has the table of refusals; auth checks
//     tokens.
//   - fanout keeps who is connected, and decides when they are shown what.
//   - view makes what is shown from the state. Every view of every kind is made there, so the
//     first frame, an update and the answer to a reconnect cannot disagree.
//   - protocol is the wire, and socket the sockets themselves.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"nextup/app"
	"nextup/gateway/admission"
	"nextup/gateway/auth"
	"nextup/gateway/fanout"
	"nextup/gateway/httpapi"
	"nextup/gateway/session"
	"nextup/gateway/socket"
	"nextup/gateway/stream"
	"nextup/gateway/ws"
)

// What a gateway is given; see package admission.
type (
	// SiteOptions are what the gateway needs to know of one site.
	SiteOptions = admission.SiteOptions
	// Verifier checks a token.
	Verifier = admission.Verifier
)

// ErrOtherSites is the error of SetSites for other sites than those that are served.
var ErrOtherSites = admission.ErrOtherSites

// Options are what a Gateway is made of. App, Verifier and Sites are required.
type Options struct {
	// App serves the same sites. It is started after the gateway was made, and closed
	// after the gateway.
	App      *app.App
	Verifier Verifier
	Sites    []SiteOptions
	// HelloRate is how many hellos a second are taken, and as many at once; 0
	// counts as 1000. A client that is turned away is told when to come back.
	HelloRate int
	// TrustedProxies are those whose X-Forwarded-For or Forwarded is believed.
	TrustedProxies []netip.Prefix
	// Ready is nil while the log's backend is reachable; a nil function counts as that.
	Ready func(ctx context.Context) error
	// Evicts reports whether the log's backend throws away what it holds when it is full;
	// a nil function counts as no.
	Evicts func() bool
	// Nodes carries frames between the gateways for people without a socket; nil means that
	// there is no other gateway.
	Nodes  stream.Nodes
	Logger *slog.Logger
	// Registry takes the metrics; nil means a new one.
	Registry *prometheus.Registry
	// HideMetrics keeps them from /metrics, since another port shows them.
	HideMetrics bool
	// Pages are the client's files by name, served at /.
	Pages map[string][]byte
	// DemoToken, when set, mints a token for any client at /demo/token. It is for
	// development only.
	DemoToken func(auth.Identity) (string, error)
}

// Gateway serves the sites over HTTP. It is made by New and ended by Close.
type Gateway struct {
	app      *app.App
	ready    func(ctx context.Context) error
	gate     *admission.Gate
	people   map[string]*fanout.Site
	sessions *session.Server
	loop     *socket.Loop
	streams  *stream.Server
	api      *httpapi.API
	unready  atomic.Bool // set by StopReady
	ctx      context.Context
	stop     context.CancelFunc
}

// goodbyes are the usual ones. Only tests change them.
var goodbyes session.Goodbyes

// reopen is after how long streams are opened anew, 0 for the usual time. Only tests change
// it.
var reopen time.Duration

// New subscribes to the sites and returns the gateway. Close must be called.
func New(o Options) (*Gateway, error) {
	if o.App == nil || o.Verifier == nil || len(o.Sites) == 0 {
		return nil, errors.New("gateway: an App, a verifier and at least one site are required")
	}
	if o.Ready == nil {
		o.Ready = func(context.Context) error { return nil }
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
	loop, err := socket.NewLoop()
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		app: o.App, loop: loop, ready: o.Ready, people: map[string]*fanout.Site{},
		gate: admission.New(admission.Options{
			App: o.App, Verifier: o.Verifier, Sites: o.Sites, TrustedProxies: o.TrustedProxies, Registry: o.Registry, Log: o.Logger,
		}),
	}
	g.ctx, g.stop = context.WithCancel(context.Background())
	metrics := fanout.NewMetrics(o.Registry)
	for _, s := range o.Sites {
		id := s.Rules.ID
		g.people[id] = fanout.New(g.ctx, o.App.Site(id), s.Rules, fanout.Options{
			Metrics: metrics, Evicts: o.Evicts, Logger: o.Logger.With("site", id),
		})
	}
	g.sessions = session.New(session.Options{
		App: o.App, Gate: g.gate, People: g.people, HelloRate: o.HelloRate, Goodbyes: goodbyes, Logger: o.Logger, Registry: o.Registry,
	})
	sockets := ws.New(g.sessions, g.loop, o.Logger)
	g.streams = stream.New(stream.Options{
		Sessions: g.sessions, Gate: g.gate, Loop: g.loop, Nodes: o.Nodes, Reopen: reopen, Logger: o.Logger, Registry: o.Registry,
	})
	o.Registry.MustRegister(newLines(g.gate), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	api := httpapi.Options{
		Gate: g.gate, Connect: sockets.Accept, Stream: g.streams.Serve, Known: g.streams.Known, Ready: func() error { return g.Ready(g.ctx) }, Pages: o.Pages, DemoToken: o.DemoToken,
	}
	if !o.HideMetrics {
		api.Metrics = o.Registry
	}
	g.api = httpapi.New(api)
	return g, nil
}

// ServeHTTP implements http.Handler.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.api.ServeHTTP(w, r) }

// ConnState bounds the conns of the HTTP server that serves the gateway; it is for
// http.Server.ConnState.
func (g *Gateway) ConnState(conn net.Conn, state http.ConnState) { g.api.ConnState(conn, state) }

// SetSites puts new rules in force at once, for those who are connected as well:
// limits, what each role may do, and what agents can do. What was decided under the
// old ones stays; no place and no conversation is lost. It fails with
// ErrOtherSites, changing nothing, if the sites are not those that are served.
// The heartbeat holds for those who come from now on: the others were told the
// old one.
func (g *Gateway) SetSites(sites []SiteOptions) error {
	if err := g.gate.SetSites(sites); err != nil {
		return err
	}
	for _, s := range sites {
		g.people[s.Rules.ID].ApplyRules(s.Rules)
	}
	g.sessions.ApplySettings()
	return nil
}

// Drain sends all connected clients elsewhere: readiness goes, new sockets are turned
// away, and the sockets are closed with 1012 one after the other over the given
// time, each after the request in hand, so that the other gateways are not
// stormed. It returns when all have gone or ctx ends. Close comes next.
func (g *Gateway) Drain(ctx context.Context, over time.Duration) {
	g.gate.Leave()
	g.sessions.Drain(ctx, over)
	// Those who have not come back elsewhere are lost with this node, by one
	// record a site.
	g.app.Leave(ctx)
}

// Close tells every client to come back elsewhere (1012), gives the sockets up
// to a second to hear it, and ends everything that New started.
func (g *Gateway) Close() error {
	g.gate.Leave()
	g.sessions.Close()
	g.streams.Close()
	g.loop.Close()
	g.endFanout()
	return nil
}

func (g *Gateway) endFanout() {
	g.stop()
	for _, people := range g.people {
		people.Close()
	}
}

// ErrLeaving is what Ready returns after StopReady, Drain or Close.
var ErrLeaving = errors.New("the gateway is leaving")

// StopReady has Ready fail, so that balancers send their next clients elsewhere, while
// the gateway serves on, also those who still come. Drain comes next.
func (g *Gateway) StopReady() { g.unready.Store(true) }

// Ready is nil while the gateway can serve: the log is reachable and takes
// changes, and every replica is up to date.
func (g *Gateway) Ready(ctx context.Context) error {
	if g.unready.Load() || g.gate.Leaving() {
		return ErrLeaving
	}
	if err := g.ready(ctx); err != nil {
		return err
	}
	for _, id := range g.gate.IDs() {
		s := g.gate.Site(id)
		if s.Parted() {
			return errors.New("this gateway cannot say that it lives: the others take it for lost")
		}
		if err := s.Unavailable(); err != nil {
			return fmt.Errorf("site %s: %w", id, err)
		}
	}
	return nil
}
