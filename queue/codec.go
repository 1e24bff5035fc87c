package queue

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Schema is the version of the records that this code writes and reads.
const Schema = 1

// ErrSchema says that a record was written by a newer version: a gateway that
// meets one must not serve.
var ErrSchema = errors.New("queue: a record of an unknown schema")

type recordJSON struct {
	Schema int         `json:"s"`
	Cause  Cause       `json:"c"`
	By     string      `json:"by,omitzero"`
	Writes []writeJSON `json:"w"`
}

type writeJSON struct {
	Name string         `json:"n"`
	Body jsontext.Value `json:"b,omitzero"` // absent: the entity is removed

	image Image // Body decoded; decoding leaves Body empty
}

// UnmarshalJSONFrom decodes a body where it stands: replay reads each byte once.
func (w *writeJSON) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if begin, err := dec.ReadToken(); err != nil || begin.Kind() != '{' {
		return cmp.Or(err, errNoObject)
	}
	for dec.PeekKind() != '}' {
		member, err := dec.ReadValue()
		if err != nil {
			return err
		}
		switch string(member) {
		case `"n"`:
			err = json.UnmarshalDecode(dec, &w.Name)
		case `"b"`: // EncodeRecord writes the name first
			if w.image, err = emptyImage(w.Name); err == nil {
				err = json.UnmarshalDecode(dec, w.image)
			}
		default:
			err = dec.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

var errNoObject = errors.New("queue: a write is an object")

// EncodeImage is the body of an entity in the log.
func EncodeImage(i Image) ([]byte, error) {
	if t, ok := i.(*Ticket); ok && t.Specification != nil && t.Requirements.plain(t.Language) { // most are: say nothing
		bare, ask := *t, *t.Specification
		ask.Requirements, bare.Specification = nil, &ask
		i = &bare
	}
	return json.Marshal(i)
}

// DecodeImage reads the body of the entity with the name. The image is not
// resolved yet.
func DecodeImage(name string, body []byte) (Image, error) {
	image, err := emptyImage(name)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(body, image); err != nil {
		return nil, fmt.Errorf("queue: entity %q: %w", name, err)
	}
	return image, nil
}

// EncodeRecord is a change as the log keeps it; bodies are its images encoded,
// in the order of Writes, nil for a removal. It refuses one that is not legal (ErrIllegal).
func EncodeRecord(c *Change, bodies [][]byte) ([]byte, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	rec := recordJSON{Schema: Schema, Cause: c.Cause, By: c.By, Writes: make([]writeJSON, len(c.Writes))}
	for i, w := range c.Writes {
		rec.Writes[i] = writeJSON{Name: w.Name, Body: bodies[i]}
	}
	return json.Marshal(rec)
}

// DecodeRecord reads what EncodeRecord wrote.
func DecodeRecord(number uint64, id string, at Stamp, data []byte) (Record, error) {
	var rec recordJSON
	err := json.Unmarshal(data, &rec)
	switch {
	case rec.Schema != Schema && (err == nil || rec.Schema != 0): // else it is no record at all
		return Record{}, fmt.Errorf("%w: record %d has schema %d, this gateway reads %d", ErrSchema, number, rec.Schema, Schema)
	case err != nil:
		return Record{}, fmt.Errorf("queue: record %d: %w", number, err)
	}
	r := Record{Number: number, ID: id, At: at, Cause: rec.Cause, By: rec.By, Writes: make([]Write, len(rec.Writes))}
	for i, w := range rec.Writes {
		r.Writes[i] = Write{Name: w.Name, Image: w.image}
	}
	return r, nil
}
