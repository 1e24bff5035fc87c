package redislog

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog"
)

// maxTogether is how many calls are sent in one go.
const maxTogether = 256

// pipe sends calls to one server: at once while none is under way, and else those
// that have come meanwhile together, on one connection, with one proof of their
// durability behind them. So a call that is alone waits for nothing, and under
// load many share the cost of a round trip and of a run of the script.
type pipe struct {
	b    *Backend
	node *redis.Client
	// mixes says that one run of the script may serve many logs: in a Cluster they lie
	// in different slots, as a server with slots, or a proxy before some, says in time.
	mixes atomic.Bool
	clock *eventlog.Clock

	mu     sync.Mutex
	sends  bool // somebody does
	queued []*sending
}

// sending is one call on its way.
type sending struct {
	call
	answers []any
	proof   redis.Cmder
	err     error
	done    chan struct{}
}

// pipeTo is the one pipe to a server.
func (b *Backend) pipeTo(node *redis.Client) *pipe {
	if p, ok := b.pipes.Load(node); ok {
		return p.(*pipe)
	}
	p := &pipe{b: b, node: node, clock: eventlog.NewClock()}
	_, cluster := b.client.(*redis.ClusterClient)
	p.mixes.Store(!cluster)
	known, _ := b.pipes.LoadOrStore(node, p)
	return known.(*pipe)
}

// sample takes in the server's time, and tells of a jump.
func (p *pipe) sample(ms int64, sent time.Time) {
	if jump := p.clock.Sample(ms, sent); jump != 0 {
		p.b.jumps.Add(1)
		p.b.options.Logger.Warn("the clock of Redis jumped: deadlines go on by the time that has really passed, and tokens by the clock as it was until it has stayed for ten minutes",
			"server", p.node.Options().Addr, "by", jump)
	}
}

// send returns the answers to the call, or what kept them from coming. When ctx
// ends first the fate of the call is unknown. Whoever finds nothing under way sends
// its call itself, since a goroutine for it and the way there and back cost as much as what
// Redis does; of ctx that heeds the deadline only, and it lasts callTimeout at most.
func (p *pipe) send(ctx context.Context, c call) ([]any, redis.Cmder, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	s := &sending{call: c, done: make(chan struct{})}
	p.mu.Lock()
	alone := !p.sends
	p.sends = true
	if !alone {
		p.queued = append(p.queued, s)
	}
	p.mu.Unlock()
	if alone {
		defer p.next()
		p.exchange(ctx, []*sending{s})
		return s.answers, s.proof, s.err // also if ctx has ended meanwhile: this is its fate
	}
	select {
	case <-s.done:
		return s.answers, s.proof, s.err
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

// next has what has queued meanwhile sent.
func (p *pipe) next() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sends = len(p.queued) > 0; p.sends {
		go p.drain()
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
		p.exchange(context.Background(), together)
		p.mu.Lock()
	}
	p.queued, p.sends = nil, false
}

// exchange sends calls and waits for their replies.
func (p *pipe) exchange(ctx context.Context, together []*sending) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	batches := p.gather(together)
	replies := make([]*redis.Cmd, len(batches))
	var proof redis.Cmder
	sent := time.Now()
	_, _ = p.node.Pipelined(ctx, func(pipeline redis.Pipeliner) error {
		for i, b := range batches {
			m := b.encode(p.b.database)
			replies[i] = commitScript.EvalSha(ctx, pipeline, m.keys, m.args...)
		}
		proof = p.b.prove(ctx, pipeline)
		return nil
	})
	for i, b := range batches {
		answers, err := p.answers(replies[i], b.commits, b.names(), sent)
		for _, log := range b.logs {
			for _, s := range log {
				if s.proof, s.err = proof, err; err == nil {
					n := perCommit * len(s.commits)
					s.answers, answers = answers[:n], answers[n:]
				}
				close(s.done)
			}
		}
	}
}

// batch is what one run of the script serves: of each log the calls, in the order
// in which they came.
type batch struct {
	logs    [][]*sending
	place   map[eventlog.Log]int // among logs
	commits int
}

// gather puts calls together that may share a run. Those to one log stay in order.
// It is one that a full server refuses: those that free memory are then sent again.
func (p *pipe) gather(together []*sending) (batches []*batch) {
	open, mixes := map[eventlog.Log]*batch{}, p.mixes.Load()
	for _, s := range together {
		var slot eventlog.Log
		if !mixes {
			slot = s.log
		}
		b := open[slot]
		if b == nil || b.commits+len(s.commits) > maxCommitsPerScript {
			b = &batch{place: map[eventlog.Log]int{}}
			open[slot] = b
			batches = append(batches, b)
		}
		i, known := b.place[s.log]
		if !known {
			i = len(b.logs)
			b.place[s.log] = i
			b.logs = append(b.logs, nil)
		}
		b.logs[i] = append(b.logs[i], s)
		b.commits += len(s.commits)
	}
	return batches
}

// names are those of the logs, in the order of their answers.
func (b *batch) names() []string {
	names := make([]string, len(b.logs))
	for i, log := range b.logs {
		names[i] = log[0].log.Name
	}
	return names
}

func (b *batch) encode(database string) (m message) {
	m.begin(false, database)
	for _, log := range b.logs {
		calls := make([]call, len(log))
		for i, s := range log {
			calls[i] = s.call
		}
		m.encode(log[0].log, calls...)
	}
	return m
}
