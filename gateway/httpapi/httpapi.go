// Package httpapi is what the gateway answers over HTTP: queues, lines, the team and past
// tickets for holders of a token, the client's pages, health, readiness and metrics, and
// the way to the socket.
//
//	api := httpapi.New(httpapi.Options{Gate: gate, Connect: sockets.Accept, Ready: ready, Metrics: registry})
//	server := &http.Server{Handler: api, ConnState: api.ConnState}
//
// Every answer is made from the replica, so a request costs Redis nothing. Requests are
// bounded by address before anything is looked up for them, and by token after that.
package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"golang.org/x/sync/singleflight"

	"nextup/app"
	"nextup/gateway/admission"
	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/gateway/view"
	"nextup/queue"
)

// Options are what an API is made of. All but Metrics, Pages and DemoToken are required.
type Options struct {
	Gate *admission.Gate
	// Connect turns a request into a socket, and Stream serves those who have none.
	Connect, Stream http.HandlerFunc
	// Known counts the streams of an address and of all whose people have shown a token.
	Known func(from netip.Addr) (here, all int)
	// Ready is nil while the gateway can serve.
	Ready func() error
	// Metrics are shown at /metrics; nil where the admin port shows them.
	Metrics prometheus.Gatherer
	// Pages are the client's files by name, served at /. Beside a file may stand what it
	// is in brotli (.br) and gzip (.gz).
	Pages map[string][]byte
	// DemoToken, when set, mints a token for any client at /demo/token.
	DemoToken func(auth.Identity) (string, error)
}

// API answers requests; it implements http.Handler.
type API struct {
	options   Options
	gate      *admission.Gate
	handler   http.Handler
	kinds     kinds
	asking    admission.Throttle[string] // what tokens ask for
	conns     admission.Lobby[net.Conn]
	readiness singleflight.Group
}

// New returns an API.
func New(o Options) *API {
	a := &API{options: o, gate: o.Gate}
	a.kinds.init(o.Gate.PerAddress)
	a.handler = a.routes()
	return a
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// routes lists every path that the gateway answers.
func (a *API) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/connect", a.options.Connect)
	mux.HandleFunc("GET /v1/connect/{site}", a.options.Connect)
	for _, path := range []string{"/v1/connect", "/v1/connect/{site}"} {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			a.allowOrigin(w, r)
			a.options.Stream(w, r)
		})
		mux.HandleFunc("OPTIONS "+path, a.preflight(http.MethodPost, "Authorization, Content-Type, "+protocol.ConnHeader+", "+protocol.PollHeader))
	}
	mux.HandleFunc("GET /v1/queues", a.queues)
	mux.HandleFunc("GET /v1/queues/{department}/{language}", a.line)
	mux.HandleFunc("GET /v1/team", a.team)
	mux.HandleFunc("GET /v1/tickets", a.history)
	for _, path := range []string{"/v1/queues", "/v1/queues/{department}/{language}", "/v1/team", "/v1/tickets"} {
		mux.HandleFunc("OPTIONS "+path, a.preflight(http.MethodGet, "Authorization"))
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", a.readyz)
	if a.options.Metrics != nil {
		mux.Handle("GET /metrics", promhttp.HandlerFor(&sharedGather{Gatherer: a.options.Metrics}, promhttp.HandlerOpts{}))
	}
	if a.options.DemoToken != nil {
		mux.HandleFunc("GET /demo/token", a.demoToken)
	}
	if a.options.Pages != nil {
		servePages(mux, a.options.Pages)
	}
	return a.limitRequests(mux)
}

// sharedGather has all who scrape at the same time share what is gathered once.
type sharedGather struct {
	prometheus.Gatherer
	group singleflight.Group
}

// Gather implements prometheus.Gatherer.
func (s *sharedGather) Gather() ([]*dto.MetricFamily, error) {
	all, err, _ := s.group.Do("", func() (any, error) { return s.Gatherer.Gather() })
	families, _ := all.([]*dto.MetricFamily)
	return families, err
}

func (a *API) readyz(w http.ResponseWriter, _ *http.Request) {
	_, err, _ := a.readiness.Do("", func() (any, error) { // all who ask at the same time share the answer
		return nil, a.options.Ready()
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}

// asked finds the site that a request asks about, and the person who asks, who must have
// one of the roles.
func (a *API) asked(r *http.Request, roles ...protocol.Role) (*admission.Served, auth.Identity, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil, auth.Identity{}, auth.ErrBadToken
	}
	id, err := a.gate.Verify(r.Context(), token)
	if err != nil {
		return nil, id, err
	}
	s, err := a.gate.Admit(id, r.Header.Get("Origin"), r.Host)
	switch {
	case err != nil:
		return nil, id, err
	case !slices.Contains(roles, id.Role):
		return nil, id, queue.ErrForbidden
	case s.Unavailable() != nil:
		return nil, id, app.ErrAway
	}
	return s, id, a.mayAsk(id)
}

// queues tells a host app what joining would mean, for any role of the site.
func (a *API) queues(w http.ResponseWriter, r *http.Request) {
	a.allowOrigin(w, r)
	s, _, err := a.asked(r, protocol.Roles()...)
	if err != nil {
		admission.WriteRefusal(w, err)
		return
	}
	var all []view.QueueInfo
	s.Read(func(st *queue.State) { all = view.Queues(st) })
	writeJSON(w, http.StatusOK, all)
}

// allowOrigin lets pages of an origin that some site lists read the answer;
// which site they ask about is known only from the token.
func (a *API) allowOrigin(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Origin")
	if origin := r.Header.Get("Origin"); origin != "" && a.gate.KnownOrigin(origin, r.Host) {
		w.Header().Set("Access-Control-Allow-Origin", origin)
	}
}

// preflight answers a browser that asks before it sends a token along.
func (a *API) preflight(method, headers string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a.allowOrigin(w, r)
		w.Header().Set("Access-Control-Allow-Headers", headers)
		w.Header().Set("Access-Control-Allow-Methods", method)
		w.Header().Set("Access-Control-Max-Age", "7200")
		w.WriteHeader(http.StatusNoContent)
	}
}

// demoToken mints a token for any client that asks: development only.
func (a *API) demoToken(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	id := auth.Identity{
		Site: q.Get("site"), Subject: q.Get("sub"), Role: protocol.Role(q.Get("role")), Name: q.Get("name"),
		Tier: q.Get("tier"), Urgency: q.Get("urgency"), ExpiresAt: time.Now().Add(time.Hour),
	}
	if served := a.gate.IDs(); id.Site == "" && len(served) == 1 {
		id.Site = served[0]
	}
	if l := q.Get("languages"); l != "" {
		id.Languages = strings.Split(l, ",")
	}
	token, err := a.options.DemoToken(id)
	if err != nil {
		writeJSON(w, http.StatusBadRequest, protocol.Error{Type: protocol.TypeError, Code: protocol.CodeBadField, Message: err.Error()})
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, struct {
		Token string `json:"token"`
	}{token})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, v)
}
