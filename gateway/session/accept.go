package session

import (
	"net"
	"net/http"
	"time"

	"nextup/gateway/admission"
	"nextup/gateway/protocol"
	"nextup/gateway/socket"
)

// maxStrangers is how many strangers there may be of all addresses.
const maxStrangers = 16_000

// Accept turns a request into a conn and returns at once: the handler must
// end, or net/http would keep the request and its buffers for the socket's
// whole life.
func (s *Server) Accept(w http.ResponseWriter, r *http.Request) {
	if s.gate.Leaving() {
		http.Error(w, "this gateway is leaving: come back elsewhere", http.StatusServiceUnavailable)
		return
	}
	if origin := r.Header.Get("Origin"); !s.gate.KnownOrigin(origin, r.Host) {
		s.gate.RefuseOrigin(w, origin)
		return
	}
	c := s.newConn(r)
	if err := s.greet(c); err != nil {
		admission.WriteRefusal(w, err)
		return
	}
	socketConn, early, subprotocol, err := socket.Accept(w, r, protocol.Subprotocol)
	if err != nil {
		s.strangers.Leave(c)
		return // Accept has answered
	}
	if subprotocol != protocol.Subprotocol {
		s.strangers.Leave(c)
		s.turnAway(socketConn, protocol.CloseProtocol, "ask for the subprotocol "+protocol.Subprotocol)
		return
	}
	s.metrics.connections.Inc()
	if err := s.loop.Start(&c.socket, socketConn, early, protocol.MaxHelloBytes, c); err != nil {
		s.log.Warn("a socket cannot be read", "err", err)
		_ = socketConn.Close()
		c.Gone()
		return
	}
	s.awaitHello(c)
	if !s.conns.add(c, s.gate.Leaving) { // not before it has started, or it could be closed before
		c.end(protocol.CloseRestart)
	}
}

// turnAway closes a socket that never becomes a conn.
func (s *Server) turnAway(conn net.Conn, code protocol.CloseCode, reason string) {
	turned := &socket.Socket{}
	if err := s.loop.Start(turned, conn, nil, protocol.MaxHelloBytes, stranger{}); err != nil {
		_ = conn.Close()
		return
	}
	turned.Close(int(code), reason, s.goodbyes.Lost)
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
func (stranger) Overflowed() (code int, reason string) { return int(protocol.CloseSlowReader), "" }

// greet takes a conn in among the strangers, unless its address has too many.
func (s *Server) greet(c *conn) error {
	if !s.strangers.Enter(c, c.from, s.gate.StrangersPerAddress()) {
		s.gate.Limited("", "strangers_per_address")
		return admission.TooOftenError{Later: time.Second}
	}
	return nil
}

// awaitHello notes that a stranger's socket is open. Of too many the one who has said
// nothing for longest is cut.
func (s *Server) awaitHello(c *conn) {
	s.strangers.Wait(c)
	if oldest, yes := s.strangers.TooMany(maxStrangers); yes {
		s.gate.Limited("", "strangers")
		oldest.socket.Cut()
	}
}
