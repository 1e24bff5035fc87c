package stream

import "github.com/prometheus/client_golang/prometheus"

// metrics are what operators see of people without a socket.
type metrics struct {
	opened prometheus.Gauge
	posted *prometheus.CounterVec
	took   *prometheus.HistogramVec
}

// What came of a posted frame; the label result.
const (
	taken   = "taken"   // its conn took it
	refused = "refused" // the token, the page, the body or a limit is at fault
	noConn  = "no_conn"
	late    = "late"   // no answer came in time
	failed  = "failed" // it could not be passed on
)

func newMetrics(r *prometheus.Registry) *metrics {
	m := &metrics{
		opened: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: "nextup", Name: "streams", Help: "Open conns without a socket, which are among nextup_connections.",
		}),
		posted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "nextup", Name: "posted_frames_total", Help: "Frames and polls posted by people without a socket, by what came of them.",
		}, []string{"result"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "nextup", Name: "posted_frame_seconds", Help: "Time until a posted frame was taken and answered, by where its conn is.",
			Buckets: []float64{.005, .025, .1, .5, 2, 7},
		}, []string{"conn"}),
	}
	for _, result := range []string{taken, refused, noConn, late, failed} {
		m.posted.WithLabelValues(result)
	}
	m.took.WithLabelValues("here")
	m.took.WithLabelValues("elsewhere")
	r.MustRegister(m.opened, m.posted, m.took)
	return m
}
