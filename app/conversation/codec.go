package conversation

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"nextup/internal/eventlog"
)

// schema is the version of record. A gateway that does not know a record's
// version cannot show it.
const schema = 1

// record is the form in which the log keeps an entry. What is added to it must be
// optional, and what an older gateway then shows must still be right.
type record struct {
	Schema    int     `json:"v"`
	Kind      Kind    `json:"kind"`
	From      *Person `json:"from,omitzero"`
	MessageID string  `json:"message_id,omitzero"`
	// Text is the body's. Gateways that do not know Body show it alone.
	Text string      `json:"text,omitzero"`
	Body *recordBody `json:"body,omitzero"`
	UpTo uint64      `json:"up_to,omitzero"`
	// SiteLog is the number of the site's log that a control record copies.
	SiteLog uint64 `json:"site_log,omitzero"`
}

// recordBody is a body that is more than a text.
type recordBody struct {
	Kind   string         `json:"kind"`
	Fields jsontext.Value `json:"fields,omitzero"`
}

// encode returns the log's form of an entry, of which Number and AtMS are the log's own;
// siteLog is a control record's. It writes by hand what the ordinary encoder would
// (FuzzCodec).
func encode(e *Entry, siteLog uint64) ([]byte, error) {
	w := writer{buf: make([]byte, 0, 128+len(e.Body.Text)+len(e.Body.Fields))}
	w.number(`{"v":`, schema)
	w.text(`,"kind":`, string(e.Kind))
	if e.From != (Person{}) {
		w.text(`,"from":{"role":`, string(e.From.Role))
		w.text(`,"id":`, e.From.ID)
		if e.From.Name != "" {
			w.text(`,"name":`, e.From.Name)
		}
		w.buf = append(w.buf, '}')
	}
	if e.MessageID != "" {
		w.text(`,"message_id":`, e.MessageID)
	}
	if e.Body.Text != "" {
		w.text(`,"text":`, e.Body.Text)
	}
	if e.Body.Kind != "" {
		w.body(&e.Body)
	}
	if e.UpTo != 0 {
		w.number(`,"up_to":`, e.UpTo)
	}
	if siteLog != 0 {
		w.number(`,"site_log":`, siteLog)
	}
	if w.err != nil {
		return nil, fmt.Errorf("conversation: encode an entry: %w", w.err)
	}
	return append(w.buf, '}'), nil
}

// writer appends fields; every name begins with the comma or brace before it.
type writer struct {
	buf []byte
	err error // of the last part that cannot be written
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

func (w *writer) body(b *Body) {
	w.text(`,"body":{"kind":`, b.Kind)
	if b.Fields != nil {
		fields := b.Fields.Clone()
		if err := fields.Format(); err != nil { // valid, without spaces or doubled names
			w.err = err
		}
		w.buf = append(append(w.buf, `,"fields":`...), fields...)
	}
	w.buf = append(w.buf, '}')
}

// decode returns the entry of a log's record.
func decode(from *eventlog.Record) (Entry, error) {
	e := Entry{Number: from.Number, AtMS: from.At}
	if decodePlain(&e, from.Data) {
		return e, nil
	}
	var r record
	if err := json.Unmarshal(from.Data, &r); err != nil {
		return Entry{}, fmt.Errorf("conversation: entry %d cannot be read: %w", from.Number, err)
	}
	if r.Schema != schema {
		return Entry{}, fmt.Errorf("conversation: entry %d has the unknown schema %d", from.Number, r.Schema)
	}
	e.Kind, e.MessageID, e.UpTo = r.Kind, r.MessageID, r.UpTo
	e.Body.Text = r.Text
	if r.From != nil {
		e.From = *r.From
	}
	if r.Body != nil && r.Body.Kind != "" {
		e.Body.Kind, e.Body.Fields = r.Body.Kind, r.Body.Fields
	}
	return e, nil
}

// decodePlain reads what is written most: a plain text without escapes. It knows the
// order in which encode writes; of anything else it sets nothing and returns false.
func decodePlain(to *Entry, data []byte) bool {
	if !utf8.Valid(data) {
		return false
	}
	// One copy, of which all strings are parts.
	s := scanner{rest: string(data), ok: true}
	e := *to
	s.skip(`{"v":1,"kind":"`)
	e.Kind = Kind(s.text())
	s.skip(`,"from":{"role":"`)
	e.From.Role = Role(s.text())
	s.skip(`,"id":"`)
	e.From.ID = s.text()
	if s.has(`,"name":"`) {
		e.From.Name = s.text()
	}
	s.skip(`},"message_id":"`)
	e.MessageID = s.text()
	s.skip(`,"text":"`)
	e.Body.Text = s.text()
	if !s.ok || s.rest != "}" {
		return false
	}
	*to = e
	return true
}

// scanner walks through JSON of which the order is known.
type scanner struct {
	rest string
	ok   bool
}

func (s *scanner) has(next string) bool {
	rest, found := strings.CutPrefix(s.rest, next)
	s.rest = rest
	return found
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
