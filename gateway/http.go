package gateway

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"golang.org/x/sync/singleflight"

	"nextup/app"
	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/gateway/view"
	"nextup/queue"
)

// routes lists every path that the gateway answers.
func (g *Gateway) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/connect", g.accept)
	mux.HandleFunc("GET /v1/connect/{site}", g.accept)
	mux.HandleFunc("GET /v1/queues", g.queues)
	mux.HandleFunc("GET /v1/queues/{department}/{language}", g.line)
	mux.HandleFunc("GET /v1/team", g.team)
	mux.HandleFunc("GET /v1/tickets", g.history)
	for _, path := range []string{"/v1/queues", "/v1/queues/{department}/{language}", "/v1/team", "/v1/tickets"} {
		mux.HandleFunc("OPTIONS "+path, g.preflight)
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", g.readyz)
	g.options.Registry.MustRegister(newLines(g.sites))
	mux.Handle("GET /metrics", promhttp.HandlerFor(&sharedGather{Gatherer: g.options.Registry}, promhttp.HandlerOpts{}))
	if g.options.DemoToken != nil {
		mux.HandleFunc("GET /demo/token", g.demoToken)
	}
	if g.options.Pages != nil {
		servePages(mux, g.options.Pages)
	}
	return g.limitRequests(mux)
}

// sharedGather has those who scrape at the same time share what is gathered once.
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

func (g *Gateway) readyz(w http.ResponseWriter, _ *http.Request) {
	_, err, _ := g.readiness.Do("", func() (any, error) { // whoever asks at the same time shares the answer
		return nil, g.Ready(g.ctx)
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}

// asked finds the site that an HTTP request asks about, and who asks, for the roles
// that may.
func (g *Gateway) asked(r *http.Request, roles ...protocol.Role) (*site, auth.Identity, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil, auth.Identity{}, auth.ErrBadToken
	}
	id, err := g.options.Verifier.Verify(r.Context(), token, g.now())
	if err != nil {
		return nil, id, err
	}
	s := g.sites[id.Site]
	switch {
	case s == nil:
		return nil, id, auth.ErrWrongSite
	case !originAllowed(s.file.Load().Origins, r.Header.Get("Origin"), r.Host):
		return nil, id, errOrigin
	case !slices.Contains(roles, id.Role):
		return nil, id, queue.ErrForbidden
	case s.Unavailable() != nil:
		return nil, id, app.ErrAway
	}
	return s, id, g.mayAsk(id)
}

// queues tells a host app what joining would mean, for any role of the site.
func (g *Gateway) queues(w http.ResponseWriter, r *http.Request) {
	g.allowOrigin(w, r)
	s, _, err := g.asked(r, protocol.Roles()...)
	if err != nil {
		g.refuseHTTP(w, err)
		return
	}
	var all []view.QueueInfo
	s.Read(func(st *queue.State) { all = view.Queues(st) })
	writeJSON(w, http.StatusOK, all)
}

// allowOrigin lets pages of an origin that some site lists read the answer;
// which site they ask about is known only from the token.
func (g *Gateway) allowOrigin(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Origin")
	if origin := r.Header.Get("Origin"); origin != "" && g.knownOrigin(origin, r.Host) {
		w.Header().Set("Access-Control-Allow-Origin", origin)
	}
}

// preflight answers a browser that asks before it sends a token along.
func (g *Gateway) preflight(w http.ResponseWriter, r *http.Request) {
	g.allowOrigin(w, r)
	w.Header().Set("Access-Control-Allow-Headers", "Authorization")
	w.Header().Set("Access-Control-Allow-Methods", "GET")
	w.Header().Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

// demoToken mints a token for anybody who asks: development only.
func (g *Gateway) demoToken(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	id := auth.Identity{
		Site: q.Get("site"), Subject: q.Get("sub"), Role: protocol.Role(q.Get("role")), Name: q.Get("name"),
		Tier: q.Get("tier"), Urgency: q.Get("urgency"), ExpiresAt: time.Now().Add(time.Hour),
	}
	if id.Site == "" && len(g.sites) == 1 {
		for site := range g.sites {
			id.Site = site
		}
	}
	if l := q.Get("languages"); l != "" {
		id.Languages = strings.Split(l, ",")
	}
	token, err := g.options.DemoToken(id)
	if err != nil {
		writeJSON(w, http.StatusBadRequest, protocol.Error{Type: protocol.TypeError, Code: protocol.CodeBadField, Message: err.Error()})
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, struct {
		Token string `json:"token"`
	}{token})
}

// refuseHTTP answers with the same codes that the socket uses.
func (g *Gateway) refuseHTTP(w http.ResponseWriter, err error) {
	e, _ := refusalOf(err)
	e.Type = protocol.TypeError
	status := http.StatusUnauthorized
	switch {
	case errors.Is(err, errOrigin), errors.Is(err, auth.ErrForbiddenRole), errors.Is(err, queue.ErrForbidden):
		status = http.StatusForbidden
	case errors.Is(err, queue.ErrUnknownDepartment), errors.Is(err, queue.ErrUnknownLanguage):
		status = http.StatusNotFound
	case e.Code == protocol.CodeRateLimited:
		status = http.StatusTooManyRequests
	case e.RetryAfterMS > 0:
		status = http.StatusServiceUnavailable
	}
	if e.RetryAfterMS > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt((e.RetryAfterMS+999)/1000, 10))
	}
	writeJSON(w, status, e)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, v)
}
