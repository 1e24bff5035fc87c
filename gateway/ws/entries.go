package ws

import (
	"sync"

	"nextup/app/conversation"
	"nextup/gateway/socket"
	"nextup/gateway/view"
)

// entryFrames are those not in use: every entry takes one for each of its readers.
var entryFrames = sync.Pool{New: func() any { return new(view.Entry) }}

// sendEntry sends an entry as this conn may see it.
func (c *conn) sendEntry(ticket string, e *conversation.Entry, hand func(*socket.Socket, []byte)) {
	frame := entryFrames.Get().(*view.Entry)
	frame.Fill(ticket, e, c.id.Role)
	c.encode(&frame.Entry, hand)
	*frame = view.Entry{}
	entryFrames.Put(frame)
}
