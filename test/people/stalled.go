package people

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/coder/websocket"

	"nextup/gateway/protocol"
	"nextup/internal/cadence"
	"nextup/internal/client"
	"nextup/test/oracle"
)

// Stalled is a visitor who has stopped reading, and has much to read: what they write
// comes back to them.
type Stalled struct {
	*client.Conn
	diary *Diary
	gone  chan struct{}
	once  sync.Once
}

// History returns what they asked for and wrote; what they were told they never read.
func (s *Stalled) History() *oracle.History { return s.diary.History() }

// StallOptions set who stalls, and where.
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
	ws, _, err := websocket.Dial(ctx, o.Socket, &websocket.DialOptions{ //nolint:bodyclose // the library closes it
		Subprotocols: []string{protocol.Subprotocol},
		HTTPClient:   &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}},
	})
	if err != nil {
		return nil, err
	}
	s := &Stalled{diary: newDiary(o.Start, protocol.Visitor, o.Subject), gone: make(chan struct{})}
	var standing atomic.Bool
	s.Conn, err = client.Over(ctx, ws, token, 0, func(protocol.ServerFrame) {
		if standing.Load() {
			<-s.gone // nothing is read any more
		}
	})
	if err != nil {
		return nil, err
	}
	s.diary.write(oracle.Event{Kind: oracle.Asked, Conn: 1, Ask: &oracle.Ask{Type: protocol.TypeJoin, Wish: 1}})
	ok, err := s.Join(ctx, o.Wish.Department, o.Wish.Language)
	if err == nil {
		standing.Store(true)
		err = s.Post(ctx, protocol.Open{Envelope: protocol.Envelope{Type: protocol.TypeOpen}, Ticket: ok.Ticket})
	}
	if err != nil {
		s.Cut()
		return nil, err
	}
	go s.write(ctx, ok.Ticket)
	return s, nil
}

func (s *Stalled) write(ctx context.Context, ticket string) {
	text := strings.Repeat("x", protocol.MaxTextBytes)
	for n := 0; ctx.Err() == nil; n++ {
		// The gateway reads one frame after the other, so a full pipe blocks here.
		id := fmt.Sprint("s", n)
		s.diary.write(oracle.Event{Kind: oracle.Asked, Conn: 1, Ask: &oracle.Ask{Type: protocol.TypeSend, Ticket: ticket, MessageID: id, Text: text}})
		writing, cancel := context.WithTimeout(ctx, 10*time.Second)
		err := s.Post(writing, protocol.Send{
			Envelope: protocol.Envelope{Type: protocol.TypeSend}, Ticket: ticket, MessageID: id, Text: text,
		})
		cancel()
		if err != nil {
			return
		}
		cadence.Pause(ctx, 2*time.Millisecond)
	}
}

// Cut ends the conn.
func (s *Stalled) Cut() {
	s.once.Do(func() { close(s.gone) })
	s.Conn.Cut()
}
