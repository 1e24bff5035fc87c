package view

import (
	"nextup/app/conversation"
	"nextup/gateway/protocol"
)

// Entry is room for an entry of a conversation in the wire's form. Each reader of an entry
// needs one: reuse them.
type Entry struct {
	protocol.Entry
	from protocol.Person
}

// Fill translates an entry as a person of the role may see it. Visitors get the number
// of an entry that is not for them, so that theirs have no gaps. Of a body that is more
// than a text the wire shows its text.
func (w *Entry) Fill(ticket string, e *conversation.Entry, reader protocol.Role) {
	w.Entry = protocol.Entry{Type: protocol.TypeEntry, Ticket: ticket, Number: e.Number, Kind: protocol.EntryKind(e.Kind), AtMS: e.AtMS}
	if reader == protocol.Visitor && (e.Kind == conversation.Note || e.Kind == conversation.Whisper) {
		w.Kind = protocol.EntryHidden
		return
	}
	w.MessageID, w.Text, w.UpTo = e.MessageID, e.Body.Text, e.UpTo
	if e.From != (conversation.Person{}) {
		w.from = protocol.Person{Role: protocol.Role(e.From.Role), ID: e.From.ID, Name: e.From.Name}
		w.From = &w.from
	}
}
