package app

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"nextup/queue"
	"nextup/queue/eta"
)

// metrics are what operators see of the application. Every label has a bounded set of
// values: sites and causes are fixed by configuration or code.
type metrics struct {
	changes   *prometheus.CounterVec
	conflicts *prometheus.CounterVec
	forks     *prometheus.CounterVec
	lag       *prometheus.HistogramVec
	waits     *prometheus.HistogramVec
	tracer    Tracer // nil for none
	truth     *truths

	messages, ratings, auditEvents *prometheus.CounterVec
	differ                         *prometheus.GaugeVec
}

func newMetrics(r *prometheus.Registry) *metrics {
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "nextup", Name: name, Help: help}, labels)
		r.MustRegister(c)
		return c
	}
	m := &metrics{
		changes:   counters("changes_total", "Changes that this gateway committed to a site's log, by cause.", "site", "cause"),
		conflicts: counters("conflicts_total", "Changes that were refused because something had moved.", "site"),
		forks: counters("log_forks_total", "Logs that were found to have lost records: the site's own, or a conversation's, which each client that follows it counts.",
			"site", "log"),
		lag: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "nextup", Name: "log_lag_seconds",
			Help:    "Age of a record when this gateway has replayed it, the oldest of each batch.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"site"}),
		waits: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "nextup", Name: "wait_seconds",
			Help:    "Waits that ended with an agent, counted by the gateway that dispatches.",
			Buckets: []float64{1, 5, 15, 30, 60, 120, 300, 600, 1200, 3600},
		}, []string{"site", "department"}),
		truth:       newTruths(),
		messages:    counters("messages_total", "Messages that this gateway appended, by the sender's role.", "site", "role"),
		ratings:     counters("ratings_total", "Ratings that this gateway took, by score.", "site", "score"),
		auditEvents: counters("supervisor_actions_total", "What supervisors did through this gateway.", "site", "action"),
		differ: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "nextup", Name: "site_rules_differ", Help: "1 while another gateway runs another site file for the site.",
		}, []string{"site"}),
	}
	r.MustRegister(m.lag, m.waits, m.truth, m.differ)
	return m
}

// The values of the label log.
const (
	siteLog         = "site"
	conversationLog = "conversation"
)

// known has a site's counters begin at 0, so that the first fork is seen as an increase.
func (m *metrics) known(site string) {
	m.forks.WithLabelValues(site, siteLog)
	m.forks.WithLabelValues(site, conversationLog)
}

// forked counts a log that has lost records.
func (m *metrics) forked(site, log string) { m.forks.WithLabelValues(site, log).Inc() }

// committed counts a change that this process brought into the log.
func (m *metrics) committed(site string, cause queue.Cause) {
	m.changes.WithLabelValues(site, string(cause)).Inc()
}

// replayed notes how late a batch was replayed.
func (m *metrics) replayed(site string, oldest, now queue.Stamp) {
	m.lag.WithLabelValues(site).Observe(max(0, float64(now-oldest)/1000))
}

// waited counts a wait that is over; of a ticket that is followed it keeps the trace as an
// example.
func (m *metrics) waited(site string, t *queue.Ticket, seconds float64) {
	wait := m.waits.WithLabelValues(site, t.Department)
	if examples, ok := wait.(prometheus.ExemplarObserver); ok && m.tracer != nil && m.tracer.Follows(t.ID) {
		examples.ObserveWithExemplar(seconds, prometheus.Labels{"trace_id": m.tracer.TraceID(t.ID)})
		return
	}
	wait.Observe(seconds)
}

// truths reports how true the shown waits were, by queue and position, as counters:
// shares over any window are quotients of their increases. A queue has five positions at
// most.
type truths struct {
	mu                                 sync.Mutex
	by                                 map[string]siteTruth
	judged, inside, over, waited, said *prometheus.Desc
}

// siteTruth is what one site has counted, by queue.
type siteTruth struct {
	shown map[string]queue.CoverageByBand
	means map[string]eta.Truth
}

func newTruths() *truths {
	labels := []string{"site", "queue"}
	positions := []string{"site", "queue", "position"}
	return &truths{
		by:     map[string]siteTruth{},
		judged: prometheus.NewDesc("nextup_waits_judged_total", "Waits that ended with an agent and had been shown at the join, by the position then.", positions, nil),
		inside: prometheus.NewDesc("nextup_waits_inside_total", "Judged waits inside the interval of 80 %.", positions, nil),
		over:   prometheus.NewDesc("nextup_waits_over_total", "Judged waits over the upper end that was shown.", positions, nil),
		waited: prometheus.NewDesc("nextup_waits_seconds_total", "Seconds waited in waits that had been estimated.", labels, nil),
		said:   prometheus.NewDesc("nextup_waits_estimated_seconds_total", "Seconds that these waits were estimated at.", labels, nil),
	}
}

func (t *truths) set(site string, shown map[string]queue.CoverageByBand, means map[string]eta.Truth) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.by[site] = siteTruth{shown, means}
}

// Describe implements prometheus.Collector.
func (t *truths) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{t.judged, t.inside, t.over, t.waited, t.said} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (t *truths) Collect(ch chan<- prometheus.Metric) {
	t.mu.Lock()
	defer t.mu.Unlock()
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	for site, by := range t.by {
		for q, bands := range by.shown {
			for i, b := range bands {
				if b.Judged > 0 {
					name := queue.Bands[i].Name
					counter(t.judged, b.Judged, site, q, name)
					counter(t.inside, b.Inside, site, q, name)
					counter(t.over, b.Over, site, q, name)
				}
			}
		}
		for q, m := range by.means {
			counter(t.waited, m.Waited, site, q)
			counter(t.said, m.Said, site, q)
		}
	}
}
