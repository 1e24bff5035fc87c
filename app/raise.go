package app

import (
	"fmt"
	"strings"

	"nextup/queue"
)

// levelRest is for how long all nodes must have known a level until it is raised without
// a command: as long as an operator may want to go back to the release before.
const levelRest queue.Millis = 24 * 60 * 60 * 1000

// The words by which a node says beside its lease which level it knows, and since when,
// by the clock of what keeps the logs, all nodes have known one. A node that has just
// started learns the second from the others.
const (
	levelWord    = "level:"
	allLevelWord = "all-level:"
)

// common is a level that all nodes know, and since when.
type common struct {
	level queue.Level
	since queue.Stamp
}

// KnownLevel returns the highest level that a node knows, by what it says beside its
// lease.
func KnownLevel(said string) queue.Level {
	var level queue.Level
	for word := range strings.FieldsSeq(said) {
		if _, err := fmt.Sscanf(word, levelWord+"%d", &level); err == nil {
			return level
		}
	}
	return queue.Level0
}

// commonIn returns what a node says of all.
func commonIn(said string) (c common) {
	for word := range strings.FieldsSeq(said) {
		if _, err := fmt.Sscanf(word, allLevelWord+"%d@%d", &c.level, &c.since); err == nil {
			return c
		}
	}
	return common{}
}

// levelWords are what this node says of levels.
func (a *App) levelWords() []string {
	words := []string{fmt.Sprint(levelWord, queue.Newest(a.options.Levels))}
	if c := a.common.Load(); c != nil {
		words = append(words, fmt.Sprintf("%s%d@%d", allLevelWord, c.level, c.since))
	}
	return words
}

// commonTo returns the highest level that this process and all nodes know by what they
// say at now, and since when: what was found before goes on, or what another node has
// found.
func commonTo(known queue.Level, said map[string]string, before *common, now queue.Stamp) *common {
	c := &common{level: known, since: now}
	for _, words := range said {
		c.level = min(c.level, KnownLevel(words))
	}
	if before != nil && before.level == c.level {
		c.since = before.since
	}
	for _, words := range said {
		if other := commonIn(words); other.level == c.level && other.since > 0 {
			c.since = min(c.since, other.since)
		}
	}
	return c
}

// raiseLevels raises the level of the sites for which this process was elected to what
// all nodes have known for long enough.
func (a *App) raiseLevels(said map[string]string) {
	now := a.options.Store.Wall()
	c := commonTo(queue.Newest(a.options.Levels), said, a.common.Load(), now)
	a.common.Store(c)
	if now < c.since.Add(levelRest) {
		return
	}
	for _, s := range a.sites {
		if level, _ := s.Level(); level < c.level && s.Elected() {
			s.raiseLevel(c.level)
		}
	}
}

func (s *Site) raiseLevel(to queue.Level) {
	_, err := s.Decide(s.ctx, Refusals{}, func(st *queue.State) (queue.Change, error) {
		if st.Level() >= to {
			return queue.Change{}, nil
		}
		return queue.RaiseLevel(st.SiteLevel(), to, "time")
	})
	if err != nil {
		s.levelLog.Log(s.log, "the site's level is not raised yet", "to", to, "err", err)
		return
	}
	s.log.Info("the site's level is raised: all gateways have known it for a day, and an older release cannot serve the site any more", "level", to)
}
