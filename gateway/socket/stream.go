package socket

import (
	"encoding/binary"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// The parts of an event stream (text/event-stream). What a socket says in a close frame,
// a stream says in an event of its own, whose end could else be a broken network's.
const (
	eventStart = "data: "
	eventEnd   = "\n\n"
	closeEvent = "event: close\n"
)

// Hijack takes the connection of a request whose body was read to its end, and returns what
// the client has sent since. After an error the request is still to be answered.
//
// The caller must return from its handler at once; see Accept.
func Hijack(w http.ResponseWriter) (conn net.Conn, early []byte, err error) {
	h := &hijacker{ResponseWriter: w}
	if _, _, err := h.Hijack(); err != nil {
		return nil, nil, err
	}
	if tcp, ok := h.conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(kernelBuffer)
	}
	return h.conn, h.early, nil
}

// StartStream is Start for a stream, the socket of one way: the answer to a request, to which
// each frame is an event. Head is the answer's head, which is written first. The stream ends
// where its connection does, so that proxies of every age can pass it on. The client sends
// nothing by it; one that does breaks the protocol. The payload of a frame has no line break.
func (l *Loop) StartStream(s *Socket, conn net.Conn, early, head []byte, limit int, handler Handler) error {
	s.stream = true
	return l.start(s, conn, head, early, limit, handler)
}

// Event makes a frame an event: its payload begins at Room.
func Event(frame []byte) []byte {
	at := Room - len(eventStart)
	copy(frame[at:], eventStart)
	return append(frame[at:], eventEnd...)
}

// encode returns the bytes of a frame whose payload begins at Room.
func (s *Socket) encode(op byte, frame []byte) []byte {
	switch {
	case !s.stream:
		return withHeader(op, frame)
	case op == opClose:
		return CloseEvent(int(binary.BigEndian.Uint16(frame[Room:])), string(frame[Room+2:]))
	}
	return Event(frame)
}

// CloseEvent is the last event of a stream.
func CloseEvent(code int, reason string) []byte {
	quoted, _ := json.Marshal(reason)
	data := slices.Grow(make([]byte, Room), len(quoted)+64)
	data = append(data, `{"code":`...)
	data = strconv.AppendInt(data, int64(code), 10)
	data = append(data, `,"reason":`...)
	return append([]byte(closeEvent), Event(append(append(data, quoted...), '}'))...)
}

// halfClose ends a stream whose last event is written: the client's end follows.
func (s *Socket) halfClose() {
	half, ok := s.conn.(interface{ CloseWrite() error })
	switch {
	case !ok || !s.stream:
	case s.raw == nil: // that of TLS may wait, and senders wait for mu
		s.loop.work.Go(func() { _ = half.CloseWrite() })
	default:
		_ = half.CloseWrite()
	}
}

// refuseInput ends a stream on which the client has sent something.
func (s *Socket) refuseInput() {
	s.Close(closeBroken, "nothing is sent by a stream", time.Second)
	s.endHandler()
}
