package socket

import (
	"sync"
	"time"
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

// serve reads what there is and hands it on, until there is nothing more.
func (s *Socket) serve() {
	for {
		if !s.readAll() {
			s.ended()
			return // and the turn is never given back
		}
		if s.turn.CompareAndSwap(worker, nobody) {
			return
		}
		s.turn.Store(worker)
	}
}

// readAll reads until the kernel has no more. It says no when the socket has
// ended.
func (s *Socket) readAll() bool {
	buf := buffers.Get().(*[readSize]byte)
	defer buffers.Put(buf)
	for {
		n, err := s.tryRead(buf[:])
		if n > 0 {
			s.parser.feed(buf[:n], s)
			clear(buf[:n])
		}
		switch {
		case err != nil:
			return false
		case n < len(buf): // so there was no more; what comes now is an event of its own
			return true
		}
	}
}

// listen is serve for a conn that is read the ordinary way.
func (s *Socket) listen() {
	defer s.ended()
	buf := make([]byte, 512)
	for {
		n, err := s.conn.Read(buf)
		if n > 0 {
			s.parser.feed(buf[:n], s)
			clear(buf[:n])
		}
		if err != nil {
			return
		}
	}
}

// message implements sink.
func (s *Socket) message(text bool, data []byte) bool {
	if !s.silent && !s.handler.Message(text, data) {
		s.hush()
	}
	return true // a close frame may follow
}

// control implements sink.
func (s *Socket) control(op byte, data []byte) bool {
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
		answer := make([]byte, Room, Room+2)
		if len(data) >= 2 {
			answer = append(answer, data[:2]...) // the code comes back
		}
		_ = s.conn.SetWriteDeadline(time.Now().Add(lingerTime))
		_, _ = s.conn.Write(withHeader(opClose, answer))
	}
	s.Cut()
}

// broken implements sink.
func (s *Socket) broken(code int) {
	s.Close(code, "", lingerTime)
	s.hush()
}
