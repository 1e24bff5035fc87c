package socket

import (
	"encoding/binary"
	"unicode/utf8"
)

// The bits of the first byte of a frame (RFC 6455, 5.2).
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

// Close codes that this package sends (RFC 6455, 7.4.1).
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

// header is the header of a client's frame.
type header struct {
	op     byte
	final  bool
	length int
	mask   [4]byte
}

// readHeader reads a header off the front. A size of 0 means that it is not complete
// yet; code is the close code if it breaks a rule.
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
			return h, 0, closeBroken // there is a shorter form
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

// unmask removes the mask of a client's payload.
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

// parser assembles frames and messages from the pieces in which they come.
type parser struct {
	limit   int
	rest    []byte // of a frame that is not complete
	message []byte // of a message whose last fragment has not come
	kind    byte   // of that message; 0 for none
	stopped bool   // nothing is parsed any more
	held    bool   // nothing is parsed for now
}

// sink receives what a parser finds.
type sink interface {
	message(text bool, data []byte) Next
	// partial is called for a frame that does not complete its message.
	partial(size int) (within bool)
	control(op byte, data []byte) (more bool)
	broken(code int)
}

// feed parses the next bytes of the stream, which it may change. It keeps those that
// come after a message at which the sink holds, for the next call.
func (p *parser) feed(data []byte, to sink) {
	if p.stopped {
		return
	}
	if len(p.rest) > 0 {
		p.rest = append(p.rest, data...)
		data = p.rest
	}
	whole := 0 // bytes of the frame that is not complete yet, where that is known
	for len(data) > 0 {
		h, size, code := readHeader(data, p.limit)
		if code == 0 && size > 0 && len(data) >= size+h.length {
			payload := data[size : size+h.length]
			unmask(payload, h.mask)
			data = data[size+h.length:]
			if code = p.frame(h, payload, to); code == 0 && !p.stopped && !p.held {
				continue
			}
		}
		if code != 0 {
			to.broken(code)
			p.stopped = true
		}
		if !p.held {
			whole = size + h.length
		}
		break
	}
	switch {
	case p.stopped:
		p.rest, p.message = nil, nil
	case len(data) == 0:
		p.rest = nil
	case len(p.rest) == 0 || cap(p.rest) < min(whole, 4*len(data)):
		// Room for the whole frame at once, but not for a length that was only announced.
		p.rest = append(make([]byte, 0, max(len(data), min(whole, 4*len(data)))), data...)
	default: // to the front of its buffer
		p.rest = p.rest[:copy(p.rest, data)]
	}
}

// frame handles a complete frame; code is the close code if it breaks a rule.
func (p *parser) frame(h header, payload []byte, to sink) (code int) {
	switch {
	case h.op >= opClose:
		p.stopped = !to.control(h.op, payload)
		return 0
	case (h.op == opContinuation) != (p.kind != 0):
		return closeBroken
	case h.final && p.kind == 0:
		return p.complete(h.op, payload, to)
	case len(p.message)+len(payload) > p.limit:
		return closeTooBig
	}
	if p.kind == 0 {
		p.kind = h.op
	}
	p.message = append(p.message, payload...)
	if !h.final {
		to.partial(len(payload))
		return 0
	}
	kind, message := p.kind, p.message
	p.kind, p.message = 0, nil
	return p.complete(kind, message, to)
}

func (p *parser) complete(kind byte, message []byte, to sink) (code int) {
	if kind == opText && !utf8.Valid(message) {
		return closeInvalidUTF8
	}
	p.held = to.message(kind == opText, message) == Hold
	return 0
}
