// Package socket holds the server's side of WebSockets as cheaply as the platform
// allows.
//
//	loop, err := socket.NewLoop()
//	conn, early, _, err := socket.Accept(w, r, "nextup.v1")
//	s := &socket.Socket{}
//	err = loop.Start(s, conn, early, 64<<10, handler)
//	s.Send(append(make([]byte, socket.Room), `{"type":"welcome"}`...))
//
// # Reading
//
// An idle socket has no goroutine and no buffer. On Linux one epoll instance watches
// all sockets of a Loop; a socket that can be read is assigned to a worker, which
// borrows a buffer, reads what is there and passes complete messages to the socket's
// Handler. Workers are few, keep the stack that they have grown for the next socket,
// and wait for no client: the part of a frame that has come is kept with the socket.
// On other platforms, and for conns that are not TCP, each socket has a goroutine
// that reads.
//
// A Handler that must wait for something returns Hold. Then nothing more is read from
// the socket until Resume, and no worker waits for it.
//
// # Writing
//
// Send writes at once, on the caller's goroutine and without ever blocking, as long
// as the kernel takes it all. What the kernel does not take waits in the socket,
// bounded, and a goroutine exists only until it is written. A client that reads
// nothing for some time, or for which too much waits, is closed as a slow reader. A
// caller with much to send asks Behind first, and continues at Drained: a client that
// reads, however slowly, is then not closed for it.
//
// # Streams
//
// A stream is a socket of one way, an event stream over HTTP, for networks that let no
// WebSocket through (StartStream). All that is said here of writing holds for it as well.
//
// The opening handshake is the library's (github.com/coder/websocket); the frames
// after it are read and written here, since the library's reader needs a goroutine and its buffers
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

// Handler receives what comes on a socket. Its methods are called one at a time.
type Handler interface {
	// Message handles a complete message, which is valid until it returns, and returns
	// what comes next. It must not wait for anything but the processor.
	Message(text bool, data []byte) Next
	// Frame is called for every frame that completes no message: a control frame, or a
	// part of a message, of so many bytes. A ping is answered only if within is true;
	// unless more is true no message comes any more.
	Frame(size int) (within, more bool)
	// Gone is the last call: the socket has ended, or nothing more was wanted.
	Gone()
	// Overflowed is called when the client does not read what it is sent, and returns
	// the code and reason that the socket is closed with. It must neither block nor
	// call the socket. It and Drained may be called at any time.
	Overflowed() (code int, reason string)
	// Drained is called when what waited has been written. It must not block.
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

// Room is the number of bytes before the payload of a frame that is given to Send.
const Room = 10

// writeTimeout bounds the time to write atOnce bytes; lingerTime is how long a client
// that broke the protocol may take to answer the close frame.
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
	raw     syscall.RawConn // of conn; nil where reads and writes block
	fd      int             // of conn, if the loop watches it
	handler Handler
	parser  parser
	// Owned by the reader: whether the handler gets no more, and the number of frames
	// since.
	silent bool
	late   int
	// turn tells whether a worker is at the socket.
	turn atomic.Int32
	// resumed counts the calls of Resume minus the workers that have left a held
	// socket: below 0 the socket rests, with its turn taken. stopReading is true if the
	// last Resume wanted no more messages.
	resumed     atomic.Int32
	stopReading atomic.Bool
	released    bool // a worker has left while the socket is held; owned by the reader
	stream      bool // the socket is of one way: an event stream; set before it starts

	mu       sync.Mutex
	pending  []byte // whole frames but for the first, which wait to be written
	waiting  int    // bytes in pending and in the hands of flush
	limit    int    // of waiting
	flushing bool
	kept     bool // pending waits for the next frame, and for nothing else
	ending   bool // a close frame goes out once nothing waits, and nothing else does
	dead     bool // nothing is written any more
	closing  *closeHandshake
}

// closeHandshake is the end of a socket by a close frame.
type closeHandshake struct {
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
	s.limit = bytes
}

// Behind reports whether more than half of what may wait for the client does wait. It
// stays true until Drained is called or the socket ends.
func (s *Socket) Behind() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting > s.limit/2 && !s.kept // what is kept leaves with the next frame
}

// Waiting returns the number of bytes that wait to be written.
func (s *Socket) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting
}

// Send writes a text frame, or queues it; it never blocks. The payload
// begins after Room bytes, which Send changes; the caller may use the frame again
// once it has returned. After Close frames are dropped.
func (s *Socket) Send(frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.dead && !s.ending {
		s.write(s.encode(opText, frame))
	}
}

// Keep queues a text frame to be written with the next one that is sent, in one write,
// or at the end of the socket. The caller makes sure that another one is sent soon. By a
// stream, to which no answers belong, it is sent at once.
func (s *Socket) Keep(frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead || s.ending {
		return
	}
	whole := s.encode(opText, frame)
	if s.stream || s.waiting > 0 && !s.kept || s.waiting+len(whole) > s.limit {
		s.write(whole)
		return
	}
	s.pending = append(s.pending, whole...)
	s.waiting += len(whole)
	s.kept = true
}

// write writes a complete frame, after what was kept, or queues it. The caller holds
// mu.
func (s *Socket) write(frame []byte) {
	behind := s.waiting > s.limit/2
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
	if behind && s.waiting+len(frame) > s.limit { // one frame may be of any size
		code, reason := s.handler.Overflowed()
		s.finish(code, reason, slowTimeout)
		return
	}
	s.pending = append(s.pending, frame...)
	s.waiting += len(frame)
	s.flushLater()
}

// flushLater starts a goroutine that writes what waits. The caller holds mu.
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
			within = s.closing.within
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
		case late && n > 0: // the client reads, if slowly
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
		s.sendClose()
	default:
		s.mu.Unlock()
		s.handler.Drained()
		s.mu.Lock()
	}
}

// Close sends a close frame after all that waits, gives the client that much time to
// answer it, and ends the socket. Only the first call counts.
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
	s.closing = &closeHandshake{frame: s.encode(opClose, append(frame, reason...)), within: within}
	s.closing.cut = time.AfterFunc(within, s.Cut) // for a client that does not even read
	switch {
	case s.waiting == 0:
		s.sendClose()
	case s.kept:
		s.kept = false
		s.flushLater()
	}
}

// sendClose writes the close frame. The caller holds mu, and nothing waits.
func (s *Socket) sendClose() {
	if s.closing.frame == nil {
		s.halfClose()
		return
	}
	frame := s.closing.frame
	s.closing.frame = nil
	n, err := s.tryWrite(frame)
	if err != nil {
		s.fail()
		return
	}
	if n < len(frame) {
		s.pending, s.waiting = frame[n:], len(frame)-n
		s.flushLater()
	} else {
		s.halfClose()
	}
	s.closing.cut.Reset(s.closing.within) // now it is the client's turn
}

// fail ends the socket after a write that did not succeed. The caller holds mu.
func (s *Socket) fail() {
	s.dead = true
	s.pending, s.waiting = nil, 0
	_ = s.conn.Close()
	s.loop.wake(s)
}

// Cut ends the socket without a close frame.
func (s *Socket) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail()
}

// ended releases what a socket holds that has ended. The reader calls it last.
func (s *Socket) ended() {
	s.mu.Lock()
	s.dead = true
	if s.closing != nil {
		s.closing.cut.Stop()
	}
	s.mu.Unlock()
	s.loop.forget(s)
	_ = s.conn.Close()
	s.endHandler()
}

// endHandler calls Gone, once; the handler is not called after it.
func (s *Socket) endHandler() {
	if !s.silent {
		s.silent = true
		s.handler.Gone()
	}
}
