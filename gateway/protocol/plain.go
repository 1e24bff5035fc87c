package protocol

import (
	"bytes"
	"unicode/utf8"
)

// Messages and heartbeats are the frames of clients that come by the thousand, and
// nearly always as a client's encoder writes them. Read by hand, a message costs a
// fifth of two walks through it, and a heartbeat nothing. Any other form is left to
// decode, and only decode refuses frames; FuzzDecode checks that both read the same.

// fastDecode reads such a frame. ok is false for all others, valid or not.
func fastDecode(data []byte) (Request, bool) {
	if string(data) == `{"type":"heartbeat"}` {
		return heartbeat, true
	}
	if f, ok := plainSend(data); ok {
		return f, true
	}
	return nil, false
}

var heartbeat Request = Heartbeat{Type: TypeHeartbeat}

// plainSend reads a send in which every field comes once, as a string without escapes,
// and is in its range. ok is false for all others, valid or not.
func plainSend(data []byte) (f Send, ok bool) {
	if !bytes.Contains(data, []byte(`"type":"send"`)) || data[0] != '{' {
		return f, false
	}
	for rest := data; ; {
		var key, value []byte
		if key, rest, ok = plainString(rest[1:]); !ok || len(rest) == 0 || rest[0] != ':' {
			return f, false
		}
		if value, rest, ok = plainString(rest[1:]); !ok {
			return f, false
		}
		var field *string
		switch string(key) {
		case "type":
			field = (*string)(&f.Type)
		case "id":
			field = &f.ID
		case "ticket":
			field = &f.Ticket
		case "message_id":
			field = &f.MessageID
		case "text":
			field = &f.Text
		}
		if field == nil || *field != "" || len(value) == 0 { // an empty one might come twice
			return f, false
		}
		*field = string(value)
		switch {
		case len(rest) == 1 && rest[0] == '}':
			return f, f.Type == TypeSend && utf8.Valid(data) && f.check(frameScan{}) == nil
		case len(rest) == 0 || rest[0] != ',':
			return f, false
		}
	}
}

// plainString cuts a JSON string without escapes off the front.
func plainString(data []byte) (s, rest []byte, ok bool) {
	if len(data) == 0 || data[0] != '"' {
		return nil, nil, false
	}
	for i, c := range data[1:] {
		switch {
		case c == '"':
			return data[1 : 1+i], data[2+i:], true
		case c == '\\' || c < ' ':
			return nil, nil, false
		}
	}
	return nil, nil, false
}
