package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"

	"nextup/gateway/protocol"
)

// tamper decides what becomes of each frame that passes. Its methods are called from
// many goroutines, one for each direction of a socket.
type tamper interface {
	// asked reports whether the gateway gets a client's frame.
	asked(p *passage, frame []byte) (deliver bool)
	// told reports whether the client gets a gateway's frame.
	told(p *passage, frame protocol.ServerFrame) (deliver bool)
}

// passage is one client's socket, and the socket that was opened for it.
type passage struct {
	t      *testing.T
	client *websocket.Conn
	sends  map[string]string // for forgetful: tickets of messages without an answer
	late   atomic.Bool       // for slow
	gone   atomic.Bool
}

// tell sends the client a frame; one that has gone hears nothing.
func (p *passage) tell(f protocol.ServerFrame) {
	data, err := protocol.Encode(f)
	if err != nil {
		p.t.Error(err)
		return
	}
	_ = p.client.Write(context.Background(), websocket.MessageText, data)
}

// tampered puts a tampering proxy before a gateway and returns where clients connect.
func tampered(t *testing.T, target string, l tamper) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		options := &websocket.DialOptions{Subprotocols: []string{protocol.Subprotocol}}
		gateway, _, err := websocket.Dial(r.Context(), socketOf(target), options)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer gateway.CloseNow()
		client, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: options.Subprotocols, InsecureSkipVerify: true})
		if err != nil {
			return
		}
		defer client.CloseNow()
		client.SetReadLimit(-1)
		gateway.SetReadLimit(-1)
		p := &passage{t: t, client: client, sends: map[string]string{}}
		defer p.gone.Store(true)
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		go func() {
			defer cancel()
			carry(ctx, client, gateway, func(frame []byte) bool { return l.asked(p, frame) })
		}()
		carry(ctx, gateway, client, func(frame []byte) bool {
			f, err := protocol.DecodeServer(frame)
			return err != nil || f == nil || l.told(p, f)
		})
	}))
	t.Cleanup(s.Close)
	return "http" + strings.TrimPrefix(s.URL, "http")
}

// carry passes frames on until either end goes, and hands on with which code.
func carry(ctx context.Context, from, to *websocket.Conn, deliver func([]byte) bool) {
	for {
		kind, frame, err := from.Read(ctx)
		if err != nil {
			if code := websocket.CloseStatus(err); code > 0 {
				_ = to.Close(code, "")
			}
			return
		}
		if deliver(frame) && to.Write(ctx, kind, frame) != nil {
			return
		}
	}
}
