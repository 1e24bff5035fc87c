package app

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"nextup/internal/cadence"
	"nextup/queue"
)

// driftCheck is how often nodes tell each other their site files and compare them.
const driftCheck = 5 * time.Second

// drift is what a site knows of the site files of the other nodes.
type drift struct {
	others   int // how many had another one in the last look; guarded by App.comparing
	differs  atomic.Bool
	onChange []func(differs bool)
}

// OnDrift has f called when other nodes run other site files for the site, and when
// all run the same again.
func (s *Site) OnDrift(f func(differs bool)) { s.drift.onChange = append(s.drift.onChange, f) }

// watchDrift compares the site files with those of the other nodes until the App
// ends.
func (a *App) watchDrift() {
	for more := true; more; more = cadence.Wait(a.ctx, driftCheck) {
		a.CheckDrift()
	}
}

// CheckDrift tells the other nodes which site files this one runs, and looks for nodes
// that run others. A difference counts when two looks in a row find it: a new file does
// not reach all nodes in the same moment.
func (a *App) CheckDrift() {
	a.comparing.Lock()
	defer a.comparing.Unlock()
	ctx, cancel := context.WithTimeout(a.ctx, driftCheck)
	defer cancel()
	said, err := a.options.Presence.Announcements(ctx)
	if err != nil {
		return // the registry is away; so is the log, which says so
	}
	node := a.Node()
	delete(said, node)
	common := a.lookAtLevels(said)
	if err := a.options.Presence.Announce(ctx, node, a.words(common)); err != nil {
		return
	}
	a.raiseLevels(common)
	a.loseTooOld(said)
	for id, s := range a.sites {
		s.compare(othersThan(node, id, s.digestNow(), said))
	}
}

// digestNow names the site's rules; see SiteOptions.Digest.
func (s *Site) digestNow() string {
	if digest := *s.digest.Load(); digest != "" {
		return digest
	}
	var rules *queue.Site
	s.Read(func(st *queue.State) { rules = st.Site() })
	return rules.Digest()
}

// words are what a node tells the others: a digest for each site, the level that it
// knows, and the one that all know.
func (a *App) words(c common) string {
	words := a.levelWords(c)
	for id, s := range a.sites {
		words = append(words, id+"="+s.digestNow())
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// othersThan lists the nodes that have another digest for a site than this one.
func othersThan(node, site, digest string, said map[string]string) []string {
	var others []string
	for _, n := range slices.Sorted(maps.Keys(said)) {
		for word := range strings.FieldsSeq(said[n]) {
			id, other, _ := strings.Cut(word, "=")
			if n != node && id == site && other != digest && schemeOf(other) == schemeOf(digest) {
				others = append(others, n)
			}
		}
	}
	return others
}

// schemeOf is what a digest was made by. A node of another release may make it by
// another scheme, of the same file: of that nothing can be said.
func schemeOf(digest string) string {
	scheme, _, made := strings.Cut(digest, ":")
	if !made {
		return ""
	}
	return scheme
}

// compare takes one look's result; one at a time.
func (s *Site) compare(others []string) {
	before := s.drift.others
	s.drift.others = len(others)
	switch differ := len(others) > 0 && before > 0; {
	case differ && !s.drift.differs.Load():
		s.log.Warn("gateways run different site files: the same visitor is treated by one rule here and by another there", "others", others)
		s.setDrift(true)
	case len(others) == 0 && s.drift.differs.Load():
		s.log.Info("all gateways run the same site file again")
		s.setDrift(false)
	}
}

func (s *Site) setDrift(differs bool) {
	s.drift.differs.Store(differs)
	value := 0.0
	if differs {
		value = 1
	}
	s.metrics.differ.WithLabelValues(s.id).Set(value)
	for _, f := range s.drift.onChange {
		f(differs)
	}
}

// maxWithdrawnLogged bounds the withdrawn queues that a line of the log names.
const maxWithdrawnLogged = 50

// logWithdrawn logs in which queues people wait that the site file does not have,
// and how many, when that is news.
func (s *Site) logWithdrawn(st *queue.State) {
	var words []string
	waiting := 0
	for _, q := range st.Queues() {
		if st.Withdrawn(q) {
			words = append(words, q.String()+"="+strconv.Itoa(st.Size(q)))
			waiting += st.Size(q)
		}
	}
	left := max(0, len(words)-maxWithdrawnLogged)
	said := strings.Join(words[:len(words)-left], " ")
	if before := s.withdrawn.Swap(&said); said == "" || before != nil && *before == said {
		return
	}
	s.log.Warn("people wait in queues that the site file does not have: agents of their other languages are offered them; "+
		"move the others, or take the queues into the file again", "waiting", waiting, "queues", said, "left_out", left)
}
