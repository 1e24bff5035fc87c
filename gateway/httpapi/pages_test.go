package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func TestTheWidgetIsForThePagesOfOthersAndNothingElseIs(t *testing.T) {
	served := pages(http.FileServerFS(fstest.MapFS{
		"widget.js": {}, "widget/ja-B1c2D3e4.js": {}, "assets/agent-B1c2D3e4.js": {}, "desk.html": {}, "widget.html": {},
	}))
	for path, want := range map[string]struct{ origin, cache string }{
		"/widget.js":                {"*", "public, max-age=300"},
		"/widget/ja-B1c2D3e4.js":    {"*", "public, max-age=31536000, immutable"},
		"/assets/agent-B1c2D3e4.js": {"", "public, max-age=31536000, immutable"},
		"/desk.html":                {"", "no-cache"},
		"/widget.html":              {"", "no-cache"},
	} {
		answer := httptest.NewRecorder()
		served.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		h := answer.Header()
		if answer.Code != http.StatusOK || h.Get("Access-Control-Allow-Origin") != want.origin || h.Get("Cache-Control") != want.cache {
			t.Errorf("%s: %d, %q, %q", path, answer.Code, h.Get("Access-Control-Allow-Origin"), h.Get("Cache-Control"))
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: without its policy", path)
		}
	}
}

func TestTheDeskHasAnAddressOfItsOwnAndNoFolderShowsItsFiles(t *testing.T) {
	mux := http.NewServeMux()
	servePages(mux, fstest.MapFS{
		"index.html": {Data: []byte("home")}, "visitor.html": {Data: []byte("visitor")}, "desk.html": {Data: []byte("desk")},
		"assets/app-1.js": {Data: []byte("app")}, "widget/en-1.js": {Data: []byte("en")}, "folder/index.html": {Data: []byte("its own page")},
	})
	for _, tt := range []struct {
		path, body, location string
		status               int
		strict               bool
	}{
		{path: "/desk", body: "desk", status: http.StatusOK, strict: true},
		{path: "/desk.html", body: "desk", status: http.StatusOK, strict: true},
		{path: "/agent.html?token=x", location: "desk?token=x", status: http.StatusMovedPermanently},
		{path: "/visitor.html", body: "visitor", status: http.StatusOK},
		{path: "/", body: "home", status: http.StatusOK},
		{path: "/assets/app-1.js", body: "app", status: http.StatusOK},
		{path: "/folder/", body: "its own page", status: http.StatusOK},
		{path: "/assets/", body: "404", status: http.StatusNotFound},
		{path: "/assets", body: "404", status: http.StatusNotFound},
		{path: "/widget/", body: "404", status: http.StatusNotFound},
	} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, tt.path, nil))
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) || w.Header().Get("Location") != tt.location {
			t.Errorf("%s: %d %q, to %q", tt.path, w.Code, w.Body, w.Header().Get("Location"))
		}
		if w.Code != http.StatusOK {
			continue
		}
		policy := w.Header().Get("Content-Security-Policy")
		if strict := strings.Contains(policy, "trusted-types 'none'") && !strings.Contains(policy, "unsafe"); strict != tt.strict || policy == "" {
			t.Errorf("%s: policy %q", tt.path, policy)
		}
	}
}
