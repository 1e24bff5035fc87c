package session

import (
	"log/slog"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"nextup/gateway/admission"
	"nextup/gateway/fanout"
)

// site is one tenant, and the people of it who are connected here.
type site struct {
	*admission.Served
	people    *fanout.Site
	log       *slog.Logger
	positions prometheus.Counter
	// leaving is set while the conns are sent elsewhere.
	leaving atomic.Bool
}

// unfit reports whether other gateways may serve the site while this one cannot: it is
// parted from the log, or too old for it.
func (s *site) unfit() bool { return s.Parted() || s.TooOld() != nil }

// conns lists those who are connected here.
func (s *site) conns() []*Conn {
	var all []*Conn
	for _, c := range s.people.Conns() {
		all = append(all, c.(*Conn)) // no other enters
	}
	return all
}
