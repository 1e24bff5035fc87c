package cluster

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
)

// echo is a server that says what it hears.
func echo(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			go func() {
				defer c.Close()
				_, _ = io.CopyBuffer(struct{ io.Writer }{c}, struct{ io.Reader }{c}, make([]byte, 64))
			}()
		}
	}()
	return l.Addr().String()
}

// through opens n connections through the proxy and sees that each of them works.
func through(t *testing.T, p *Proxy, n int) []net.Conn {
	t.Helper()
	var all []net.Conn
	for range n {
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		all = append(all, c)
		back := make([]byte, 4)
		if _, err := c.Write([]byte("here")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, back); err != nil || !bytes.Equal(back, []byte("here")) {
			t.Fatalf("%q came back: %v", back, err)
		}
	}
	return all
}

func TestACutComesWithoutAWordAndNobodyIsSpared(t *testing.T) {
	t.Parallel()
	p, err := NewProxy(t.Context(), echo(t))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	conns := through(t, p, 50)
	if n := p.Cut(); n != 50 {
		t.Errorf("%d were cut", n)
	}
	for _, c := range conns {
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("a cut connection ends with %v", err)
		}
	}
	through(t, p, 1) // a client that comes back is let in
}

// TestAConnectionTakesTwoFiles: with more, 5,000 sockets would not fit into a process.
func TestAConnectionTakesTwoFiles(t *testing.T) {
	files := func() int {
		open, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("this system does not say which files are open")
		}
		return len(open)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	p, err := NewProxy(ctx, echo(t))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	through(t, p, 1)
	before := files()
	through(t, p, 100)
	if took := files() - before; took > 420 { // the client's and the server's are this process's too
		t.Errorf("100 connections took %d files, of which the proxy's should be 200", took)
	}
}
