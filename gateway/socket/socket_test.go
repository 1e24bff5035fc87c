package socket_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
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
					tcp, err = new(net.Dialer).DialContext(ctx, network, addr)
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

// What is kept waits for the next frame and goes before it, or with the end of the
// socket; frames keep their order, and none is lost.
func TestAKeptFrameLeavesWithTheNext(t *testing.T) {
	open(t, func(t *testing.T, p *peer, dial func() *websocket.Conn, tcp *net.Conn) {
		ws := dial()
		expect := func(want ...string) {
			t.Helper()
			for _, text := range want {
				if _, got, err := ws.Read(t.Context()); err != nil || string(got) != text {
					t.Fatalf("got %.20q, %v, want %.20q", got, err, text)
				}
			}
		}
		p.keep("a")
		p.keep("b")
		if p.socket.Waiting() == 0 {
			t.Error("nothing waits though it was kept")
		}
		p.send("c")
		expect("a", "b", "c")
		long := strings.Repeat("x", 70<<10)
		p.keep(long)
		p.keep("d")
		p.send("e")
		p.keep("f") // behind what the kernel may not have taken yet
		p.send("g")
		expect(long, "d", "e", "f", "g")
		p.keep("h")
		p.socket.Close(4001, "over", time.Second)
		p.keep("nobody hears this")
		expect("h")
		if _, _, err := ws.Read(t.Context()); websocket.CloseStatus(err) != 4001 {
			t.Errorf("the end was %v, want 4001", err)
		}
		<-p.ended
	})
}

// What is kept counts among what may wait.
func TestWhatIsKeptIsBounded(t *testing.T) {
	open(t, func(t *testing.T, p *peer, dial func() *websocket.Conn, _ *net.Conn) {
		p.most = 1000
		ws := dial()
		for range 1000 / 100 {
			p.keep(strings.Repeat("x", 100))
		}
		if waiting := p.socket.Waiting(); waiting > p.most {
			t.Errorf("%d bytes wait, %d may", waiting, p.most)
		}
		p.socket.Cut()
		_, _, _ = ws.Read(t.Context())
		<-p.ended
	})
}

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

// Whoever writes, and whatever waits: no frame is torn, and each sender's frames
// stay in order, while pings are answered in between.
func TestTheStreamStaysWholeUnderManySenders(t *testing.T) {
	open(t, func(t *testing.T, p *peer, dial func() *websocket.Conn, _ *net.Conn) {
		const senders, each = 8, 200
		p.most = 64 << 20 // all of it may wait
		ws := dial()
		var sending sync.WaitGroup
		for i := range senders {
			sending.Go(func() {
				for n := range each {
					p.send(fmt.Sprintf("%d %d %s", i, n, strings.Repeat("y", n*7%3000)))
				}
			})
		}
		pinged := make(chan error, 1)
		go func() {
			for range 20 {
				if err := ws.Ping(t.Context()); err != nil {
					pinged <- err
					return
				}
			}
			pinged <- nil
		}()
		var next [senders]int
		for range senders * each {
			_, data, err := ws.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var i, n int
			var pad string
			if _, err := fmt.Sscan(string(data), &i, &n, &pad); err != nil && n*7%3000 > 0 {
				t.Fatalf("%.40q: %v", data, err)
			}
			if n != next[i] || len(pad) != n*7%3000 {
				t.Fatalf("sender %d: frame %d of %d bytes, want %d", i, n, len(pad), next[i])
			}
			next[i]++
		}
		sending.Wait()
		read := ws.CloseRead(t.Context())
		select {
		case err := <-pinged:
			if err != nil {
				t.Error(err)
			}
		case <-read.Done():
			t.Error("the socket ended")
		}
	})
}

func TestWhoDoesNotReadIsClosed(t *testing.T) {
	open(t, func(t *testing.T, p *peer, dial func() *websocket.Conn, _ *net.Conn) {
		p.most = 64 << 10
		ws := dial()
		if err := ws.Write(t.Context(), websocket.MessageText, []byte("hi")); err != nil {
			t.Fatal(err)
		}
		<-p.heard
		for p.slow.Load() == 0 {
			p.send(strings.Repeat("z", 8<<10))
			if n := p.socket.Waiting(); n > p.most {
				t.Fatalf("%d bytes wait, of %d", n, p.most)
			}
		}
		for { // who reads after all is told why
			_, _, err := ws.Read(t.Context())
			if err == nil {
				continue
			}
			if code := websocket.CloseStatus(err); code != 4008 {
				t.Errorf("closed with %d: %v", code, err)
			}
			break
		}
		<-p.ended
		if n := p.slow.Load(); n != 1 {
			t.Errorf("it overflowed %d times", n)
		}
	})
}

// Whoever asks whether the client is behind, and waits until it is not, may send any
// amount to a client that reads slowly.
func TestWhoReadsSlowlyIsSentEverything(t *testing.T) {
	open(t, func(t *testing.T, p *peer, dial func() *websocket.Conn, _ *net.Conn) {
		const frames = 500
		p.most = 16 << 10
		ws := dial()
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			for i := range frames {
				for p.socket.Behind() {
					<-p.drained
				}
				p.send(fmt.Sprint(i, strings.Repeat(" ", 2<<10)))
			}
		}()
		for i := range frames {
			_, data, err := ws.Read(t.Context())
			if got := strings.TrimSpace(string(data)); err != nil || got != fmt.Sprint(i) {
				t.Fatalf("frame %d is %q, %v", i, got, err)
			}
		}
		<-sent
		if n := p.slow.Load(); n != 0 {
			t.Errorf("%d times it counts as one that does not read", n)
		}
	})
}

// A frame that alone is more than may wait is no fault of the client's, and it may come while
// a little waits.
func TestOneFrameMayBeLargerThanWhatMayWait(t *testing.T) {
	for _, waits := range []bool{false, true} {
		t.Run(fmt.Sprint("something waits: ", waits), func(t *testing.T) {
			open(t, func(t *testing.T, p *peer, dial func() *websocket.Conn, _ *net.Conn) {
				p.most = 64 << 10
				ws := dial()
				ws.SetReadLimit(1 << 20)
				before := 0
				for ; waits && p.socket.Waiting() == 0; before++ {
					p.send(strings.Repeat("z", 16<<10))
				}
				large := strings.Repeat("x", 150<<10)
				p.send(large)
				for range before {
					if _, _, err := ws.Read(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if _, data, err := ws.Read(t.Context()); err != nil || string(data) != large {
					t.Errorf("%d of %d bytes, %v", len(data), len(large), err)
				}
			})
		})
	}
}

// RFC 6455, 7.4: a code that nobody may send is not sent back.
func TestACloseFrameIsAnsweredWithACodeThatMayBeSent(t *testing.T) {
	for _, tt := range []struct {
		name   string
		sent   string
		answer []byte
	}{
		{"no code", "", nil},
		{"half a code", "\x03", []byte{0x03, 0xea}},
		{"1000", "\x03\xe8bye", []byte{0x03, 0xe8}},
		{"0", "\x00\x00", []byte{0x03, 0xea}},
		{"999", "\x03\xe7", []byte{0x03, 0xea}},
		{"1003", "\x03\xeb", []byte{0x03, 0xeb}},
		{"1004, reserved", "\x03\xec", []byte{0x03, 0xea}},
		{"1005, for no code", "\x03\xed", []byte{0x03, 0xea}},
		{"1006, for no close frame", "\x03\xee", []byte{0x03, 0xea}},
		{"1007", "\x03\xef", []byte{0x03, 0xef}},
		{"1011", "\x03\xf3", []byte{0x03, 0xf3}},
		{"1014", "\x03\xf6", []byte{0x03, 0xf6}},
		{"1015, for TLS", "\x03\xf7", []byte{0x03, 0xea}},
		{"2999", "\x0b\xb7", []byte{0x03, 0xea}},
		{"3000", "\x0b\xb8", []byte{0x0b, 0xb8}},
		{"4999", "\x13\x87", []byte{0x13, 0x87}},
		{"5000", "\x13\x88", []byte{0x03, 0xea}},
		{"65535", "\xff\xff", []byte{0x03, 0xea}},
		{"a reason that is no UTF-8", "\x03\xe8\xff", []byte{0x03, 0xef}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			open(t, func(t *testing.T, p *peer, dial func() *websocket.Conn, tcp *net.Conn) {
				dial()
				if _, err := (*tcp).Write(append([]byte{0x88, 0x80 | byte(len(tt.sent)), 0, 0, 0, 0}, tt.sent...)); err != nil {
					t.Fatal(err)
				}
				got, _ := io.ReadAll(*tcp)
				if want := append([]byte{0x88, byte(len(tt.answer))}, tt.answer...); !bytes.Equal(got, want) {
					t.Errorf("the answer is % x, want % x", got, want)
				}
				<-p.ended
			})
		})
	}
}

// Control frames and pieces are told of, pings over the limit are not answered, and one
// who goes on after the end is cut.
func TestFramesThatCompleteNoMessageAreCounted(t *testing.T) {
	ping, pong, piece := []byte{0x89, 0x81, 0, 0, 0, 0, 'p'}, []byte{0x8a, 0x80, 0, 0, 0, 0}, []byte{0x00, 0x80, 0, 0, 0, 0}
	for name, frames := range map[string][]byte{
		"pings": bytes.Repeat(ping, 20), "pongs": bytes.Repeat(pong, 20),
		"empty pieces": append([]byte{0x01, 0x80, 0, 0, 0, 0}, bytes.Repeat(piece, 19)...),
	} {
		t.Run(name, func(t *testing.T) {
			open(t, func(t *testing.T, p *peer, dial func() *websocket.Conn, tcp *net.Conn) {
				p.few = 5
				dial()
				if _, err := (*tcp).Write(frames); err != nil {
					t.Fatal(err)
				}
				select {
				case <-p.ended: // though the socket is still open
				case <-time.After(time.Minute):
					t.Fatalf("after %d frames it is not ended", p.frames.Load())
				}
				if n := p.frames.Load(); n != 2*p.few+1 {
					t.Errorf("%d frames are counted, want %d", n, 2*p.few+1)
				}
				p.socket.Close(4502, "", 20*time.Second)
				go func() {
					for {
						if _, err := (*tcp).Write(bytes.Repeat(ping, 100)); err != nil {
							return
						}
					}
				}()
				all, _ := io.ReadAll(*tcp)
				if got, want := bytes.Count(all, []byte{0x8a, 1, 'p'}), int(p.few); name == "pings" && got != want {
					t.Errorf("%d pings are answered, want %d", got, want)
				}
			})
		})
	}
}

func TestCloseWaitsForWhatWaits(t *testing.T) {
	open(t, func(t *testing.T, p *peer, dial func() *websocket.Conn, _ *net.Conn) {
		p.most = 512 << 10
		ws := dial()
		if err := ws.Write(t.Context(), websocket.MessageText, []byte("enough")); err != nil {
			t.Fatal(err)
		}
		<-p.ended // nothing more is heard
		for range 16 {
			p.send(strings.Repeat("w", 8<<10))
		}
		p.socket.Close(4001, "bye", 10*time.Second)
		p.send("after")
		got := 0
		for {
			_, data, err := ws.Read(t.Context())
			if err != nil {
				if code := websocket.CloseStatus(err); code != 4001 || got != 17 {
					t.Errorf("closed with %d after %d frames", code, got)
				}
				return
			}
			if got++; string(data) == "after" {
				t.Error("a frame after the end was sent")
			}
		}
	})
}

func TestAClientThatSaysGoodbyeIsAnswered(t *testing.T) {
	open(t, func(t *testing.T, p *peer, dial func() *websocket.Conn, _ *net.Conn) {
		ws := dial()
		if err := ws.Close(4444, "going"); err != nil { // fails unless the code comes back
			t.Error(err)
		}
		<-p.ended
	})
}

// client frames by hand: fin, opcode and mask as they should be, or not.
func frame(first byte, payload string) []byte {
	f := []byte{first, 0x80 | byte(len(payload)), 0, 0, 0, 0}
	if len(payload) > 125 {
		f = []byte{first, 0x80 | 126, byte(len(payload) >> 8), byte(len(payload)), 0, 0, 0, 0}
	}
	return append(f, payload...)
}

func TestWhoBreaksTheRulesIsToldWhich(t *testing.T) {
	tests := map[string]struct {
		send []byte
		want uint16
	}{
		"no mask":                    {[]byte{0x81, 1, 'x'}, 1002},
		"a reserved bit":             {frame(0xc1, "x"), 1002},
		"an opcode that is none":     {frame(0x83, "x"), 1002},
		"a control opcode that none": {frame(0x8b, "x"), 1002},
		"a ping in pieces":           {frame(0x09, "x"), 1002},
		"a long ping":                {frame(0x89, strings.Repeat("x", 126)), 1002},
		"a continuation of nothing":  {frame(0x80, "x"), 1002},
		"a message within another":   {append(frame(0x01, "x"), frame(0x81, "y")...), 1002},
		"text that is no UTF-8":      {frame(0x81, "\xff"), 1007},
		"a rune cut in two, whole":   {append(frame(0x01, "\xe4\xb8"), frame(0x80, "x")...), 1007},
		"a frame that is too large":  {[]byte{0x81, 0xff, 0, 0, 0, 0, 0, 2, 0, 0, 1, 2, 3, 4}, 1009},
		"more than 2^63 bytes":       {[]byte{0x81, 0xff, 0xff, 0, 0, 0, 0, 2, 0, 0, 1, 2, 3, 4}, 1002},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			open(t, func(t *testing.T, p *peer, dial func() *websocket.Conn, tcp *net.Conn) {
				dial()
				if _, err := (*tcp).Write(tt.send); err != nil {
					t.Fatal(err)
				}
				_ = (*tcp).SetReadDeadline(time.Now().Add(10 * time.Second))
				answer, err := io.ReadAll(*tcp)
				var timeout net.Error
				if errors.As(err, &timeout) && timeout.Timeout() {
					t.Fatal("the socket stays open")
				}
				if len(answer) < 4 || answer[0] != 0x88 || binary.BigEndian.Uint16(answer[2:]) != tt.want {
					t.Errorf("the answer is %x, want a close frame with %d", answer, tt.want)
				}
				<-p.ended
			})
		})
	}
}

func TestFragmentsArePutTogether(t *testing.T) {
	open(t, func(t *testing.T, p *peer, dial func() *websocket.Conn, tcp *net.Conn) {
		dial()
		stream := append(append(frame(0x01, "你"[:2]), frame(0x89, "ping")...), frame(0x80, "你"[2:]+"好")...)
		stream = append(stream, frame(0x82, "bytes")...)
		for _, b := range stream { // each in a packet of its own
			if _, err := (*tcp).Write([]byte{b}); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []string{"true 你好", "false bytes"} {
			if got := <-p.heard; got != want {
				t.Errorf("heard %q, want %q", got, want)
			}
		}
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
