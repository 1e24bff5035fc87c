package session

import (
	"slices"
	"sync"

	"nextup/app/conversation"
	"nextup/gateway/protocol"
	"nextup/gateway/view"
)

// entryFrames are those not in use: every entry takes one for each of its readers.
var entryFrames = sync.Pool{New: func() any { return new(view.Entry) }}

// sendEntry sends an entry as this person may see it.
func (p *peer) sendEntry(ticket string, e *conversation.Entry, hand func(Link, []byte)) {
	frame := entryFrames.Get().(*view.Entry)
	frame.Fill(ticket, e, p.id.Role)
	p.encode(&frame.Entry, hand)
	*frame = view.Entry{}
	entryFrames.Put(frame)
}

// writing names the messages that a client has asked for and not been answered, by
// kind, ticket and id.
type writing struct {
	sync.Mutex
	messages []message
}

type message struct {
	kind       conversation.Kind
	ticket, id string
}

func (w *writing) begin(m message) {
	w.Lock()
	defer w.Unlock()
	w.messages = append(w.messages, m)
}

func (w *writing) end(m message) {
	w.Lock()
	defer w.Unlock()
	i := slices.Index(w.messages, m)
	w.messages = slices.Delete(w.messages, i, i+1)
}

// sendWithAnswer buffers the client's own entry so that it shares one write with the answer, which is
// about to come: that write is the dearest that a message costs. What is sent meanwhile
// takes the entry along, so entries keep their order. It returns false for any other
// entry.
func (s *subscriptions) sendWithAnswer(ticket string, e *conversation.Entry) bool {
	w := &s.writing
	w.Lock()
	defer w.Unlock()
	if e.From.ID != s.to.id.Subject || !slices.Contains(w.messages, message{e.Kind, ticket, e.MessageID}) {
		return false
	}
	s.to.sendEntry(ticket, e, Link.Keep)
	return true
}

// messageOf is the message that a request writes; ok is false for one that writes none.
func messageOf(req protocol.Request) (m message, ok bool) {
	switch r := req.(type) {
	case protocol.Send:
		return message{conversation.Message, r.Ticket, r.MessageID}, true
	case protocol.Note:
		return message{conversation.Note, r.Ticket, r.MessageID}, true
	case protocol.Whisper:
		return message{conversation.Whisper, r.Ticket, r.MessageID}, true
	}
	return message{}, false
}
