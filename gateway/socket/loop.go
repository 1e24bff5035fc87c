package socket

import (
	"errors"
	"net"
	"sync"
)

// The most workers there are, and the most that stay without work. A socket for which
// there is none waits in a queue: what its client has sent stays in the kernel and is
// not yet a message, which takes several times its size while it is handled.
const (
	maxWorkers = 256
	maxIdle    = 32
)

// errEnded means that a Loop takes no more sockets.
var errEnded = errors.New("socket: the loop has ended")

// Loop reads sockets.
type Loop struct {
	poll *poller // nil where the platform has none
	work sync.WaitGroup

	mu      sync.Mutex
	sockets map[*Socket]struct{}
	workers int
	idle    []chan *Socket // of workers that wait
	queue   []*Socket      // each at most once, since its turn is taken
	ended   bool
	empty   chan struct{} // closed when a loop that has ended has no sockets
}

// NewLoop returns a Loop. Call Close in the end.
func NewLoop() (*Loop, error) {
	l := &Loop{sockets: map[*Socket]struct{}{}, empty: make(chan struct{})}
	var err error
	if l.poll, err = newPoller(); err != nil {
		return nil, err
	}
	if l.poll != nil {
		l.work.Go(func() { l.poll.run(l.wake) })
	}
	return l, nil
}

// Close cuts all sockets and returns once Gone was called for each.
func (l *Loop) Close() {
	l.mu.Lock()
	l.ended = true
	all := make([]*Socket, 0, len(l.sockets))
	for s := range l.sockets {
		all = append(all, s)
	}
	if len(all) == 0 {
		close(l.empty)
	}
	l.mu.Unlock()
	for _, s := range all {
		s.Cut()
	}
	<-l.empty
	if l.poll != nil {
		l.poll.close()
	}
	l.mu.Lock()
	for _, c := range l.idle {
		close(c)
	}
	l.idle = nil
	l.mu.Unlock()
	l.work.Wait()
}

// Start makes s the socket of a conn whose handshake is done. early is what the
// client has sent since. limit bounds the bytes of a message and, until SetLimit, the
// bytes of the frames that wait for the client. The handler may be called before
// Start returns. On an error the conn stays the caller's.
func (l *Loop) Start(s *Socket, conn net.Conn, early []byte, limit int, handler Handler) error {
	return l.start(s, conn, nil, early, limit, handler)
}

// start is Start with a head, which is written before anything else.
func (l *Loop) start(s *Socket, conn net.Conn, head, early []byte, limit int, handler Handler) error {
	s.loop, s.conn, s.handler, s.limit, s.fd = l, conn, handler, limit, -1
	s.parser.limit = limit
	if tcp, ok := conn.(*net.TCPConn); ok && l.poll != nil {
		raw, err := tcp.SyscallConn()
		if err == nil {
			err = raw.Control(func(fd uintptr) { s.fd = int(fd) })
		}
		if err != nil {
			return err
		}
		s.raw = raw
	}
	s.turn.Store(worker) // until early has been parsed
	l.mu.Lock()
	if l.ended {
		l.mu.Unlock()
		return errEnded
	}
	l.sockets[s] = struct{}{}
	l.work.Add(1) // under the lock, so that Close waits for it
	l.mu.Unlock()
	if s.raw != nil {
		if err := l.poll.add(s); err != nil {
			l.forget(s)
			l.work.Done()
			return err
		}
	}
	if head != nil {
		s.mu.Lock()
		s.write(head)
		s.mu.Unlock()
	}
	go func() {
		defer l.work.Done()
		s.feed(early)
		s.serve()
	}()
	return nil
}

// forget is called once a socket has ended.
func (l *Loop) forget(s *Socket) {
	if s.raw != nil {
		l.poll.remove(s)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.sockets, s)
	if l.ended && len(l.sockets) == 0 {
		close(l.empty)
	}
}

// wake has a worker look at the socket. It never blocks.
func (l *Loop) wake(s *Socket) {
	if s.raw == nil {
		return // its own goroutine notices
	}
	for !s.turn.CompareAndSwap(idle, worker) {
		if s.turn.Load() == workerAgain || s.turn.CompareAndSwap(worker, workerAgain) {
			return
		}
	}
	l.assign(s)
}

// assign hands the socket to a worker. The caller has the turn.
func (l *Loop) assign(s *Socket) {
	if s.raw == nil {
		l.work.Go(s.serve)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch last := len(l.idle) - 1; {
	case last >= 0:
		l.idle[last] <- s // the channel has room for one and is empty
		l.idle = l.idle[:last]
	case l.workers < maxWorkers:
		l.workers++
		l.work.Go(func() { l.serve(s) })
	default:
		l.queue = append(l.queue, s)
	}
}

// serve is the loop of a worker.
func (l *Loop) serve(s *Socket) {
	given := make(chan *Socket, 1)
	for s != nil {
		s.serve()
		s = l.next(given)
	}
}

// next returns the next socket, or nil if enough workers wait for one already.
func (l *Loop) next(given chan *Socket) *Socket {
	l.mu.Lock()
	if len(l.queue) > 0 {
		s := l.queue[0]
		l.queue[0] = nil
		if l.queue = l.queue[1:]; len(l.queue) == 0 {
			l.queue = nil
		}
		l.mu.Unlock()
		return s
	}
	if len(l.idle) >= maxIdle || l.ended && len(l.sockets) == 0 {
		l.workers--
		l.mu.Unlock()
		return nil
	}
	l.idle = append(l.idle, given)
	l.mu.Unlock()
	return <-given
}
