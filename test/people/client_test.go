package people

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"nextup/gateway/protocol"
	"nextup/test/oracle"
)

// asked is a request as a scripted gateway saw it.
type asked struct {
	Type      protocol.Type `json:"type"`
	ID        string        `json:"id"`
	MessageID string        `json:"message_id"`
	After     uint64        `json:"after"`
}

// scripted is a gateway that answers as the test says: answer gets each request
// after hello with the number of its conn, and returns frames to send; nil ends
// the conn without a word.
type scripted struct {
	*httptest.Server
	mu    sync.Mutex
	conns int
	saw   []asked
}

func newScripted(t *testing.T, answer func(conn int, a asked) []protocol.ServerFrame) *scripted {
	s := &scripted{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{protocol.Subprotocol}})
		if err != nil {
			return
		}
		defer ws.CloseNow()
		s.mu.Lock()
		s.conns++
		conn := s.conns
		s.mu.Unlock()
		for {
			_, data, err := ws.Read(r.Context())
			if err != nil {
				return
			}
			var a asked
			if err := json.Unmarshal(data, &a); err != nil {
				t.Errorf("%s: %v", data, err)
				return
			}
			frames := []protocol.ServerFrame{protocol.Welcome{ID: a.ID, HeartbeatS: 60}}
			if a.Type != protocol.TypeHello {
				s.mu.Lock()
				s.saw = append(s.saw, a)
				s.mu.Unlock()
				if frames = answer(conn, a); frames == nil {
					return
				}
			}
			for _, f := range frames {
				out, err := protocol.Encode(f)
				if err != nil || ws.Write(r.Context(), websocket.MessageText, out) != nil {
					return
				}
			}
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *scripted) requests() []asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]asked(nil), s.saw...)
}

func connect(t *testing.T, gateways ...*scripted) *Client {
	t.Helper()
	var targets []string
	for _, g := range gateways {
		targets = append(targets, "ws"+strings.TrimPrefix(g.URL, "http"))
	}
	c := newClient(&Options{
		Targets: targets, Start: time.Now(),
		Mint: func(protocol.Role, string, []string) (string, error) { return "token", nil },
	}, protocol.Visitor, "v", nil, rand.New(rand.NewPCG(1, 1)))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return c
}

func ok(a asked) protocol.ServerFrame {
	return protocol.OK{ID: a.ID, MessageID: a.MessageID, Number: 1}
}

func entry(n uint64) protocol.ServerFrame {
	return protocol.Entry{Ticket: "t", Number: n, Kind: protocol.EntryMessage}
}

func TestAMessageWithoutAnAnswerIsSentAgainUnderTheSameIDs(t *testing.T) {
	answer := func(conn int, a asked) []protocol.ServerFrame {
		if conn == 1 {
			return nil // the reply is lost with the conn
		}
		return []protocol.ServerFrame{ok(a)}
	}
	g := newScripted(t, answer)
	c := connect(t, g)
	if err := c.Say(t.Context(), "t"); err != nil {
		t.Fatal(err)
	}
	saw := g.requests()
	if len(saw) != 2 || saw[0] != saw[1] || saw[0].MessageID == "" || saw[0].ID == "" {
		t.Errorf("it sent %+v", saw)
	}
	var kinds []oracle.Kind
	for _, e := range c.diary.History().Events {
		if e.Ask != nil {
			kinds = append(kinds, e.Kind)
		}
	}
	if want := []oracle.Kind{oracle.Asked, oracle.Unsure, oracle.Asked, oracle.Answered}; !slices.Equal(kinds, want) {
		t.Errorf("the history says %v, want %v", kinds, want)
	}
}

func TestARefusalThatPassesByIsAskedAgainAndAFinalOneIsNot(t *testing.T) {
	tests := []struct {
		code  protocol.Code
		times int
	}{
		{protocol.CodeUnavailable, 2},
		{protocol.CodeBusy, 2},
		{protocol.CodeConversationClosed, 1},
		{protocol.CodeUnknownTicket, 1},
	}
	for _, tt := range tests {
		t.Run(string(tt.code), func(t *testing.T) {
			refused := false
			g := newScripted(t, func(_ int, a asked) []protocol.ServerFrame {
				if refused {
					return []protocol.ServerFrame{ok(a)}
				}
				refused = true
				return []protocol.ServerFrame{protocol.Error{ID: a.ID, Code: tt.code, Message: "no", RetryAfterMS: 1}}
			})
			err := connect(t, g).Say(t.Context(), "t")
			if saw := g.requests(); len(saw) != tt.times || (err == nil) != (tt.times == 2) {
				t.Errorf("asked %d times, want %d; %v", len(saw), tt.times, err)
			}
		})
	}
}

func TestAConversationIsOpenedFromWhereItStood(t *testing.T) {
	tests := []struct {
		name string
		// first is what the first conn tells after ok.
		first []protocol.ServerFrame
		// after is what the second request to open names, and whether the conn
		// must be cut for it to come.
		after uint64
		cut   bool
	}{
		{"after a cut behind two entries", []protocol.ServerFrame{entry(1), entry(2)}, 2, true},
		{"a gap is asked for again", []protocol.ServerFrame{entry(1), entry(3)}, 1, false},
		{"what comes twice is counted once", []protocol.ServerFrame{entry(1), entry(1), entry(2)}, 2, true},
		{"a reset begins anew", []protocol.ServerFrame{entry(1), protocol.Reset{Ticket: "t"}}, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			opened := make(chan asked, 8)
			n := 0
			g := newScripted(t, func(_ int, a asked) []protocol.ServerFrame {
				opened <- a
				if n++; n == 1 {
					return append([]protocol.ServerFrame{ok(a)}, tt.first...)
				}
				return []protocol.ServerFrame{ok(a)}
			})
			c := connect(t, g)
			c.Follow(t.Context(), "t")
			if a := <-opened; a.Type != protocol.TypeOpen || a.After != 0 {
				t.Errorf("it began with %+v", a)
			}
			if tt.cut {
				c.until(t.Context(), func() bool { return c.follows["t"].last == tt.after })
				c.Vanish(0)
			}
			if a := <-opened; a.Type != protocol.TypeOpen || a.After != tt.after {
				t.Errorf("it went on with %+v, want after %d", a, tt.after)
			}
		})
	}
}

func TestAnotherGatewayIsTriedWhenOneIsGone(t *testing.T) {
	dead := newScripted(t, nil)
	alive := newScripted(t, func(_ int, a asked) []protocol.ServerFrame { return []protocol.ServerFrame{ok(a)} })
	c := connect(t, dead, alive)
	dead.CloseClientConnections()
	dead.Close()
	if err := c.Say(t.Context(), "t"); err != nil {
		t.Fatal(err)
	}
	if len(alive.requests()) == 0 {
		t.Error("the living gateway was not asked")
	}
}
