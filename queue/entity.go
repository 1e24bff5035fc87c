package queue

import (
	"bytes"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Stamp is a time of the log in Unix milliseconds. 0 means never.
// OwnStamp stands for the stamp of the record that carries it and is resolved on replay.
type Stamp int64

// OwnStamp is "the stamp of this very record", which is not known before the commit.
const OwnStamp Stamp = -1

// Millis is a length of time in milliseconds.
type Millis int64

// Duration returns the same length of time as the standard library has it.
func (m Millis) Duration() time.Duration { return time.Duration(m) * time.Millisecond }

// Add returns the stamp d later.
func (s Stamp) Add(d Millis) Stamp { return s + Stamp(d) }

func (s *Stamp) resolve(at Stamp) {
	if *s == OwnStamp {
		*s = at
	}
}

// Revision is the write that an entity stems from.
type Revision struct {
	// Version is the commit id of the write; "" for an entity that never was.
	Version string
	// Number is the log number of the write.
	Number uint64
}

// Image is the state of one entity after a change. Images are never modified
// once they are in a State, so the holder of one may go on reading it.
type Image interface {
	// Name is the entity's name in the log.
	Name() string
	// resolve replaces what stands for the record's own number and stamp.
	resolve(rev Revision, at Stamp)
	revision() Revision
}

// Unknown are the members of an image, or of an object in it, that only a newer version
// knows: they are written again with it, so an older gateway loses nothing of theirs. It
// is nil where there are none. A Session has none: a binding replaces all that the one
// before it said.
type Unknown = *jsontext.Value

func sameUnknown(a, b Unknown) bool {
	return a == b || a != nil && b != nil && bytes.Equal(*a, *b)
}

// The prefixes of entities' names. A subject can hold any printable character, so the
// kind comes first.
const (
	ticketPrefix    = "t/"
	visitorPrefix   = "v/"
	agentPrefix     = "a/"
	pausePrefix     = "p/"
	estimatesPrefix = "e/"
	nodePrefix      = "n/"
)
