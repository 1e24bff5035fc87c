package conversation

import "nextup/gateway/protocol"

// Who writes what; the wire's own types for now.
type (
	// Entry is an entry as a subscriber is given it.
	Entry = protocol.Entry
	// Kind is what an entry is.
	Kind = protocol.EntryKind
	// Person is who wrote an entry, and Role what they are.
	Person = protocol.Person
	Role   = protocol.Role
)

// The kinds that are drafted.
const (
	Message = protocol.EntryMessage
	Note    = protocol.EntryNote
	Whisper = protocol.EntryWhisper
	Read    = protocol.EntryRead
)
