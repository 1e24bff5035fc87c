package session

import (
	"net/netip"
	"sync/atomic"
	"time"

	"nextup/app/commands"
	"nextup/gateway/protocol"
)

// Conn is one connection of a client, by any link: it decodes what the client sends, keeps
// the session, and has it done by the application. Frames are taken one at a time. A
// transport embeds it beside the link.
type Conn struct {
	peer
	shown
	subscriptions
	credential
	origin string
	host   string
	path   string // the site of /v1/connect/{site}, or ""
	from   netip.Addr

	allowance *allowance    // nil before hello
	over      int           // frames refused by the limit in a row
	beats     time.Duration // the heartbeat that this conn was told

	opened    time.Duration // since the gateway's start
	lastFrame atomic.Int64  // time of the newest frame since the gateway's start
	greeted   atomic.Bool   // a hello has come

	// OneWay is set by a transport whose link has one way, before Hello; nil for others.
	OneWay *OneWay

	ref      slotRef // to the timer wheel
	inHand   inHand
	renewals commands.Queue
	// ended is closed when nothing more is heard of the conn.
	ended chan struct{}
}

// End closes the conn with the code once what waits has been written. A client
// that was not heard of is not waited for: its grace begins when its conn has
// ended. A stranger is not waited for long, and one who said nothing not at all.
func (c *Conn) End(code protocol.CloseCode) {
	within := c.server.goodbyes.Usual
	switch {
	case code == protocol.CloseHelloTimeout:
		within = 0
	case code == protocol.CloseHeartbeatLost, !c.credential.given():
		within = c.server.goodbyes.Lost
	}
	c.link.Close(int(code), reasons[code], within)
}

// Overflowed is called by the link when the client does not read what it is sent, and
// returns what the link is closed with.
func (c *Conn) Overflowed() (code int, reason string) {
	c.server.metrics.slowReaders.Inc()
	return int(protocol.CloseSlowReader), reasons[protocol.CloseSlowReader]
}

// Drained is called by the link when what waited has been sent: the conn goes on with what
// had to wait until then.
func (c *Conn) Drained() {
	c.subscriptions.resume()
	c.shown.resume()
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
func (c *Conn) leave() {
	c.End(protocol.CloseRestart)
	gone := time.AfterFunc(time.Second, c.link.Cut)
	defer gone.Stop()
	<-c.ended
}

// look closes a conn that was not heard of, or whose token has run out at the log's
// time now, repeats its view if that is due, and returns the time until the next look.
func (c *Conn) look(now time.Time) time.Duration {
	if !c.credential.given() {
		patience := protocol.HelloTimeoutSec*time.Second - (time.Since(c.server.started) - c.opened)
		if patience > 0 || c.greeted.Load() {
			return max(patience, wheelStep)
		}
		c.End(protocol.CloseHelloTimeout)
		return viewHeartbeat
	}
	if c.OneWay != nil && c.site.Unavailable() != nil {
		c.Heard() // what the client posts elsewhere cannot be passed on
	}
	valid := c.credential.valid(now)
	heard := c.patience() - (time.Since(c.server.started) - time.Duration(c.lastFrame.Load()))
	switch {
	case valid <= 0:
		c.End(protocol.CloseTokenExpired)
		return viewHeartbeat
	case heard < 0:
		c.End(protocol.CloseHeartbeatLost)
		return viewHeartbeat
	}
	return min(valid, heard, c.showStale(), c.beatAlong())
}

// patience is how long a client may be silent.
func (c *Conn) patience() time.Duration {
	if c.OneWay != nil {
		return 2*c.beats + postLatency
	}
	return 2*c.beats + time.Second
}

// Heard notes that the client lives.
func (c *Conn) Heard() { c.lastFrame.Store(int64(time.Since(c.server.started))) }

// retire closes the conn once the requests in hand are answered.
func (c *Conn) retire() { c.inHand.stop(func() { c.End(protocol.CloseRestart) }) }
