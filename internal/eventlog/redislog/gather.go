package redislog

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// gatherFor is how long a small call waits for others to share its round trip. Timers that
// fire together bring one for each site.
const gatherFor = time.Millisecond

// gatherer sends the small calls to one server that come at nearly the same time in one
// pipeline. None waits for a pipeline that is under way: a connection that hangs costs
// the calls that it carries, and no later ones.
type gatherer struct {
	client redis.UniversalClient // which follows redirections

	mu   sync.Mutex
	open *gathering // nil for none
}

// gathering is a pipeline that is being filled, or under way.
type gathering struct {
	calls []func(redis.Pipeliner)
	sent  chan struct{} // closed once it has been answered
}

// send has call add its commands to a pipeline, and returns when they have been answered,
// or ctx's error: the commands may then still change. Each command has its own error.
func (g *gatherer) send(ctx context.Context, call func(redis.Pipeliner)) error {
	g.mu.Lock()
	p := g.open
	if p == nil {
		p = &gathering{sent: make(chan struct{})}
		g.open = p
		time.AfterFunc(gatherFor, func() { g.flush(p) })
	}
	p.calls = append(p.calls, call)
	g.mu.Unlock()
	select {
	case <-p.sent:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// flush sends a pipeline. Its callers wait for as long as they like; it lasts no longer
// than any other call.
func (g *gatherer) flush(p *gathering) {
	g.mu.Lock()
	g.open = nil
	g.mu.Unlock()
	defer close(p.sent)
	ctx, cancel := bounded(context.Background())
	defer cancel()
	_, _ = g.client.Pipelined(ctx, func(pipeline redis.Pipeliner) error {
		for _, call := range p.calls {
			call(pipeline)
		}
		return nil
	})
}

// together sends a small call with others to the server that keeps a key.
func (b *Backend) together(ctx context.Context, key string, call func(redis.Pipeliner)) error {
	node, err := b.master(ctx, key)
	if err != nil {
		return err
	}
	return b.batcherOf(node).small.send(ctx, call)
}
