package gateway

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ErrOtherSites says that new rules are for other sites than those that are
// served: their logs are followed from the start of the process to its end.
var ErrOtherSites = errors.New("gateway: sites come and go only with a restart")

// SetSites puts new rules in force at once, for those who are connected as well:
// limits, who may do what, and what agents can do. What was decided under the
// old ones stays; no place and no conversation is lost. It fails with
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
	s.SetRules(file.ForApp())
	s.people.Follow(file.Rules)
	for _, c := range s.conns() {
		c.setLimits(file.Limits)
	}
}
