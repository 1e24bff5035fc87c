package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"nextup/gateway"
	"nextup/gateway/protocol"
)

// [connect-2]
func TestOriginsOfOtherPagesAreRefused(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) {
		s.Origins = []string{"https://shop.example", "https://*.shop.example", "capacitor://localhost", "https://xn--mnchen-3ya.example"}
	})
	url, _ := h.open("one")
	for _, tt := range []struct {
		origin, host string
		want         int // 0 is taken
	}{
		{"https://shop.example", "", 0},
		{"https://de.shop.example", "", 0},
		{"https://shop.example:443", "", 0},
		{"capacitor://localhost", "", 0},
		{"https://münchen.example", "", 0},
		{"https://chat.example", "chat.example:443", 0},
		{"https://evil.example", "", http.StatusForbidden},
		{"https://evilshop.example", "", http.StatusForbidden},
		{"http://chat.example", "chat.example:443", http.StatusForbidden},
		{"null", "", http.StatusForbidden},
	} {
		status := 0
		if _, refused := h.handshake(url, websocket.DialOptions{Host: tt.host, HTTPHeader: http.Header{"Origin": {tt.origin}}}); refused != nil {
			status = refused.StatusCode
		}
		if status != tt.want {
			t.Errorf("a page of %s at %q is refused with %d, want %d (0 is taken)", tt.origin, tt.host, status, tt.want)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

// [version-1]
func TestAClientOfAnotherVersionIsTurnedAway(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	if code := h.rawWith(url, websocket.DialOptions{Subprotocols: []string{"nextup.v0"}}).closed(); code != protocol.CloseProtocol {
		t.Errorf("closed with %d, want %d", code, protocol.CloseProtocol)
	}
}

func TestABrowserMayAskFromAListedPage(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Origins = []string{"https://shop.example"} })
	url, _ := h.open("one")
	for _, tt := range []struct{ origin, path, want string }{
		{"https://shop.example", "queues", "https://shop.example"},
		{"https://shop.example", "queues/support/en", "https://shop.example"},
		{"https://shop.example", "team", "https://shop.example"},
		{"https://evil.example", "queues", ""},
		{"https://evil.example", "team", ""},
	} {
		req, err := http.NewRequestWithContext(h.ctx, http.MethodOptions, strings.Replace(strings.Replace(url, "ws", "http", 1), "connect", tt.path, 1), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", tt.origin)
		res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if got := res.Header.Get("Access-Control-Allow-Origin"); res.StatusCode != http.StatusNoContent || got != tt.want {
			t.Errorf("%s from %s: %d, allowed %q, want %q", tt.path, tt.origin, res.StatusCode, got, tt.want)
		}
	}
}
