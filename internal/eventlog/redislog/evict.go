package redislog

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// evictionCheckInterval is the pause between two looks at what the servers do when
// their memory is full: an operator may change it at any time.
const evictionCheckInterval = 30 * time.Second

// noEviction is the one policy that keeps what was acknowledged.
const noEviction = "noeviction"

// Evicts reports whether a server throws keys away when its memory is full: places
// in line and conversations are then lost silently. A server that does not show its
// policy counts as one that keeps them.
func (b *Backend) Evicts() bool { return b.evicts.Load() }

// watchEviction checks until ctx ends, and logs a warning once a minute for as long
// as a server evicts.
func (b *Backend) watchEviction(ctx context.Context) {
	tick := time.NewTicker(evictionCheckInterval)
	defer tick.Stop()
	for {
		b.checkEviction(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (b *Backend) checkEviction(ctx context.Context) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	var evicts atomic.Bool
	if err := b.eachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		info, err := node.InfoMap(ctx, "memory").Result()
		if err != nil {
			return err
		}
		if policy := info["Memory"]["maxmemory_policy"]; policy != "" && policy != noEviction {
			evicts.Store(true)
			b.evictWarning.Log(b.options.Logger, "Redis throws away what it holds when its memory is full: people lose their places, and conversations their messages; set maxmemory-policy to noeviction",
				"maxmemory_policy", policy, "server", node.Options().Addr)
		}
		return nil
	}); err != nil && !evicts.Load() {
		return // the last finding still counts
	}
	b.evicts.Store(evicts.Load())
}

// eachMaster runs do for every server that keeps logs.
func (b *Backend) eachMaster(ctx context.Context, do func(context.Context, *redis.Client) error) error {
	switch client := b.client.(type) {
	case *redis.ClusterClient:
		return client.ForEachMaster(ctx, do)
	case *redis.Client:
		return do(ctx, client)
	}
	return errors.New("redislog: there is no one master to ask")
}
