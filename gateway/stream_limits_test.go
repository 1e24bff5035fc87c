package gateway_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nextup/gateway"
	"nextup/gateway/protocol"
	"nextup/internal/eventlog"
)

// countedNodes counts what goes from gateway to gateway.
type countedNodes struct {
	eventlog.Backend
	sent atomic.Int64
}

func (c *countedNodes) Signal(ctx context.Context, log eventlog.Log, payload []byte) error {
	if strings.HasPrefix(log.Name, "node/") {
		c.sent.Add(1)
	}
	return c.Backend.Signal(ctx, log, payload)
}

// [stream-4] What one person posts for a conn elsewhere is bounded before it is passed on, so
// that no client fills the way between the gateways.
func TestOnePersonDoesNotFillTheWayBetweenGateways(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"many frames": 0, "large frames": 60_000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, func(s *gateway.SiteOptions) {
				s.Limits.FramesPerSecond, s.Limits.Burst, s.Limits.BytesPerSecond, s.Limits.ByteBurst = 1, 10, 1024, 64<<10
			})
			counted := &countedNodes{Backend: h.backend}
			h.backend = counted
			here, _ := h.open("one")
			there, _ := h.open("two")
			s := h.stream(here, h.token(protocol.Visitor, "v", "en"))
			node, _, _ := strings.Cut(s.welcome.Conn, ".")
			s.welcome.Conn = node + ".x" // a conn that does not exist
			refused := 0
			for range 60 {
				switch status, answer := s.post(there, `{"type":"heartbeat"}`+strings.Repeat(" ", size)); status {
				case http.StatusGone:
				case http.StatusTooManyRequests:
					if e, _ := answer.(protocol.Error); e.Code != protocol.CodeRateLimited || e.RetryAfterMS == 0 {
						t.Errorf("refused with %+v", answer)
					}
					refused++
				default:
					t.Fatalf("answered with %d %+v", status, answer)
				}
			}
			if sent := counted.sent.Load(); refused == 0 || sent > int64(2*(60-refused)) {
				t.Errorf("of 60 frames %d were refused, and %d messages went between the gateways", refused, sent)
			}
			other := h.stream(here, h.token(protocol.Visitor, "w", "en"))
			if status, answer := other.post(there, `{"type":"heartbeat"}`); status != http.StatusOK {
				t.Errorf("another person's beat is answered with %d %+v", status, answer)
			}
		})
	}
}

// [http-8] People of one address who come by streams are let in as those by sockets are: the
// conns by which they post are theirs, and no strangers'.
func TestAnOfficeWithoutSocketsIsLetIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Limits.ConnsPerAddress = 100 })
	url, _ := h.open("one")
	for i := range 40 { // a quarter of 100 strangers may keep conns
		s := h.stream(url, h.token(protocol.Visitor, fmt.Sprint("v", i), "en"))
		kept := &http.Transport{}
		t.Cleanup(kept.CloseIdleConnections)
		for range 2 {
			r, err := http.NewRequestWithContext(h.ctx, http.MethodPost, overHTTP(url), strings.NewReader(`{"type":"heartbeat"}`))
			if err != nil {
				t.Fatal(err)
			}
			r.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + s.token}, protocol.ConnHeader: {s.welcome.Conn}}
			res, err := (&http.Client{Transport: kept}).Do(r)
			if err != nil {
				t.Fatalf("a beat of person %d: %v", i+1, err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if res.StatusCode != http.StatusOK {
				t.Fatalf("a beat of person %d: %s", i+1, res.Status)
			}
		}
	}
}

// postedRaw posts what no HTTP client would send, the rest of a request after its first
// headers, and returns the answer.
func (h *house) postedRaw(url, rest string) *http.Response {
	h.t.Helper()
	address := strings.TrimSuffix(strings.TrimPrefix(url, "ws://"), "/v1/connect")
	var d net.Dialer
	wire, err := d.DialContext(h.ctx, "tcp", address)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = wire.Close() })
	if _, err := fmt.Fprintf(wire, "POST /v1/connect HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n%s", address, rest); err != nil {
		h.t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(wire), nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return res
}

// [stream-1] Old proxies end a body with a line break that belongs to nothing.
func TestALineBreakAfterTheBodyIsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	url, _ := h.open("one")
	const hello = `{"type":"hello","id":"h"}`
	token := h.token(protocol.Visitor, "v", "en")
	res := h.postedRaw(url, fmt.Sprintf("Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s\r\n", token, len(hello), hello))
	defer func() { _ = res.Body.Close() }()
	s := &rawStream{h: h, lines: bufio.NewReader(res.Body), body: res.Body, token: token}
	s.welcome = await[protocol.Welcome](s)
	if status, answer := s.post(url, `{"type":"heartbeat"}`); status != http.StatusOK {
		t.Errorf("a beat is answered with %d %+v", status, answer)
	}
}

// [stream-2] [limit-7] A person at the limit of conns can reopen a stream in time, and cannot open
// one stream more.
func TestAFullPersonsStreamIsOpenedAnew(t *testing.T) {
	for name, tt := range map[string]struct {
		reopen time.Duration
		taken  bool
	}{"told to by now": {time.Nanosecond, true}, "not told to yet": {time.Hour, false}} {
		t.Run(name, func(t *testing.T) {
			defer gateway.ReopenAfter(tt.reopen)()
			h := newHouse(t, func(s *gateway.SiteOptions) { s.Limits.ConnsPerPerson = 1 })
			url, _ := h.open("one")
			token := h.token(protocol.Visitor, "v", "en")
			h.stream(url, token)
			next := h.opened(url, token, `{"type":"hello","id":"h"}`)
			if tt.taken {
				await[protocol.Welcome](next)
				return
			}
			if e := await[protocol.Error](next); e.Code != protocol.CodeTooMany {
				t.Errorf("refused with %+v", e)
			}
		})
	}
}

// [http-8] A socket counts as one whatever its request's headers say.
func TestAHeaderDoesNotLiftTheLimitOfSockets(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Limits.ConnsPerAddress = 10 })
	url, _ := h.open("one")
	for range 150 { // the least that an address has is 100
		r, err := http.NewRequestWithContext(h.ctx, http.MethodGet, overHTTP(url), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(protocol.ConnHeader, "x")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("150 sockets of an address were let in at once")
}

// [stream-5] A body is read for those who have a token only: a stranger holds nothing.
func TestAStrangersFrameIsRefusedBeforeItsBodyHasCome(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	url, _ := h.open("one")
	res := h.postedRaw(url, "Authorization: Bearer junk\r\n"+protocol.ConnHeader+": x.y\r\nContent-Length: 60000\r\n\r\n")
	_ = res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("answered with %s", res.Status)
	}
}
