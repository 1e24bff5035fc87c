package app

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"nextup/queue"
)

// Level returns the site's level, and the highest one that this process knows.
func (r *Replica) Level() (site, known queue.Level) {
	known = queue.Newest(r.levels)
	if err := r.TooOld(); err != nil {
		return err.Level, known
	}
	r.Read(func(st *queue.State) { site = st.Level() })
	return site, known
}

// TooOld returns an error with both levels if this process is too old to serve the site,
// or nil.
func (r *Replica) TooOld() *queue.TooOldError {
	var old *queue.TooOldError
	if r.follows.Load() {
		errors.As(r.follower.Err(), &old)
	}
	return old
}

// Features are what clients of the site may send that those of an older release do not
// know.
func (r *Replica) Features() []string {
	level, _ := r.Level()
	return queue.FeaturesAt(r.levels, level)
}

// mayWrite reports whether messages whose body has a kind may be written in the site's
// conversations.
func (a *App) mayWrite(site, _ string) bool {
	s := a.sites[site]
	if s == nil {
		return false
	}
	level, _ := s.Level()
	return level >= queue.Level1
}

// levelMetrics are the levels of the sites, and the highest one that this process knows.
type levelMetrics struct{ *App }

var (
	siteLevelDesc = prometheus.NewDesc("nextup_site_level",
		"Level of the site's log. A gateway whose nextup_known_level is below it does not serve the site.", []string{"site"}, nil)
	knownLevelDesc = prometheus.NewDesc("nextup_known_level", "Highest level that this gateway knows.", nil, nil)
)

// Describe implements prometheus.Collector.
func (levelMetrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- siteLevelDesc
	ch <- knownLevelDesc
}

// Collect implements prometheus.Collector.
func (m levelMetrics) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.MustNewConstMetric(knownLevelDesc, prometheus.GaugeValue, float64(queue.Newest(m.options.Levels)))
	for id, s := range m.sites {
		level, _ := s.Level()
		ch <- prometheus.MustNewConstMetric(siteLevelDesc, prometheus.GaugeValue, float64(level), id)
	}
}
