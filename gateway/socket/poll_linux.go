package socket

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
)

// poller is an epoll instance, edge-triggered: it tells once that something has
// come, and whoever reads must read all there is.
type poller struct {
	file *os.File // of epoll itself, so that waiting for it parks a goroutine and no thread

	mu   sync.RWMutex
	byFD map[int]*Socket
}

// edges are what a socket is watched for; that it ended is always told.
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

// run tells of every socket on which something has come, until close.
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

// add watches a socket. A descriptor that is closed is watched no more.
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

// attempt is one read or write that does not wait. The closures that it takes
// are made once.
type attempt struct {
	data        []byte
	n           int
	err         error
	read, write func(fd uintptr) bool
}

var attempts = sync.Pool{New: func() any {
	a := &attempt{}
	a.read = func(fd uintptr) bool { a.do(syscall.Read, fd); return true }
	a.write = func(fd uintptr) bool { a.do(syscall.Write, fd); return true }
	return a
}}

func (a *attempt) do(call func(int, []byte) (int, error), fd uintptr) {
	for {
		if a.n, a.err = call(int(fd), a.data); !errors.Is(a.err, syscall.EINTR) {
			return
		}
	}
}

// run makes the attempt; EAGAIN is 0 bytes and no error.
func (a *attempt) run(conn func(func(uintptr) bool) error, do func(uintptr) bool, data []byte) (n int, blocked bool, err error) {
	a.data, a.n, a.err = data, 0, nil
	closed := conn(do)
	n, err = max(a.n, 0), a.err
	a.data = nil
	attempts.Put(a)
	switch {
	case closed != nil:
		return 0, false, closed
	case errors.Is(err, syscall.EAGAIN):
		return 0, true, nil
	}
	return n, false, err
}

// tryRead reads what has come, which may be nothing; the end is io.EOF.
func (s *Socket) tryRead(buf []byte) (int, error) {
	a := attempts.Get().(*attempt)
	n, blocked, err := a.run(s.raw.Read, a.read, buf)
	if n == 0 && !blocked && err == nil {
		err = io.EOF
	}
	return n, err
}

// tryWrite writes what the kernel takes at once, which may be nothing.
func (s *Socket) tryWrite(data []byte) (int, error) {
	if s.raw == nil {
		return 0, nil
	}
	a := attempts.Get().(*attempt)
	n, _, err := a.run(s.raw.Write, a.write, data)
	return n, err
}
