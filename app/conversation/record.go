package conversation

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"nextup/gateway/protocol"
	"nextup/internal/eventlog"
)

// schema is the version of record. A gateway that does not know a record's
// version cannot show it.
const schema = 1

// record is what the log keeps of an entry.
type record struct {
	Schema    int                `json:"v"`
	Kind      protocol.EntryKind `json:"kind"`
	From      *protocol.Person   `json:"from,omitzero"`
	MessageID string             `json:"message_id,omitzero"`
	Text      string             `json:"text,omitzero"`
	UpTo      uint64             `json:"up_to,omitzero"`
	// SiteLog is the number of the site's log that a control record copies.
	SiteLog uint64 `json:"site_log,omitzero"`
}

// encode writes by hand what the ordinary encoder would (FuzzPlainRecords).
func (r record) encode() ([]byte, error) {
	w := writer{buf: make([]byte, 0, 128+len(r.Text))}
	w.number(`{"v":`, schema)
	w.text(`,"kind":`, string(r.Kind))
	if r.From != nil {
		w.text(`,"from":{"role":`, string(r.From.Role))
		w.text(`,"id":`, r.From.ID)
		if r.From.Name != "" {
			w.text(`,"name":`, r.From.Name)
		}
		w.buf = append(w.buf, '}')
	}
	if r.MessageID != "" {
		w.text(`,"message_id":`, r.MessageID)
	}
	if r.Text != "" {
		w.text(`,"text":`, r.Text)
	}
	if r.UpTo != 0 {
		w.number(`,"up_to":`, r.UpTo)
	}
	if r.SiteLog != 0 {
		w.number(`,"site_log":`, r.SiteLog)
	}
	if w.err != nil {
		return nil, fmt.Errorf("conversation: encode an entry: %w", w.err)
	}
	return append(w.buf, '}'), nil
}

// writer appends fields; every name begins with the comma or brace before it.
type writer struct {
	buf []byte
	err error // of the last string that is not UTF-8
}

func (w *writer) number(name string, n uint64) {
	w.buf = strconv.AppendUint(append(w.buf, name...), n, 10)
}

func (w *writer) text(name, s string) {
	var err error
	if w.buf, err = jsontext.AppendQuote(append(w.buf, name...), s); err != nil {
		w.err = err
	}
}

// entry is how clients see a record.
func entry(ticket string, from eventlog.Record) (protocol.Entry, error) {
	r, plain := plainRecord(from.Data)
	if !plain {
		r = record{}
		if err := json.Unmarshal(from.Data, &r); err != nil {
			return protocol.Entry{}, fmt.Errorf("conversation: entry %d cannot be read: %w", from.Number, err)
		}
	}
	if r.Schema != schema {
		return protocol.Entry{}, fmt.Errorf("conversation: entry %d has the unknown schema %d", from.Number, r.Schema)
	}
	return protocol.Entry{
		Type: protocol.TypeEntry, Ticket: ticket, Number: from.Number, Kind: r.Kind, AtMS: from.At,
		From: r.From, MessageID: r.MessageID, Text: r.Text, UpTo: r.UpTo,
	}, nil
}

// plainRecord reads the record of a message as encode writes it, if no string in it
// is escaped: by hand, since every gateway reads every message that somebody there
// follows. It says no to all others, which are read the ordinary way;
// FuzzPlainRecords holds what it takes to what comes out there.
func plainRecord(data []byte) (r record, ok bool) {
	if !utf8.Valid(data) {
		return r, false
	}
	// One copy, of which all strings are parts.
	s := scanner{rest: string(data), ok: true}
	s.skip(`{"v":1,"kind":"`)
	r.Schema, r.Kind = schema, protocol.EntryKind(s.text())
	s.skip(`,"from":{"role":"`)
	r.From = &protocol.Person{Role: protocol.Role(s.text())}
	s.skip(`,"id":"`)
	r.From.ID = s.text()
	if s.has(`,"name":"`) {
		r.From.Name = s.text()
	}
	s.skip(`},"message_id":"`)
	r.MessageID = s.text()
	s.skip(`,"text":"`)
	r.Text = s.text()
	return r, s.ok && s.rest == "}"
}

// scanner walks through JSON of which the order is known.
type scanner struct {
	rest string
	ok   bool
}

func (s *scanner) has(next string) bool {
	rest, is := strings.CutPrefix(s.rest, next)
	s.rest = rest
	return is
}

func (s *scanner) skip(next string) { s.ok = s.has(next) && s.ok }

// text reads on to the quote that ends a string without escapes.
func (s *scanner) text() string {
	for i := range len(s.rest) {
		switch c := s.rest[i]; {
		case c == '"':
			text := s.rest[:i]
			s.rest = s.rest[i+1:]
			return text
		case c == '\\' || c < ' ':
			s.ok = false
			return ""
		}
	}
	s.ok = false
	return ""
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
