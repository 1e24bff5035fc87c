package socket_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// RFC 6455, 7.4: a code that no side may send is not sent back.
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
			t.Parallel()
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
