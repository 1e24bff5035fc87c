package queue

import (
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
}

// EncodeImage is the body of an entity in the log.
func EncodeImage(i Image) ([]byte, error) {
	if t, ok := i.(*Ticket); ok && t.Ask != nil && t.Need.plain(t.Language) { // most are: say nothing
		bare, ask := *t, *t.Ask
		ask.Need, bare.Ask = nil, &ask
		i = &bare
	}
	return json.Marshal(i)
}

// DecodeImage reads the body of the entity with the name. The image is not
// resolved yet.
func DecodeImage(name string, body []byte) (Image, error) {
	var image Image
	switch kind, _ := split(name); kind {
	case ticketKind:
		image = &Ticket{}
	case visitorKind:
		image = &Visitor{}
	case agentKind:
		image = &Agent{}
	case pauseKind:
		image = &Pause{}
	case estimatesKind:
		image = &Estimates{}
	case nodeKind:
		image = &Node{}
	default:
		return nil, fmt.Errorf("%w: entity %q", ErrSchema, name)
	}
	if err := json.Unmarshal(body, image); err != nil {
		return nil, fmt.Errorf("queue: entity %q: %w", name, err)
	}
	return image, nil
}

// EncodeRecord is a change as the log keeps it; bodies are its images encoded,
// in the order of Writes, nil for a removal.
func EncodeRecord(c *Change, bodies [][]byte) ([]byte, error) {
	rec := recordJSON{Schema: Schema, Cause: c.Cause, By: c.By, Writes: make([]writeJSON, len(c.Writes))}
	for i, w := range c.Writes {
		rec.Writes[i] = writeJSON{Name: w.Name, Body: bodies[i]}
	}
	return json.Marshal(rec)
}

// DecodeRecord reads what EncodeRecord wrote.
func DecodeRecord(number uint64, id string, at Stamp, data []byte) (Record, error) {
	var rec recordJSON
	if err := json.Unmarshal(data, &rec); err != nil {
		return Record{}, fmt.Errorf("queue: record %d: %w", number, err)
	}
	if rec.Schema != Schema {
		return Record{}, fmt.Errorf("%w: record %d has schema %d, this gateway reads %d", ErrSchema, number, rec.Schema, Schema)
	}
	r := Record{Number: number, ID: id, At: at, Cause: rec.Cause, By: rec.By, Writes: make([]Write, len(rec.Writes))}
	for i, w := range rec.Writes {
		r.Writes[i].Name = w.Name
		if w.Body == nil {
			continue
		}
		image, err := DecodeImage(w.Name, w.Body)
		if err != nil {
			return Record{}, err
		}
		r.Writes[i].Image = image
	}
	return r, nil
}

// split parts an entity's name into its kind and its id.
func split(name string) (kind, id string) {
	if len(name) < 2 {
		return "", name
	}
	return name[:2], name[2:]
}
