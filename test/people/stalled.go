package people

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/coder/websocket"

	"nextup/gateway/protocol"
	"nextup/test/oracle"
)

// Stalled is a visitor who has stopped reading, and has much to read: they write
// to themselves.
type Stalled struct {
	ws    *websocket.Conn
	diary *Diary
}

// History is what they wished and wrote; what they were told they never read.
func (s *Stalled) History() *oracle.History { return s.diary.History() }

// StallOptions say who stalls, and where.
type StallOptions struct {
	Socket, Subject string
	Mint            Mint
	Wish            Wish
	// Start is the beginning of the history's time.
	Start time.Time
}

// Stall connects a visitor who joins, opens the conversation, and then writes
// the largest messages without ever reading what comes back, until the gateway
// has had enough or the context ends. It returns once the visitor is in line.
func Stall(ctx context.Context, o StallOptions) (*Stalled, error) {
	token, err := o.Mint(protocol.Visitor, o.Subject, nil)
	if err != nil {
		return nil, err
	}
	// A small receive buffer keeps the kernel from reading for them.
	dialer := &net.Dialer{Control: func(_, _ string, c syscall.RawConn) (err error) {
		return c.Control(func(fd uintptr) {
			_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096)
		})
	}}
	transport := &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}
	ws, _, err := websocket.Dial(ctx, o.Socket, &websocket.DialOptions{ //nolint:bodyclose // the library closes it
		Subprotocols: []string{protocol.Subprotocol}, HTTPClient: &http.Client{Transport: transport},
	})
	if err != nil {
		return nil, err
	}
	s := &Stalled{ws, newDiary(o.Start, protocol.Visitor, o.Subject)}
	ticket, err := s.join(ctx, token, o.Wish)
	if err != nil {
		s.Cut()
		return nil, err
	}
	go s.write(ctx, ticket)
	return s, nil
}

// join reads for the last time: up to the answer to the join.
func (s *Stalled) join(ctx context.Context, token string, w Wish) (string, error) {
	s.diary.write(oracle.Event{Kind: oracle.Asked, Conn: 1, Ask: &oracle.Ask{Type: protocol.TypeJoin, Wish: 1}})
	for _, f := range []protocol.Request{
		protocol.Hello{Envelope: protocol.Envelope{Type: protocol.TypeHello}, Token: token},
		protocol.Join{Envelope: protocol.Envelope{Type: protocol.TypeJoin}, Department: w.Department, Languages: []string{w.Language}},
	} {
		if err := s.send(ctx, f); err != nil {
			return "", err
		}
	}
	for {
		_, data, err := s.ws.Read(ctx)
		if err != nil {
			return "", err
		}
		var f struct {
			Type   protocol.Type `json:"type"`
			Ticket string        `json:"ticket"`
		}
		switch err := json.Unmarshal(data, &f); {
		case err != nil:
			return "", err
		case f.Type == protocol.TypeError:
			return "", fmt.Errorf("people: the join was refused: %s", data)
		case f.Type == protocol.TypeOK:
			return f.Ticket, s.send(ctx, protocol.Open{Envelope: protocol.Envelope{Type: protocol.TypeOpen}, Ticket: f.Ticket})
		}
	}
}

func (s *Stalled) send(ctx context.Context, f protocol.Request) error {
	data, err := protocol.EncodeRequest(f)
	if err != nil {
		return err
	}
	return s.ws.Write(ctx, websocket.MessageText, data)
}

func (s *Stalled) write(ctx context.Context, ticket string) {
	text := strings.Repeat("x", protocol.MaxTextBytes)
	for n := 0; ctx.Err() == nil; n++ {
		// The gateway reads one frame after the other, so a full pipe blocks here.
		id := fmt.Sprint("s", n)
		s.diary.write(oracle.Event{Kind: oracle.Asked, Conn: 1, Ask: &oracle.Ask{Type: protocol.TypeSend, Ticket: ticket, MessageID: id, Text: text}})
		writing, cancel := context.WithTimeout(ctx, 10*time.Second)
		err := s.send(writing, protocol.Send{
			Envelope: protocol.Envelope{Type: protocol.TypeSend}, Ticket: ticket, MessageID: id, Text: text,
		})
		cancel()
		if err != nil {
			return
		}
		sleep(ctx, 2*time.Millisecond)
	}
}

// Cut ends the conn.
func (s *Stalled) Cut() { _ = s.ws.CloseNow() }
