package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"nextup/app"
	"nextup/gateway/admin"
)

// adminConfig configures the private port.
type adminConfig struct {
	// Listen is host:port; "" for no such port.
	Listen string
	// Token is what its requests have to carry, "" for none.
	Token  string
	Reload func(context.Context) error
	Drain  func()
}

// serveAdmin listens on the private port, from before there is a gateway, so that an
// operator can see why there is none.
func (a *App) serveAdmin(ctx context.Context, c adminConfig, log, audit *slog.Logger) error {
	if audit == nil {
		audit = log.With("audit", true)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return listenError("--admin", c.Listen, err)
	}
	a.adminAddress = listener.Addr().String()
	a.admin = &http.Server{
		Handler: admin.New(admin.Options{
			App: a.application, Ready: a.front.Ready, Metrics: prometheus.GathererFunc(a.gather), Reload: c.Reload, Drain: c.Drain, Token: c.Token, Log: log, Audit: audit,
		}),
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		MaxHeaderBytes: 16 << 10, ReadTimeout: 10 * time.Second, IdleTimeout: time.Minute, // a profile takes as long as was asked for
	}
	go func() { _ = a.admin.Serve(listener) }() // until Close
	return nil
}

// application returns what the gateway serves, nil until there is a gateway.
func (a *App) application() *app.App {
	if a.front.gateway.Load() == nil {
		return nil
	}
	return a.app
}

// gather returns the metrics of the start until there is a gateway, and then the gateway's.
func (a *App) gather() ([]*dto.MetricFamily, error) {
	if a.front.gateway.Load() == nil {
		return a.front.metrics.Gather()
	}
	return a.registry.Gather()
}

// AdminURL returns the address of the private port for a program on this machine, "" if
// there is none.
func (a *App) AdminURL() string {
	if a.admin == nil {
		return ""
	}
	shown, _ := shownAddress(a.adminAddress)
	return "http://" + shown
}

// safeAdmin returns an error for a private port that is none.
func (c *serveCmd) safeAdmin() error {
	if c.Admin == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(c.Admin); err != nil {
		return fmt.Errorf("--admin %s: want HOST:PORT, such as 127.0.0.1:8081", c.Admin)
	}
	if !onlyHere(c.Admin) && !c.AdminAnywhere {
		return fmt.Errorf("--admin %s: other machines reach this address, and would read metrics there; listen on 127.0.0.1, or give --admin-anywhere where only the monitoring gets through", c.Admin)
	}
	return nil
}
