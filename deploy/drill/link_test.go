//go:build drill

package drill

import (
	"net"
	"sync/atomic"
	"testing"
	"time"

	"nextup/test/gatewaytest"
)

// cutOffCase has the second gateway reach Redis through a link that can be cut.
func cutOffCase() drillCase {
	var l *link
	return drillCase{
		apart: func(h *house, o *gatewaytest.Options) {
			l = newLink(h.t, h.redis.Addr())
			o.Redis = "redis://" + l.listener.Addr().String()
		},
		breaks: func(*house) { l.cut.Store(true) },
		mends:  func(*house) { l.cut.Store(false) },
		want:   alert{"NextupGatewayCutOff", "critical", "prod"}, wait: 30 * time.Second,
		// Half a minute later its people have been sent to the other one.
		then: []alert{{"NextupGatewayNotReady", "warning", "prod"}},
	}
}

// link passes bytes on until it is cut; then it takes them and passes on none, as a
// network does that drops packets.
type link struct {
	listener net.Listener
	cut      atomic.Bool
}

func newLink(t *testing.T, to string) *link {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &link{listener: listener}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			go l.pass(far, near)
			go l.pass(near, far)
		}
	}()
	return l
}

// pass ends both sides with either.
func (l *link) pass(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if l.cut.Load() {
			continue
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}
