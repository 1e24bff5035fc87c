package eventlog

import (
	"errors"
	"fmt"
	"strings"
)

// The limits of what a log takes.
const (
	MaxLogName  = 256     // bytes of Log.Name
	MaxCommitID = 128     // bytes of Commit.ID and of Commit.Intent
	MaxNumber   = 1 << 53 // numbers, fences, scores and stamps stay exact in a double
)

// RankKey returns a member's key in a sorted set: the key that Redis holds, which
// also breaks the tie between equal scores.
func RankKey(number uint64, member string) string {
	return fmt.Sprintf("%016d:%s", number, member)
}

// Check returns an error if the arguments of Commit are invalid; every backend calls
// it first. The error is a fault of the caller, and repeating the call does not
// help.
func Check(log Log, commits []Commit) error {
	switch {
	case log.Name == "" || len(log.Name) > MaxLogName:
		return fmt.Errorf("eventlog: a log's name has 1 to %d bytes, not %d", MaxLogName, len(log.Name))
	case strings.ContainsAny(log.Name, "{}"):
		return fmt.Errorf("eventlog: the log's name %q contains a brace", log.Name)
	case log.Remember < 0 || log.Trim < 0 || log.Keep < 0:
		return fmt.Errorf("eventlog: log %q has a negative duration", log.Name)
	}
	for i := range commits {
		if err := commits[i].check(log); err != nil {
			return fmt.Errorf("eventlog: commit %q: %w", commits[i].ID, err)
		}
	}
	return nil
}

func (c *Commit) check(log Log) error {
	notPrintable := func(r rune) bool { return r <= ' ' || r > '~' }
	switch {
	case c.ID == "" || len(c.ID) > MaxCommitID || strings.ContainsFunc(c.ID, notPrintable):
		return fmt.Errorf("an id is 1 to %d bytes of printable ASCII without space", MaxCommitID)
	case len(c.Intent) > MaxCommitID:
		return fmt.Errorf("an intent has at most %d bytes", MaxCommitID)
	case c.Fence > MaxNumber || c.RaiseFence > MaxNumber:
		return fmt.Errorf("a fence is at most %d", int64(MaxNumber))
	case len(c.Ranks) > 0 && log.Keep > 0:
		return errors.New("a log with Keep has no sorted sets")
	}
	for _, r := range c.Reads {
		if r.Name == "" {
			return errors.New("a read names no entity")
		}
	}
	for _, w := range c.Writes {
		if w.Name == "" {
			return errors.New("a write names no entity")
		}
	}
	for _, r := range c.Ranks {
		if r.Set == "" || r.Score > MaxNumber || r.Score < -MaxNumber || r.Number > MaxNumber {
			return fmt.Errorf("rank of %q in %q is out of range", r.Member, r.Set)
		}
	}
	return nil
}

// AllReleaseMemory reports whether every commit of a call gives memory back.
func AllReleaseMemory(commits []Commit) bool {
	for i := range commits {
		if !commits[i].ReleasesMemory {
			return false
		}
	}
	return len(commits) > 0
}
