package socket

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
)

// poller is an edge-triggered epoll instance: it reports once that something has
// come, and the reader must then read all there is.
type poller struct {
	file *os.File // of epoll itself, so that waiting for it parks a goroutine and no thread

	mu   sync.RWMutex
	byFD map[int]*Socket
}

// edges are the events that a socket is watched for; its end is always reported.
const edges = syscall.EPOLLIN | syscall.EPOLLRDHUP | 1<<31 // EPOLLET, which syscall has as a negative number

func newPoller() (*poller, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("socket: epoll: %w", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		return nil, errors.Join(err, syscall.Close(fd))
	}
	return &poller{file: os.NewFile(uintptr(fd), "epoll"), byFD: map[int]*Socket{}}, nil
}

// run calls wake for every socket on which something has come, until close.
func (p *poller) run(wake func(*Socket)) {
	raw, err := p.file.SyscallConn()
	if err != nil {
		return // it was closed already
	}
	var events [256]syscall.EpollEvent
	n := 0
	look := func(fd uintptr) bool {
		for {
			n, err = syscall.EpollWait(int(fd), events[:], 0)
			if !errors.Is(err, syscall.EINTR) {
				return n != 0
			}
		}
	}
	for raw.Read(look) == nil && err == nil {
		for _, e := range events[:n] {
			p.mu.RLock()
			s := p.byFD[int(e.Fd)]
			p.mu.RUnlock()
			if s != nil {
				wake(s)
			}
		}
	}
}

func (p *poller) close() { _ = p.file.Close() }

// add watches a socket. The kernel stops watching a descriptor that is closed.
func (p *poller) add(s *Socket) error {
	p.mu.Lock()
	p.byFD[s.fd] = s
	p.mu.Unlock()
	raw, err := p.file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(epoll uintptr) {
		failed = syscall.EpollCtl(int(epoll), syscall.EPOLL_CTL_ADD, s.fd, &syscall.EpollEvent{Events: edges, Fd: int32(s.fd)})
	})
	return errors.Join(err, failed)
}

// remove forgets a socket; another one may have its descriptor by now.
func (p *poller) remove(s *Socket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byFD[s.fd] == s {
		delete(p.byFD, s.fd)
	}
}

// readAttempt is one read that does not wait. Its closure is allocated once.
type readAttempt struct {
	data []byte
	n    int
	err  error
	read func(fd uintptr) bool
}

var readAttempts = sync.Pool{New: func() any {
	a := &readAttempt{}
	a.read = func(fd uintptr) bool {
		for {
			if a.n, a.err = syscall.Read(int(fd), a.data); !errors.Is(a.err, syscall.EINTR) {
				return true
			}
		}
	}
	return a
}}

// tryRead reads what has come, which may be nothing; at the end it returns io.EOF.
func (s *Socket) tryRead(buf []byte) (int, error) {
	a := readAttempts.Get().(*readAttempt)
	a.data, a.n, a.err = buf, 0, nil
	closed := s.raw.Read(a.read)
	n, err := max(a.n, 0), a.err
	a.data = nil
	readAttempts.Put(a)
	switch {
	case closed != nil:
		return 0, closed
	case errors.Is(err, syscall.EAGAIN):
		return 0, nil
	case n == 0 && err == nil:
		return 0, io.EOF
	}
	return n, err
}

// tryWrite writes what the kernel takes at once, which may be nothing. The caller
// holds mu and the socket is not dead. The conn is closed only after dead was set
// under mu, and there is no other writer meanwhile, so the descriptor is the conn's
// own and net's locks are not needed.
func (s *Socket) tryWrite(data []byte) (int, error) {
	if s.raw == nil {
		return 0, nil
	}
	for {
		n, err := syscall.Write(s.fd, data)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			return 0, nil
		default:
			return max(n, 0), err
		}
	}
}
