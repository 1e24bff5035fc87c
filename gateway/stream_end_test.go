package gateway_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"nextup/gateway"
	"nextup/gateway/auth"
	"nextup/gateway/protocol"
)

// [stream-6] A client whose beats do not come is closed, also while its stream is read, and
// one that beats at another gateway is not.
func TestAStreamWithoutBeatsIsLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *gateway.SiteOptions) { s.VisitorHeartbeat = time.Second })
	url, _ := h.open("one")
	other, _ := h.open("two")
	silent, heard := h.stream(url, h.token(protocol.Visitor, "silent", "en")), h.stream(url, h.token(protocol.Visitor, "heard", "en"))
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				heard.post(other, `{"type":"heartbeat"}`)
			case <-ended:
				return
			}
		}
	}()
	if code := silent.closed(); code != protocol.CloseHeartbeatLost {
		t.Errorf("the silent one is closed with %d", code)
	}
	// The gateway beats along, so that the client knows that the stream lives.
	for range 2 {
		await[protocol.Heartbeat](heard)
	}
	close(ended)
	<-done
}

// [stream-7] [drain-1] A gateway that leaves closes its streams with 1012, and takes none.
func TestADrainEndsStreams(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	url, g := h.open("one")
	token := h.token(protocol.Visitor, "v", "en")
	s := h.stream(url, token)
	var drained sync.WaitGroup
	drained.Go(func() { g.Drain(h.ctx, 0) })
	if code := s.closed(); code != protocol.CloseRestart {
		t.Errorf("closed with %d", code)
	}
	drained.Wait()
	if res := h.posted(url, token, nil, `{"type":"hello"}`); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a gateway that leaves answers %s", res.Status)
	}
	if status, _ := s.post(url, `{"type":"heartbeat"}`); status != http.StatusGone {
		t.Errorf("a frame of a conn that has ended: %d", status)
	}
}

// slowKeys verifies a token only after the test has released it.
type slowKeys struct {
	gateway.Verifier
	asked, answer chan struct{}
}

func (v *slowKeys) Verify(ctx context.Context, token string, now time.Time) (auth.Identity, error) {
	v.asked <- struct{}{}
	<-v.answer
	return v.Verifier.Verify(ctx, token, now)
}

// A client that goes away while its hello is looked at takes the place of no other client.
func TestAStreamThatIsGivenUpDuringItsHelloLeavesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Limits.ConnsPerPerson = 1 })
	slow := &slowKeys{Verifier: h.keys, asked: make(chan struct{}, 9), answer: make(chan struct{})}
	h.verifier = slow
	url, _ := h.open("one")
	token := h.token(protocol.Visitor, "v", "en")
	client, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(url, "ws://"), "/v1/connect"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	const body = `{"type":"hello"}`
	if _, err := fmt.Fprintf(client, "POST /v1/connect HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		token, len(body), body); err != nil {
		t.Fatal(err)
	}
	<-slow.asked
	if err := client.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, client); err != nil { // it ends once the gateway has noticed
		t.Fatal(err)
	}
	close(slow.answer)
	h.eventually("the conn is forgotten", func() bool {
		all := metricsOf(t, url)
		return strings.Contains(all, "nextup_connections 0") && strings.Contains(all, "nextup_streams 0")
	})
	h.stream(url, token)
}
