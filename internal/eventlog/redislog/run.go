package redislog

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/cadence"
	"nextup/internal/eventlog"
)

// callTimeout bounds every call of a Backend: a server that hangs costs the
// caller no more than this.
const callTimeout = 3 * time.Second

// bounded returns ctx with the bound of a call, or as it is if it ends sooner.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= callTimeout {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, callTimeout)
}

// run has a call applied by the master that keeps its log. The outcomes may be
// acknowledged if proven returns nil for the second value.
//
// Only refusals that mean that nothing was applied are tried again: a script that
// the server does not know, logs of different slots in one run of it, a server that
// is full while the call frees memory, and a Cluster whose slots are on the move.
// Any other failure leaves the fate of the call unknown, and is the caller's to
// retry.
func (b *Backend) run(ctx context.Context, c call) ([]eventlog.Outcome, redis.Cmder, error) {
	key := headKey(c.log.Name)
	node, err := b.master(ctx, key)
	// sendSource sends the script itself, because the server does not know its hash;
	// useFreeing runs the variant that a full server takes.
	asking, sendSource, useFreeing := false, false, false
	if err == nil && !c.probe && len(c.commits) > 0 {
		if refused := b.refuses(node); refused != nil {
			return nil, nil, refused
		}
	}
	for tries := 0; err == nil; tries++ {
		var answers []any
		var proof redis.Cmder
		// A WAIT may take its whole second: calls that need one wait beside each
		// other, not one behind the other.
		if asking || sendSource || useFreeing || c.probe || b.options.Durability == Replica {
			script := commitScript
			if c.frees {
				script = freeingScript
			}
			answers, proof, err = b.attempt(ctx, node, script, c, sendSource, asking)
		} else {
			answers, proof, err = b.batcherOf(node).send(ctx, c)
		}
		asking = false
		if err == nil {
			outcomes, err := decode(answers, c.commits)
			return outcomes, proof, err
		}
		moved, isMoved := redis.IsMovedError(err)
		asked, isAsked := redis.IsAskError(err)
		switch {
		case redis.HasErrorPrefix(err, "NOSCRIPT") && !sendSource:
			sendSource, err = true, nil
		case redis.HasErrorPrefix(err, "CROSSSLOT") && tries == 0:
			b.batcherOf(node).mixesLogs.Store(false)
			err = nil
		case isFull(err) && c.frees && !useFreeing:
			useFreeing, err = true, nil
		case isAsked:
			// Straight away, unless we come from there.
			node, err = b.redirected(ctx, asked, key, tries, err)
			asking = true
		case isMoved:
			node, err = b.redirected(ctx, moved, key, tries, err)
		case c.probe: // a prober asks again, and logs of other slots wait for this answer
		case redis.IsTryAgainError(err), redis.IsClusterDownError(err):
			node, err = b.redirected(ctx, "", key, max(tries, 1), err)
		}
	}
	if isFull(err) {
		b.fullRefusals.Add(1)
	}
	return nil, nil, failed(err)
}

// attempt sends a single call to one server and, after it on the same connection,
// the command that proves its durability.
func (b *Backend) attempt(ctx context.Context, node *redis.Client, script *redis.Script, c call, sendSource, asking bool) ([]any, redis.Cmder, error) {
	var m scriptRun
	m.header(b.options.Durability == Replica, b.database)
	m.encode(c.log, c)
	var reply *redis.Cmd
	var proof redis.Cmder
	sent := time.Now()
	// Each command keeps its own error.
	_, _ = node.Pipelined(ctx, func(p redis.Pipeliner) error {
		if c.first != nil {
			c.first(p)
		}
		if c.probe { // the last probe may have been cut off in the middle: nothing of it is left
			p.Del(ctx, m.keys[:3]...)
		}
		if asking {
			p.Do(ctx, "ASKING")
		}
		if sendSource {
			reply = script.Eval(ctx, p, m.keys, m.args...)
		} else {
			reply = script.EvalSha(ctx, p, m.keys, m.args...)
		}
		if len(c.commits) > 0 {
			proof = b.prove(ctx, p)
		}
		return nil
	})
	answers, err := b.batcherOf(node).answers(reply, len(c.commits), []string{c.log.Name}, sent)
	return answers, proof, err
}

// master returns a client for the server that keeps the key.
func (b *Backend) master(ctx context.Context, key string) (*redis.Client, error) {
	switch client := b.client.(type) {
	case *redis.ClusterClient:
		return client.MasterForKey(ctx, key)
	case *redis.Client:
		return client, nil
	}
	return nil, fmt.Errorf("redislog: a %T has no one master for a key", b.client)
}

// redirected reads the Cluster's layout again and returns a client for the address,
// or for the key's master if the address is empty or not yet a known master. From
// the second try on it waits a moment first.
func (b *Backend) redirected(ctx context.Context, addr, key string, tries int, cause error) (*redis.Client, error) {
	cluster, ok := b.client.(*redis.ClusterClient)
	if !ok {
		return nil, cause
	}
	if tries > 0 {
		pause := 10 * time.Millisecond << min(tries, 4)
		if !cadence.Pause(ctx, pause/2+rand.N(pause)) {
			return nil, fmt.Errorf("%w (%w)", ctx.Err(), cause)
		}
	}
	var found atomic.Pointer[redis.Client]
	if err := cluster.ForEachMaster(ctx, func(_ context.Context, node *redis.Client) error {
		if node.Options().Addr == addr {
			found.Store(node)
		}
		return nil
	}); err != nil {
		return nil, fmt.Errorf("%w (%w)", err, cause)
	}
	if node := found.Load(); node != nil {
		return node, nil
	}
	return cluster.MasterForKey(ctx, key)
}
