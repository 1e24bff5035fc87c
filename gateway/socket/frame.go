package socket

import (
	"encoding/binary"
	"unicode/utf8"
)

// What the first byte of a frame says (RFC 6455, 5.2).
const (
	opContinuation = 0
	opText         = 1
	opBinary       = 2
	opClose        = 8
	opPing         = 9
	opPong         = 10

	final    = 0x80
	reserved = 0x70
	masked   = 0x80
)

// Close codes that this package gives (RFC 6455, 7.4.1).
const (
	closeBroken      = 1002
	closeInvalidUTF8 = 1007
	closeTooBig      = 1009
)

const maxControl = 125

// withHeader writes the header of an unmasked, unfragmented frame before its
// payload, which begins at Room, and returns the whole frame.
func withHeader(op byte, frame []byte) []byte {
	n := len(frame) - Room
	at := Room - 2
	switch {
	case n <= 125:
		frame[at+1] = byte(n)
	case n <= 0xffff:
		at = Room - 4
		frame[at+1] = 126
		binary.BigEndian.PutUint16(frame[at+2:], uint16(n))
	default:
		at = 0
		frame[at+1] = 127
		binary.BigEndian.PutUint64(frame[at+2:], uint64(n))
	}
	frame[at] = final | op
	return frame[at:]
}

// header is what stands before a client's payload.
type header struct {
	op     byte
	final  bool
	length int
	mask   [4]byte
}

// readHeader reads a header off the front. size 0 says that it is not whole yet;
// a code says which rule it breaks.
func readHeader(data []byte, limit int) (h header, size, code int) {
	if len(data) < 2 {
		return h, 0, 0
	}
	h.op, h.final = data[0]&15, data[0]&final != 0
	length := uint64(data[1] &^ masked)
	size = 2
	switch {
	case data[0]&reserved != 0, data[1]&masked == 0:
		return h, 0, closeBroken
	case h.op > opBinary && h.op < opClose, h.op > opPong:
		return h, 0, closeBroken
	case h.op >= opClose && (!h.final || length > maxControl):
		return h, 0, closeBroken
	case length == 126:
		if size = 4; len(data) < size {
			return h, 0, 0
		}
		if length = uint64(binary.BigEndian.Uint16(data[2:])); length < 126 {
			return h, 0, closeBroken // it has a shorter form
		}
	case length == 127:
		if size = 10; len(data) < size {
			return h, 0, 0
		}
		if length = binary.BigEndian.Uint64(data[2:]); length <= 0xffff || length>>63 != 0 {
			return h, 0, closeBroken
		}
	}
	if length > uint64(limit) {
		return h, 0, closeTooBig
	}
	h.length = int(length)
	if len(data) < size+4 {
		return h, 0, 0
	}
	copy(h.mask[:], data[size:])
	return h, size + 4, 0
}

// unmask undoes what a client did to its payload.
func unmask(data []byte, mask [4]byte) {
	key := uint64(binary.LittleEndian.Uint32(mask[:]))
	key |= key << 32
	i := 0
	for ; i+8 <= len(data); i += 8 {
		binary.LittleEndian.PutUint64(data[i:], binary.LittleEndian.Uint64(data[i:])^key)
	}
	for ; i < len(data); i++ {
		data[i] ^= mask[i&3]
	}
}

// parser puts frames and messages together from whatever pieces come.
type parser struct {
	limit   int
	rest    []byte // of a frame that is not whole
	message []byte // of a message whose last fragment has not come
	kind    byte   // of that message; 0 for none
	deaf    bool   // nothing is taken any more
	held    bool   // nothing is taken for now
}

// sink takes what a parser finds.
type sink interface {
	message(text bool, data []byte) Next
	// piece is told of a frame that does not complete its message.
	piece(size int) (within bool)
	control(op byte, data []byte) (more bool)
	broken(code int)
}

// feed takes the next bytes of the stream, which it may change. It keeps those that
// come after a message at which the sink holds, for the next call.
func (p *parser) feed(data []byte, to sink) {
	if p.deaf {
		return
	}
	if len(p.rest) > 0 {
		p.rest = append(p.rest, data...)
		data = p.rest
	}
	whole := 0 // bytes of the frame that is not whole yet, where that is known
	for len(data) > 0 {
		h, size, code := readHeader(data, p.limit)
		if code == 0 && size > 0 && len(data) >= size+h.length {
			payload := data[size : size+h.length]
			unmask(payload, h.mask)
			data = data[size+h.length:]
			if code = p.take(h, payload, to); code == 0 && !p.deaf && !p.held {
				continue
			}
		}
		if code != 0 {
			to.broken(code)
			p.deaf = true
		}
		if !p.held {
			whole = size + h.length
		}
		break
	}
	switch {
	case p.deaf:
		p.rest, p.message = nil, nil
	case len(data) == 0:
		p.rest = nil
	case len(p.rest) == 0 || cap(p.rest) < min(whole, 4*len(data)):
		// Room for the whole frame at once, but not for what has only been announced.
		p.rest = append(make([]byte, 0, max(len(data), min(whole, 4*len(data)))), data...)
	default: // to the front of what it is in
		p.rest = p.rest[:copy(p.rest, data)]
	}
}

// take handles a whole frame; a code says which rule it breaks.
func (p *parser) take(h header, payload []byte, to sink) (code int) {
	switch {
	case h.op >= opClose:
		p.deaf = !to.control(h.op, payload)
		return 0
	case (h.op == opContinuation) != (p.kind != 0):
		return closeBroken
	case h.final && p.kind == 0:
		return p.whole(h.op, payload, to)
	case len(p.message)+len(payload) > p.limit:
		return closeTooBig
	}
	if p.kind == 0 {
		p.kind = h.op
	}
	p.message = append(p.message, payload...)
	if !h.final {
		to.piece(len(payload))
		return 0
	}
	kind, message := p.kind, p.message
	p.kind, p.message = 0, nil
	return p.whole(kind, message, to)
}

func (p *parser) whole(kind byte, message []byte, to sink) (code int) {
	if kind == opText && !utf8.Valid(message) {
		return closeInvalidUTF8
	}
	p.held = to.message(kind == opText, message) == Hold
	return 0
}
