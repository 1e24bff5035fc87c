package socket

import (
	"encoding/binary"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"encoding/json"
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
	if err := l.Start(s, conn, early, limit, handler); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.dead && !s.ending {
		s.write(head)
	}
	return nil
}

// event makes a frame an event: its payload begins at Room.
func event(frame []byte) []byte {
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
		return append([]byte(closeEvent), event(closeData(frame[Room:]))...)
	}
	return event(frame)
}

// closeData turns the payload of a close frame into that of the event, with room before it.
func closeData(payload []byte) []byte {
	reason, _ := json.Marshal(string(payload[2:]))
	data := slices.Grow(make([]byte, Room), len(reason)+64)
	data = append(data, `{"code":`...)
	data = strconv.AppendUint(data, uint64(binary.BigEndian.Uint16(payload)), 10)
	data = append(data, `,"reason":`...)
	return append(append(data, reason...), '}')
}

// halfClose ends a stream whose last event is written: the client's end follows.
func (s *Socket) halfClose() {
	if half, ok := s.conn.(interface{ CloseWrite() error }); ok && s.stream {
		_ = half.CloseWrite()
	}
}

// refuseInput ends a stream on which the client has sent something.
func (s *Socket) refuseInput() {
	s.Close(closeBroken, "nothing is sent by a stream", time.Second)
	s.endHandler()
}
