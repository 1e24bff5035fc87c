package socket_test

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

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

// With many senders, and whatever waits: no frame is torn, and each sender's frames
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

// A sender that asks whether the client is behind, and waits until it is not, may send any
// amount to a client that reads slowly.
func TestWhoReadsSlowlyIsSentEverything(t *testing.T) {
	open(t, func(t *testing.T, p *peer, dial func() *websocket.Conn, _ *net.Conn) {
		const frames = 500
		p.most = 16 << 10
		ws := dial()
		sent, waited := make(chan struct{}), 0
		go func() {
			defer close(sent)
			for i := range frames {
				for ; p.socket.Behind(); waited++ {
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
		if n := p.slow.Load(); n != 0 || waited == 0 {
			t.Errorf("%d times it counts as one that does not read, and %d times it was waited for", n, waited)
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
