package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// site is a build: each file with what it is in brotli and gzip, as far as these are smaller.
func site(t *testing.T) http.Handler {
	t.Helper()
	mux := http.NewServeMux()
	servePages(mux, map[string][]byte{
		"index.html": []byte("home"), "visitor.html": []byte("visitor"), "desk.html": []byte("desk"), "widget.html": []byte("no widget"),
		"widget.js": []byte("loader as it is"), "widget.js.br": []byte("loader in brotli"), "widget.js.gz": []byte("loader in gzip"),
		"widget/en-B1c2D3e4.js": []byte("english"), "widget/en-B1c2D3e4.js.gz": []byte("english in gzip"),
		"assets/agent-B1c2D3e4.js": []byte("agent"), "assets/icon-B1c2D3e4.svg": []byte("icon"), "sdk.tgz": []byte("package"),
	})
	return mux
}

func ask(h http.Handler, method, path string, header map[string]string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestTheWidgetIsForThePagesOfOthersAndNothingElseIs(t *testing.T) {
	served := site(t)
	for path, want := range map[string]struct{ origin, cache, contentType string }{
		"/widget.js":                {"*", "max-age=300", "text/javascript; charset=utf-8"},
		"/widget/en-B1c2D3e4.js":    {"*", "max-age=31536000, immutable", "text/javascript; charset=utf-8"},
		"/assets/agent-B1c2D3e4.js": {"", "max-age=31536000, immutable", "text/javascript; charset=utf-8"},
		"/assets/icon-B1c2D3e4.svg": {"", "max-age=31536000, immutable", "image/svg+xml"},
		"/sdk.tgz":                  {"", "no-cache", "application/gzip"},
		"/desk.html":                {"", "no-cache", "text/html; charset=utf-8"},
		"/widget.html":              {"", "no-cache", "text/html; charset=utf-8"},
	} {
		answer := ask(served, http.MethodGet, path, nil)
		h := answer.Header()
		if answer.Code != http.StatusOK || h.Get("Access-Control-Allow-Origin") != want.origin || h.Get("Cache-Control") != want.cache || h.Get("Content-Type") != want.contentType {
			t.Errorf("%s: %d, %q, %q, %q", path, answer.Code, h.Get("Access-Control-Allow-Origin"), h.Get("Cache-Control"), h.Get("Content-Type"))
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || (h.Get("Content-Security-Policy") == "") != (want.origin == "*") {
			t.Errorf("%s: policy %q", path, h.Get("Content-Security-Policy"))
		}
	}
}

func TestTheDeskHasAnAddressOfItsOwnAndNoFolderShowsItsFiles(t *testing.T) {
	served := site(t)
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
		{path: "/assets/agent-B1c2D3e4.js", body: "agent", status: http.StatusOK},
		{path: "/assets/", body: "404", status: http.StatusNotFound},
		{path: "/assets", body: "404", status: http.StatusNotFound},
		{path: "/widget/", body: "404", status: http.StatusNotFound},
		{path: "/widget.js.br", body: "404", status: http.StatusNotFound},
		{path: "/widget/en-of-another-release.js", body: "404", status: http.StatusNotFound},
	} {
		w := ask(served, http.MethodGet, tt.path, nil)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) || w.Header().Get("Location") != tt.location {
			t.Errorf("%s: %d %q, to %q", tt.path, w.Code, w.Body, w.Header().Get("Location"))
		}
		if w.Code == http.StatusNotFound && w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: that it is not there is kept: %q", tt.path, w.Header().Get("Cache-Control"))
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

func TestAScriptInAPageItselfRunsByItsDigestAndNoOtherDoes(t *testing.T) {
	mux := http.NewServeMux()
	const script = "<script>reload()</script>"
	servePages(mux, map[string][]byte{"desk.html": []byte("<head>" + script), "visitor.html": []byte(script + "<script src=x></script>"), "index.html": []byte("home")})
	const digest = "'sha256-sC0PQhdi5wMoECrBbPZDMcg4gm1Z2uOfLRLceVFG7RY='"
	for path, want := range map[string]string{"/desk": "script-src " + digest + " 'self'; ", "/visitor.html": "script-src " + digest + " 'self'; ", "/": "script-src 'self'; "} {
		if policy := ask(mux, http.MethodGet, path, nil).Header().Get("Content-Security-Policy"); !strings.Contains(policy, want) {
			t.Errorf("%s: policy %q without %q", path, policy, want)
		}
	}
}

func TestAFileComesInTheCodingThatTheClientLikesMost(t *testing.T) {
	served := site(t)
	const plain, brotli, gzip = "loader as it is", "loader in brotli", "loader in gzip"
	for accept, want := range map[string]string{
		"":                                plain,
		"gzip, deflate, br, zstd":         brotli,
		"gzip, deflate":                   gzip,
		"GZip":                            gzip,
		"x-gzip":                          gzip,
		"br;q=0.5, gzip;q=0.8":            gzip,
		"br;q=0, gzip;q=0.1":              gzip,
		"gzip ; q=1.0 , br ; q=1.0":       brotli,
		"br;q=0, gzip;q=0":                plain,
		"*":                               brotli,
		"*;q=0":                           plain,
		"*;q=0, gzip":                     gzip,
		"br;q=0, *":                       gzip,
		"identity":                        plain,
		"identity, gzip;q=0.5":            plain,
		"identity;q=0.5, gzip":            gzip,
		"identity;q=0, *;q=0":             plain,
		"deflate, zstd":                   plain,
		"br;q=many, ,;q=1, gzip;q=0.001":  gzip,
		"br;q=NaN":                        plain,
		"compressed-br, vibrato, gzipped": plain,
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w := ask(served, method, "/widget.js", map[string]string{"Accept-Encoding": accept})
			coding := map[string]string{plain: "", brotli: "br", gzip: "gzip"}[want]
			if w.Code != http.StatusOK || w.Header().Get("Content-Encoding") != coding || w.Header().Get("Content-Length") != strconv.Itoa(len(want)) {
				t.Errorf("%s with %q: %d, %q of %s bytes", method, accept, w.Code, w.Header().Get("Content-Encoding"), w.Header().Get("Content-Length"))
			}
			if body := w.Body.String(); method == http.MethodGet && body != want || method == http.MethodHead && body != "" {
				t.Errorf("%s with %q: %q", method, accept, body)
			}
			if w.Header().Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s with %q: a cache on the way may give it to any other client: Vary %q", method, accept, w.Header().Get("Vary"))
			}
		}
	}
	if w := ask(served, http.MethodGet, "/widget/en-B1c2D3e4.js", map[string]string{"Accept-Encoding": "br, gzip;q=0.5"}); w.Body.String() != "english in gzip" {
		t.Errorf("a file without brotli: %q", w.Body)
	}
}

func TestWhatAClientHasIsNotSentAgainAndAPartIsOneOfThePlainFile(t *testing.T) {
	served := site(t)
	tags := map[string]string{}
	for _, accept := range []string{"br", "gzip", "identity"} {
		w := ask(served, http.MethodGet, "/widget.js", map[string]string{"Accept-Encoding": accept})
		tag := w.Header().Get("Etag")
		for other, its := range tags {
			if tag == its || tag == "" {
				t.Errorf("%s and %s have the tag %q", accept, other, tag)
			}
		}
		tags[accept] = tag
		again := ask(served, http.MethodGet, "/widget.js", map[string]string{"Accept-Encoding": accept, "If-None-Match": tag})
		h := again.Header()
		if again.Code != http.StatusNotModified || again.Body.Len() > 0 || h.Get("Etag") != tag || h.Get("Vary") == "" || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Cache-Control") == "" {
			t.Errorf("%s again: %d, %v", accept, again.Code, h)
		}
	}
	for _, tt := range []struct {
		header map[string]string
		status int
		body   string
	}{
		{map[string]string{"Range": "bytes=0-5"}, http.StatusPartialContent, "loader"},
		{map[string]string{"Range": "bytes=0-5", "If-Range": tags["identity"]}, http.StatusPartialContent, "loader"},
		{map[string]string{"Range": "bytes=0-5", "If-Range": tags["br"]}, http.StatusOK, "loader as it is"},
		{map[string]string{"Range": "bytes=90-"}, http.StatusRequestedRangeNotSatisfiable, ""},
		{map[string]string{"If-None-Match": tags["gzip"]}, http.StatusOK, "loader in brotli"},
	} {
		tt.header["Accept-Encoding"] = "br"
		w := ask(served, http.MethodGet, "/widget.js", tt.header)
		if w.Code != tt.status || !strings.HasPrefix(w.Body.String(), tt.body) || w.Code != http.StatusOK && w.Header().Get("Content-Encoding") != "" {
			t.Errorf("%v: %d %q", tt.header, w.Code, w.Body)
		}
	}
}
