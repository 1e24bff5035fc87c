package conversation

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"

	"github.com/go-json-experiment/json"

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

func (r record) encode() ([]byte, error) {
	r.Schema = schema
	data, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("conversation: encode an entry: %w", err)
	}
	return data, nil
}

// entry is how clients see a record.
func entry(ticket string, from eventlog.Record) (protocol.Entry, error) {
	var r record
	if err := json.Unmarshal(from.Data, &r); err != nil {
		return protocol.Entry{}, fmt.Errorf("conversation: entry %d cannot be read: %w", from.Number, err)
	}
	if r.Schema != schema {
		return protocol.Entry{}, fmt.Errorf("conversation: entry %d has the unknown schema %d", from.Number, r.Schema)
	}
	return protocol.Entry{
		Type: protocol.TypeEntry, Ticket: ticket, Number: from.Number, Kind: r.Kind, AtMS: from.At,
		From: r.From, MessageID: r.MessageID, Text: r.Text, UpTo: r.UpTo,
	}, nil
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
