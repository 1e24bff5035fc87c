package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"nextup/gateway/protocol"
)

// ours speaks the protocol of the gateway, and looks no deeper into a frame than
// it must.
type ours struct{}

func (ours) subprotocol() string { return protocol.Subprotocol }

func (ours) hello(m *member) (string, error) {
	role := protocol.Visitor
	if m.agent {
		role = protocol.Agent
	}
	t, err := token(role, m.name)
	return fmt.Sprintf(`{"type":"hello","id":"h","token":%q}`, t), err
}

func (ours) ping() string { return `{"type":"heartbeat"}` }

func join(m *member) string {
	return fmt.Sprintf(`{"type":"join","id":"j%d","department":%q,"languages":[%q]}`, m.joins.Add(1), department, language)
}

func (ours) say(m *member, id int64, text string) string {
	return fmt.Sprintf(`{"type":"send","id":"s","ticket":%q,"message_id":"m%d","text":%q}`, m.ticket.Load(), id, text)
}

func (ours) take(m *member, frame []byte) {
	kind, _, _ := bytes.Cut(bytes.TrimPrefix(frame, []byte(`{"type":"`)), []byte(`"`))
	switch string(kind) {
	case "ticket":
		m.crowd.positions.Add(1)
		m.crowd.bytes.Add(int64(len(frame)))
		if m.place.Load() == "" || m.rejoin {
			m.place.Store(field(frame, "ticket"))
		}
		switch field(frame, "status") {
		case "assigned":
			if m.ticket.Swap(field(frame, "ticket")) == "" {
				signal(m.talk)
			}
		case "closed", "abandoned":
			if m.rejoin {
				_ = m.write(opText, []byte(join(m)))
			}
		}
	case "entry":
		if field(frame, "kind") == "message" {
			m.heard(frame, !bytes.Contains(frame, []byte(`"id":"`+m.name+`"`)))
		}
	case "desk":
		m.seeDesk(frame)
	case "heartbeat":
		m.pong()
	case "ok", "welcome":
		m.answer(nil)
	case "error":
		m.answer(errors.New(string(frame)))
	}
}

// theirs speaks the peer's JSON protocol: a frame holds one or more replies.
type theirs struct{}

func (theirs) subprotocol() string { return "" }

func (theirs) hello(m *member) (string, error) {
	t, err := peerToken(m.name, m.ticket.Load().(string))
	return fmt.Sprintf(`{"id":1,"connect":{"token":%q}}`, t), err
}

func (theirs) ping() string { return `{"id":2,"rpc":{"method":"ping","data":{"as_of_ms":1}}}` }

func (theirs) say(m *member, id int64, text string) string {
	return fmt.Sprintf(`{"id":%d,"publish":{"channel":%q,"data":{"from":%q,"message_id":"m%d","text":%q}}}`, id%1e9+10, m.ticket.Load(), m.name, id, text)
}

func (theirs) take(m *member, frame []byte) {
	for line := range bytes.Lines(frame) {
		line = bytes.TrimSpace(line)
		switch {
		case len(line) == 0:
		case string(line) == "{}":
			_ = m.write(opText, []byte("{}"))
		case bytes.HasPrefix(line, []byte(`{"push":`)):
			if bytes.Contains(line, []byte(`"text":"`)) {
				m.heard(line, !bytes.Contains(line, []byte(`"from":"`+m.name+`"`)))
			} else {
				m.crowd.positions.Add(1)
				m.crowd.bytes.Add(int64(len(line)))
			}
		case bytes.Contains(line, []byte(`"error":`)):
			m.answer(errors.New(string(line)))
		case bytes.HasPrefix(line, []byte(`{"id":2,`)):
			m.pong()
		default:
			m.answer(nil)
		}
	}
}

// bare counts frames.
type bare struct{}

func (bare) subprotocol() string               { return "" }
func (bare) hello(*member) (string, error)     { return "", nil }
func (bare) ping() string                      { return `ping` }
func (bare) say(*member, int64, string) string { return "" }

func (bare) take(m *member, frame []byte) {
	if string(frame) == "ping" {
		m.pong()
		return
	}
	m.crowd.positions.Add(1)
	m.crowd.bytes.Add(int64(len(frame)))
}

// field finds the first string field of that name.
func field(frame []byte, name string) string {
	_, after, found := bytes.Cut(frame, []byte(`"`+name+`":"`))
	if !found {
		return ""
	}
	value, _, _ := bytes.Cut(after, []byte(`"`))
	return string(value)
}

// heard notes a message, and how long it took if another client wrote it: a text
// begins with the time at which it was written.
func (m *member) heard(frame []byte, fromOther bool) {
	m.crowd.entries.Add(1)
	if !fromOther {
		return
	}
	at, _, _ := bytes.Cut([]byte(field(frame, "text")), []byte(" "))
	if written, err := strconv.ParseInt(string(at), 10, 64); err == nil {
		m.crowd.delays.add(time.Duration(time.Now().UnixNano() - written))
	}
}

// offer is a ticket that an agent may take.
type offer struct {
	Offer  string `json:"offer"`
	Ticket string `json:"ticket"`
}

func (m *member) seeDesk(frame []byte) {
	var desk struct {
		Offers []offer `json:"offers"`
	}
	if json.Unmarshal(frame, &desk) != nil {
		return
	}
	for _, o := range desk.Offers {
		select {
		case m.offers <- o:
		default:
		}
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
