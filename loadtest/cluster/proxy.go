package cluster

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Proxy passes connections on and can cut them all, as a lost network does: no
// closing handshake, no word.
type Proxy struct {
	listener net.Listener
	to       string
	mu       sync.Mutex
	passing  map[*passage]struct{}
}

// passage is one connection: from a client, and on to the gateway.
type passage struct {
	in, out *net.TCPConn
	cut     atomic.Bool
}

// NewProxy listens on a free port of the loopback.
func NewProxy(ctx context.Context, to string) (*Proxy, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: l, to: to, passing: map[*passage]struct{}{}}
	go p.serve(ctx)
	return p, nil
}

// Addr is where it listens.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

func (p *Proxy) serve(ctx context.Context) {
	for {
		in, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
			return
		}
		if err != nil { // out of files: some may be free soon
			time.Sleep(10 * time.Millisecond)
			continue
		}
		go p.pass(ctx, in.(*net.TCPConn))
	}
}

func (p *Proxy) pass(ctx context.Context, in *net.TCPConn) {
	defer func() { _ = in.Close() }()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", p.to)
	if err != nil {
		return
	}
	defer conn.Close()
	c := &passage{in: in, out: conn.(*net.TCPConn)}
	p.mu.Lock()
	p.passing[c] = struct{}{}
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.passing, c)
		p.mu.Unlock()
	}()
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.carry(c.out, c.in)
	}()
	c.carry(c.in, c.out)
	<-done
}

// carry copies until either end goes, which may be at any time, and hands on
// that it went. It does not let the system splice: that takes four files more
// for each connection, and a process has 20,000.
func (c *passage) carry(to, from *net.TCPConn) {
	_, _ = io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, 4<<10))
	if !c.cut.Load() {
		_ = to.CloseWrite()
	}
}

// Cut resets every connection and says how many went through the proxy.
func (p *Proxy) Cut() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.passing {
		c.cut.Store(true) // before either end knows: it would say goodbye to the other
		for _, end := range []*net.TCPConn{c.in, c.out} {
			_ = end.SetLinger(0)
			_ = end.Close()
		}
	}
	return len(p.passing)
}

// Close cuts everything and listens no more.
func (p *Proxy) Close() {
	p.listener.Close()
	p.Cut()
}
