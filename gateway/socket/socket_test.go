package socket_test

import (
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"nextup/gateway/socket"
)

// A socket that is held costs no worker: nothing more is read of it until Resume,
// and then everything that came meanwhile, in order.
func TestAHeldSocketIsReadOnOnceItIsResumed(t *testing.T) {
	for _, more := range []bool{true, false} {
		t.Run(fmt.Sprint("more ", more), func(t *testing.T) {
			open(t, func(t *testing.T, p *peer, dial func() *websocket.Conn, _ *net.Conn) {
				ws := dial()
				say := func(texts ...string) {
					t.Helper()
					for _, text := range texts {
						if err := ws.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
							t.Fatal(err)
						}
					}
				}
				hear := func(texts ...string) {
					t.Helper()
					for _, text := range texts {
						if got := <-p.heard; got != "true "+text {
							t.Fatalf("the server hears %.40q, want %q", got, text)
						}
					}
				}
				long := strings.Repeat("y", 20<<10)
				say("hold, and go on at once", "a", "hold", "b", long, "c")
				hear("hold, and go on at once", "a", "hold")
				for range 3 { // what may read has been given the time to
					runtime.Gosched()
				}
				if len(p.heard) > 0 {
					t.Errorf("a held socket is read: %.40q", <-p.heard)
				}
				p.socket.Resume(more)
				if more {
					hear("b", long, "c")
					_ = ws.CloseNow()
				} else {
					<-p.ended // before the client has gone
					if len(p.heard) > 0 {
						t.Errorf("a handler that wants nothing more hears %.40q", <-p.heard)
					}
				}
				<-p.ended
			})
		})
	}
}

// The end of a socket is heard once it is held no more.
func TestAHeldSocketThatIsCutEndsWithResume(t *testing.T) {
	open(t, func(t *testing.T, p *peer, dial func() *websocket.Conn, _ *net.Conn) {
		ws := dial()
		if err := ws.Write(t.Context(), websocket.MessageText, []byte("hold")); err != nil {
			t.Fatal(err)
		}
		<-p.heard
		p.socket.Cut()
		p.socket.Resume(true)
		<-p.ended
	})
}

func TestMessagesGoBothWays(t *testing.T) {
	open(t, func(t *testing.T, p *peer, dial func() *websocket.Conn, _ *net.Conn) {
		ws := dial()
		for _, n := range []int{0, 1, 125, 126, 4085, 4096, 5000, 64 << 10} {
			want := strings.Repeat("x", n)
			if err := ws.Write(t.Context(), websocket.MessageText, []byte(want)); err != nil {
				t.Fatal(err)
			}
			if kind, data, err := ws.Read(t.Context()); err != nil || kind != websocket.MessageText || string(data) != want {
				t.Fatalf("an echo of %d bytes: %d bytes, %v", n, len(data), err)
			}
			if got := <-p.heard; got != "true "+want {
				t.Fatalf("the server heard %.20q", got)
			}
		}
		_ = ws.CloseNow()
		<-p.ended
	})
}

func TestTheLoopEndsAllItsSockets(t *testing.T) {
	loop, err := socket.NewLoop()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var peers []*peer
	for i := range 20 {
		client, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		server, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			server = plain{server}
		}
		p := &peer{heard: make(chan string, 1), ended: make(chan struct{})}
		if err := loop.Start(&p.socket, server, frame(0x81, "early"), 1024, p); err != nil {
			t.Fatal(err)
		}
		peers = append(peers, p)
	}
	for _, p := range peers {
		if got := <-p.heard; got != "true early" {
			t.Errorf("what came early: %q", got)
		}
	}
	loop.Close()
	for i, p := range peers {
		if n := p.gone.Load(); n != 1 {
			t.Errorf("socket %d heard %d times that it is gone", i, n)
		}
	}
	if err := loop.Start(&socket.Socket{}, plain{}, nil, 1, peers[0]); err == nil {
		t.Error("a loop that has ended takes a socket")
	}
}
