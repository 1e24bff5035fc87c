package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"nextup/app"
	"nextup/app/conversation"
	"nextup/gateway"
	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/internal/eventlog"
	"nextup/internal/limits"
	"nextup/presence"
	"nextup/queue"
	"nextup/queue/logstore"
	"nextup/queue/queuetest"
	"nextup/test/logtest"
	"nextup/test/people"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is one log and the gateways over it.
type house struct {
	t        testing.TB
	memory   *eventlog.Memory
	backend  eventlog.Backend // what the gateways see of the memory
	evicts   func() bool
	registry presence.Registry
	rate     int // of hellos; 0 is the default
	proxies  []netip.Prefix
	key      auth.Key
	keys     *auth.Verifier
	verifier gateway.Verifier // what the gateways see of the keys
	site     func(*gateway.SiteOptions)
	levels   []queue.LevelSpec     // that the gateways know; nil means the product's
	others   []gateway.SiteOptions // that the gateways serve besides
	audit    *logtest.Buffer
	log      *logtest.Buffer // what the gateways log
	noSocket string          // how people come without a socket, as the name of the test tells
	ctx      context.Context
}

func newHouse(t testing.TB, change ...func(*gateway.SiteOptions)) *house {
	t.Helper()
	h := &house{
		t: t, memory: eventlog.NewMemory(), registry: presence.NewMemory(nil), audit: &logtest.Buffer{}, log: &logtest.Buffer{},
		key: auth.Key{
			ID: "k", Algorithm: "HS256", Sites: []string{"demo"}, Roles: protocol.Roles(),
			Secret: []byte("a secret of at least thirty-two bytes"),
		},
		site: func(s *gateway.SiteOptions) {
			for _, c := range change {
				c(s)
			}
		},
	}
	h.backend = h.memory
	if way, ok := strings.CutPrefix(t.Name(), "TestWithoutASocket/"); ok {
		h.noSocket, _, _ = strings.Cut(way, "/")
	}
	other := auth.Key{ID: "other", Algorithm: "HS256", Sites: []string{"elsewhere"}, Roles: protocol.Roles(), Secret: []byte("another secret of thirty-two bytes or so")}
	var err error
	if h.keys, err = auth.New([]auth.Key{h.key, other}, auth.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.keys.Close)
	h.verifier = h.keys
	var cancel context.CancelFunc
	h.ctx, cancel = context.WithTimeout(context.Background(), 2*time.Minute) // of a test that hangs
	t.Cleanup(func() { cancel(); _ = h.memory.Close() })
	return h
}

func demoRules() *queue.Site {
	return &queue.Site{
		ID: "demo",
		Departments: []queue.Department{
			{ID: "support", Languages: []string{"en", "zh"}, QueueLimit: 10_000, OfferTTL: 20_000},
			{ID: "trading", Languages: []string{"en"}, QueueLimit: 10_000, OfferTTL: 20_000},
		},
		VisitorGrace: 60_000, AgentGrace: 20_000, AssignedGrace: 600_000, Retention: 86_400_000,
	}
}

// demo is the site as a gateway of this house is given it.
func (h *house) demo() gateway.SiteOptions {
	site := gateway.SiteOptions{
		SiteOptions: app.SiteOptions{Rules: demoRules()},
		Languages:   []string{"en", "zh"},
		Agent: func(string) queue.AgentFacts {
			return queue.AgentFacts{Departments: []string{"support", "trading"}, Capacity: 2}
		},
		VisitorHeartbeat: 10 * time.Second, AgentHeartbeat: 5 * time.Second,
		Limits: limits.Limits{
			FramesPerSecond: 1000, Burst: 1000, BytesPerSecond: 16 << 20, ByteBurst: 16 << 20,
			OutgoingBuffer: 64 << 10, ConnsPerPerson: 8, ConnsPerAddress: 1000, Conns: 10_000,
		},
	}
	h.site(&site)
	return site
}

// open starts a gateway and returns the address of its socket.
func (h *house) open(node string) (url string, g *gateway.Gateway) {
	h.t.Helper()
	site := h.demo()
	hub := conversation.New(h.backend, conversation.Options{})
	sites, log, metrics := append([]gateway.SiteOptions{site}, h.others...), slog.New(slog.NewTextHandler(h.log, nil)), prometheus.NewRegistry()
	options := app.Options{
		Node: node, Store: logstore.New(h.backend), Conversations: hub, Presence: h.registry, Levels: h.levels,
		Logger: log, Audit: slog.New(slog.NewJSONHandler(h.audit, nil)), Registry: metrics,
	}
	for _, s := range sites {
		options.Sites = append(options.Sites, s.SiteOptions)
	}
	application, err := app.New(options)
	if err != nil {
		h.t.Fatal(err)
	}
	if g, err = gateway.New(gateway.Options{
		App: application, HelloRate: h.rate, TrustedProxies: h.proxies, Verifier: h.verifier, Sites: sites,
		Nodes: eventlog.Nodes{Backend: h.backend}, Ready: h.backend.Ready, Evicts: h.evicts, Logger: log, Registry: metrics,
	}); err != nil {
		h.t.Fatal(err)
	}
	application.Start()
	server := httptest.NewUnstartedServer(g)
	server.Config.ConnState = g.ConnState
	server.Start()
	h.t.Cleanup(func() { _ = g.Close(); application.Close(); server.Close(); hub.Close() })
	h.eventually("the gateway is ready", func() bool { return g.Ready(h.ctx) == nil })
	return "ws" + strings.TrimPrefix(server.URL, "http") + "/v1/connect", g
}

// eventually waits until something is so.
func (h *house) eventually(what string, done func() bool) {
	h.t.Helper()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for !done() {
		select {
		case <-again.C:
		case <-h.ctx.Done():
			h.t.Fatalf("it never came that %s", what)
		}
	}
}

// passes waits until the log's clock, which decides about grace times, has gone
// on by d.
func (h *house) passes(d time.Duration) {
	h.t.Helper()
	log := logstore.LogOf("demo")
	end := h.memory.Now(log) + d.Milliseconds()
	h.eventually(fmt.Sprint(d, " have passed"), func() bool { return h.memory.Now(log) > end })
}

func (h *house) token(role protocol.Role, subject string, languages ...string) string {
	h.t.Helper()
	return h.sign(h.key, auth.Identity{Site: "demo", Subject: subject, Role: role, Name: "Name of " + subject, Languages: languages, ExpiresAt: time.Now().Add(time.Hour)})
}

// identity is a visitor's.
func (h *house) identity(subject string) auth.Identity {
	return auth.Identity{Site: "demo", Subject: subject, Role: protocol.Visitor, ExpiresAt: h.later()}
}

func (h *house) sign(k auth.Key, id auth.Identity) string {
	h.t.Helper()
	token, err := auth.Sign(k, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}

func (h *house) come(url string, role protocol.Role, subject string, languages ...string) *people.Person {
	h.t.Helper()
	return h.dial(url, h.token(role, subject, languages...), 0)
}

// resume is a visitor who comes back and was shown a log number.
func (h *house) resume(url, subject string, log uint64) *people.Person {
	h.t.Helper()
	return h.dial(url, h.token(protocol.Visitor, subject, "en"), log)
}

func (h *house) dial(url, token string, log uint64) *people.Person {
	h.t.Helper()
	switch h.noSocket {
	case "streams":
		url = overHTTP(url)
	case "polls":
		url = overHTTP(url) + people.Polling
	}
	return people.Connect(h.ctx, h.t, url, token, log)
}

// agentAt brings an available agent whose token ends at a time.
func (h *house) agentAt(url string, expires time.Time) *people.Person {
	h.t.Helper()
	token := h.sign(h.key, auth.Identity{Site: "demo", Subject: "a", Role: protocol.Agent, Languages: []string{"en"}, ExpiresAt: expires})
	return h.dial(url, token, 0).MustBe(protocol.Available)
}

// raw is a socket without manners.
type raw struct {
	*websocket.Conn
	t   testing.TB
	ctx context.Context
}

func (h *house) raw(url string) *raw { return h.rawOver(url, nil) }

// rawOver is raw with an HTTP client of the test's.
func (h *house) rawOver(url string, over *http.Client) *raw {
	h.t.Helper()
	return h.rawWith(url, websocket.DialOptions{HTTPClient: over})
}

// rawWith is raw with options; the subprotocol is ours where they name none.
func (h *house) rawWith(url string, o websocket.DialOptions) *raw {
	h.t.Helper()
	r, refused := h.handshake(url, o)
	if refused != nil {
		h.t.Fatalf("the handshake was answered with %s", refused.Status)
	}
	return r
}

// handshake is rawWith for a socket that may be refused: then it returns the answer of
// HTTP alone.
func (h *house) handshake(url string, o websocket.DialOptions) (r *raw, refused *http.Response) {
	h.t.Helper()
	if o.Subprotocols == nil {
		o.Subprotocols = []string{protocol.Subprotocol}
	}
	ws, res, err := websocket.Dial(h.ctx, url, &o)
	if res == nil {
		h.t.Fatal(err)
	}
	if err != nil {
		return nil, res
	}
	h.t.Cleanup(func() { _ = ws.CloseNow() })
	return &raw{ws, h.t, h.ctx}, nil
}

// hello says hello with the token and returns the answer.
func (r *raw) hello(token string) protocol.ServerFrame {
	r.t.Helper()
	data, err := protocol.EncodeRequest(protocol.Hello{Envelope: protocol.Envelope{Type: protocol.TypeHello, ID: "h"}, Token: token})
	if err != nil {
		r.t.Fatal(err)
	}
	r.write(string(data))
	return r.next()
}

func (r *raw) write(text string) {
	r.t.Helper()
	if err := r.Write(r.ctx, websocket.MessageText, []byte(text)); err != nil {
		r.t.Fatalf("writing: %v", err)
	}
}

// next is the next frame.
func (r *raw) next() protocol.ServerFrame {
	r.t.Helper()
	_, data, err := r.Read(r.ctx)
	if err != nil {
		r.t.Fatalf("reading: %v", err)
	}
	f, err := protocol.DecodeServer(data)
	if err != nil {
		r.t.Fatal(err)
	}
	return f
}

// refusal is the next error frame.
func (r *raw) refusal() protocol.Error {
	r.t.Helper()
	for {
		if e, ok := r.next().(protocol.Error); ok {
			return e
		}
	}
}

// closed reads until the socket closes and returns the code.
func (r *raw) closed() protocol.CloseCode {
	r.t.Helper()
	for {
		if _, _, err := r.Read(r.ctx); err != nil {
			if websocket.CloseStatus(err) == -1 {
				r.t.Fatalf("the socket ended without a close frame: %v", err)
			}
			return protocol.CloseCode(websocket.CloseStatus(err))
		}
	}
}

// reader is a replica that a test looks at.
type reader struct{ *queuetest.Replica }

func newReader() *reader { return &reader{queuetest.NewReplica(demoRules())} }

func (r *reader) ticket(id string) (found *queue.Ticket) {
	r.Read(func(st *queue.State) { found = st.Ticket(id) })
	return found
}

// later is when the tokens of a test end.
func (h *house) later() time.Time { return time.Now().Add(time.Hour) }

// session is a visitor's; zero for one who is not known yet.
func (r *reader) session(visitor string) (found queue.Session) {
	r.Read(func(st *queue.State) {
		if v := st.Visitor(visitor); v != nil {
			found = v.Session
		}
	})
	return found
}

func wantCode(t *testing.T, err error, code protocol.Code) {
	t.Helper()
	var r *client.Refused
	if !errors.As(err, &r) || r.Frame.Code != code {
		t.Errorf("error = %v, want %s", err, code)
	}
}

// metricsOf reads what operators read.
func metricsOf(t *testing.T, url string) string {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := c.Get(strings.Replace(strings.Replace(url, "ws", "http", 1), "/v1/connect", "/metrics", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
