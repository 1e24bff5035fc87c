package redislog

import (
	"context"
	"errors"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/cadence"
)

// memoryCheckInterval is the pause between two looks at how full the servers are, and
// at what they do when their memory is full: an operator may change it at any time.
const memoryCheckInterval = 10 * time.Second

// noEviction is the one policy that keeps what was acknowledged.
const noEviction = "noeviction"

// Evicts reports whether a server throws keys away when its memory is full: places
// in line and conversations are then lost silently. A server that does not show its
// policy counts as one that keeps them.
func (b *Backend) Evicts() bool { return b.evicts.Load() }

// MemoryUsed returns the share of maxmemory that the fullest server uses, between 0 and
// 1; 0 if no server has such a limit.
func (b *Backend) MemoryUsed() float64 { return math.Float64frombits(b.memoryUsed.Load()) }

// FullRefusals returns how often a server refused a commit or a probe because its memory
// was full. Some are taken in between, since each end of a ticket makes room for another.
func (b *Backend) FullRefusals() uint64 { return b.fullRefusals.Load() }

// watchMemory checks until ctx ends, and logs a warning once a minute for as long as a
// server evicts.
func (b *Backend) watchMemory(ctx context.Context) {
	for more := true; more; more = cadence.Wait(ctx, memoryCheckInterval) {
		b.checkMemory(ctx)
	}
}

func (b *Backend) checkMemory(ctx context.Context) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	var mu sync.Mutex // the servers of a Cluster answer side by side
	evicts, used := false, 0.0
	err := b.eachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		info, err := node.InfoMap(ctx, "memory").Result()
		if err != nil {
			return err
		}
		memory := info["Memory"]
		mu.Lock()
		defer mu.Unlock()
		used = max(used, usedShare(memory))
		if policy := memory["maxmemory_policy"]; policy != "" && policy != noEviction {
			evicts = true
			b.evictWarning.Log(b.options.Logger, "Redis throws away what it holds when its memory is full: people lose their places, and conversations their messages; set maxmemory-policy to noeviction",
				"maxmemory_policy", policy, "server", node.Options().Addr)
		}
		return nil
	})
	if err == nil || used > 0 {
		b.memoryUsed.Store(math.Float64bits(used))
	}
	if err != nil && !evicts {
		return // the last finding still counts
	}
	b.evicts.Store(evicts)
}

// usedShare returns the share of maxmemory that a server uses, as it counts for a
// refusal: without the buffers of replicas and of the append-only file.
func usedShare(memory map[string]string) float64 {
	number := func(name string) float64 {
		n, _ := strconv.ParseFloat(memory[name], 64) // 0 where an old or managed server does not say
		return n
	}
	limit := number("maxmemory")
	if limit <= 0 {
		return 0
	}
	return min(1, max(0, number("used_memory")-number("mem_not_counted_for_evict"))/limit)
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
