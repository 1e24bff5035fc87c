package gateway

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"nextup/queue"
)

// ErrOtherSites says that new rules are for other sites than those that are
// served: their logs are followed from the start of the process to its end.
var ErrOtherSites = errors.New("gateway: sites come and go only with a restart")

// SetSites puts new rules in force at once, for those who are connected as well:
// limits, who may do what, and what agents can do. What was decided under the
// old ones stays; nobody loses a place or a conversation. It fails with
// ErrOtherSites, changing nothing, if the sites are not those that are served.
// The heartbeat holds for those who come from now on: the others were told the
// old one.
func (g *Gateway) SetSites(sites []Site) error {
	var ids []string
	for _, s := range sites {
		ids = append(ids, s.Rules.ID)
	}
	slices.Sort(ids)
	if served := slices.Sorted(maps.Keys(g.sites)); !slices.Equal(ids, served) {
		return fmt.Errorf("%w: this gateway serves %s, the new file has %s", ErrOtherSites, strings.Join(served, ", "), strings.Join(ids, ", "))
	}
	for _, s := range sites {
		g.sites[s.Rules.ID].follow(s)
	}
	return nil
}

// follow puts new rules in force for one site.
func (s *site) follow(file Site) {
	s.file.Store(&file)
	s.mu.Lock()
	s.state.SetSite(file.Rules)
	s.mu.Unlock()
	s.sayWithdrawn()
	s.push.follow(file.Rules)
	s.push.changed(nil, true)
	s.dispatch.wake()
	var agents []*conn
	for _, c := range s.everybody() {
		c.follow(file.Limits)
		if c.isAgent() {
			agents = append(agents, c)
		}
	}
	if s.g.draining.Load() {
		return
	}
	s.g.work.Go(func() { s.bindThese(agents) }) // what they can do may have changed
}

// maxSaid bounds the withdrawn queues that a line of the log names.
const maxSaid = 50

// sayWithdrawn logs in which queues people wait that the site file does not have,
// and how many, when that is news.
func (s *site) sayWithdrawn() {
	var words []string
	waiting := 0
	s.read(func(st *queue.State) {
		for _, q := range st.Queues() {
			if st.Withdrawn(q) {
				words = append(words, q.String()+"="+strconv.Itoa(st.Size(q)))
				waiting += st.Size(q)
			}
		}
	})
	left := max(0, len(words)-maxSaid)
	said := strings.Join(words[:len(words)-left], " ")
	if before := s.withdrawn.Swap(&said); said == "" || before != nil && *before == said {
		return
	}
	s.log.Warn("people wait in queues that the site file does not have: agents of their other languages are offered them; "+
		"move the others, or take the queues into the file again", "waiting", waiting, "queues", said, "left_out", left)
}

// digest names the rules of the site; see Site.Digest.
func (s *site) digest() string {
	file := s.file.Load()
	return cmp.Or(file.Digest, file.Rules.Digest())
}
