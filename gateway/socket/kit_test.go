package socket_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"nextup/gateway/socket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// peer is the server's end of one socket: it echoes what it hears.
type peer struct {
	socket  socket.Socket
	heard   chan string
	most    int
	gone    atomic.Int32
	ended   chan struct{}
	slow    atomic.Int32
	drained chan struct{}
	frames  atomic.Int64
	few     int64 // frames that complete no message: so many are within the limit, twice as many end it
}

func (p *peer) Message(text bool, data []byte) socket.Next {
	p.heard <- fmt.Sprint(text, " ", string(data))
	p.send(string(data))
	switch string(data) {
	case "enough":
		return socket.Enough
	case "hold":
		return socket.Hold
	case "hold, and go on at once":
		p.socket.Resume(true)
		return socket.Hold
	}
	return socket.More
}

func (p *peer) Frame(int) (within, more bool) {
	n := p.frames.Add(1)
	return n <= p.few, n <= 2*p.few
}

func (p *peer) Gone() {
	if p.gone.Add(1) == 1 {
		close(p.ended)
	}
}

func (p *peer) Overflowed() (code int, reason string) {
	p.slow.Add(1)
	return 4008, "slow"
}

func (p *peer) Drained() {
	select {
	case p.drained <- struct{}{}:
	default:
	}
}

func (p *peer) send(text string) {
	p.socket.Send(append(make([]byte, socket.Room, socket.Room+len(text)), text...))
}

func (p *peer) keep(text string) {
	p.socket.Keep(append(make([]byte, socket.Room, socket.Room+len(text)), text...))
}

// plain hides what kind a conn is, so that it is read the ordinary way.
type plain struct{ net.Conn }

// smallSegments has the server send small segments, as over a network. On the loopback one
// is 64 KiB, and what does not fill it waits 200 ms each time a small buffer has room.
func smallSegments(_, _ string, c syscall.RawConn) (failed error) {
	err := c.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, 1400)
	})
	return errors.Join(err, failed)
}

// open runs a test on sockets of both kinds.
func open(t *testing.T, test func(t *testing.T, p *peer, dial func() *websocket.Conn, tcp *net.Conn)) {
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"watched":  func(c net.Conn) net.Conn { return c },
		"ordinary": func(c net.Conn) net.Conn { return plain{c} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			loop, err := socket.NewLoop()
			if err != nil {
				t.Fatal(err)
			}
			p := &peer{heard: make(chan string, 100_000), ended: make(chan struct{}), drained: make(chan struct{}, 1), most: 1 << 20, few: 1 << 20}
			started := make(chan struct{}, 1) // the client may know of the handshake first
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				conn, early, agreed, err := socket.Accept(w, r, "chat")
				if err != nil || agreed != "chat" {
					t.Errorf("the handshake: %q, %v", agreed, err)
					return
				}
				if err := loop.Start(&p.socket, wrap(conn), early, 64<<10, p); err != nil {
					t.Error(err)
				}
				p.socket.SetLimit(p.most)
				started <- struct{}{}
			}))
			defer server.Close()
			defer loop.Close()
			var tcp net.Conn
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			test(t, p, func() *websocket.Conn {
				transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (c net.Conn, err error) {
					tcp, err = (&net.Dialer{Control: smallSegments}).DialContext(ctx, network, addr)
					if c, ok := tcp.(*net.TCPConn); ok && p.most < 1<<20 {
						_ = c.SetReadBuffer(4 << 10)
					}
					return tcp, err
				}}
				ws, res, err := websocket.Dial(ctx, server.URL, &websocket.DialOptions{Subprotocols: []string{"chat"}, HTTPClient: &http.Client{Transport: transport}})
				if err != nil {
					t.Fatal(err)
				}
				_ = res
				<-started
				ws.SetReadLimit(1 << 20)
				t.Cleanup(func() { _ = ws.CloseNow() })
				return ws
			}, &tcp)
		})
	}
}
