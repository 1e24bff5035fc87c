package gateway

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"nextup/gateway/auth"
	"nextup/gateway/protocol"
)

// How long one frame may take to leave, and a closing handshake to end, also
// with a client that was not heard of.
const (
	writeTimeout = 10 * time.Second
	closeTimeout = 5 * time.Second
	lostTimeout  = 500 * time.Millisecond
)

// conn is one socket. Its reader is the only goroutine that handles its frames;
// everybody may send to it.
type conn struct {
	g      *Gateway
	ws     *websocket.Conn
	net    net.Conn
	origin string
	host   string
	path   string // the site of /v1/connect/{site}, or ""
	from   netip.Addr

	// Set by hello, before anybody else sees the conn.
	site      *site
	id        auth.Identity
	allowance *allowance
	beats     time.Duration // the heartbeat that this conn was told

	greeted atomic.Bool  // a hello has come
	seen    atomic.Int64 // time of the newest frame since the gateway's start
	expires atomic.Int64 // Unix milliseconds of the log at which the token ends; 0 before hello

	// out is what waits to be written.
	out struct {
		sync.Mutex
		frames  [][]byte
		bytes   int
		max     int
		writing bool
		closing protocol.CloseCode // set: close with it once frames is empty
		dead    bool               // nothing is written any more
	}
	view shown
	subs subscriptions
	over int // frames refused by the limit in a row; the reader's own
	// handling is held while a request is handled.
	handling sync.Mutex
	// ended is closed when the reader has ended.
	ended chan struct{}
}

// send queues a frame; it never blocks. A client that does not read what it is
// sent is closed once max bytes wait for it.
func (c *conn) send(frame protocol.ServerFrame) {
	data, err := protocol.Encode(frame)
	if err != nil {
		c.g.log.Error("a frame could not be encoded", "type", fmt.Sprintf("%T", frame), "err", err)
		return
	}
	c.sendRaw(data)
}

func (c *conn) sendRaw(data []byte) {
	c.out.Lock()
	defer c.out.Unlock()
	if c.out.dead || c.out.closing != 0 {
		return
	}
	if c.out.bytes+len(data) > c.out.max {
		c.out.dead = true
		c.g.metrics.slowReaders.Inc()
		go c.shut(protocol.CloseSlowReader)
		return
	}
	c.out.frames = append(c.out.frames, data)
	c.out.bytes += len(data)
	c.write()
}

// end closes the conn with the code once what is queued has been written.
func (c *conn) end(code protocol.CloseCode) {
	c.out.Lock()
	defer c.out.Unlock()
	if c.out.dead || c.out.closing != 0 {
		return
	}
	c.out.closing = code
	c.write()
}

// write starts a writer unless one is at work. The caller holds out.
func (c *conn) write() {
	if !c.out.writing {
		c.out.writing = true
		go c.flush()
	}
}

// flush writes what is queued, and ends when nothing is.
func (c *conn) flush() {
	for {
		c.out.Lock()
		frames, closing := c.out.frames, c.out.closing
		c.out.frames = nil
		if len(frames) == 0 || c.out.dead {
			c.out.writing = false
			c.out.dead = c.out.dead || closing != 0
			dead := c.out.dead
			c.out.Unlock()
			if closing != 0 && dead && len(frames) == 0 {
				c.shut(closing)
			}
			return
		}
		c.out.Unlock()
		written := 0
		for _, f := range frames {
			_ = c.net.SetWriteDeadline(time.Now().Add(writeTimeout))
			if err := c.ws.Write(context.Background(), websocket.MessageText, f); err != nil {
				c.out.Lock()
				c.out.dead, c.out.writing = true, false
				c.out.Unlock()
				_ = c.ws.CloseNow()
				return
			}
			written += len(f)
		}
		_ = c.net.SetWriteDeadline(time.Time{}) // pongs are the library's, at any time
		c.g.metrics.framesOut.Add(float64(len(frames)))
		c.out.Lock()
		c.out.bytes -= written
		c.out.Unlock()
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
	protocol.CloseTokenExpired:  "the token ran out: get a new one first",
	protocol.CloseFlood:         "too many frames",
	protocol.CloseProtocol:      "frames are text",
}

// shut does the closing handshake. A client that was not heard of is not waited
// for: its grace begins when its conn has ended.
func (c *conn) shut(code protocol.CloseCode) {
	within := closeTimeout
	if code == protocol.CloseHeartbeatLost {
		within = lostTimeout
	}
	closeWith(c.ws, c.net, code, reasons[code], within)
}

// closeWith bounds the whole handshake: the library would wait for the rest of a
// frame that a client never sends.
func closeWith(ws *websocket.Conn, conn net.Conn, code protocol.CloseCode, reason string, within time.Duration) {
	_ = conn.SetDeadline(time.Now().Add(within))
	_ = ws.Close(websocket.StatusCode(code), reason)
}

// leave tells the client that the gateway goes, and gives it a second.
func (c *conn) leave() {
	c.end(protocol.CloseRestart)
	gone := time.AfterFunc(time.Second, func() { _ = c.net.Close() })
	defer gone.Stop()
	<-c.ended
}

// check closes a conn that was not heard of, or whose token has run out at the
// log's time now.
func (c *conn) check(now time.Time) {
	expires := c.expires.Load()
	switch {
	case expires == 0: // before hello; it has a timer of its own
	case now.UnixMilli() >= expires:
		c.end(protocol.CloseTokenExpired)
	case time.Since(c.g.started)-time.Duration(c.seen.Load()) > 2*c.beats+time.Second:
		c.end(protocol.CloseHeartbeatLost)
	}
}

// heard notes that a frame came.
func (c *conn) heard() { c.seen.Store(int64(time.Since(c.g.started))) }

func (c *conn) isAgent() bool      { return c.id.Role == protocol.Agent }
func (c *conn) isSupervisor() bool { return c.id.Role == protocol.Supervisor }

// accept turns a request into a conn and returns at once: the handler must
// end, or net/http would keep the request and its buffers for the socket's
// whole life.
func (g *Gateway) accept(w http.ResponseWriter, r *http.Request) {
	if g.draining.Load() {
		http.Error(w, "this gateway is leaving: come back elsewhere", http.StatusServiceUnavailable)
		return
	}
	if origin := r.Header.Get("Origin"); !g.knownOrigin(origin, r.Host) {
		http.Error(w, "this origin is on no site's list", http.StatusForbidden)
		return
	}
	hijack := &smallBuffers{ResponseWriter: w}
	ws, err := websocket.Accept(hijack, r, &websocket.AcceptOptions{
		Subprotocols:       []string{protocol.Subprotocol},
		InsecureSkipVerify: true, // knownOrigin and hello check it, the latter by site
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		return // Accept has answered
	}
	if ws.Subprotocol() != protocol.Subprotocol {
		go closeWith(ws, hijack.conn, protocol.CloseProtocol, "ask for the subprotocol "+protocol.Subprotocol, closeTimeout)
		return
	}
	ws.SetReadLimit(protocol.MaxFrameBytes)
	c := &conn{
		g: g, ws: ws, net: hijack.conn, ended: make(chan struct{}),
		origin: r.Header.Get("Origin"), host: r.Host, path: r.PathValue("site"), from: g.address(r),
	}
	c.out.max = protocol.MaxFrameBytes
	if !g.add(c) {
		go c.shut(protocol.CloseRestart)
		return
	}
	g.metrics.connections.Inc()
	g.work.Go(c.serve)
}
