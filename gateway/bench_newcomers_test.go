package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nextup/gateway/protocol"
)

// attackers is how many addresses attack, each with so many conns at a time, which come
// again after a pause: some 2,000 a second, twice what the admission takes.
const (
	attackers, each = 10, 50
	again           = 250 * time.Millisecond
)

// BenchmarkNewcomers measures how long honest newcomers wait for their welcome, beside
// attacks from other addresses that go on all the time and beside none. Compare the
// rows of one run.
func BenchmarkNewcomers(b *testing.B) {
	attack := func(address, host string, send func(conn net.Conn, i int)) func(ctx context.Context) {
		return func(ctx context.Context) {
			for i := 0; ctx.Err() == nil; i++ {
				if conn, err := dialerFrom(address).DialContext(ctx, "tcp", host); err == nil {
					stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
					send(conn, i)
					_, _ = io.Copy(io.Discard, conn) // until the gateway ends it
					stop()
					_ = conn.Close()
				}
				select {
				case <-ctx.Done():
				case <-time.After(again):
				}
			}
		}
	}
	upgrade := func(conn net.Conn, host string, frame []byte) {
		fmt.Fprintf(conn, "GET /v1/connect HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: %s\r\n\r\n", host, protocol.Subprotocol)
		_, _ = conn.Write(frame)
	}
	half := append([]byte{0x81, 0xfe, 0x20, 0, 0, 0, 0, 0}, bytes.Repeat([]byte{'x'}, 4<<10)...) // of 8 KiB
	for _, row := range []struct {
		name string
		send func(h *house, host string) func(conn net.Conn, i int)
	}{
		{"no attack", nil},
		{"half frames", func(_ *house, host string) func(net.Conn, int) {
			return func(conn net.Conn, _ int) { upgrade(conn, host, half) }
		}},
		{"junk hellos", func(h *house, host string) func(net.Conn, int) {
			forged := h.key
			forged.Secret = []byte("some other secret of thirty-two bytes!!")
			hello := fmt.Sprintf(`{"type":"hello","token":%q}`, h.sign(forged, h.identity("forged")))
			frame := append([]byte{0x81, 0xfe, byte(len(hello) >> 8), byte(len(hello)), 0, 0, 0, 0}, hello...)
			return func(conn net.Conn, _ int) { upgrade(conn, host, frame) }
		}},
		{"idle HTTP conns", func(_ *house, host string) func(net.Conn, int) {
			return func(conn net.Conn, _ int) { fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n", host) }
		}},
	} {
		b.Run(row.name, func(b *testing.B) {
			h := newHouse(b)
			url, _ := h.open("one")
			host, _, _ := strings.Cut(strings.TrimPrefix(url, "ws://"), "/")
			ctx, stop := context.WithCancel(context.Background())
			var attacking sync.WaitGroup
			if row.send != nil {
				send := row.send(h, host)
				for a := range attackers {
					for range each {
						attacking.Go(func() { attack(fmt.Sprintf("127.0.1.%d", a+1), host, send)(ctx) })
					}
				}
			}
			client := from("127.0.2.1")
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				begun := time.Now()
				r := h.rawOver(url, client)
				if f, ok := r.hello(h.token(protocol.Visitor, fmt.Sprint("v", i))).(protocol.Welcome); !ok {
					b.Fatalf("newcomer %d: %+v", i, f)
				}
				took = append(took, time.Since(begun))
				_ = r.CloseNow()
				time.Sleep(10 * time.Millisecond) // a tenth of what an address may do
			}
			stop()
			attacking.Wait()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*9/10].Microseconds())/1000, "p90-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}
