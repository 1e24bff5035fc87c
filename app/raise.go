package app

import (
	"fmt"
	"strings"
	"time"

	"nextup/queue"
)

// levelRest is for how long all nodes must have known a level until it is raised without
// a command: as long as an operator may want to go back to the release before.
const levelRest = 24 * time.Hour

// lookGap is the longest time between two looks in which no older node can have come and
// gone unseen.
const lookGap = 3 * driftCheck

// The words by which a node says beside its lease which level it knows, and for how long
// all nodes have known one. That time grows by the monotonic clocks of processes, since a
// wall clock may jump. A node that has just started learns it from the others.
const (
	levelWord    = "level:"
	allLevelWord = "all-level:"
)

// common is a level that all nodes know, and for how long they have.
type common struct {
	level queue.Level
	age   time.Duration
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

// commonIn returns what a node says of all; ok is false if it says nothing.
func commonIn(said string) (c common, ok bool) {
	for word := range strings.FieldsSeq(said) {
		var seconds int64
		if _, err := fmt.Sscanf(word, allLevelWord+"%d+%d", &c.level, &seconds); err == nil {
			return common{c.level, time.Duration(seconds) * time.Second}, true
		}
	}
	return common{}, false
}

// levelWords are what this node says of levels.
func (a *App) levelWords(c common) []string {
	return []string{
		fmt.Sprint(levelWord, queue.Newest(a.options.Levels)),
		fmt.Sprintf("%s%d+%d", allLevelWord, c.level, int64(c.age/time.Second)),
	}
}

// commonTo returns the highest level that this process and the others know by what they
// say, and for how long all have. What the last look found, nil for none, goes on unless
// that look was more than lookGap ago: then this process may have missed an older node,
// and takes the word of the others. The shortest time counts, since the node that says it
// may have seen what this one has not. What another says is as old as its own last look,
// so a difference up to lookGap is none.
func commonTo(known queue.Level, others map[string]string, before *common, ago time.Duration) common {
	c := common{level: known}
	for _, words := range others {
		c.level = min(c.level, KnownLevel(words))
	}
	age, found := time.Duration(0), false
	if before != nil && ago <= lookGap {
		found = true
		if before.level == c.level {
			age = before.age + ago
		}
	}
	for _, words := range others {
		other, ok := commonIn(words)
		if ok && other.level == c.level && (!found || other.age < age-lookGap) {
			age, found = other.age, true
		}
	}
	c.age = age
	return c
}

// lookAtLevels finds what all nodes know by what the others say.
func (a *App) lookAtLevels(others map[string]string) common {
	now := time.Now()
	c := commonTo(queue.Newest(a.options.Levels), others, a.common, now.Sub(a.looked))
	a.common, a.looked = &c, now
	return c
}

// raiseLevels raises the level of the sites for which this process was elected to what
// all nodes have known for long enough, and that of any site to what it has had already:
// a log that loses records may lose that its level was raised, while conversations keep
// what was written at the level.
func (a *App) raiseLevels(c common) {
	for _, s := range a.sites {
		level, _ := s.Level()
		if had := queue.Level(s.reached.Load()); level < had {
			s.raiseLevel(had, "loss")
		} else if level < c.level && c.age >= levelRest && s.Elected() {
			s.raiseLevel(c.level, "time")
		}
	}
}

// noticeLevel keeps the highest level that the site has had.
func (s *Site) noticeLevel(st *queue.State) {
	s.reached.Store(max(s.reached.Load(), int64(st.Level())))
}

// raiseLevel raises the level because of by: "time", or "loss" of an earlier raise.
func (s *Site) raiseLevel(to queue.Level, by string) {
	number, err := s.Decide(s.ctx, Refusals{}, func(st *queue.State) (queue.Change, error) {
		if st.Level() >= to {
			return queue.Change{}, nil
		}
		return queue.RaiseLevel(st.SiteLevel(), to, by)
	})
	switch {
	case err != nil:
		s.levelLog.Log(s.log, "the site's level is not raised yet", "to", to, "err", err)
	case number > 0: // else another process was first
		s.log.Info("the site's level is raised, and an older release cannot serve the site any more", "level", to, "by", by)
	}
}

// loseTooOld puts the nodes that are too old for a site into its log, of the sites for which
// this process was elected. Such a node lives, but what it says of the people it holds there
// is committed no more: those who do not come back elsewhere would be here for ever.
func (a *App) loseTooOld(said map[string]string) {
	for _, s := range a.sites {
		if !s.Elected() {
			continue
		}
		var old []string
		s.Read(func(st *queue.State) {
			for _, n := range st.Nodes() {
				if words, ok := said[n]; ok && KnownLevel(words) < st.Level() {
					old = append(old, n)
				}
			}
		})
		for _, n := range old {
			s.loseNode(n)
		}
	}
}
