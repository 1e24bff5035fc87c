package gateway_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"nextup/gateway"
	"nextup/gateway/protocol"
)

// [stream-3] [stream-5] What cannot be a hello or a frame is refused before anything is kept
// for it, with the status of HTTP that says why.
func TestWhatIsNoHelloIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Origins = []string{"https://shop.example"} })
	url, _ := h.open("one")
	token := h.token(protocol.Visitor, "v", "en")
	s := h.stream(url, token)
	const hello = `{"type":"hello","id":"h"}`
	named := http.Header{protocol.ConnHeader: {s.welcome.Conn}}
	for name, tt := range map[string]struct {
		token, body string
		header      http.Header
		status      int
		code        protocol.Code
	}{
		"another type":              {token, hello, http.Header{"Content-Type": {"text/plain"}}, http.StatusUnsupportedMediaType, protocol.CodeBadFrame},
		"a form":                    {token, hello, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, http.StatusUnsupportedMediaType, protocol.CodeBadFrame},
		"no type":                   {token, hello, http.Header{"Content-Type": nil}, http.StatusUnsupportedMediaType, protocol.CodeBadFrame},
		"no token":                  {"", hello, nil, http.StatusUnauthorized, protocol.CodeBadToken},
		"a token as a cookie":       {"", hello, http.Header{"Cookie": {"token=" + token}}, http.StatusUnauthorized, protocol.CodeBadToken},
		"a token in the body":       {token, `{"type":"hello","id":"h","token":"` + token + `"}`, nil, http.StatusBadRequest, protocol.CodeUnknownField},
		"a stranger's page":         {token, hello, http.Header{"Origin": {"https://evil.example"}}, http.StatusForbidden, ""},
		"a frame before hello":      {token, `{"type":"heartbeat"}`, nil, http.StatusBadRequest, protocol.CodeHelloFirst},
		"no JSON":                   {token, `hello`, nil, http.StatusBadRequest, protocol.CodeBadFrame},
		"a large hello":             {token, `{"type":"hello","id":"` + strings.Repeat("x", protocol.MaxHelloBytes) + `"}`, nil, http.StatusRequestEntityTooLarge, protocol.CodeBadFrame},
		"a large frame":             {token, strings.Repeat(" ", protocol.MaxFrameBytes+1), named, http.StatusRequestEntityTooLarge, protocol.CodeBadFrame},
		"a frame of a stranger":     {"junk", `{"type":"heartbeat"}`, named, http.StatusUnauthorized, protocol.CodeBadToken},
		"a frame without a token":   {"", `{"type":"heartbeat"}`, named, http.StatusUnauthorized, protocol.CodeBadToken},
		"a frame of a strange page": {token, `{"type":"heartbeat"}`, http.Header{protocol.ConnHeader: named[protocol.ConnHeader], "Origin": {"https://evil.example"}}, http.StatusForbidden, ""},
		"a frame of another person": {h.token(protocol.Visitor, "w", "en"), `{"type":"heartbeat"}`, named, http.StatusGone, protocol.CodeHelloFirst},
		"a frame of another role":   {h.token(protocol.Agent, "v", "en"), `{"type":"heartbeat"}`, named, http.StatusGone, protocol.CodeHelloFirst},
		"a frame of no conn":        {token, `{"type":"heartbeat"}`, http.Header{protocol.ConnHeader: {"x.y"}}, http.StatusGone, protocol.CodeHelloFirst},
		// A frame that cannot be taken is answered as by a socket.
		"a second hello":              {token, hello, named, http.StatusOK, protocol.CodeMissingField},
		"a conn of the listed origin": {token, `{"type":"heartbeat"}`, http.Header{protocol.ConnHeader: named[protocol.ConnHeader], "Origin": {"https://shop.example"}}, http.StatusOK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			res := h.posted(url, tt.token, tt.header, tt.body)
			data, _ := io.ReadAll(res.Body)
			var e protocol.Error
			_ = json.Unmarshal(data, &e)
			if res.StatusCode != tt.status || e.Code != tt.code {
				t.Errorf("answered with %s %s, want %d %s", res.Status, data, tt.status, tt.code)
			}
			if bytes.Contains(data, []byte(token)) {
				t.Error("the token is repeated")
			}
		})
	}
}

// [stream-3] A hello that is refused is told as by a socket: an error frame, and the close
// code of it.
func TestARefusedHelloClosesTheStream(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Limits.ConnsPerPerson = 1 })
	url, _ := h.open("one")
	token := h.token(protocol.Visitor, "v", "en")
	h.stream(url, token)
	for name, tt := range map[string]struct {
		token string
		code  protocol.Code
		close protocol.CloseCode
	}{
		"junk":          {"junk", protocol.CodeBadToken, protocol.CloseUnauthorized},
		"a second conn": {token, protocol.CodeTooMany, protocol.CloseUnavailable},
	} {
		s := h.opened(url, tt.token, `{"type":"hello","id":"h"}`)
		if e := await[protocol.Error](s); e.Code != tt.code || e.ID != "h" {
			t.Errorf("%s: %+v", name, e)
		}
		if got := s.closed(); got != tt.close {
			t.Errorf("%s: closed with %d", name, got)
		}
	}
}

// [stream-8] A page of a listed origin may ask, and no other.
func TestBrowsersMayAskForStreams(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Origins = []string{"https://shop.example"} })
	url, _ := h.open("one")
	over := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for origin, want := range map[string]string{"https://shop.example": "https://shop.example", "https://evil.example": ""} {
		for _, path := range []string{"", "/demo"} {
			r, _ := http.NewRequestWithContext(h.ctx, http.MethodOptions, overHTTP(url)+path, nil)
			r.Header.Set("Origin", origin)
			res, err := over.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			head := res.Header
			if head.Get("Access-Control-Allow-Origin") != want || head.Get("Access-Control-Allow-Credentials") != "" ||
				head.Get("Access-Control-Allow-Methods") != "POST" || head.Get("Access-Control-Allow-Headers") != "Authorization, Content-Type, Nextup-Conn, Nextup-Poll" {
				t.Errorf("%s%s: %v", origin, path, head)
			}
		}
	}
	res := h.posted(url, h.token(protocol.Visitor, "v", "en"), http.Header{"Origin": {"https://shop.example"}}, `{"type":"hello"}`)
	if got := res.Header.Get("Access-Control-Allow-Origin"); got != "https://shop.example" {
		t.Errorf("the stream allows %q", got)
	}
	if got := res.Header.Get("X-Accel-Buffering"); got != "no" || res.Header.Get("Cache-Control") != "no-store, no-transform" {
		t.Errorf("proxies are told %v", res.Header)
	}
}
