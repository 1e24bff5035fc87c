// Package socket holds WebSockets of the server's side as cheaply as the platform
// allows.
//
// # Reading
//
// A socket that nothing comes on has no goroutine and no buffer. On Linux one
// epoll instance watches all sockets of a Loop; one that can be read is given to
// a worker, which borrows a buffer, reads what is there and hands whole messages
// to the socket's Handler. Workers are few, stay for the next socket with the
// stack that the last one made them grow, and wait for no client: what has come of
// a frame that is not whole is kept with the socket. Elsewhere, and for conns
// that are no TCP conns, each socket has a goroutine that reads.
//
// A Handler that must wait for something returns Hold. Then nothing more is read of
// the socket until Resume, and no worker waits for it.
//
// # Writing
//
// Send writes at once, on the caller's goroutine and without ever blocking, as
// long as the kernel takes it all. What it does not take waits in the socket,
// bounded, and a goroutine is there only until it has left. A client that takes
// nothing for some time, or for which too much waits, is closed as one that does
// not read. Whoever has much to say asks Behind first, and goes on when the handler
// hears Drained: a client that reads, however slowly, is not closed for it.
//
// The opening handshake is the library's (github.com/coder/websocket); the frames
// after it are ours, since the library's reader needs a goroutine and its buffers
// for as long as a socket lives.
package socket

import (
	"encoding/binary"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Handler is told what comes on a socket. Its methods are called one at a time.
type Handler interface {
	// Message takes a whole message, which is valid until it returns, and says what
	// comes next. It must not wait for anything but the processor.
	Message(text bool, data []byte) Next
	// Frame is told of every frame that completes no message: a control frame, or a
	// piece of a message, of so many bytes. Only within the limits is a ping answered;
	// unless more is true no message comes any more.
	Frame(size int) (within, more bool)
	// Gone is the last call: the socket has ended, or nothing more was wanted.
	Gone()
	// Overflowed says that the client does not read what it is sent, and returns
	// the code and reason that the socket is closed with. It must neither block nor
	// call the socket. It and Drained may come at any time.
	Overflowed() (code int, reason string)
	// Drained says that what waited has been written. It must not block.
	Drained()
}

// Next is what a Handler wants after a message.
type Next int

// What comes after a message: the next one, nothing until Resume, or nothing more.
const (
	More Next = iota
	Hold
	Enough
)

// Room is how many bytes a frame given to Send must have before its payload.
const Room = 10

// How long so many bytes may take to leave, and a client may take to answer a
// close frame once it has broken the rules.
const (
	atOnce       = 16 << 10
	writeTimeout = 10 * time.Second
	lingerTime   = 500 * time.Millisecond
	maxLate      = 100_000         // frames after the handler has heard enough, read for the close frame that may come
	slowTimeout  = 5 * time.Second // for all that waits, and the close frame
)

// Socket is one WebSocket. Its methods may be called from many goroutines.
type Socket struct {
	loop    *Loop
	conn    net.Conn
	raw     syscall.RawConn // of conn; nil where reading and writing go the ordinary way
	fd      int             // of conn, if the loop watches it
	handler Handler
	parser  parser
	// The reader's own: the handler hears no more, and how many frames came since.
	silent bool
	late   int
	// turn says whether a worker is at the socket.
	turn atomic.Int32
	// resumed counts the calls of Resume less the workers that have left a held
	// socket: below 0 the socket rests, with its turn taken. enough is what the
	// last Resume said.
	resumed atomic.Int32
	enough  atomic.Bool
	left    bool // a worker has left while the socket is held; the reader's own

	mu       sync.Mutex
	pending  []byte // whole frames but for the first, which wait to be written
	waiting  int    // bytes in pending and in the hands of flush
	most     int    // of waiting
	flushing bool
	kept     bool // pending waits for the next frame, and for nothing else
	ending   bool // a close frame goes out once nothing waits, and nothing else does
	dead     bool // nothing is written any more
	bye      *goodbye
}

// goodbye is how a socket ends.
type goodbye struct {
	frame  []byte
	within time.Duration
	cut    *time.Timer
}

// SetMessageLimit bounds the bytes of the messages that come from now on. The
// handler may call it from Message and while it holds the socket.
func (s *Socket) SetMessageLimit(bytes int) { s.parser.limit = bytes }

// SetLimit bounds the bytes that may wait to be written.
func (s *Socket) SetLimit(bytes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.most = bytes
}

// Behind says that the client has not read half of what may wait for it. It is
// until the handler hears Drained, or the socket ends.
func (s *Socket) Behind() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting > s.most/2 && !s.kept // what is kept leaves with the next frame
}

// Waiting is how many bytes wait to be written.
func (s *Socket) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting
}

// Send writes a text frame, or has it wait its turn; it never blocks. The payload
// begins after Room bytes, which Send changes; the caller may use the frame again
// once it has returned. After Close frames are dropped.
func (s *Socket) Send(frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.dead && !s.ending {
		s.put(withHeader(opText, frame))
	}
}

// Keep has a text frame leave with the next one that is sent, in one write, or with
// the end of the socket. The caller sees to it that another one is sent soon.
func (s *Socket) Keep(frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead || s.ending {
		return
	}
	whole := withHeader(opText, frame)
	if s.waiting > 0 && !s.kept || s.waiting+len(whole) > s.most {
		s.put(whole)
		return
	}
	s.pending = append(s.pending, whole...)
	s.waiting += len(whole)
	s.kept = true
}

// put writes a whole frame, behind what was kept, or has it wait. The caller holds
// mu.
func (s *Socket) put(frame []byte) {
	alone := s.waiting == 0
	if s.kept {
		frame = append(s.pending, frame...)
		s.pending, s.waiting, s.kept = nil, 0, false
	}
	if s.waiting == 0 {
		n, err := s.tryWrite(frame)
		if err != nil {
			s.fail()
			return
		}
		if frame = frame[n:]; len(frame) == 0 {
			return
		}
	}
	if !alone && s.waiting+len(frame) > s.most { // one frame alone may be of any size
		code, reason := s.handler.Overflowed()
		s.finish(code, reason, slowTimeout)
		return
	}
	s.pending = append(s.pending, frame...)
	s.waiting += len(frame)
	s.flushLater()
}

// flushLater has what waits written by a goroutine. The caller holds mu.
func (s *Socket) flushLater() {
	if !s.flushing {
		s.flushing = true
		s.loop.work.Go(s.flush)
	}
}

// flush writes until nothing waits.
func (s *Socket) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.pending) > 0 && !s.dead {
		data := s.pending
		if s.pending = nil; len(data) > atOnce {
			data, s.pending = data[:atOnce:atOnce], data[atOnce:]
		}
		within := writeTimeout
		if s.ending {
			within = s.bye.within
		}
		s.mu.Unlock()
		_ = s.conn.SetWriteDeadline(time.Now().Add(within))
		n, err := s.conn.Write(data)
		s.mu.Lock()
		s.waiting -= n
		if n < len(data) {
			s.pending = append(data[n:len(data):len(data)], s.pending...)
		}
		switch late := errors.Is(err, os.ErrDeadlineExceeded); {
		case late && n > 0: // it reads, if slowly
		case late && !s.ending:
			code, reason := s.handler.Overflowed()
			s.finish(code, reason, slowTimeout)
		case err != nil:
			s.fail()
		}
	}
	_ = s.conn.SetWriteDeadline(time.Time{})
	s.flushing = false
	switch {
	case s.dead:
	case s.ending:
		s.sayGoodbye()
	default:
		s.mu.Unlock()
		s.handler.Drained()
		s.mu.Lock()
	}
}

// Close sends a close frame after all that waits, gives the client some time to
// answer it, 0 for none, and ends the socket. Only the first call counts.
func (s *Socket) Close(code int, reason string, within time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finish(code, reason, within)
}

func (s *Socket) finish(code int, reason string, within time.Duration) {
	if s.dead || s.ending {
		return
	}
	s.ending = true
	if s.raw == nil {
		within = max(within, lingerTime) // its frames are not written at once
	}
	frame := binary.BigEndian.AppendUint16(make([]byte, Room, Room+2+len(reason)), uint16(code))
	s.bye = &goodbye{frame: withHeader(opClose, append(frame, reason...)), within: within}
	s.bye.cut = time.AfterFunc(within, s.Cut) // for who does not even read
	switch {
	case s.waiting == 0:
		s.sayGoodbye()
	case s.kept:
		s.kept = false
		s.flushLater()
	}
}

// sayGoodbye writes the close frame. The caller holds mu, and nothing waits.
func (s *Socket) sayGoodbye() {
	if s.bye.frame == nil {
		return
	}
	frame := s.bye.frame
	s.bye.frame = nil
	n, err := s.tryWrite(frame)
	if err != nil {
		s.fail()
		return
	}
	if n < len(frame) {
		s.pending, s.waiting = frame[n:], len(frame)-n
		s.flushLater()
	}
	s.bye.cut.Reset(s.bye.within) // now it is the client's turn
}

// fail ends the socket after a write that did not succeed. The caller holds mu.
func (s *Socket) fail() {
	s.dead = true
	s.pending, s.waiting = nil, 0
	_ = s.conn.Close()
	s.loop.wake(s)
}

// Cut ends the socket without a word.
func (s *Socket) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail()
}

// ended frees what a socket that has ended holds. It is the reader's last act.
func (s *Socket) ended() {
	s.mu.Lock()
	s.dead = true
	if s.bye != nil {
		s.bye.cut.Stop()
	}
	s.mu.Unlock()
	s.loop.forget(s)
	_ = s.conn.Close()
	s.hush()
}

// hush is the last that the handler hears.
func (s *Socket) hush() {
	if !s.silent {
		s.silent = true
		s.handler.Gone()
	}
}
