package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"nextup/gateway"
	"nextup/gateway/protocol"
)

// [http-8] Each endpoint is bounded by address and by token, and says when to come back.
// The gateway is asked in-process: over a network, a slow machine would be given more
// while it answers.
func TestRequestsAreBoundedByAddressAndByToken(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Limits.ConnsPerAddress = 110 })
	_, g := h.open("one")
	ask := func(address, path, token string) *http.Response {
		r := httptest.NewRequestWithContext(h.ctx, http.MethodGet, path, nil)
		r.RemoteAddr = address + ":50000"
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		return w.Result()
	}
	until429 := func(what string, ask func(i int) *http.Response) {
		t.Helper()
		for i := range 2000 {
			res := ask(i)
			if res.StatusCode != http.StatusTooManyRequests {
				continue
			}
			if after, err := strconv.Atoi(res.Header.Get("Retry-After")); err != nil || after < 1 {
				t.Errorf("%s: Retry-After is %q", what, res.Header.Get("Retry-After"))
			}
			return
		}
		t.Errorf("%s: 2,000 requests were answered", what)
	}
	const flooder, other = "127.0.0.2", "127.0.0.3"
	for _, path := range []string{"/v1/queues", "/v1/connect", "/v1/connect/demo", "/v1/nothing"} {
		until429(path, func(int) *http.Response { return ask(flooder, path, "") })
		for _, probe := range []string{"/healthz", "/readyz", "/metrics"} {
			if res := ask(flooder, probe, ""); res.StatusCode != http.StatusOK {
				t.Errorf("beside a flood of %s %s answers %s", path, probe, res.Status)
			}
		}
	}
	until429("/metrics", func(int) *http.Response { return ask(flooder, "/metrics", "") })
	for range 250 {
		for _, probe := range []string{"/healthz", "/readyz"} {
			if res := ask(flooder, probe, ""); res.StatusCode != http.StatusOK {
				t.Fatalf("%s answers %s", probe, res.Status)
			}
		}
	}
	if res := ask(other, "/metrics", ""); res.StatusCode != http.StatusOK {
		t.Errorf("beside a flood from elsewhere /metrics answers %s", res.Status)
	}
	token := h.token(protocol.Visitor, "v")
	until429("one token from many addresses", func(i int) *http.Response {
		return ask(fmt.Sprintf("127.0.1.%d", 1+i/60), "/v1/queues", token)
	})
	if res := ask(other, "/v1/queues", h.token(protocol.Visitor, "w")); res.StatusCode != http.StatusOK {
		t.Errorf("another token is answered with %s", res.Status)
	}
}

// Conns that ask for nothing are bounded by address, and take none from the others.
func TestIdleHTTPConnsOfOneAddressLeaveRoomForOthers(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Limits.ConnsPerAddress = 120 })
	url, _ := h.open("one")
	host, _, _ := strings.Cut(strings.TrimPrefix(url, "ws://"), "/")
	dial := func(address string) net.Conn {
		t.Helper()
		conn, err := dialerFrom(address).DialContext(h.ctx, "tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		deadline, _ := h.ctx.Deadline()
		_ = conn.SetDeadline(deadline)
		return conn
	}
	// get reports whether the conn is served.
	get := func(conn net.Conn) bool {
		if _, err := fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n", host); err != nil {
			return false
		}
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return false
		}
		_, _ = io.Copy(io.Discard, res.Body)
		return res.Body.Close() == nil && res.StatusCode == http.StatusOK
	}
	var kept []net.Conn
	for i := range 30 {
		conn := dial("127.0.0.2")
		if !get(conn) {
			t.Fatalf("conn %d is not served", i)
		}
		kept = append(kept, conn)
	}
	if get(dial("127.0.0.2")) {
		t.Error("one more of the address is served")
	}
	if !get(dial("127.0.0.3")) {
		t.Error("another address is not served")
	}
	if !get(kept[0]) {
		t.Error("one of those that were there before is not served any more")
	}
}
