package gateway_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"nextup/gateway/protocol"
	"nextup/presence"
)

// hanging is a registry whose first answer does not come in time, as of a Redis that hangs.
type hanging struct {
	presence.Registry
	first sync.Once
}

func (h *hanging) Renew(ctx context.Context, node string, ttl time.Duration) error {
	hangs := false
	if h.first.Do(func() { hangs = true }); hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return h.Registry.Renew(ctx, node, ttl)
}

// A gateway that starts while Redis hangs serves once it is back.
func TestAGatewayThatStartsWhileRedisHangsServesLater(t *testing.T) {
	h := newHouse(t)
	h.registry = &hanging{Registry: h.registry}
	url, _ := h.open("one")
	h.come(url, protocol.Visitor, "v", "en").MustJoin("support")
}
