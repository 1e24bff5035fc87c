package protocol

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ServerFrame is a frame that the server sends: Welcome, OK, Error, Ticket,
// Desk, Board, Entry, Reset, Availability, Typing or Heartbeat.
type ServerFrame interface{ serverFrame() Type }

func (Welcome) serverFrame() Type      { return TypeWelcome }
func (OK) serverFrame() Type           { return TypeOK }
func (Error) serverFrame() Type        { return TypeError }
func (Ticket) serverFrame() Type       { return TypeTicket }
func (Desk) serverFrame() Type         { return TypeDesk }
func (Board) serverFrame() Type        { return TypeBoard }
func (Entry) serverFrame() Type        { return TypeEntry }
func (Reset) serverFrame() Type        { return TypeReset }
func (Availability) serverFrame() Type { return TypeAvailability }
func (Typing) serverFrame() Type       { return TypeTyping }
func (Heartbeat) serverFrame() Type    { return TypeHeartbeat }

// Encode returns the JSON of a server frame. Its Type need not be set. It fails
// only when a string is not UTF-8.
func Encode(frame ServerFrame) ([]byte, error) { return Append(nil, frame) }

// Append appends the JSON of a server frame to dst, for a caller that reuses
// its buffer. On an error dst is returned as it was.
func Append(dst []byte, frame ServerFrame) ([]byte, error) {
	o := object{buf: dst}
	switch f := frame.(type) {
	case Welcome:
		f.Type = TypeWelcome
		return appendJSON(dst, &f)
	case OK:
		f.append(&o)
		return o.end(dst)
	case Error:
		f.Type = TypeError
		return appendJSON(dst, &f)
	case Ticket:
		f.append(&o)
		return o.end(dst)
	case *Ticket: // so that a stored view need not be copied to be sent
		f.append(&o)
		return o.end(dst)
	case Desk:
		f.Type = TypeDesk
		return appendJSON(dst, &f)
	case Board:
		f.Type = TypeBoard
		return appendJSON(dst, &f)
	case Entry:
		f.append(&o)
		return o.end(dst)
	case *Entry: // so that all recipients share it
		f.append(&o)
		return o.end(dst)
	case Reset:
		f.Type = TypeReset
		return appendJSON(dst, &f)
	case Availability:
		f.Type = TypeAvailability
		return appendJSON(dst, &f)
	case Typing:
		f.append(&o)
		return o.end(dst)
	case Heartbeat:
		f.append(&o)
		return o.end(dst)
	default:
		return dst, fmt.Errorf("protocol: %T is not a server frame", frame)
	}
}

// EncodeRequest returns the JSON of a client's frame, whose Type must be set.
func EncodeRequest(frame Request) ([]byte, error) { return appendJSON(nil, frame) }

// DecodeServer reads one frame of a server, as a client does: fields that it
// does not know are ignored, and a type that it does not know gives nil, nil,
// because servers may be newer than clients.
func DecodeServer(data []byte) (ServerFrame, error) {
	var head struct {
		Type Type `json:"type"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("protocol: not a frame: %w", err)
	}
	switch head.Type {
	case TypeWelcome:
		return read[Welcome](data)
	case TypeOK:
		return read[OK](data)
	case TypeError:
		return read[Error](data)
	case TypeTicket:
		return read[Ticket](data)
	case TypeDesk:
		return read[Desk](data)
	case TypeBoard:
		return read[Board](data)
	case TypeEntry:
		return read[Entry](data)
	case TypeReset:
		return read[Reset](data)
	case TypeAvailability:
		return read[Availability](data)
	case TypeTyping:
		return read[Typing](data)
	case TypeHeartbeat:
		return read[Heartbeat](data)
	default:
		return nil, nil
	}
}

func read[T ServerFrame](data []byte) (ServerFrame, error) {
	var frame T
	if err := json.Unmarshal(data, &frame); err != nil {
		return nil, fmt.Errorf("protocol: not a frame: %w", err)
	}
	return frame, nil
}

func appendJSON(dst []byte, frame any) ([]byte, error) {
	buf := bytes.NewBuffer(dst)
	if err := json.MarshalWrite(buf, frame, jsontext.EscapeForHTML(false), json.Deterministic(true)); err != nil {
		return dst, fmt.Errorf("protocol: encode: %w", err)
	}
	return buf.Bytes(), nil
}
