package ws

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"nextup/app"
	"nextup/app/commands"
	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/gateway/socket"
)

// conn is one socket and the person at its other end. Its frames are taken one at a
// time, what they ask for is done by the application, and any goroutine may send to it.
type conn struct {
	server *Server
	socket socket.Socket
	origin string
	host   string
	path   string // the site of /v1/connect/{site}, or ""
	from   netip.Addr

	// Set by hello, before anybody else sees the conn.
	site      *site
	id        auth.Identity
	actor     app.Actor // of the application
	allowance *allowance
	beats     time.Duration // the heartbeat that this conn was told

	opened     time.Duration                 // since the gateway's start
	seen       atomic.Int64                  // time of the newest frame since the gateway's start
	greeted    atomic.Bool                   // a hello has come
	expires    atomic.Int64                  // Unix milliseconds of the log at which the token ends; 0 before a good hello
	credential atomic.Pointer[auth.Identity] // what the newest token said; nil before a good hello

	view     viewState
	ref      slotRef // to the timer wheel
	subs     subscriptions
	over     int // frames refused by the limit in a row
	inHand   inHand
	renewals commands.Queue
	writing  writing
	// ended is closed when nothing more is heard of the conn.
	ended chan struct{}
}

// frames are buffers to encode into; what is sent is gone when Send returns, or
// waits elsewhere. They are cleared of what people wrote.
var frames = sync.Pool{New: func() any { b := make([]byte, socket.Room, 1024); return &b }}

// send writes a frame, or has it wait; it never blocks. A client that does not
// read what it is sent is closed.
func (c *conn) send(frame protocol.ServerFrame) { c.encode(frame, (*socket.Socket).Send) }

// encode hands an encoded frame to the socket.
func (c *conn) encode(frame protocol.ServerFrame, hand func(*socket.Socket, []byte)) {
	buf := frames.Get().(*[]byte)
	data, err := protocol.Append((*buf)[:socket.Room], frame)
	if err != nil {
		c.server.log.Error("a frame could not be encoded", "type", fmt.Sprintf("%T", frame), "err", err)
	} else {
		c.server.metrics.framesOut.Inc()
		hand(&c.socket, data)
	}
	if cap(data) <= 16<<10 { // the longest message fits; a rare larger frame's buffer is not kept
		clear(data)
		*buf = data[:socket.Room]
	}
	frames.Put(buf)
}

// sendRaw sends a frame that is encoded already, and maybe others' too.
func (c *conn) sendRaw(data []byte) {
	c.server.metrics.framesOut.Inc()
	c.socket.Send(append(make([]byte, socket.Room, socket.Room+len(data)), data...))
}

// end closes the conn with the code once what waits has been written. A client
// that was not heard of is not waited for: its grace begins when its conn has
// ended. A stranger is not waited for long, and one who said nothing not at all.
func (c *conn) end(code protocol.CloseCode) {
	within := c.server.goodbyes.Usual
	switch {
	case code == protocol.CloseHelloTimeout:
		within = 0
	case code == protocol.CloseHeartbeatLost, c.expires.Load() == 0:
		within = c.server.goodbyes.Lost
	}
	c.socket.Close(int(code), reasons[code], within)
}

// Overflowed implements socket.Handler.
func (c *conn) Overflowed() (code int, reason string) {
	c.server.metrics.slowReaders.Inc()
	return int(protocol.CloseSlowReader), reasons[protocol.CloseSlowReader]
}

// Drained implements socket.Handler: it goes on with what had to wait until the client
// had read what it was sent.
func (c *conn) Drained() {
	c.subs.resume()
	c.view.Lock()
	defer c.view.Unlock()
	if c.view.owed {
		c.update(true)
	}
}

// reasons are the close reasons: at most 123 bytes, for people who debug.
var reasons = map[protocol.CloseCode]string{
	protocol.CloseRestart:       "the gateway restarts: come back at once",
	protocol.CloseInvalidUTF8:   "a text frame was not UTF-8",
	protocol.CloseHelloTimeout:  "no hello came in time",
	protocol.CloseHeartbeatLost: "two heartbeats were missed",
	protocol.CloseSlowReader:    "too much waited to be read",
	protocol.CloseUnavailable:   "this gateway cannot serve now: come back later",
	protocol.CloseUnauthorized:  "the hello was refused: see the error frame",
	protocol.CloseTokenExpired:  "the token ran out or its key is gone: get a new one first",
	protocol.CloseFlood:         "too many frames",
	protocol.CloseProtocol:      "frames are text",
}

// leave tells the client that the gateway goes, and gives it a second.
func (c *conn) leave() {
	c.end(protocol.CloseRestart)
	gone := time.AfterFunc(time.Second, c.socket.Cut)
	defer gone.Stop()
	<-c.ended
}

// look closes a conn that was not heard of, or whose token has run out at the log's
// time now, repeats its view if that is due, and says when to look again.
func (c *conn) look(now time.Time) time.Duration {
	expires := c.expires.Load()
	if expires == 0 {
		patience := protocol.HelloTimeoutSec*time.Second - (time.Since(c.server.started) - c.opened)
		if patience > 0 || c.greeted.Load() {
			return max(patience, wheelStep)
		}
		c.end(protocol.CloseHelloTimeout)
		return viewHeartbeat
	}
	valid := time.UnixMilli(expires).Sub(now)
	heard := 2*c.beats + time.Second - (time.Since(c.server.started) - time.Duration(c.seen.Load()))
	switch {
	case valid <= 0:
		c.end(protocol.CloseTokenExpired)
		return viewHeartbeat
	case heard < 0:
		c.end(protocol.CloseHeartbeatLost)
		return viewHeartbeat
	}
	return min(valid, heard, c.showStale())
}

// heard notes that a frame came.
func (c *conn) heard() { c.seen.Store(int64(time.Since(c.server.started))) }

func (c *conn) isSupervisor() bool { return c.id.Role == protocol.Supervisor }
