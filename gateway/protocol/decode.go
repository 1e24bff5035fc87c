package protocol

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Refusal is the error of Decode: why a frame was not taken and what to do
// about it. Neither Message nor Field ever repeats a value of the frame, so a
// Refusal may be logged and sent back whatever the frame held.
type Refusal struct {
	Code Code
	// Message is one sentence that says what to do.
	Message string
	// Field is the offending field, "" where there is none or where its name is
	// not a plain word.
	Field string
	// ID is the request's id, "" where it could not be read.
	ID string
}

// Error implements error.
func (r *Refusal) Error() string { return string(r.Code) + ": " + r.Message }

// Frame is the error frame that tells the client.
func (r *Refusal) Frame() Error {
	return Error{Type: TypeError, ID: r.ID, Code: r.Code, Message: r.Message, Field: r.Field}
}

// Decode reads one frame of a client. It takes exactly one JSON object in valid
// UTF-8, nested at most MaxNesting deep, without duplicate keys and without
// fields that the frame's type does not have (case counts), and checks that
// required fields are there and every value is in its range. Its error is
// always a *Refusal. The size of the frame is the caller's to bound.
func Decode(data []byte) (Request, error) {
	if f, ok := fastDecode(data); ok {
		return f, nil
	}
	return decode(data)
}

// decode reads any frame.
func decode(data []byte) (Request, error) {
	o, refusal := scan(data)
	if refusal == nil {
		var req Request
		if req, refusal = o.decode(data); refusal == nil {
			return req, nil
		}
	}
	refusal.ID = requestIDIn(data)
	return nil, refusal
}

// DecodeHello reads the hello that opens a conn without a socket. It has no token, since
// that comes in a header: the Hello gets the given one.
func DecodeHello(data []byte, token string) (Hello, error) {
	o, refusal := scan(data)
	switch {
	case refusal != nil:
	case o.has("token"):
		refusal = refuse(CodeUnknownField, "token", "Send the token in the header Authorization alone.")
	case o.typ != string(TypeHello):
		refusal = refuse(CodeHelloFirst, "type", "Send a hello to open a conn, and other frames with its name in the header Nextup-Conn.")
	default:
		o.token = token
		var req Request
		if req, refusal = o.decode(data); refusal == nil {
			h, _ := req.(Hello)
			h.Token = token
			return h, nil
		}
	}
	refusal.ID = requestIDIn(data)
	return Hello{}, refusal
}

// frameScan is the result of a first walk through a frame: enough to know which struct
// to fill.
type frameScan struct {
	typ     string
	hasType bool
	keys    []string // of the outermost object
	null    string   // the outermost key under which a null stands
	hasNull bool
	big     string // the outermost key under which a number of 2^53 or more stands
	hasBig  bool
	deep    bool
	token   string // of a hello that has none of its own
}

// scan walks the whole frame once. It finds what the typed pass cannot tell apart:
// null, an absent false, depth.
func scan(data []byte) (frameScan, *Refusal) {
	var o frameScan
	dec := jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true))
	if dec.PeekKind() != '{' {
		return o, refuse(CodeBadFrame, "", "Send one JSON object in UTF-8 per frame.")
	}
	var key string // the latest key of the outermost object
	for done := false; !done; {
		token, err := dec.ReadToken()
		if err != nil {
			return o, refuse(CodeBadFrame, "", "Send one whole JSON object in UTF-8 per frame.")
		}
		depth := dec.StackDepth()
		switch token.Kind() {
		case '{', '[':
			o.deep = o.deep || depth > MaxNesting
		case '}', ']':
			done = depth == 0
		case 'n':
			if !o.hasNull {
				o.null, o.hasNull = key, true
			}
		case '0':
			if n, err := token.Float(); !o.hasBig && (err != nil || math.Abs(n) >= 1<<53) {
				o.big, o.hasBig = key, true
			}
		case '"':
			if depth != 1 {
				continue
			}
			if _, n := dec.StackIndex(1); n%2 == 1 {
				key = token.String()
				o.keys = append(o.keys, key)
			} else if key == "type" && !o.hasType {
				o.typ, o.hasType = token.String(), true
			}
		default: // the values of other fields are checked when they are decoded
		}
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return o, refuse(CodeBadFrame, "", "Send nothing after the JSON object.")
	}
	if o.deep {
		return o, refuse(CodeTooDeep, "", fmt.Sprintf("Nest objects and arrays at most %d deep.", MaxNesting))
	}
	return o, nil
}

func (o frameScan) has(key string) bool {
	return slices.Contains(o.keys, key)
}

// decode fills the struct of the frame's type and checks its fields.
func (o frameScan) decode(data []byte) (Request, *Refusal) {
	switch {
	case !o.has("type"):
		return nil, refuse(CodeBadFrame, "type", `Say what the frame is in a field "type".`)
	case !o.hasType:
		return nil, refuse(CodeBadField, "type", `Give "type" as a string.`)
	}
	switch Type(o.typ) {
	case TypeHello:
		return fill[Hello](o, data)
	case TypeJoin:
		return fill[Join](o, data)
	case TypeLeave:
		return fill[Leave](o, data)
	case TypeAccept:
		return fill[Accept](o, data)
	case TypeDecline:
		return fill[Decline](o, data)
	case TypeStatus:
		return fill[Status](o, data)
	case TypeOpen:
		return fill[Open](o, data)
	case TypeSend:
		return fill[Send](o, data)
	case TypeTyping:
		return fill[Typing](o, data)
	case TypeRead:
		return fill[Read](o, data)
	case TypeClose:
		return fill[Close](o, data)
	case TypeCancelClose:
		return fill[CancelClose](o, data)
	case TypeRenew:
		return fill[Renew](o, data)
	case TypeHeartbeat:
		return fill[Heartbeat](o, data)
	case TypeRate:
		return fill[Rate](o, data)
	case TypeFinish:
		return fill[Finish](o, data)
	case TypeTransfer:
		return fill[Transfer](o, data)
	case TypeConsult:
		return fill[Consult](o, data)
	case TypeNote:
		return fill[Note](o, data)
	case TypeWhisper:
		return fill[Whisper](o, data)
	case TypeHeadStart:
		return fill[HeadStart](o, data)
	case TypePause:
		return fill[Pause](o, data)
	default:
		return nil, refuse(CodeUnknownType, "type", "Send one of the frame types that the specification gives to clients.")
	}
}

// checked is a request that can check the ranges of its fields.
type checked interface {
	Request
	check(o frameScan) *Refusal
}

func fill[T checked](o frameScan, data []byte) (Request, *Refusal) {
	var frame T
	if err := json.Unmarshal(data, &frame, json.RejectUnknownMembers(true)); err != nil {
		return nil, explain(err)
	}
	// A null would pass for an absent field; nothing in this protocol is null.
	if o.hasNull {
		return nil, refuse(CodeBadField, o.null, "Leave a field out instead of sending null.")
	}
	if o.hasBig { // elsewhere it would be another number
		return nil, refuse(CodeBadField, o.big, "Keep numbers between -2^53 and 2^53.")
	}
	if refusal := frame.check(o); refusal != nil {
		return nil, refusal
	}
	if optional, ok := any(&frame).(interface{ dropBlank() }); ok {
		optional.dropBlank()
	}
	return frame, nil
}

// explain turns an error of the typed pass into a refusal. The error's own text
// is not used: it may repeat a value.
func explain(err error) *Refusal {
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		// scan has read the whole frame, so it can only be a duplicate key.
		return refuse(CodeDuplicateKey, outermost(syntactic.JSONPointer), "Give each key of an object once.")
	}
	var semantic *json.SemanticError
	if !errors.As(err, &semantic) {
		return refuse(CodeBadFrame, "", "Send one whole JSON object in UTF-8 per frame.")
	}
	field := outermost(semantic.JSONPointer)
	if errors.Is(semantic.Err, json.ErrUnknownName) {
		return refuse(CodeUnknownField, field, "Leave out fields that this frame does not have; upper and lower case count.")
	}
	return refuse(CodeBadField, field, "Give the field the type that the specification shows.")
}

// outermost returns the key of the outermost object that the pointer goes through.
func outermost(p jsontext.Pointer) string {
	for token := range p.Tokens() {
		return token
	}
	return ""
}

// refuse names the field only where its name is a plain word: the text of a client
// that swaps keys and values must not show up in the reply or the log.
func refuse(code Code, field, message string) *Refusal {
	if len(field) > 32 || strings.Trim(field, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") != "" {
		field = ""
	}
	return &Refusal{Code: code, Field: field, Message: message}
}
