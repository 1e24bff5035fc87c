package admin

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"nextup/app"
)

// asked answers one request as if it had come over a connection between two addresses.
func asked(t *testing.T, o Options, method, target, local, remote string, headers ...string) (int, string) {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	r.RemoteAddr = remote
	address, err := net.ResolveTCPAddr("tcp", local)
	if err != nil {
		t.Fatal(err)
	}
	r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(address)))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	New(o).ServeHTTP(w, r)
	body, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(body)
}

func options() Options {
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "nextup_something"}))
	return Options{
		App:   func() *app.App { return nil },
		Ready: func(context.Context) error { return nil }, Metrics: registry,
		Reload: func(context.Context) error { return nil }, Drain: func() {}, Log: slog.New(slog.DiscardHandler), Audit: slog.New(slog.DiscardHandler),
	}
}

// Other machines are answered metrics and readiness, and nothing else. A page in the
// operator's own browser and a proxy on the same machine are answered no more than that.
func TestOnlyTheMachineItselfMayDoSomething(t *testing.T) {
	t.Parallel()
	const here, pod, other = "127.0.0.1:8081", "10.0.0.7:8081", "10.0.0.9:40000"
	const me, profile = "127.0.0.1:4000", "http://127.0.0.1:8081/debug/pprof/cmdline"
	operator := []string{"Nextup-Admin", "1"} // a page cannot send it without being asked about it first
	with := func(more ...string) []string { return append(more, operator...) }
	for name, row := range map[string]struct {
		method, target, local, remote string
		headers                       []string
		want                          int
	}{
		"metrics from elsewhere":               {"GET", "http://10.0.0.7:8081/metrics", pod, other, nil, 200},
		"health from elsewhere":                {"GET", "http://10.0.0.7:8081/healthz", pod, other, nil, 200},
		"readiness from elsewhere":             {"GET", "http://10.0.0.7:8081/readyz", pod, other, nil, 200},
		"a profile from elsewhere":             {"GET", "http://10.0.0.7:8081/debug/pprof/goroutine", pod, other, operator, 403},
		"draining from elsewhere":              {"POST", "http://10.0.0.7:8081/drain", pod, other, operator, 403},
		"with a Host that lies":                {"POST", "http://localhost:8081/drain", pod, other, operator, 403},
		"a sidecar that passes it on":          {"POST", "http://localhost:8081/drain", pod, "127.0.0.6:4000", operator, 403},
		"a proxy on this machine":              {"POST", "http://127.0.0.1:8081/drain", here, me, with("X-Forwarded-For", "203.0.113.8"), 403},
		"a proxy that names itself":            {"POST", "http://127.0.0.1:8081/drain", here, me, with("Via", "1.1 proxy"), 403},
		"a proxy by the standard":              {"GET", profile, here, me, with("Forwarded", "for=203.0.113.8"), 403},
		"a proxy that says who asks":           {"GET", profile, here, me, with("X-Real-IP", "203.0.113.8"), 403},
		"here":                                 {"POST", "http://127.0.0.1:8081/drain", here, me, operator, 202},
		"here by name":                         {"POST", "http://localhost:8081/reload", here, me, operator, 200},
		"here over IPv6":                       {"POST", "http://[::1]:8081/reload", "[::1]:8081", "[::1]:4000", operator, 200},
		"a profile here":                       {"GET", profile, here, me, operator, 200},
		"a page of another site":               {"POST", "http://127.0.0.1:8081/drain", here, me, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"a page of an old browser":             {"POST", "http://127.0.0.1:8081/drain", here, me, []string{"Origin", "https://evil.example"}, 403},
		"a page that has the header":           {"POST", "http://127.0.0.1:8081/drain", here, me, with("Origin", "https://evil.example"), 403},
		"an image of a page":                   {"GET", profile, here, me, []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 403},
		"an image of a page of an old browser": {"GET", profile, here, me, nil, 403},
		"a link that an operator follows":      {"GET", profile, here, me, []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate"}, 403},
		"a name that leads to the loopback":    {"POST", "http://evil.example/drain", here, me, operator, 403},
		"a link that reads where it should do": {"GET", "http://127.0.0.1:8081/drain", here, me, operator, 405},
	} {
		drained := false
		o := options()
		o.Drain = func() { drained = true }
		code, body := asked(t, o, row.method, row.target, row.local, row.remote, row.headers...)
		if code != row.want {
			t.Errorf("%s: %d %q, want %d", name, code, body, row.want)
		}
		if drained != (code == 202) {
			t.Errorf("%s: answered %d, and it leaves: %v", name, code, drained)
		}
	}
}

// With a token no other program of the machine does what an operator may.
func TestAPortWithATokenAsksForIt(t *testing.T) {
	t.Parallel()
	o := options()
	o.Token = "a token of the operators"
	for name, row := range map[string]struct {
		path, authorization string
		want                int
	}{
		"none":                         {"/debug/pprof/cmdline", "", 401},
		"another":                      {"/debug/pprof/cmdline", "Bearer a token of nobody at all", 401},
		"its beginning":                {"/debug/pprof/cmdline", "Bearer a token", 401},
		"the one":                      {"/debug/pprof/cmdline", "Bearer a token of the operators", 200},
		"none, for monitoring systems": {"/metrics", "", 200},
	} {
		code, body := asked(t, o, "GET", "http://127.0.0.1:8081"+row.path, "127.0.0.1:8081", "127.0.0.1:4000", Header, "1", "Authorization", row.authorization)
		if code != row.want {
			t.Errorf("%s: %d %q, want %d", name, code, body, row.want)
		}
	}
}

func TestReadinessAndReloadSayWhyInWords(t *testing.T) {
	t.Parallel()
	o := options()
	o.Ready = func(context.Context) error { return errors.New("site shop: the log is away") }
	o.Reload = func(context.Context) error { return errors.New("the site file has 2 problems") }
	const here, me = "127.0.0.1:8081", "127.0.0.1:4000"
	if code, body := asked(t, o, "GET", "http://127.0.0.1:8081/readyz", here, me); code != 503 || !strings.Contains(body, "the log is away") {
		t.Errorf("readiness: %d %q", code, body)
	}
	var audit strings.Builder
	o.Audit = slog.New(slog.NewTextHandler(&audit, nil))
	if code, body := asked(t, o, "POST", "http://127.0.0.1:8081/reload", here, me, "Nextup-Admin", "1"); code != 422 || !strings.Contains(body, "2 problems") {
		t.Errorf("a reload that is refused: %d %q", code, body)
	}
	if !strings.Contains(audit.String(), "action=reload") || !strings.Contains(audit.String(), "refused=true") {
		t.Errorf("the audit log has %q", &audit)
	}
}
