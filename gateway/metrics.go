package gateway

import (
	"github.com/prometheus/client_golang/prometheus"

	"nextup/gateway/admission"
	"nextup/gateway/view"
	"nextup/queue"
)

// lines reports the sizes of all queues when it is scraped.
type lines struct {
	gate                                                                *admission.Gate
	size, room, paused, unattended, withdrawn, known, ready, dispatches *prometheus.Desc
}

func newLines(gate *admission.Gate) *lines {
	labels := []string{"site", "department", "language"}
	return &lines{
		gate:       gate,
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
	for _, id := range l.gate.IDs() {
		s := l.gate.Site(id)
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
