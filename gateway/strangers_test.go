package gateway_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"nextup/gateway"
	"nextup/gateway/protocol"
)

// from is a client that comes from an address of the loopback network.
func from(address string) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: dialerFrom(address).DialContext, DisableKeepAlives: true}}
}

func dialerFrom(address string) *net.Dialer {
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
}

// stranger opens a socket from an address; see handshake.
func (h *house) stranger(url, address string) (*raw, *http.Response) {
	h.t.Helper()
	return h.handshake(url, websocket.DialOptions{HTTPClient: from(address)})
}

// bare is a socket of which a test writes the bytes.
type bare struct {
	net.Conn
	t       testing.TB
	replies *bufio.Reader
}

func (h *house) bare(url string) *bare {
	h.t.Helper()
	host, path, _ := strings.Cut(strings.TrimPrefix(url, "ws://"), "/")
	conn, err := new(net.Dialer).DialContext(h.ctx, "tcp", host)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = conn.Close() })
	deadline, _ := h.ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	b := &bare{conn, h.t, bufio.NewReader(conn)}
	fmt.Fprintf(conn, "GET /%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: %s\r\n\r\n", path, host, protocol.Subprotocol)
	res, err := http.ReadResponse(b.replies, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		h.t.Fatalf("the handshake: %v, %v", res, err)
	}
	return b
}

// frame sends a masked frame whose payload may be shorter than its header says.
func (b *bare) frame(first byte, length int, payload string) {
	b.t.Helper()
	header := []byte{first, 0x80 | 126}
	header = append(binary.BigEndian.AppendUint16(header, uint16(length)), 0, 0, 0, 0)
	if length < 126 {
		header = []byte{first, 0x80 | byte(length), 0, 0, 0, 0}
	}
	if _, err := b.Write(append(header, payload...)); err != nil {
		b.t.Fatal(err)
	}
}

// end returns the code of the close frame once the conn has ended, though nothing was
// answered.
func (b *bare) end() (code protocol.CloseCode) {
	b.t.Helper()
	code = b.code()
	if _, err := io.Copy(io.Discard, b.replies); errors.Is(err, os.ErrDeadlineExceeded) {
		b.t.Fatal("the conn does not end")
	}
	return code
}

// code reads on to the close frame and returns its code.
func (b *bare) code() protocol.CloseCode {
	b.t.Helper()
	for {
		var header [2]byte
		if _, err := io.ReadFull(b.replies, header[:]); err != nil {
			b.t.Fatalf("no close frame comes: %v", err)
		}
		length := int(header[1])
		if length == 126 {
			var long [2]byte
			_, _ = io.ReadFull(b.replies, long[:])
			length = int(binary.BigEndian.Uint16(long[:]))
		}
		payload := make([]byte, length)
		_, _ = io.ReadFull(b.replies, payload)
		if header[0] == 0x88 && length >= 2 {
			return protocol.CloseCode(binary.BigEndian.Uint16(payload))
		}
	}
}

// [hello-2] [limit-11] A stranger may send one small frame, and no client waits for one who
// does not: the conn has ended, though the client answers no close frame.
func TestAStrangerMaySendOneSmallFrame(t *testing.T) {
	t.Cleanup(gateway.WaitLongForGoodbyes())
	for _, tt := range []struct {
		name  string
		sends func(b *bare)
		want  protocol.CloseCode
	}{
		{"nothing", func(*bare) {}, protocol.CloseHelloTimeout},
		{"half of a small frame", func(b *bare) { b.frame(0x81, 8<<10, strings.Repeat("x", 4<<10)) }, protocol.CloseHelloTimeout},
		{"a small message that never ends", func(b *bare) { b.frame(0x01, 8<<10, strings.Repeat("x", 8<<10)) }, protocol.CloseHelloTimeout},
		{"the beginning of a large frame", func(b *bare) { b.frame(0x81, protocol.MaxHelloBytes+1, "") }, protocol.CloseTooLarge},
		{"a large message in small pieces", func(b *bare) {
			b.frame(0x01, 8<<10, strings.Repeat("x", 8<<10))
			b.frame(0x00, 2<<10, strings.Repeat("x", 2<<10))
		}, protocol.CloseTooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			url, _ := h.open("one")
			b := h.bare(url)
			tt.sends(b)
			if code := b.end(); code != tt.want {
				t.Errorf("closed with %d, want %d", code, tt.want)
			}
		})
	}
}

// [limit-4] Every frame counts, also those that the browser's side of a socket never shows:
// a client that sends very many is closed and counted, before hello and after.
func TestAFloodOfFramesThatAreNoMessagesIsClosed(t *testing.T) {
	for _, tt := range []struct {
		name, payload string
		begin, then   byte // the first byte of the first frame, and of the others
	}{
		{"pings", "12345678", 0x89, 0x89},
		{"pongs", "", 0x8a, 0x8a},
		{"empty pieces", "", 0x01, 0x00},
		{"pieces of one byte", "x", 0x01, 0x00},
	} {
		for _, known := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, ", after hello: ", known), func(t *testing.T) {
				t.Parallel()
				h := newHouse(t, func(s *gateway.SiteOptions) { s.Limits.FramesPerSecond, s.Limits.Burst = 20, 100 })
				url, _ := h.open("one")
				b := h.bare(url)
				if known {
					hello := fmt.Sprintf(`{"type":"hello","token":%q}`, h.token(protocol.Visitor, "v"))
					b.frame(0x81, len(hello), hello)
				}
				const flood = 5000
				go func() {
					frame := func(first byte) []byte {
						return append([]byte{first, 0x80 | byte(len(tt.payload)), 0, 0, 0, 0}, tt.payload...)
					}
					_, _ = b.Write(append(frame(tt.begin), bytes.Repeat(frame(tt.then), flood-1)...))
				}()
				if code := b.code(); code != protocol.CloseFlood {
					t.Errorf("closed with %d, want %d", code, protocol.CloseFlood)
				}
				var received int
				_, text, _ := strings.Cut(metricsOf(t, url), "\nnextup_frames_received_total ")
				if _, _ = fmt.Sscan(text, &received); received < 11 || received > flood/2 {
					t.Errorf("%d frames are counted", received)
				}
			})
		}
	}
}

// The largest token that is looked at fits, and after welcome a frame may be as large as
// ever.
func TestAfterWelcomeAFrameMayBeLarge(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	r := h.raw(url)
	r.hello(h.token(protocol.Visitor, "v"))
	r.write(`{"type":"join","id":"j","department":"` + strings.Repeat("x", 60<<10) + `"}`)
	if e := r.refusal(); e.Code != protocol.CodeBadField {
		t.Errorf("a large frame is answered with %+v", e)
	}
	long := h.raw(url)
	if e, _ := long.hello(strings.Repeat("x", 8<<10)).(protocol.Error); e.Code != protocol.CodeBadToken {
		t.Errorf("a token of 8 KiB is answered with %+v", e)
	}
}

// [limit-11] An address has room for so many strangers, whatever they do, and takes none
// from the others.
func TestStrangersOfOneAddressLeaveRoomForOthers(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Limits.ConnsPerAddress = 120 })
	url, _ := h.open("one")
	const room = 30
	var first *raw
	for i := range room {
		r, refused := h.stranger(url, "127.0.0.2")
		if refused != nil {
			t.Fatalf("stranger %d is refused: %s", i, refused.Status)
		}
		if first == nil {
			first = r
		}
	}
	_, refused := h.stranger(url, "127.0.0.2")
	if refused == nil || refused.StatusCode != http.StatusTooManyRequests || refused.Header.Get("Retry-After") == "" {
		t.Fatalf("one more is answered with %+v", refused)
	}
	other, refused := h.stranger(url, "127.0.0.3")
	if refused != nil {
		t.Fatalf("another address is refused: %s", refused.Status)
	}
	if _, ok := other.hello(h.token(protocol.Visitor, "other")).(protocol.Welcome); !ok {
		t.Error("another address is not welcome")
	}
	// Who says hello is no stranger any more.
	if _, ok := first.hello(h.token(protocol.Visitor, "first")).(protocol.Welcome); !ok {
		t.Error("a stranger who says hello is not welcome")
	}
	if _, refused = h.stranger(url, "127.0.0.2"); refused != nil {
		t.Errorf("the place of one who is known now is not given: %s", refused.Status)
	}
	if got := metricsOf(t, url); !strings.Contains(got, `nextup_limited_total{limit="strangers_per_address",site=""} 1`) {
		t.Error("the refusal is not counted")
	}
}

// A trusted proxy's conns are those of the clients that it speaks for.
func TestAProxyIsNoStranger(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Limits.ConnsPerAddress = 1 })
	h.proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	url, _ := h.open("one")
	for i := range 200 { // more than an address may open at once
		r, refused := h.stranger(url, "127.0.0.1")
		if refused != nil {
			t.Fatalf("conn %d of a proxy is refused: %s", i, refused.Status)
		}
		if i%10 == 0 {
			if _, ok := r.hello(h.token(protocol.Visitor, fmt.Sprint("v", i))).(protocol.Welcome); !ok {
				t.Errorf("person %d behind a proxy is not welcome", i)
			}
		}
	}
}

// [busy-1] A hello that no key of the site signed takes no place from those who come with a good one.
func TestJunkHellosTakeNoPlaceOfHonestOnes(t *testing.T) {
	h := newHouse(t)
	h.rate = 2
	url, _ := h.open("one")
	forged := h.key
	forged.Secret = []byte("some other secret of thirty-two bytes!!")
	for i := range 40 {
		token := "junk"
		if i%2 == 0 {
			token = h.sign(forged, h.identity("forged"))
		}
		if e, _ := h.raw(url).hello(token).(protocol.Error); e.Code != protocol.CodeBadToken {
			t.Fatalf("junk is answered with %+v", e)
		}
	}
	for i := range h.rate {
		if f, ok := h.raw(url).hello(h.token(protocol.Visitor, fmt.Sprint("v", i))).(protocol.Welcome); !ok {
			t.Errorf("after the junk an honest hello is answered with %+v", f)
		}
	}
}
