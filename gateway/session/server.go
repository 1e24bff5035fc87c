// Package session is what a client has by any transport: it says hello, has frames decoded
// into commands of the application, is shown what the fan-out brings, and follows
// conversations.
//
//	sessions := session.New(session.Options{App: application, Gate: gate, People: people, Registry: registry, Logger: log})
//	defer sessions.Close()
//
// A transport brings a Link, the way to the client, and passes on what the client sends:
//
//	c := &conn{} // embeds session.Conn, beside its link
//	if !sessions.Begin(w, r, &c.Conn, &c.link) {
//		return // the request has been answered
//	}
//	err := c.Open(start)            // from here on the link calls Gone at its end
//	hello, more := c.Take(data, nil) // for every frame; a hello is said away from the reader
//	more = c.Hello(*hello)
//
// # How a request runs
//
// A conn takes frames one by one and never waits for anything outside: a heartbeat
// is answered on the spot, and every other frame becomes a command (commands.go),
// which the application authorises, does and answers, those of one conversation in
// order. A conn decides and commits nothing by itself. Its hello alone waits, on a
// goroutine of the application's pool, until its session is in the log (Site.Connect).
//
// # What a conn costs
//
// No goroutine and no buffer while nothing comes or waits. Frames are handed to the link
// where they are made, and a client that does not read is closed. One timer wheel looks at
// all conns in turn, and rests while there is none.
package session

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nextup/app"
	"nextup/gateway/admission"
	"nextup/gateway/fanout"
	"nextup/gateway/protocol"
	"nextup/internal/cadence"
)

// Options are what a Server is made of. All but HelloRate and Goodbyes are required.
type Options struct {
	App  *app.App
	Gate *admission.Gate
	// People are the sites' fan-outs, by site.
	People map[string]*fanout.Site
	// HelloRate is how many hellos a second are taken, and as many at once; 0
	// counts as 1000. A client that is turned away is told when to come back.
	HelloRate int
	Goodbyes  Goodbyes
	Logger    *slog.Logger
	Registry  *prometheus.Registry
}

// Goodbyes are how long a closing handshake may take, usually and with a client that was
// not heard of or is a stranger. Zero stands for 5 s and 500 ms.
type Goodbyes struct{ Usual, Lost time.Duration }

// Server keeps the conns of a gateway. New makes it and Close ends it.
type Server struct {
	app      *app.App
	gate     *admission.Gate
	log      *slog.Logger
	metrics  *metrics
	sites    map[string]*site
	goodbyes Goodbyes

	ctx  context.Context
	stop context.CancelFunc
	work sync.WaitGroup

	strangers admission.Lobby[*Conn] // those that have said no good hello
	hellos    *helloRate
	started   time.Time
	conns     *timerWheel
	// connsOpened numbers the conns that have said a good hello.
	connsOpened atomic.Uint64
}

// New returns a Server.
func New(o Options) *Server {
	if o.HelloRate == 0 {
		o.HelloRate = 1000
	}
	if o.Goodbyes == (Goodbyes{}) {
		o.Goodbyes = Goodbyes{Usual: 5 * time.Second, Lost: 500 * time.Millisecond}
	}
	s := &Server{
		app: o.App, gate: o.Gate, log: o.Logger, metrics: newMetrics(o.Registry), sites: map[string]*site{}, goodbyes: o.Goodbyes,
		hellos: newHelloRate(o.HelloRate), started: time.Now(), conns: newTimerWheel(),
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	for id, people := range o.People {
		s.sites[id] = &site{Served: o.Gate.Site(id), people: people, log: o.Logger.With("site", id), positions: s.metrics.positions.WithLabelValues(id)}
	}
	s.work.Go(s.watch)
	return s
}

// Stop ends the work without waiting for it.
func (s *Server) Stop() { s.stop() }

// Close tells every client to come back elsewhere (1012), gives the links up
// to a second to pass that on, and ends everything that New started. The gate takes no new
// ones by then; the transports end their links after it.
func (s *Server) Close() {
	var closing sync.WaitGroup
	for _, c := range s.conns.all() {
		closing.Go(c.leave)
	}
	closing.Wait()
	s.stop()
	s.work.Wait()
}

// ApplySettings puts the new limits of the sites in force for the conns that are open.
func (s *Server) ApplySettings() {
	for _, site := range s.sites {
		limits := &site.Options().Limits
		for _, c := range site.conns() {
			c.setLimits(limits)
		}
	}
}

// watch looks at the conns as the wheel turns.
func (s *Server) watch() {
	for keys := s.gate.KeyChanges(); s.conns.wait(s.ctx) && cadence.Wait(s.ctx, wheelStep); {
		if changes := s.gate.KeyChanges(); changes != keys {
			keys = changes
			s.endKeyless()
		}
		now := s.gate.Now()
		s.conns.turn(func(c *Conn) time.Duration { return c.look(now) })
		for _, site := range s.sites {
			s.sendElsewhereIfUnfit(site)
		}
	}
}

// keylessOver is the time over which the conns of a key that has gone are closed:
// clients that come back with tokens of another key do not come all at once.
const keylessOver = 3 * time.Second

// endKeyless closes the conns whose token was signed by a key that is no longer in
// force, or lives longer than the site allows by now.
func (s *Server) endKeyless() {
	for _, c := range s.conns.all() {
		if id := c.credential.identity.Load(); id != nil && !s.gate.Holds(*id) {
			time.AfterFunc(rand.N(keylessOver), func() {
				if id := c.credential.identity.Load(); s.ctx.Err() == nil && !s.gate.Holds(*id) { // it may have renewed
					c.End(protocol.CloseTokenExpired)
				}
			})
		}
	}
}
