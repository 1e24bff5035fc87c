package redislog

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"
)

// maxTogether is how many calls are sent in one go.
const maxTogether = 256

// pipe sends calls to one server: at once while none is under way, and else those
// that have come meanwhile together, on one connection, with one proof of their
// durability behind them. So a call that is alone waits for nothing, and under
// load many share the cost of a round trip.
type pipe struct {
	b    *Backend
	node *redis.Client

	mu     sync.Mutex
	sends  bool // somebody does
	queued []*sending
}

// sending is one call on its way.
type sending struct {
	call  *call
	reply *redis.Cmd
	proof redis.Cmder
	done  chan struct{}
}

// pipeTo is the one pipe to a server.
func (b *Backend) pipeTo(node *redis.Client) *pipe {
	if p, ok := b.pipes.Load(node); ok {
		return p.(*pipe)
	}
	p, _ := b.pipes.LoadOrStore(node, &pipe{b: b, node: node})
	return p.(*pipe)
}

// send returns the reply to the call, or what kept it from coming. When ctx ends
// first the fate of the call is unknown.
func (p *pipe) send(ctx context.Context, c *call) ([]any, redis.Cmder, error) {
	s := &sending{call: c, done: make(chan struct{})}
	p.mu.Lock()
	p.queued = append(p.queued, s)
	first := !p.sends
	p.sends = true
	p.mu.Unlock()
	if first {
		go p.drain()
	}
	select {
	case <-s.done:
		values, err := s.reply.Slice()
		return values, s.proof, err
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

// drain sends until nothing is queued.
func (p *pipe) drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.queued) > 0 {
		n := min(len(p.queued), maxTogether)
		together := p.queued[:n:n]
		p.queued = p.queued[n:]
		p.mu.Unlock()
		p.exchange(together)
		p.mu.Lock()
	}
	p.queued, p.sends = nil, false
}

// exchange sends calls and waits for their replies. Each has an error of its own.
func (p *pipe) exchange(together []*sending) {
	ctx, cancel := bounded(context.Background())
	defer cancel()
	var proof redis.Cmder
	_, _ = p.node.Pipelined(ctx, func(pipeline redis.Pipeliner) error {
		for _, s := range together {
			s.reply = s.call.script.EvalSha(ctx, pipeline, s.call.keys, s.call.args...)
		}
		proof = p.b.prove(ctx, pipeline)
		return nil
	})
	for _, s := range together {
		s.proof = proof
		close(s.done)
	}
}
