package redislog

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// evictLook is the pause between two looks at what the servers do when their memory
// is full: an operator may change it at any time.
const evictLook = 30 * time.Second

// noEviction is the one policy that keeps what was acknowledged.
const noEviction = "noeviction"

// Evicts says whether a server throws keys away when its memory is full: with them
// go places in line and conversations, and nobody is told. A server that does not
// say what it does is believed.
func (b *Backend) Evicts() bool { return b.evicts.Load() }

// watchEviction looks until ctx ends, and says so once a minute for as long as it is.
func (b *Backend) watchEviction(ctx context.Context) {
	tick := time.NewTicker(evictLook)
	defer tick.Stop()
	for {
		b.lookAtEviction(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (b *Backend) lookAtEviction(ctx context.Context) {
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
		return // what was found last still counts
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
