package gateway

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"nextup/gateway/view"
	"nextup/queue"
)

// metrics are what operators see. Every label has a bounded set of values:
// sites and causes, codes, roles and bands are fixed by configuration or code.
type metrics struct {
	connections prometheus.Gauge
	framesIn    prometheus.Counter
	framesOut   prometheus.Counter
	refusals    *prometheus.CounterVec
	positions   *prometheus.CounterVec
	slowReaders prometheus.Counter
	limited     *prometheus.CounterVec
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
		positions:   counters("positions_sent_total", "Views sent to visitors in line.", "site"),
		limited:     counters("limited_total", "What was refused by a limit, by its name; those of the site file bear the name that they have there.", "site", "limit"),
		slowReaders: counter("slow_readers_closed_total", "Conns closed because too much waited to be read."),
	}
	r.MustRegister(m.connections, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
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
		gauge(l.ready, yes(s.Unavailable() == nil), id)
		gauge(l.dispatches, yes(s.Elected()), id)
		s.Read(func(st *queue.State) {
			gauge(l.known, float64(st.Number()), id)
			room := view.AgentsWithRoom(st)
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
