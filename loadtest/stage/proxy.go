package stage

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// Proxy passes connections on and can cut them all, as a lost network does: no
// closing handshake, no word.
type Proxy struct {
	listener net.Listener
	to       string
	mu       sync.Mutex
	conns    map[*net.TCPConn]struct{}
}

// NewProxy listens on a free port of the loopback.
func NewProxy(ctx context.Context, to string) (*Proxy, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: l, to: to, conns: map[*net.TCPConn]struct{}{}}
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
	defer p.forget(in)
	p.remember(in)
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", p.to)
	if err != nil {
		return
	}
	out := conn.(*net.TCPConn)
	defer p.forget(out)
	p.remember(out)
	done := make(chan struct{})
	go func() {
		defer close(done)
		carry(out, in)
	}()
	carry(in, out)
	<-done
}

// carry copies until either end goes, which may be at any time. It does not let
// the system splice: that takes four files more for each connection, and a
// process has 20,000.
func carry(to, from *net.TCPConn) {
	_, _ = io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, 4<<10))
	_ = to.CloseWrite()
}

func (p *Proxy) remember(c *net.TCPConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[c] = struct{}{}
}

func (p *Proxy) forget(c *net.TCPConn) {
	p.mu.Lock()
	delete(p.conns, c)
	p.mu.Unlock()
	c.Close()
}

// Cut resets every connection and says how many went through the proxy.
func (p *Proxy) Cut() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.SetLinger(0)
		c.Close()
	}
	return len(p.conns) / 2
}

// Close cuts everything and listens no more.
func (p *Proxy) Close() {
	p.listener.Close()
	p.Cut()
}
