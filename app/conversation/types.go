package conversation

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

// Role is what a person is in a conversation.
type Role string

// The roles.
const (
	Visitor    Role = "visitor"
	Agent      Role = "agent"
	Supervisor Role = "supervisor"
)

// Person is the author of an entry. The zero Person stands for none.
type Person struct {
	Role Role   `json:"role"`
	ID   string `json:"id"`
	Name string `json:"name,omitzero"`
}

// Kind is what an entry is.
type Kind string

// The kinds of entry.
const (
	Message   Kind = "message"    // From, MessageID, Body
	Note      Kind = "note"       // the same; for agents and supervisors alone
	Whisper   Kind = "whisper"    // the same, from a supervisor; for agents and supervisors alone
	Read      Kind = "read"       // From has read everything up to UpTo
	Member    Kind = "member"     // From, an agent or supervisor, has come into the conversation
	AgentLost Kind = "agent_lost" // From, the agent, was lost for good and the ticket waits again
	Closed    Kind = "closed"     // nothing follows
)

// Entry is one record of a conversation. Which members it has depends on its Kind.
type Entry struct {
	// Number counts from 1, without gaps. AtMS is the log's stamp in Unix milliseconds.
	Number uint64
	AtMS   int64
	Kind   Kind
	From   Person
	// MessageID is unique for its sender and kind.
	MessageID string
	Body      Body
	UpTo      uint64
}

// Body is the content of a message: a text or, with a Kind, something else, for which the
// text stands where that kind is not known.
type Body struct {
	// Kind is "" for a plain text.
	Kind string
	Text string
	// Fields are what a body of the kind consists of, as a JSON object; a plain text has
	// none. The package that the kind belongs to reads and writes them.
	Fields jsontext.Value
}

// Text returns the body of a plain text.
func Text(text string) Body { return Body{Text: text} }

// The most bytes of UTF-8 that a body may have.
const (
	MaxTextBytes   = 8 << 10
	MaxFieldsBytes = 8 << 10
)

var errBody = errors.New("conversation: a body needs a text, and fields only with a kind, both within their limits")

func (b *Body) check() error {
	if b.Text == "" || len(b.Text) > MaxTextBytes || len(b.Fields) > MaxFieldsBytes ||
		b.Fields != nil && (b.Kind == "" || b.Fields.Kind() != '{') {
		return errBody
	}
	return nil
}

// intent tells bodies apart.
func (b *Body) intent() string {
	if b.Kind == "" {
		return digest(b.Text)
	}
	return digest(b.Text, b.Kind, string(b.Fields))
}

// digest names what its parts say: 160 bits, as 27 characters fit for an ID.
// Lengths are part of it, so that no two lists run together.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write(binary.AppendUvarint(nil, uint64(len(p))))
		h.Write([]byte(p))
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:20])
}
