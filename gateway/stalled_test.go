package gateway_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"nextup/gateway/protocol"
)

// [limit-5] A reader that stalls while the gateway has much to say is closed, and what
// waits for it is bounded.
func TestAReaderThatStallsIsClosed(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	v := h.come(url, protocol.Visitor, "v", "en")
	ticket := v.MustJoin("support")
	stall(t, h, url)
	text := strings.Repeat("x", protocol.MaxTextBytes)
	for i := range 400 {
		v.MustSend(ticket, fmt.Sprint("m", i), text)
	}
	deadline := time.Now().Add(20 * time.Second)
	for ; !strings.Contains(metricsOf(t, url), "nextup_slow_readers_closed_total 1"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a reader that stalls was not noticed")
		}
	}
}

// stall opens the visitor's conversation on a socket of its own that never
// reads again.
func stall(t *testing.T, h *house, url string) {
	t.Helper()
	dialer := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		var d net.Dialer
		c, err := d.DialContext(ctx, network, addr)
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetReadBuffer(4 << 10)
		}
		return c, err
	}}
	r := h.rawOver(url, &http.Client{Transport: dialer})
	r.hello(h.token(protocol.Visitor, "v"))
	f := r.next().(protocol.Ticket)
	r.write(`{"type":"open","id":"o","ticket":"` + f.Ticket + `"}`)
}
