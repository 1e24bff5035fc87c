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
func (ignore) control(byte, []byte) bool { return true }
func (ignore) broken(int)                {}
