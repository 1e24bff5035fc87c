package socket

import (
	"encoding/binary"
	"sync"
	"time"
	"unicode/utf8"
)

// Whose turn it is at a socket.
const (
	nobody = iota
	worker // one is at it
	again  // one is at it, and something has come since
)

const readSize = 4 << 10

// buffers are taken only while something is read, and cleared of what people
// wrote before they go back.
var buffers = sync.Pool{New: func() any { return new([readSize]byte) }}

// serve hands on what has been read and is left, reads what there is and hands it
// on, until there is nothing more or the handler wants nothing more for now.
func (s *Socket) serve() {
	if !s.unhold() {
		return // the turn stays taken, and goes to whom Resume calls
	}
	if s.raw == nil {
		s.listen()
		return
	}
	for {
		switch s.readAll() {
		case held:
			return
		case over:
			s.ended()
			return // and the turn is never given back
		case empty:
		}
		if s.turn.CompareAndSwap(worker, nobody) {
			return
		}
		s.turn.Store(worker)
	}
}

// Resume has a socket go on that its handler holds; with more false it hears no
// more messages. It is called once for each Hold, also before Message has returned.
func (s *Socket) Resume(more bool) {
	s.enough.Store(!more)
	if s.resumed.Add(1) == 0 {
		s.loop.give(s)
	}
}

// unhold lets what is held go on if Resume has been called, and says whether
// nothing is held any more. After no the caller must leave the socket at once.
func (s *Socket) unhold() bool {
	for s.parser.held {
		if !s.left {
			s.left = true
			if s.resumed.Add(-1) < 0 {
				return false
			}
		}
		s.left, s.parser.held = false, false
		if s.enough.Load() {
			s.hush()
		}
		s.parser.feed(nil, s)
	}
	return true
}

// What reading came to.
const (
	empty = iota // the kernel has no more
	held
	over // the socket has ended
)

// readAll reads until the kernel has no more.
func (s *Socket) readAll() int {
	buf := buffers.Get().(*[readSize]byte)
	defer buffers.Put(buf)
	for {
		n, err := s.tryRead(buf[:])
		if n > 0 {
			s.parser.feed(buf[:n], s)
			clear(buf[:n])
			if !s.unhold() {
				return held
			}
		}
		switch {
		case err != nil:
			return over
		case n < len(buf): // so there was no more; what comes now is an event of its own
			return empty
		}
	}
}

// listen is serve for a conn that is read the ordinary way.
func (s *Socket) listen() {
	buf := make([]byte, 512)
	for {
		n, err := s.conn.Read(buf)
		if n > 0 {
			s.parser.feed(buf[:n], s)
			clear(buf[:n])
			if !s.unhold() {
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
		s.hush()
		return More
	}
	return next
}

// ignore cuts a socket whose client goes on and on after the end.
func (s *Socket) ignore() {
	if s.late++; s.late > maxLate {
		s.Cut()
	}
}

// piece implements sink.
func (s *Socket) piece(size int) (within bool) {
	if s.silent {
		s.ignore()
		return false
	}
	within, more := s.handler.Frame(size)
	if !more {
		s.hush()
	}
	return within
}

// control implements sink.
func (s *Socket) control(op byte, data []byte) (more bool) {
	if op != opClose && !s.piece(len(data)) {
		return true
	}
	switch op {
	case opPing:
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.dead && !s.ending {
			s.put(withHeader(opPong, append(make([]byte, Room, Room+maxControl), data...)))
		}
	case opClose:
		s.answerClose(data)
		return false
	}
	return true
}

// answerClose ends the socket on the client's wish, or after its answer to ours.
func (s *Socket) answerClose(data []byte) {
	s.mu.Lock()
	mayAnswer := !s.ending && !s.dead && s.waiting == 0
	s.dead = true // nobody else writes from here on
	s.mu.Unlock()
	if mayAnswer {
		s.writeLast(withHeader(opClose, append(make([]byte, Room, Room+2), answerTo(data)...)))
	}
	s.Cut()
}

// answerTo is the payload of the answer to a close frame: its code, unless a peer must
// not send it.
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

// writeLast writes a frame that nobody waits for. Only a reader that has no other
// sockets waits a little until it has left.
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
	s.hush()
}
