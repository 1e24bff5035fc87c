// Package redispresence keeps the leases of nodes in Redis: a key for each node,
// "nextup:node:<name>", that expires with the lease, and a hash with the nodes'
// announcements, "nextup:words".
//
//	backend, err := redislog.Open(ctx, url, redislog.Options{})
//	registry := redispresence.New(backend.Client(), backend.Prove)
package redispresence

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/presence"
)

// Registry implements presence.Registry.
type Registry struct {
	client redis.UniversalClient
	prove  Prove
}

// Prove runs commands on the master that keeps a key, and returns an error if they
// may be lost with that master.
type Prove func(ctx context.Context, key string, write func(redis.Pipeliner)) error

// New returns a registry over a client, which stays the caller's to close. A lease
// is held only once it is proven: a gateway beside a master that is cut off from all
// others holds none.
func New(client redis.UniversalClient, prove Prove) *Registry { return &Registry{client, prove} }

func key(node string) string { return "nextup:node:" + node }

// renew sets the key even when Redis is at its memory limit: a node that lives
// must not count as lost because of that.
const renew = `#!lua flags=allow-oom
return redis.call('SET', KEYS[1], 1, 'PX', ARGV[1])`

// Renew implements presence.Registry.
func (r *Registry) Renew(ctx context.Context, node string, ttl time.Duration) error {
	return r.prove(ctx, key(node), func(p redis.Pipeliner) {
		p.Eval(ctx, renew, []string{key(node)}, ttl.Milliseconds())
	})
}

// Leave implements presence.Registry.
func (r *Registry) Leave(ctx context.Context, node string) error {
	return r.client.Del(ctx, key(node)).Err()
}

// Living implements presence.Registry. On a Cluster the keys lie on many
// shards, so each key is a command of its own, in one pipeline a shard.
func (r *Registry) Living(ctx context.Context, nodes []string) ([]bool, error) {
	living := make([]bool, len(nodes))
	if len(nodes) == 0 {
		return living, nil
	}
	answers, err := r.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, n := range nodes {
			p.PTTL(ctx, key(n))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, a := range answers {
		left := a.(*redis.DurationCmd).Val()
		living[i] = left > 0
		if left > presence.TTL { // the clock was set back, and the node may be dead
			err = errors.Join(err, r.client.PExpire(ctx, key(nodes[i]), presence.TTL).Err())
		}
	}
	return living, err
}

// announcements is the hash of the nodes' announcements.
const announcements = "nextup:words"

// Announce implements presence.Registry.
func (r *Registry) Announce(ctx context.Context, node, word string) error {
	return r.client.HSet(ctx, announcements, node, word).Err()
}

// Announcements implements presence.Registry. It drops the texts of nodes without a
// lease; a node that was only late announces its text again.
func (r *Registry) Announcements(ctx context.Context) (map[string]string, error) {
	said, err := r.client.HGetAll(ctx, announcements).Result()
	if err != nil {
		return nil, err
	}
	nodes := slices.Sorted(maps.Keys(said))
	living, err := r.Living(ctx, nodes)
	if err != nil {
		return nil, err
	}
	var gone []string
	for i, n := range nodes {
		if !living[i] {
			gone = append(gone, n)
			delete(said, n)
		}
	}
	if len(gone) > 0 {
		err = r.client.HDel(ctx, announcements, gone...).Err()
	}
	return said, err
}
