package queue

import (
	"errors"
	"fmt"
	"strconv"
)

// Level is a step of what the log of a site may hold. A gateway of this release and one
// of the last may share a log, so what only this one can read is written at or above its
// level, and a site's level rises once all its gateways know it:
//
//	if st.Level() >= queue.Level1 {
//		curve.Uncertain = true // a member that the last release does not know
//	}
//
// A level is raised once and never lowered.
type Level int

// The levels that this version knows; Levels has what each brings.
const (
	// Level0 is that of a log that names no level: what the release that the file
	// RELEASE names writes.
	Level0 Level = iota
	Level1
)

// LevelSpec is what a level brings.
type LevelSpec struct {
	// Brings lists in words what may be written from the level on.
	Brings []string
	// Features are the names by which clients hear in welcome what they may send.
	Features []string
}

// Levels returns what each level brings, by its number. It is the one table of them: a
// new kind of entity, status, field or form of the log is a line of the newest level that
// no release has had, or begins a level.
func Levels() []LevelSpec {
	return []LevelSpec{
		Level0: {Brings: []string{"what the last release writes"}},
		Level1: {Brings: []string{
			"messages whose body has a kind and fields beside its text",
			"members of a published curve that the last release does not know",
			"how true the waits were that were shown, by position",
		}},
	}
}

// Newest returns the highest level of a table.
func Newest(levels []LevelSpec) Level { return Level(len(levels) - 1) }

// FeaturesAt returns the features that a table brings up to a level.
func FeaturesAt(levels []LevelSpec, level Level) []string {
	var all []string
	for _, l := range levels[:min(int(level), len(levels)-1)+1] {
		all = append(all, l.Features...)
	}
	return all
}

// ErrLevelLower says that a level cannot be lowered.
var ErrLevelLower = errors.New("queue: a level is never lowered")

// TooOldError says that a log is at a level that only a newer version knows: a gateway
// that meets it must not serve.
type TooOldError struct{ Level, Known Level }

// Error implements error.
func (e *TooOldError) Error() string {
	return fmt.Sprintf("this binary is too old for the site: the site is at level %d, and the binary knows levels up to %d; run a newer release", e.Level, e.Known)
}

// SiteLevel is the entity that holds a site's level. Every version since can read it,
// whatever the level is, so its members keep their names and meanings for ever.
type SiteLevel struct {
	Level    Level   `json:"level"`
	RaisedAt Stamp   `json:"raised_at"`
	Unknown  Unknown `json:",embed"`

	Rev Revision `json:"-"`
}

const (
	levelPrefix = "l/"
	// LevelName is the name of a site's SiteLevel in its log.
	LevelName = levelPrefix
)

func init() {
	register(levelPrefix, kind{empty: func(string) Image { return &SiteLevel{} }})
}

// Name implements Image.
func (*SiteLevel) Name() string { return LevelName }

func (l *SiteLevel) revision() Revision { return l.Rev }

func (l *SiteLevel) resolve(rev Revision, at Stamp) {
	l.Rev = rev
	l.RaisedAt.resolve(at)
}

// Level returns the site's level.
func (s *State) Level() Level {
	if l := s.SiteLevel(); l != nil {
		return l.Level
	}
	return Level0
}

// SiteLevel returns the entity that holds the site's level, or nil at level 0.
func (s *State) SiteLevel() *SiteLevel { return entity[SiteLevel](s, LevelName) }

// RaiseLevel proposes a level in place of one, nil for level 0, at the wish of by. It is
// empty if the site is at that level.
func RaiseLevel(before *SiteLevel, to Level, by string) (Change, error) {
	from := Level0
	if before != nil {
		from = before.Level
	}
	switch {
	case to < from:
		return Change{}, fmt.Errorf("%w: the site is at level %d, and %d was asked for", ErrLevelLower, from, to)
	case to == from:
		return Change{}, nil
	}
	after := &SiteLevel{Level: to, RaisedAt: OwnStamp}
	c := change(CauseLevelRaised, strconv.Itoa(int(to)))
	c.By = by
	if before == nil {
		c.create(after)
	} else {
		after.Unknown = before.Unknown
		c.write(before, after)
	}
	return c, nil
}

// CheckLevel returns a TooOldError if the image raises the level of its log above known,
// the highest level that the caller can read.
func CheckLevel(i Image, known Level) error {
	if l, ok := i.(*SiteLevel); ok && l.Level > known {
		return &TooOldError{Level: l.Level, Known: known}
	}
	return nil
}
