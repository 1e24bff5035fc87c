// Package stream is the transport for networks that let no WebSocket through: an event
// stream brings what the gateway says, and the client posts its frames one by one.
//
//	streams := stream.New(stream.Options{Sessions: sessions, Gate: gate, Loop: loop, Nodes: nodes, Logger: log})
//	mux.HandleFunc("POST /v1/connect", streams.Serve)
//	defer streams.Close()
//
// # Down
//
// A POST whose body is a hello opens a conn. Its answer is the stream, a socket of one way
// (package socket), and the session is bound as for any socket; the welcome tells the
// conn's name.
//
// # Up
//
// A POST that names a conn in the header Nextup-Conn is one frame of it, and may come to any
// gateway. The frame is taken by the conn itself, so that whatever holds for frames of a
// socket holds for it: the order, the limits, the conversations that are open. A gateway
// that does not have the conn checks the token and the origin, and passes the frame on to the
// node that has it (relay.go). The answer is that of the POST, and never in the stream.
//
// The token comes in the header Authorization and nowhere else. No cookie counts, and a body
// of another type than JSON is refused, so a page cannot make a browser ask for something
// without a preflight, which is where the list of origins is read.
package stream

import (
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"nextup/gateway/admission"
	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/gateway/session"
	"nextup/gateway/socket"
)

// Reopen is after how long a client opens another stream in place of its own, unless Options
// say otherwise.
const Reopen = 4 * time.Minute

// bodyTimeout bounds the time in which the body of a request comes.
const bodyTimeout = protocol.HelloTimeoutSec * time.Second

// Options are what a Server is made of. All but Nodes and Reopen are required.
type Options struct {
	Sessions *session.Server
	Gate     *admission.Gate
	Loop     *socket.Loop
	// Nodes carries frames to the gateway that has their conn; nil means that there is no
	// other gateway.
	Nodes Nodes
	// Reopen is after how long a client opens another stream; 0 counts as 4 minutes.
	Reopen   time.Duration
	Logger   *slog.Logger
	Registry *prometheus.Registry
}

// A frame has the same room before its payload for a session as for a socket.
var _ [session.Room]byte = [socket.Room]byte{}

// Server serves streams and the frames that are posted for them. New makes it and Close
// ends it.
type Server struct {
	options Options
	relay   *relay
	metrics *metrics
	// What people post for conns of other gateways.
	frames, bytes admission.Throttle[holder]

	mu    sync.Mutex
	conns map[string]*conn // by their names
	// known counts by address the conns that have said a good hello.
	known map[netip.Addr]int
	all   int // of known
}

// New returns a Server.
func New(o Options) *Server {
	if o.Reopen == 0 {
		o.Reopen = Reopen
	}
	s := &Server{options: o, conns: map[string]*conn{}, known: map[netip.Addr]int{}, metrics: newMetrics(o.Registry)}
	s.relay = newRelay(o.Sessions.Go, s.takeHere, o.Nodes)
	return s
}

// Close ends the passing on of frames. The sessions are closed before it.
func (s *Server) Close() { s.relay.close() }

// Serve answers a POST: a hello opens a conn, and whatever names a conn is a frame of it.
func (s *Server) Serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close") // without it, an answer waits for a body that was not read
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		writeFrame(w, http.StatusUnsupportedMediaType, protocol.Error{Code: protocol.CodeBadFrame, Message: "Send application/json."})
		return
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		admission.WriteRefusal(w, auth.ErrBadToken)
		return
	}
	if name := r.Header.Get(protocol.ConnHeader); name != "" {
		s.take(w, r, name, token)
		return
	}
	s.open(w, r, token)
}

// conn is a client on a stream.
type conn struct {
	session.Conn
	server *Server
	link   socket.Socket
	polled *polled // the link in place of it, where the client asks for its events; or nil
	name   string
	posted sync.Mutex // frames of a conn are taken one by one
	known  bool       // under posted: it has said a good hello
	// answers are those that its frames were given.
	answers answered
}

// open turns a request into a conn and returns at once, as for a socket.
func (s *Server) open(w http.ResponseWriter, r *http.Request, token string) {
	c := &conn{server: s, name: s.relay.node + "." + uuid.NewString()}
	var link session.Link = &c.link
	if r.Header.Get(protocol.PollHeader) != "" {
		c.polled = &polled{conn: c, limit: protocol.MaxHelloBytes}
		link = c.polled
	}
	if !s.options.Sessions.Begin(w, r, &c.Conn, link) {
		return
	}
	body, ok := read(w, r, protocol.MaxHelloBytes)
	if !ok {
		c.Abandon()
		return
	}
	hello, err := protocol.DecodeHello(body, token)
	if err != nil {
		c.Abandon()
		writeRefusal(w, err)
		return
	}
	c.OneWay = &session.OneWay{Name: c.name, Reopen: s.options.Reopen}
	if c.polled != nil {
		s.openPolled(w, r, c, hello)
		return
	}
	wire, early, err := socket.Hijack(w)
	if err != nil {
		c.Abandon()
		writeFrame(w, http.StatusHTTPVersionNotSupported, protocol.Error{Code: protocol.CodeUnavailable, Message: "Streams need HTTP/1.1 at this gateway."})
		return
	}
	head := head(w.Header())
	if err := s.begin(c, hello, s.options.Sessions.Go, func() error {
		return s.options.Loop.StartStream(&c.link, wire, early, head, protocol.MaxHelloBytes, c)
	}); err != nil {
		s.options.Logger.Warn("a stream cannot be opened", "err", err)
		_ = wire.Close()
	}
}

// openPolled says the hello and answers with the events that came of it.
func (s *Server) openPolled(w http.ResponseWriter, r *http.Request, c *conn, hello protocol.Hello) {
	_ = s.begin(c, hello, func(run func()) { run() }, func() error { return nil })
	events := make(chan []byte, 1)
	c.polled.poll(0, func(answer []byte, _ error) { events <- answer })
	select {
	case answer := <-events:
		writeEvents(w, answer)
	case <-r.Context().Done():
	}
}

// begin opens the link and has run say the hello.
func (s *Server) begin(c *conn, hello protocol.Hello, run func(func()), open func() error) error {
	s.metrics.opened.Inc()
	c.posted.Lock() // a frame that is posted waits for the hello
	if err := c.Open(open); err != nil {
		s.metrics.opened.Dec()
		return err
	}
	c.Greeted()
	s.add(c)
	run(func() {
		defer c.posted.Unlock()
		if c.Hello(hello) {
			s.know(c, 1)
		}
	})
	return nil
}

// know counts a conn that has said a good hello, or takes it back.
func (s *Server) know(c *conn, by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.known = by > 0
	s.all += by
	if s.known[c.From()] += by; s.known[c.From()] == 0 {
		delete(s.known, c.From())
	}
}

// Known counts the conns of an address and of all that have said a good hello: each has its
// frames posted by other conns of the HTTP server's.
func (s *Server) Known(from netip.Addr) (here, all int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[from], s.all
}

const (
	eventStream = "text/event-stream"
	noStore     = "no-store, no-transform"
)

// head is the head of a stream's answer, with what the handlers before have set.
func head(h http.Header) []byte {
	h.Set("Content-Type", eventStream)
	h.Set("Cache-Control", noStore)
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	h.Set("Connection", "close")
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	var b strings.Builder
	b.WriteString("HTTP/1.1 200 OK\r\n")
	_ = h.Write(&b)
	b.WriteString("\r\n")
	return []byte(b.String())
}

// add lists a conn, so that frames may be posted for it.
func (s *Server) add(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-c.Ended():
	default:
		s.conns[c.name] = c
	}
}

// find returns the conn of a name, nil where this gateway has none.
func (s *Server) find(name string) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns[name]
}

// Message implements socket.Handler; nothing is sent by a stream.
func (c *conn) Message(bool, []byte) socket.Next { return socket.Enough }

// Gone implements socket.Handler. A hello or a frame that is in hand ends before, without
// the reader's waiting for it.
func (c *conn) Gone() {
	if c.posted.TryLock() {
		c.gone()
		return
	}
	c.server.options.Sessions.Go(func() {
		c.posted.Lock()
		c.gone()
	})
}

// gone takes the conn out of everything. The caller has locked posted.
func (c *conn) gone() {
	defer c.posted.Unlock()
	c.Conn.Gone()
	if c.known {
		c.server.know(c, -1)
	}
	c.server.mu.Lock()
	delete(c.server.conns, c.name)
	c.server.mu.Unlock()
	c.server.metrics.opened.Dec()
}

// read reads the body of a request, or answers it.
func read(w http.ResponseWriter, r *http.Request, most int64) (body []byte, ok bool) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		writeFrame(w, http.StatusRequestEntityTooLarge, protocol.Error{Code: protocol.CodeBadFrame, Message: "A frame has at most " + strconv.FormatInt(most, 10) + " bytes."})
	case err != nil:
		writeFrame(w, http.StatusRequestTimeout, protocol.Error{Code: protocol.CodeBadFrame, Message: "The body did not come in time."})
	default:
		w.Header().Del("Connection")
	}
	return body, err == nil
}

// writeRefusal answers a body that is no frame.
func writeRefusal(w http.ResponseWriter, err error) {
	var refusal *protocol.Refusal
	if !errors.As(err, &refusal) {
		admission.WriteRefusal(w, err)
		return
	}
	writeFrame(w, http.StatusBadRequest, refusal.Frame())
}

func writeFrame(w http.ResponseWriter, status int, e protocol.Error) {
	e.Type = protocol.TypeError
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, e)
}
