package gateway

import (
	"context"
	"math/rand/v2"
	"time"

	"nextup/gateway/protocol"
)

// Drain sends all connected clients elsewhere: readiness goes, new sockets are turned
// away, and the sockets are closed with 1012 one after the other over the given
// time, each after the request in hand, so that the other gateways are not
// stormed. It returns when all have gone or ctx ends. Close comes next.
func (g *Gateway) Drain(ctx context.Context, over time.Duration) {
	g.draining.Store(true)
	g.app.Leaving()
	all := g.conns.all()
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	begun := time.Now()
	for i, c := range all {
		pause(ctx, time.Until(begun.Add(over*time.Duration(i)/time.Duration(len(all)))))
		c.retire()
	}
	for _, c := range all {
		select {
		case <-c.ended:
		case <-ctx.Done():
		}
	}
	// Those who have not come back elsewhere are lost with this node, by one
	// record a site.
	g.app.Leave(ctx)
}

// retire closes the conn once the requests in hand are answered.
func (c *conn) retire() { c.inHand.stop(func() { c.end(protocol.CloseRestart) }) }

// pause waits, or less if ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
