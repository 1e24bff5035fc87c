package gateway

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"
)

func TestTheWidgetIsForThePagesOfOthersAndNothingElseIs(t *testing.T) {
	served := pages(http.FileServerFS(fstest.MapFS{
		"widget.js": {}, "widget/ja-B1c2D3e4.js": {}, "assets/agent-B1c2D3e4.js": {}, "agent.html": {}, "widget.html": {},
	}))
	for path, want := range map[string]struct{ origin, cache string }{
		"/widget.js":                {"*", "public, max-age=300"},
		"/widget/ja-B1c2D3e4.js":    {"*", "public, max-age=31536000, immutable"},
		"/assets/agent-B1c2D3e4.js": {"", "public, max-age=31536000, immutable"},
		"/agent.html":               {"", "no-cache"},
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
