// Package ws is the transport over WebSockets: a socket is the link of a session.
//
//	loop, err := socket.NewLoop()
//	sockets := ws.New(sessions, loop, log)
//	mux.HandleFunc("GET /v1/connect", sockets.Accept)
//
// It decides nothing: a message is a frame for the session, whose answers and news are
// messages in turn (packages session and socket).
package ws

import (
	"log/slog"
	"net"
	"net/http"

	"nextup/gateway/protocol"
	"nextup/gateway/session"
	"nextup/gateway/socket"
)

// A frame has the same room before its payload for a session as for a socket.
var _ [session.Room]byte = [socket.Room]byte{}

// Server turns requests into sockets.
type Server struct {
	sessions *session.Server
	loop     *socket.Loop
	log      *slog.Logger
}

// New returns a Server whose sockets are read by the loop.
func New(sessions *session.Server, loop *socket.Loop, log *slog.Logger) *Server {
	return &Server{sessions: sessions, loop: loop, log: log}
}

// conn is a client on a socket.
type conn struct {
	session.Conn
	server *Server
	socket socket.Socket
}

// Accept turns a request into a conn and returns at once: the handler must
// end, or net/http would keep the request and its buffers for the socket's
// whole life.
func (s *Server) Accept(w http.ResponseWriter, r *http.Request) {
	c := &conn{server: s}
	if !s.sessions.Begin(w, r, &c.Conn, &c.socket) {
		return
	}
	wire, early, subprotocol, err := socket.Accept(w, r, protocol.Subprotocol)
	if err != nil {
		c.Abandon()
		return // Accept has answered
	}
	if subprotocol != protocol.Subprotocol {
		c.Abandon()
		s.turnAway(wire, protocol.CloseProtocol, "ask for the subprotocol "+protocol.Subprotocol)
		return
	}
	err = c.Open(func() error { return s.loop.Start(&c.socket, wire, early, protocol.MaxHelloBytes, c) })
	if err != nil {
		s.log.Warn("a socket cannot be read", "err", err)
		_ = wire.Close()
	}
}

// Message implements socket.Handler: it takes one frame.
func (c *conn) Message(text bool, data []byte) socket.Next {
	c.Heard()
	if !text {
		c.End(protocol.CloseProtocol)
		return socket.Enough
	}
	hello, more := c.Take(data, nil)
	switch {
	case hello != nil:
		c.server.sessions.Go(func() {
			taken := c.Hello(*hello)
			if taken {
				c.socket.SetMessageLimit(protocol.MaxFrameBytes)
			}
			c.socket.Resume(taken)
		})
		return socket.Hold
	case more:
		return socket.More
	}
	return socket.Enough
}

// turnAway closes a socket that never becomes a conn.
func (s *Server) turnAway(wire net.Conn, code protocol.CloseCode, reason string) {
	turned := &socket.Socket{}
	if err := s.loop.Start(turned, wire, nil, protocol.MaxHelloBytes, stranger{}); err != nil {
		_ = wire.Close()
		return
	}
	turned.Close(int(code), reason, s.sessions.Goodbye())
}

// stranger is a client that is not listened to.
type stranger struct{}

// Message implements socket.Handler.
func (stranger) Message(bool, []byte) socket.Next { return socket.Enough }

// Frame implements socket.Handler.
func (stranger) Frame(int) (within, more bool) { return false, false }

// Gone implements socket.Handler.
func (stranger) Gone() {}

// Drained implements socket.Handler.
func (stranger) Drained() {}

// Overflowed implements socket.Handler.
func (stranger) Overflowed() (code int, reason string) {
	return int(protocol.CloseSlowReader), ""
}
