package fanout

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are what operators see of the cadence, of all sites together.
type Metrics struct {
	staleness *prometheus.HistogramVec
	stretch   *prometheus.GaugeVec
}

// NewMetrics registers the metrics.
func NewMetrics(r *prometheus.Registry) *Metrics {
	m := &Metrics{
		staleness: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "nextup", Name: "position_staleness_seconds",
			Help:    "Age of the oldest change of a line when a band of it is swept.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2, 3, 5, 10},
		}, []string{"band"}),
		stretch: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "nextup", Name: "cadence_stretch_ratio",
			Help: "How much later than its cadence a band of a line was swept last; 1 is in time.",
		}, []string{"band"}),
	}
	r.MustRegister(m.staleness, m.stretch)
	return m
}

// swept notes how old the oldest change of a band was when it was swept.
func (m *Metrics) swept(b band, age time.Duration) {
	m.staleness.WithLabelValues(b.name).Observe(age.Seconds())
	m.stretch.WithLabelValues(b.name).Set(max(1, age.Seconds()/(b.every+pushTick).Seconds()))
}
