package socket_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"nextup/gateway/socket"
)

const streamHead = "HTTP/1.1 200 OK\r\n\r\n"

// started is a stream over a pair of conns of TCP, of which the client's is returned.
func started(t *testing.T, loop *socket.Loop, wrap func(net.Conn) net.Conn, early string) (*peer, net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{heard: make(chan string, 9), ended: make(chan struct{}), drained: make(chan struct{}, 1), most: 1 << 20, few: 1 << 20}
	if err := loop.StartStream(&p.socket, wrap(conn), []byte(early), []byte(streamHead), 1<<20, p); err != nil {
		t.Fatal(err)
	}
	return p, client
}

// The stream answers a client that sends too early with an event, and writes it after the head of the answer.
func TestTheHeadOfAStreamComesFirst(t *testing.T) {
	t.Parallel()
	loop, err := socket.NewLoop()
	if err != nil {
		t.Fatal(err)
	}
	defer loop.Close()
	for range 50 {
		_, client := started(t, loop, func(c net.Conn) net.Conn { return c }, "early")
		all, err := io.ReadAll(client)
		_ = client.Close()
		if err != nil || !strings.HasPrefix(string(all), streamHead+"event: close\n") {
			t.Fatalf("the answer is %q, %v", all, err)
		}
	}
}

// slowGoodbye is a conn whose half close takes long, as one of TLS may.
type slowGoodbye struct {
	net.Conn
	begun, release chan struct{}
}

func (s slowGoodbye) CloseWrite() error {
	close(s.begun)
	<-s.release
	return nil
}

// A stream that ends slowly holds up no sender.
func TestASlowGoodbyeHoldsUpNoSender(t *testing.T) {
	t.Parallel()
	loop, err := socket.NewLoop()
	if err != nil {
		t.Fatal(err)
	}
	defer loop.Close()
	slow := slowGoodbye{begun: make(chan struct{}), release: make(chan struct{})}
	p, _ := started(t, loop, func(c net.Conn) net.Conn { slow.Conn = c; return slow }, "")
	p.socket.Close(1012, "so", time.Minute)
	<-slow.begun
	sent := make(chan struct{})
	go func() {
		p.socket.Send(make([]byte, socket.Room))
		close(sent)
	}()
	select {
	case <-sent:
	case <-time.After(20 * time.Second):
		t.Error("a sender waits for the goodbye")
	}
	close(slow.release)
	p.socket.Cut()
	<-p.ended
}
