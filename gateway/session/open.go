package session

import (
	"net/http"
	"net/netip"
	"time"

	"nextup/gateway/admission"
	"nextup/gateway/protocol"
)

// maxStrangers is how many strangers there may be of all addresses.
const maxStrangers = 16_000

// Begin makes c the conn of a request, with a link that is not open yet. It reports false
// where the request is refused, which it has been answered with.
func (s *Server) Begin(w http.ResponseWriter, r *http.Request, c *Conn, link Link) bool {
	if s.gate.Leaving() {
		http.Error(w, "this gateway is leaving: come back elsewhere", http.StatusServiceUnavailable)
		return false
	}
	c.origin = r.Header.Get("Origin")
	if !s.gate.KnownOrigin(c.origin, r.Host) {
		s.gate.RefuseOrigin(w, c.origin)
		return false
	}
	c.peer.server, c.peer.link, c.shown.to, c.subscriptions.to = s, link, &c.peer, &c.peer
	c.ended, c.opened = make(chan struct{}), time.Since(s.started)
	c.host, c.path, c.from = r.Host, r.PathValue("site"), s.gate.Address(r)
	if !s.strangers.Enter(c, c.from, s.gate.StrangersPerAddress()) {
		s.gate.Limited("", "strangers_per_address")
		admission.WriteRefusal(w, admission.TooOftenError{Later: time.Second})
		return false
	}
	return true
}

// Abandon takes back Begin where the link cannot be opened.
func (c *Conn) Abandon() { c.server.strangers.Leave(c) }

// Open opens the link, and has the conn end where it says nothing in time. After an error of
// open the conn has ended.
func (c *Conn) Open(open func() error) error {
	s := c.server
	s.metrics.connections.Inc()
	if err := open(); err != nil {
		c.Gone()
		return err
	}
	// Of too many strangers the one that has said nothing for longest is cut.
	s.strangers.Wait(c)
	if oldest, yes := s.strangers.TooMany(maxStrangers); yes {
		s.gate.Limited("", "strangers")
		oldest.link.Cut()
	}
	if !s.conns.add(c, s.gate.Leaving) { // not before it has started, or it could be closed before
		c.End(protocol.CloseRestart)
	}
	return nil
}

// Go runs what a conn waits for outside the goroutines that read.
func (s *Server) Go(run func()) { s.app.Pool().Go(run) }

// Goodbye is how long a closing handshake with a client that never became a conn may take.
func (s *Server) Goodbye() time.Duration { return s.goodbyes.Lost }

// Greeted notes that a hello has come and is being looked at.
func (c *Conn) Greeted() {
	c.greeted.Store(true)
	c.server.strangers.Stir(c)
}

// From is the address that the conn is counted for, the zero Addr for none.
func (c *Conn) From() netip.Addr { return c.from }

// Ended is closed once nothing more is heard of the conn.
func (c *Conn) Ended() <-chan struct{} { return c.ended }
