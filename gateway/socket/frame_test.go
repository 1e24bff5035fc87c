package socket

import (
	"fmt"
	"slices"
	"testing"
)

// log notes what a parser finds.
type log []string

func (l *log) message(text bool, data []byte) Next {
	*l = append(*l, fmt.Sprint("message ", text, " ", string(data)))
	return Next(len(data) % 2) // More or Hold
}

func (l *log) partial(size int) bool {
	*l = append(*l, fmt.Sprint("piece ", size))
	return true
}

func (l *log) control(op byte, data []byte) bool {
	*l = append(*l, fmt.Sprint("control ", op, " ", string(data)))
	return op != opClose
}

func (l *log) broken(code int) { *l = append(*l, fmt.Sprint("broken ", code)) }

// However a stream is cut, the same is found in it, and nothing is kept that is
// longer than a message and a frame may be.
func FuzzPiecesAreTheWhole(f *testing.F) {
	f.Add([]byte{0x81, 0x82, 1, 2, 3, 4, 'h', 'i', 0x89, 0x80, 0, 0, 0, 0, 0x88, 0x80, 0, 0, 0, 0}, byte(3))
	f.Add([]byte{0x01, 0x81, 0, 0, 0, 0, 'a', 0x80, 0xfe, 0, 1, 0, 0, 0, 0, 'b', 0x82, 0xff}, byte(1))
	f.Fuzz(func(t *testing.T, stream []byte, size byte) {
		const limit = 64
		var whole, pieces log
		one, many := parser{limit: limit}, parser{limit: limit}
		feed := func(p *parser, data []byte, to sink) {
			for p.feed(data, to); p.held; p.feed(nil, to) {
				p.held = false
			}
		}
		feed(&one, slices.Clone(stream), &whole)
		for piece := range slices.Chunk(slices.Clone(stream), int(size)+1) {
			feed(&many, piece, &pieces)
			if kept := len(many.rest) + len(many.message); kept > 2*limit+int(size)+1+14 {
				t.Fatalf("%d bytes are kept", kept)
			}
		}
		if !slices.Equal(whole, pieces) {
			t.Errorf("at once:   %q\nin pieces: %q", whole, pieces)
		}
	})
}

// RFC 6455, 5.2, 5.4 and 5.5: what breaks the rules is told from what does not.
func TestFramesThatBreakTheRulesAreRefused(t *testing.T) {
	frame := func(first, length byte, more ...byte) []byte {
		return append([]byte{first, 0x80 | length}, more...)
	}
	mask := []byte{0, 0, 0, 0}
	long := make([]byte, 126)
	for _, tt := range []struct {
		name   string
		stream []byte
		want   []string
	}{
		{"a ping in between", slices.Concat(frame(0x01, 1, 0, 0, 0, 0, 'a'), frame(0x89, 0, mask...), frame(0x80, 1, 0, 0, 0, 0, 'b')), []string{"piece 1", "control 9 ", "message true ab"}},
		{"empty pieces", slices.Concat(frame(0x01, 0, mask...), frame(0x00, 0, mask...), frame(0x00, 0, mask...)), []string{"piece 0", "piece 0", "piece 0"}},
		{"126 bytes in the form for them", slices.Concat(frame(0x82, 126, 0, 126), mask, long), []string{"message false " + string(long)}},
		{"a reserved bit", frame(0xc1, 0, mask...), []string{"broken 1002"}},
		{"each reserved bit", frame(0x91, 0, mask...), []string{"broken 1002"}},
		{"a reserved bit of a control frame", frame(0xa9, 0, mask...), []string{"broken 1002"}},
		{"no mask", []byte{0x81, 1, 'a'}, []string{"broken 1002"}},
		{"an unknown kind", frame(0x83, 0, mask...), []string{"broken 1002"}},
		{"an unknown control frame", frame(0x8b, 0, mask...), []string{"broken 1002"}},
		{"a ping in pieces", frame(0x09, 0, mask...), []string{"broken 1002"}},
		{"a ping that is too long", frame(0x89, 126, 0, 126), []string{"broken 1002"}},
		{"a continuation of nothing", frame(0x80, 0, mask...), []string{"broken 1002"}},
		{"a new message in another", slices.Concat(frame(0x01, 0, mask...), frame(0x81, 0, mask...)), []string{"piece 0", "broken 1002"}},
		{"two bytes for a short length", frame(0x81, 126, 0, 125), []string{"broken 1002"}},
		{"eight bytes for a short length", frame(0x81, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff), []string{"broken 1002"}},
		{"a length below zero", frame(0x81, 127, 0x80, 0, 0, 0, 0, 1, 0, 0), []string{"broken 1002"}},
		{"a length over the limit", frame(0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0), []string{"broken 1009"}},
		{"no UTF-8", frame(0x81, 1, 0, 0, 0, 0, 0xff), []string{"broken 1007"}},
		{"no UTF-8 over two pieces", slices.Concat(frame(0x01, 1, 0, 0, 0, 0, 0xc3), frame(0x80, 1, 0, 0, 0, 0, 'x')), []string{"piece 1", "broken 1007"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var found log
			p := parser{limit: 1000}
			p.feed(tt.stream, &found)
			if !slices.Equal(found, tt.want) {
				t.Errorf("found %q, want %q", found, tt.want)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	frame := append([]byte{0x81, 0xfe, 0, 200, 1, 2, 3, 4}, make([]byte, 200)...)
	data := make([]byte, len(frame))
	var to ignore
	p := parser{limit: 1024}
	b.ReportAllocs()
	for b.Loop() {
		copy(data, frame)
		p.feed(data, to)
	}
}

type ignore struct{}

func (ignore) message(bool, []byte) Next { return More }
func (ignore) partial(int) bool          { return true }
func (ignore) control(byte, []byte) bool { return true }
func (ignore) broken(int)                {}
