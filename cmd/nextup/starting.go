package main

import (
	"context"
	"errors"
	"fmt"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"nextup/gateway"
	"nextup/internal/eventlog/redislog"
	"nextup/internal/lograte"
)

// retryRedis is the pause between two tries to reach Redis at the start.
const retryRedis = time.Second

// openRedis opens the logs, and waits for a Redis that is away: the order in which an
// operator starts things must not matter. It fails at once for one that no waiting
// makes fit. waiting is told why it waits.
func openRedis(ctx context.Context, url string, o redislog.Options, waiting func(error)) (*redislog.Backend, error) {
	var warning lograte.Warning
	for {
		backend, err := redislog.Open(ctx, url, o)
		if err == nil || !redislog.Away(err) {
			return backend, err
		}
		waiting(err)
		warning.Log(o.Logger, "Redis cannot be reached: the gateway is not ready, and tries again", "err", err)
		select {
		case <-time.After(retryRedis):
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		}
	}
}

// front answers HTTP before there is a gateway: the process lives and is not ready, with
// the reason. It passes everything on to the gateway once that is there.
type front struct {
	gateway atomic.Pointer[gateway.Gateway]
	why     atomic.Pointer[error] // it is not ready; nil before anything was tried
	metrics *prometheus.Registry
	// private keeps the metrics from the public port, since the admin port shows them.
	private bool
}

// newFront returns a front whose metrics are of the start alone: those of sites know
// nothing before they follow their logs.
func newFront() *front {
	f := &front{metrics: prometheus.NewRegistry()}
	measureBuild(f.metrics, thisBuild())
	f.metrics.MustRegister(readiness{f.Ready})
	return f
}

// wait notes why there is no gateway yet.
func (f *front) wait(err error) { f.why.Store(&err) }

// Ready is the gateway's, or why there is none.
func (f *front) Ready(ctx context.Context) error {
	if g := f.gateway.Load(); g != nil {
		return g.Ready(ctx)
	}
	if why := f.why.Load(); why != nil {
		return fmt.Errorf("the gateway starts: %w", *why)
	}
	return errors.New("the gateway starts")
}

// ConnState is for http.Server.ConnState.
func (f *front) ConnState(conn net.Conn, state http.ConnState) {
	if g := f.gateway.Load(); g != nil {
		g.ConnState(conn, state)
	}
}

// ServeHTTP implements http.Handler.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g := f.gateway.Load(); g != nil {
		g.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Connection", "close") // the gateway counts those that it has seen come
	switch path := r.URL.Path; {
	case path == "/healthz":
		_, _ = w.Write([]byte("ok\n"))
	case path == "/metrics" && !f.private:
		promhttp.HandlerFor(f.metrics, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	case path == "/readyz":
		http.Error(w, f.Ready(r.Context()).Error(), http.StatusServiceUnavailable)
	default:
		w.Header().Set("Retry-After", "2")
		http.Error(w, "the gateway starts: come back in a moment", http.StatusServiceUnavailable)
	}
}

// serveHTTP serves on a listener until the server is shut down.
func (a *App) serveHTTP(listener net.Listener, log *slog.Logger) {
	a.server = &http.Server{
		Handler: a.front, ConnState: a.front.ConnState, MaxHeaderBytes: 16 << 10,
		ErrorLog:    stdlog.New(handshakes{log}, "", 0),
		ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute, // of requests; sockets have none
	}
	go func() {
		defer close(a.served)
		if a.certificate != nil {
			a.server.TLSConfig = a.certificate.config()
			a.failed = a.server.ServeTLS(listener, "", "")
			return
		}
		a.failed = a.server.Serve(listener)
	}()
}
