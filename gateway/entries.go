package gateway

import (
	"sync"

	"nextup/app/conversation"
	"nextup/gateway/protocol"
	"nextup/gateway/socket"
)

// wireEntry is room for an entry in the wire's form.
type wireEntry struct {
	entry protocol.Entry
	from  protocol.Person
}

// wireEntries are those not in use: every entry takes one for each of its readers.
var wireEntries = sync.Pool{New: func() any { return new(wireEntry) }}

// sendEntry sends an entry as this conn may see it. Visitors get the number of what is
// not for them, so that theirs have no gaps.
func (c *conn) sendEntry(ticket string, e *conversation.Entry, hand func(*socket.Socket, []byte)) {
	w := wireEntries.Get().(*wireEntry)
	w.fill(ticket, e)
	if c.id.Role == protocol.Visitor && (e.Kind == conversation.Note || e.Kind == conversation.Whisper) {
		w.entry = protocol.Entry{Type: protocol.TypeEntry, Ticket: ticket, Number: e.Number, Kind: protocol.EntryHidden, AtMS: e.AtMS}
	}
	c.encode(&w.entry, hand)
	*w = wireEntry{}
	wireEntries.Put(w)
}

// fill translates an entry. Of a body that is more than a text the wire shows its text.
func (w *wireEntry) fill(ticket string, e *conversation.Entry) {
	w.entry = protocol.Entry{
		Type: protocol.TypeEntry, Ticket: ticket, Number: e.Number, Kind: protocol.EntryKind(e.Kind), AtMS: e.AtMS,
		MessageID: e.MessageID, Text: e.Body.Text, UpTo: e.UpTo,
	}
	if e.From != (conversation.Person{}) {
		w.from = protocol.Person{Role: protocol.Role(e.From.Role), ID: e.From.ID, Name: e.From.Name}
		w.entry.From = &w.from
	}
}
