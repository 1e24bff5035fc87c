package session

import "time"

// Room is the number of bytes before the payload of a frame that is given to a Link: a
// transport writes its own header there.
const Room = 10

// Link is the way of one conn to its client. Its methods never block, and may be called
// from many goroutines at any time after the link was opened.
type Link interface {
	// Send writes a frame or has it wait. The payload begins after Room bytes, which the
	// link may change; the caller may use the frame again once Send has returned.
	Send(frame []byte)
	// Keep is Send for a frame that may wait for the next one, which is about to come.
	Keep(frame []byte)
	// Behind reports whether more than half of what may wait for the client does wait. It
	// stays true until the link calls Drained.
	Behind() bool
	// Waiting returns the number of bytes that wait to be read by the client.
	Waiting() int
	// SetLimit bounds the bytes that may wait.
	SetLimit(bytes int)
	// Close tells the client the code and the reason after all that waits, gives it that
	// much time to go, and ends the link.
	Close(code int, reason string, within time.Duration)
	// Cut ends the link without a word.
	Cut()
}
