package gateway

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

// rulesLook is how often gateways tell each other their rules and compare them.
const rulesLook = 5 * time.Second

// watchRules compares the rules with those of the other gateways until the
// gateway ends.
func (g *Gateway) watchRules() {
	tick := time.NewTicker(rulesLook)
	defer tick.Stop()
	for {
		g.compareRules()
		select {
		case <-g.ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// compareRules says which rules this gateway has, and looks for gateways with
// others. A difference counts when it is there in two looks on end: a new file
// does not reach all gateways in the same moment.
func (g *Gateway) compareRules() {
	g.comparing.Lock()
	defer g.comparing.Unlock()
	ctx, cancel := context.WithTimeout(g.ctx, rulesLook)
	defer cancel()
	mine := g.rulesWord()
	if err := g.options.Presence.Say(ctx, g.node.String(), mine); err != nil {
		return // the registry is away; so is the log, which says so
	}
	said, err := g.options.Presence.Said(ctx)
	if err != nil {
		return
	}
	for id, s := range g.sites {
		s.compare(othersThan(g.node.String(), id, s.digest(), said))
	}
}

// rulesWord is what a gateway says of its rules: a digest for each site.
func (g *Gateway) rulesWord() string {
	var words []string
	for id, s := range g.sites {
		words = append(words, id+"="+s.digest())
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// othersThan lists the nodes that have another digest for a site than this one.
func othersThan(node, site, digest string, said map[string]string) []string {
	var others []string
	for _, n := range slices.Sorted(maps.Keys(said)) {
		for word := range strings.FieldsSeq(said[n]) {
			if id, other, _ := strings.Cut(word, "="); n != node && id == site && other != digest {
				others = append(others, n)
			}
		}
	}
	return others
}

// compare takes one look's result; one at a time.
func (s *site) compare(others []string) {
	before := s.differed
	s.differed = len(others)
	switch differ := len(others) > 0 && before > 0; {
	case differ && !s.differs:
		s.log.Warn("gateways run different site files: the same visitor is treated by one rule here and by another there", "others", others)
		s.setDiffers(true)
	case len(others) == 0 && s.differs:
		s.log.Info("all gateways run the same site file again")
		s.setDiffers(false)
	}
}

func (s *site) setDiffers(differ bool) {
	s.differs = differ
	value := 0.0
	if differ {
		value = 1
	}
	s.g.metrics.differ.WithLabelValues(s.id).Set(value)
	s.board.rulesDiffer(differ)
}
