// Package admin is a gateway's private port, for those who run it: metrics, readiness in
// words, profiles, what stands in its replica, and what an operator may do. It decides
// nothing: what it is asked for is a command of package app, by an actor of the role Admin.
//
//	handler := admin.New(admin.Options{App: theApp, Ready: ready, Metrics: registry, Reload: reload, Drain: drain})
//	server := &http.Server{Handler: handler}
//
// What a monitoring system reads is answered to every client that reaches the port:
// /metrics, /healthz and /readyz. Everything else is answered only on a connection of
// which both ends are the loopback, which is what a shell on the machine, docker exec and
// kubectl port-forward have, and only with the header Nextup-Admin, which a page in a
// browser cannot send, and the Token, if there is one. Without a Token every program of
// the machine may do what an operator may.
package admin

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"nextup/app"
	"nextup/internal/lograte"
)

// Options are what the port is made of. All but the Token are required.
type Options struct {
	// App returns the application, nil while the gateway starts.
	App func() *app.App
	// Ready is nil while the gateway can serve.
	Ready func(context.Context) error
	// Metrics are the gateway's; they are others before it has started.
	Metrics prometheus.Gatherer
	// Reload reads the site file and the certificate again, and returns why they were
	// refused.
	Reload func(context.Context) error
	// Drain has the process leave as after SIGTERM, without waiting for it.
	Drain func()
	// Token is what a request has to carry as "Authorization: Bearer"; "" asks for none.
	Token string
	Log   *slog.Logger
	// Audit gets what was done to the process itself, and by which operator.
	Audit *slog.Logger
}

const (
	// maxScrapes is how many may be under way at the same time.
	maxScrapes = 8
	// readyTimeout bounds how long readiness waits for a log that hangs.
	readyTimeout = 2 * time.Second
)

type port struct {
	Options
	turnedAway lograte.Warning // requests that are not answered at all
}

// New returns the handler of the port.
func New(o Options) http.Handler {
	p := &port{Options: o}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", p.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Metrics, promhttp.HandlerOpts{
		MaxRequestsInFlight: maxScrapes, EnableOpenMetrics: true,
	}))
	mux.Handle("/", p.guarded(p.private()))
	return mux
}

// private lists what only an operator on the machine is answered.
func (p *port) private() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /reload", p.reload)
	mux.HandleFunc("POST /drain", p.drain)
	for path, handle := range map[string]func(*http.Request) (any, error){
		"GET /v1/sites": p.sites, "GET /v1/queues": p.queues, "GET /v1/tickets": p.tickets, "GET /v1/tickets/{ticket}": p.ticket,
		"GET /v1/conversations/{ticket}": p.conversation, "GET /v1/nodes": p.nodes, "GET /v1/level": p.level,
		"POST /v1/commands/{command}": p.command,
	} {
		mux.HandleFunc(path, p.answer(handle))
	}
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

func (p *port) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if err := p.Ready(ctx); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}

func (p *port) reload(w http.ResponseWriter, r *http.Request) {
	c, err := commandOf(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	err = p.Reload(r.Context())
	p.audit(r.Context(), "reload", c, "refused", err != nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	_, _ = w.Write([]byte("in force\n"))
}

func (p *port) drain(w http.ResponseWriter, r *http.Request) {
	c, err := commandOf(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.audit(r.Context(), "drain", c, "", false)
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write([]byte("leaving\n"))
	p.Drain()
}

// audit writes to the audit log what the application does not: what concerns the process, what
// was refused, and what may have been done. The flag is named only if it is set.
func (p *port) audit(ctx context.Context, action string, c Command, flag string, set bool) {
	facts := []slog.Attr{slog.String("by", c.By), slog.String("role", string(app.Admin)), slog.String("action", action), slog.String("reason", c.Reason)}
	for _, fact := range []struct{ name, value string }{{"site", c.Site}, {"ticket", c.Ticket}, {"agent", c.Agent}, {"department", c.Department}, {"language", c.Language}} {
		if fact.value != "" {
			facts = append(facts, slog.String(fact.name, fact.value))
		}
	}
	if set {
		facts = append(facts, slog.Bool(flag, true))
	}
	p.Audit.LogAttrs(ctx, slog.LevelInfo, "audit", facts...)
}
