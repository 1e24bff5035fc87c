package gateway

import (
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nextup/app"
	"nextup/gateway/fanout"
)

// site is one tenant, and the people of it who are connected here.
type site struct {
	*app.Site
	g *Gateway
	// file is what the site file says now; see reload.go.
	file      atomic.Pointer[Site]
	log       *slog.Logger
	people    *fanout.Site
	positions prometheus.Counter
	// leaving is set while the sockets are sent elsewhere.
	leaving atomic.Bool
}

// newSite subscribes to a site that is not followed yet.
func newSite(g *Gateway, file Site, f *fanout.Metrics) *site {
	id := file.Rules.ID
	s := &site{Site: g.app.Site(id), g: g, log: g.log.With("site", id), positions: g.metrics.positions.WithLabelValues(id)}
	s.file.Store(&file)
	s.people = fanout.New(g.ctx, s.Site, file.Rules, fanout.Options{Metrics: f, Evicts: g.options.Evicts, Logger: s.log})
	return s
}

// conns lists those who are connected here.
func (s *site) conns() []*conn {
	var all []*conn
	for _, c := range s.people.Conns() {
		all = append(all, c.(*conn)) // no other enters
	}
	return all
}

// grace is how long a visitor whose conn is lost keeps their place.
func (s *site) grace() time.Duration {
	return time.Duration(s.file.Load().Rules.VisitorGrace) * time.Millisecond
}
