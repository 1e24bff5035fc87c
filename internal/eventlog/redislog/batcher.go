package redislog

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog"
)

// maxCallsPerExchange bounds the calls that are sent in one exchange.
const maxCallsPerExchange = 256

// batcher sends calls to one server. A call is sent at once while no other is under
// way; calls that come during an exchange are sent together after it, on one
// connection and with one proof of their durability. So a single call waits for
// nothing, and under load many share the cost of a round trip and of a run of the
// script.
type batcher struct {
	b    *Backend
	node *redis.Client
	// mixesLogs is true if one run of the script may serve many logs. In a Cluster
	// they lie in different slots; a server with slots, or a proxy in front of some,
	// answers CROSSSLOT, which sets it to false.
	mixesLogs atomic.Bool
	clock     *eventlog.Clock
	small     gatherer

	mu     sync.Mutex
	busy   bool // an exchange is under way
	queued []*pendingCall
}

// pendingCall is a call that waits for its answers.
type pendingCall struct {
	call
	answers []any
	proof   redis.Cmder
	err     error
	done    chan struct{}
}

// batcherOf returns the one batcher of a server.
func (b *Backend) batcherOf(node *redis.Client) *batcher {
	if p, ok := b.batchers.Load(node); ok {
		return p.(*batcher)
	}
	p := &batcher{b: b, node: node, clock: eventlog.NewClock(), small: gatherer{client: b.client}}
	_, cluster := b.client.(*redis.ClusterClient)
	p.mixesLogs.Store(!cluster)
	known, _ := b.batchers.LoadOrStore(node, p)
	return known.(*batcher)
}

// sample takes the server's time, and counts and logs a jump.
func (p *batcher) sample(ms int64, sent time.Time) {
	if jump := p.clock.Sample(ms, sent); jump != 0 {
		p.b.jumps.Add(1)
		p.b.options.Logger.Warn("the clock of Redis jumped: deadlines go on by the time that has really passed, and tokens by the clock as it was until it has stayed for ten minutes",
			"server", p.node.Options().Addr, "by", jump)
	}
}

// send returns the answers to the call and the reply that proves their durability.
// When ctx ends first the fate of the call is unknown. A caller that finds no
// exchange under way runs one itself, since handing the call to a goroutine and back
// costs as much as Redis's work; such an exchange respects only ctx's deadline, and
// lasts callTimeout at most.
func (p *batcher) send(ctx context.Context, c call) ([]any, redis.Cmder, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	s := &pendingCall{call: c, done: make(chan struct{})}
	p.mu.Lock()
	alone := !p.busy
	p.busy = true
	if !alone {
		p.queued = append(p.queued, s)
	}
	p.mu.Unlock()
	if alone {
		defer p.startDrain()
		p.exchange(ctx, []*pendingCall{s})
		return s.answers, s.proof, s.err // even if ctx has ended meanwhile: the fate of the call is known
	}
	select {
	case <-s.done:
		return s.answers, s.proof, s.err
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

// startDrain has the calls sent that have queued meanwhile.
func (p *batcher) startDrain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy = len(p.queued) > 0; p.busy {
		go p.drain()
	}
}

// drain sends queued calls until there are none.
func (p *batcher) drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.queued) > 0 {
		n := min(len(p.queued), maxCallsPerExchange)
		calls := p.queued[:n:n]
		p.queued = p.queued[n:]
		p.mu.Unlock()
		p.exchange(context.Background(), calls)
		p.mu.Lock()
	}
	p.queued, p.busy = nil, false
}

// exchange sends calls and waits for their replies.
func (p *batcher) exchange(ctx context.Context, calls []*pendingCall) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	batches := p.group(calls)
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

// batch holds the calls that one run of the script serves: for each log its calls,
// in the order in which they came.
type batch struct {
	logs    [][]*pendingCall
	index   map[eventlog.Log]int // among logs
	commits int
}

// group puts calls that may share a run of the script into batches. Calls to one
// log stay in order. A full server refuses the whole run: the calls that free memory
// are then sent again alone.
func (p *batcher) group(calls []*pendingCall) (batches []*batch) {
	open, mixes := map[eventlog.Log]*batch{}, p.mixesLogs.Load()
	for _, s := range calls {
		var slot eventlog.Log
		if !mixes {
			slot = s.log
		}
		b := open[slot]
		if b == nil || b.commits+len(s.commits) > maxCommitsPerScript {
			b = &batch{index: map[eventlog.Log]int{}}
			open[slot] = b
			batches = append(batches, b)
		}
		i, known := b.index[s.log]
		if !known {
			i = len(b.logs)
			b.index[s.log] = i
			b.logs = append(b.logs, nil)
		}
		b.logs[i] = append(b.logs[i], s)
		b.commits += len(s.commits)
	}
	return batches
}

// names returns the names of the logs, in the order of their answers.
func (b *batch) names() []string {
	names := make([]string, len(b.logs))
	for i, log := range b.logs {
		names[i] = log[0].log.Name
	}
	return names
}

func (b *batch) encode(database string) (m scriptRun) {
	m.header(false, database)
	for _, log := range b.logs {
		calls := make([]call, len(log))
		for i, s := range log {
			calls[i] = s.call
		}
		m.encode(log[0].log, calls...)
	}
	return m
}
