package gateway

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"nextup/queue"
	"nextup/queue/eta"
)

// metrics are what operators see. Every label has a bounded set of values:
// sites and causes, codes, roles and bands are fixed by configuration or code.
type metrics struct {
	connections prometheus.Gauge
	framesIn    prometheus.Counter
	framesOut   prometheus.Counter
	refusals    *prometheus.CounterVec
	changes     *prometheus.CounterVec
	conflicts   *prometheus.CounterVec
	messages    *prometheus.CounterVec
	positions   *prometheus.CounterVec
	staleness   *prometheus.HistogramVec
	stretch     *prometheus.GaugeVec
	lag         *prometheus.HistogramVec
	waits       *prometheus.HistogramVec
	slowReaders prometheus.Counter
	limited     *prometheus.CounterVec
	truth       *truths
	ratings     *prometheus.CounterVec
	deeds       *prometheus.CounterVec
	differ      *prometheus.GaugeVec
}

func newMetrics(r *prometheus.Registry) *metrics {
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Namespace: "nextup", Name: name, Help: help})
		r.MustRegister(c)
		return c
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "nextup", Name: name, Help: help}, labels)
		r.MustRegister(c)
		return c
	}
	m := &metrics{
		connections: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "nextup", Name: "connections", Help: "Open sockets."}),
		framesIn:    counter("frames_received_total", "Frames received from clients."),
		framesOut:   counter("frames_sent_total", "Frames written to clients."),
		refusals:    counters("refusals_total", "Error frames, by code.", "code"),
		changes:     counters("changes_total", "Changes that this gateway committed to a site's log, by cause.", "site", "cause"),
		conflicts:   counters("conflicts_total", "Changes that were refused because something had moved.", "site"),
		messages:    counters("messages_total", "Messages that this gateway appended, by the sender's role.", "site", "role"),
		positions:   counters("positions_sent_total", "Views sent to visitors in line.", "site"),
		staleness: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "nextup", Name: "position_staleness_seconds",
			Help:    "Age of the oldest change of a line when a band of it is swept.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2, 3, 5, 10},
		}, []string{"band"}),
		stretch: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "nextup", Name: "cadence_stretch_ratio",
			Help: "How much later than its cadence a band of a line was swept last; 1 is in time.",
		}, []string{"band"}),
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
		limited:     counters("limited_total", "What was refused by a limit, by its name; those of the site file bear the name that they have there.", "site", "limit"),
		ratings:     counters("ratings_total", "Ratings that this gateway took, by score.", "site", "score"),
		deeds:       counters("supervisor_actions_total", "What supervisors did through this gateway.", "site", "action"),
		slowReaders: counter("slow_readers_closed_total", "Conns closed because too much waited to be read."),
	}
	m.differ = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: "nextup", Name: "site_rules_differ", Help: "1 while another gateway runs another site file for the site.",
	}, []string{"site"})
	m.truth = newTruths()
	r.MustRegister(m.connections, m.staleness, m.stretch, m.lag, m.waits, m.truth, m.differ, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// committed counts a change that this gateway brought into the log.
func (m *metrics) committed(site string, cause queue.Cause) {
	m.changes.WithLabelValues(site, string(cause)).Inc()
}

// swept notes how old the oldest change of a band was when it was swept.
func (m *metrics) swept(b band, age time.Duration) {
	m.staleness.WithLabelValues(b.name).Observe(age.Seconds())
	m.stretch.WithLabelValues(b.name).Set(max(1, age.Seconds()/(b.every+pushTick).Seconds()))
}

// replayed notes how late a batch was replayed.
func (m *metrics) replayed(site string, oldest, now queue.Stamp) {
	m.lag.WithLabelValues(site).Observe(max(0, float64(now-oldest)/1000))
}

// truths reports how true the shown waits were, by queue, as counters: shares
// over any window are quotients of their increases.
type truths struct {
	mu                                 sync.Mutex
	by                                 map[string]map[string]eta.Truth // by site and queue
	judged, inside, over, waited, said *prometheus.Desc
}

func newTruths() *truths {
	labels := []string{"site", "queue"}
	return &truths{
		by:     map[string]map[string]eta.Truth{},
		judged: prometheus.NewDesc("nextup_waits_judged_total", "Waits that ended with an agent and had been estimated.", labels, nil),
		inside: prometheus.NewDesc("nextup_waits_inside_total", "Judged waits inside the interval of 80 %.", labels, nil),
		over:   prometheus.NewDesc("nextup_waits_over_total", "Judged waits over the upper end that was shown.", labels, nil),
		waited: prometheus.NewDesc("nextup_waits_seconds_total", "Seconds waited in judged waits.", labels, nil),
		said:   prometheus.NewDesc("nextup_waits_estimated_seconds_total", "Seconds that the judged waits were estimated at.", labels, nil),
	}
}

func (t *truths) set(site string, by map[string]eta.Truth) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.by[site] = by
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
	for site, by := range t.by {
		for q, truth := range by {
			for d, v := range map[*prometheus.Desc]float64{
				t.judged: truth.Served, t.inside: truth.Inside, t.over: truth.Over, t.waited: truth.Waited, t.said: truth.Said,
			} {
				ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, site, q)
			}
		}
	}
}

// lines reports the sizes of all queues when it is scraped.
type lines struct {
	sites                                                               map[string]*site
	size, room, paused, unattended, withdrawn, known, ready, dispatches *prometheus.Desc
}

func newLines(sites map[string]*site) *lines {
	labels := []string{"site", "department", "language"}
	return &lines{
		sites:      sites,
		size:       prometheus.NewDesc("nextup_queue_size", "Tickets in line.", labels, nil),
		room:       prometheus.NewDesc("nextup_queue_agents_with_room", "Agents who would be offered a ticket of the queue now.", labels, nil),
		paused:     prometheus.NewDesc("nextup_queue_paused", "1 while a supervisor has paused the queue.", labels, nil),
		unattended: prometheus.NewDesc("nextup_queue_unattended", "1 while no agent who serves the queue is available.", labels, nil),
		withdrawn:  prometheus.NewDesc("nextup_queue_withdrawn", "1 for a queue that the site file does not have and in which people wait.", labels, nil),
		known:      prometheus.NewDesc("nextup_log_number", "The newest log number that this gateway has replayed.", []string{"site"}, nil),
		ready:      prometheus.NewDesc("nextup_log_ready", "1 while the log can be reached and takes changes, and this gateway's replica is up to date.", []string{"site"}, nil),
		dispatches: prometheus.NewDesc("nextup_dispatcher", "1 while this gateway dispatches the site.", []string{"site"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (l *lines) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{l.size, l.room, l.paused, l.unattended, l.withdrawn, l.known, l.ready, l.dispatches} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (l *lines) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	yes := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	for id, s := range l.sites {
		gauge(l.ready, yes(s.unavailable() == nil), id)
		gauge(l.dispatches, yes(s.dispatch.holds()), id)
		s.read(func(st *queue.State) {
			gauge(l.known, float64(st.Number()), id)
			room := roomOf(st)
			for _, q := range st.Queues() {
				gauge(l.size, float64(st.Size(q)), id, q.Department, q.Language)
				gauge(l.room, float64(room[q]), id, q.Department, q.Language)
				gauge(l.paused, yes(st.Paused(q) != nil), id, q.Department, q.Language)
				gauge(l.unattended, yes(st.QueueUnattended(q)), id, q.Department, q.Language)
				gauge(l.withdrawn, yes(st.Withdrawn(q)), id, q.Department, q.Language)
			}
		})
	}
}
