package session

import "github.com/prometheus/client_golang/prometheus"

// metrics are what operators see of conns. Every label has a bounded set of values:
// sites and codes are fixed by configuration or code.
type metrics struct {
	connections prometheus.Gauge
	framesIn    prometheus.Counter
	framesOut   prometheus.Counter
	refusals    *prometheus.CounterVec
	positions   *prometheus.CounterVec
	slowReaders prometheus.Counter
}

func newMetrics(r *prometheus.Registry) *metrics {
	options := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Namespace: "nextup", Name: name, Help: help}
	}
	m := &metrics{
		connections: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "nextup", Name: "connections", Help: "Open conns, by any transport."}),
		framesIn:    prometheus.NewCounter(options("frames_received_total", "Frames received from clients.")),
		framesOut:   prometheus.NewCounter(options("frames_sent_total", "Frames written to clients.")),
		refusals:    prometheus.NewCounterVec(options("refusals_total", "Error frames, by code."), []string{"code"}),
		positions:   prometheus.NewCounterVec(options("positions_sent_total", "Views sent to visitors in line."), []string{"site"}),
		slowReaders: prometheus.NewCounter(options("slow_readers_closed_total", "Conns closed because too much waited to be read.")),
	}
	r.MustRegister(m.connections, m.framesIn, m.framesOut, m.refusals, m.positions, m.slowReaders)
	return m
}
