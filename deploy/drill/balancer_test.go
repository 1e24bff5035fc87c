//go:build drill

package drill

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nextup/test/gatewaytest"
)

// TestNoOneIsTurnedAwayWhenAGatewayLeavesOrDies opens sockets through the shipped
// balancer without a pause, while one gateway is told to leave and the other is killed.
func TestNoOneIsTurnedAwayWhenAGatewayLeavesOrDies(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("haproxy"); err != nil {
		t.Fatal("haproxy is needed: apt-get install haproxy")
	}
	h := newHouse(t, drillCase{apart: func(_ *house, o *gatewaytest.Options) { o.Args = append(o.Args, "--lame-duck", "3s", "--drain", "2s") }})
	ctx, stop := context.WithCancel(t.Context())
	var opened, refused atomic.Int64
	var knocking sync.WaitGroup
	for n := range 4 {
		knocking.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				switch code := h.knock(ctx, fmt.Sprintf("10.%d.%d.%d", n, i/250, i%250)); {
				case ctx.Err() != nil:
				case code == http.StatusSwitchingProtocols:
					opened.Add(1)
				default:
					refused.Add(1)
					t.Logf("a socket was answered with %d", code)
				}
			}
		})
	}
	enough := func() func() bool {
		goal := opened.Load() + 200
		return func() bool { return opened.Load() >= goal }
	}
	h.until("sockets are opened", time.Minute, enough())
	h.gateways[1].Terminate()
	if err := h.gateways[1].Exited(30 * time.Second); err != nil {
		t.Fatal(err)
	}
	h.until("sockets are opened while one is away", time.Minute, enough())
	h.restart(1)
	h.until("sockets are opened on both again", time.Minute, func() bool { return opensOn(h.gateways[1]) })
	h.gateways[0].Kill()
	h.until("sockets are opened while the other is dead", time.Minute, enough())
	stop()
	knocking.Wait()
	t.Logf("%d sockets were opened", opened.Load())
	if refused.Load() > 0 {
		t.Errorf("%d sockets were refused", refused.Load())
	}
}

// knock opens a socket from an address, since one address may open few, and lets it go. It returns the answer's code, or 0 for none.
func (h *house) knock(ctx context.Context, from string) int {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.front+"/v1/connect", nil)
	if err != nil {
		h.t.Error(err)
		return 0
	}
	req.Header = http.Header{"X-Forwarded-For": {from}, "Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"ZHJpbGxlZCBzb2NrZXRzIQ=="}}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// opensOn reports whether people came to a gateway.
func opensOn(g *gatewaytest.Gateway) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	metrics, err := g.Metrics(ctx)
	return err == nil && metrics["nextup_connections"] > 0
}
