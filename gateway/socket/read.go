package socket

import (
	"bytes"
	"encoding/binary"
	"sync"
	"time"
	"unicode/utf8"
)

// The states of Socket.turn.
const (
	idle        = iota
	worker      // one is at it
	workerAgain // one is at it, and something has come since
)

const readSize = 4 << 10

// buffers are used only while something is read, and are cleared of what people wrote
// before they are put back.
var buffers = sync.Pool{New: func() any { return new([readSize]byte) }}

// serve parses what was read before and is left, then reads and parses until there is
// nothing more, or the handler wants nothing more for now.
func (s *Socket) serve() {
	if !s.takeUp() {
		return // the turn stays taken, and Resume passes it on
	}
	if s.raw == nil {
		s.readBlocking()
		return
	}
	for {
		switch s.readAll() {
		case held:
			return
		case ended:
			s.ended()
			return // and the turn stays taken for ever
		case empty:
		}
		if s.turn.CompareAndSwap(worker, idle) {
			return
		}
		s.turn.Store(worker)
	}
}

// Resume continues a socket that its handler holds; with more false the handler gets
// no more messages. Call it once for each Hold, which may be before Message has
// returned.
func (s *Socket) Resume(more bool) {
	s.stopReading.Store(!more)
	if s.resumed.Add(1) == 0 {
		s.loop.assign(s)
	}
}

// takeUp continues a held socket if Resume has been called, and reports whether the
// socket is no longer held. After false the caller must leave the socket at once.
func (s *Socket) takeUp() bool {
	for s.parser.held {
		if !s.released {
			s.released = true
			if s.resumed.Add(-1) < 0 {
				return false
			}
		}
		s.released, s.parser.held = false, false
		if s.stopReading.Load() {
			s.endHandler()
		}
		s.parser.feed(nil, s)
	}
	return true
}

// The results of readAll.
const (
	empty = iota // the kernel has no more
	held
	ended // the socket has ended
)

// readAll reads until the kernel has no more.
func (s *Socket) readAll() int {
	buf := buffers.Get().(*[readSize]byte)
	defer buffers.Put(buf)
	for {
		n, err := s.tryRead(buf[:])
		if n > 0 {
			s.feed(buf[:n])
			clear(buf[:n])
			if !s.takeUp() {
				return held
			}
		}
		switch {
		case err != nil:
			return ended
		case n < len(buf): // there was no more; what comes now is a new event
			return empty
		}
	}
}

// feed takes what the client has sent.
func (s *Socket) feed(data []byte) {
	switch {
	case !s.stream:
		s.parser.feed(data, s)
	case len(data) == 0:
	case s.silent, len(bytes.Trim(data, "\r\n")) == 0: // old proxies end a body so (RFC 9112, 2.2)
		s.ignore()
	default:
		s.refuseInput()
	}
}

// readBlocking is serve for a conn that is read by blocking reads.
func (s *Socket) readBlocking() {
	buf := make([]byte, 512)
	for {
		n, err := s.conn.Read(buf)
		if n > 0 {
			s.feed(buf[:n])
			clear(buf[:n])
			if !s.takeUp() {
				return
			}
		}
		if err != nil {
			s.ended()
			return
		}
	}
}

// message implements sink.
func (s *Socket) message(text bool, data []byte) Next {
	if s.silent {
		s.ignore()
		return More // a close frame may follow
	}
	next := s.handler.Message(text, data)
	if next == Enough {
		s.endHandler()
		return More
	}
	return next
}

// ignore counts a frame after the handler's end, and cuts a socket whose client sends
// too many of them.
func (s *Socket) ignore() {
	if s.late++; s.late > maxLate {
		s.Cut()
	}
}

// partial implements sink.
func (s *Socket) partial(size int) (within bool) {
	if s.silent {
		s.ignore()
		return false
	}
	within, more := s.handler.Frame(size)
	if !more {
		s.endHandler()
	}
	return within
}

// control implements sink.
func (s *Socket) control(op byte, data []byte) (more bool) {
	if op != opClose && !s.partial(len(data)) {
		return true
	}
	switch op {
	case opPing:
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.dead && !s.ending {
			s.write(withHeader(opPong, append(make([]byte, Room, Room+maxControl), data...)))
		}
	case opClose:
		s.answerClose(data)
		return false
	}
	return true
}

// answerClose ends the socket after a close frame of the client, which is its own or
// the answer to ours.
func (s *Socket) answerClose(data []byte) {
	s.mu.Lock()
	mayAnswer := !s.ending && !s.dead && s.waiting == 0
	s.dead = true // no other goroutine writes from here on
	s.mu.Unlock()
	if mayAnswer {
		s.writeLast(withHeader(opClose, append(make([]byte, Room, Room+2), answerTo(data)...)))
	}
	s.Cut()
}

// answerTo returns the payload of the answer to a close frame: its code, unless a
// peer must not send that code.
func answerTo(data []byte) []byte {
	code := 0
	if len(data) >= 2 {
		code = int(binary.BigEndian.Uint16(data))
	}
	switch {
	case len(data) == 0:
		return nil
	case code < 1000, code > 1003 && code < 1007, code > 1014 && code < 3000, code > 4999:
		code = closeBroken
	case !utf8.Valid(data[2:]):
		code = closeInvalidUTF8
	}
	return binary.BigEndian.AppendUint16(nil, uint16(code))
}

// writeLast writes a frame without waiting for it. Only a goroutine that reads no
// other sockets waits a little until it is written.
func (s *Socket) writeLast(frame []byte) {
	if s.raw != nil {
		_, _ = s.tryWrite(frame)
		return
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(lingerTime))
	_, _ = s.conn.Write(frame)
}

// broken implements sink.
func (s *Socket) broken(code int) {
	s.Close(code, "", lingerTime)
	s.endHandler()
}
