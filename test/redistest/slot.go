package redistest

import (
	"context"
	"fmt"
	"net"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"
)

// MoveSlot moves the slot of a key from the Cluster's master that has it to
// another of its masters, a hundred keys at a time, as an operator's tools do: commands go on
// meanwhile and are redirected.
func (g *Group) MoveSlot(t testing.TB, key string, to *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 6*startTimeout)
	defer cancel()
	if err := g.moveSlot(ctx, key, to); err != nil {
		t.Fatalf("moving the slot of %s to %s: %v", key, to.addr, err)
	}
}

func (g *Group) moveSlot(ctx context.Context, key string, to *Server) error {
	target := to.Client()
	defer target.Close()
	slot, err := target.ClusterKeySlot(ctx, key).Result()
	if err != nil {
		return err
	}
	var from *Server
	for _, s := range g.Masters {
		if owns(ctx, s, slot) {
			from = s
		}
	}
	if from == nil || from == to {
		return fmt.Errorf("slot %d has no other master", slot)
	}
	source := from.Client()
	defer source.Close()
	sourceID, err := source.ClusterMyID(ctx).Result()
	if err != nil {
		return err
	}
	targetID, err := target.ClusterMyID(ctx).Result()
	if err != nil {
		return err
	}
	if err := target.Do(ctx, "CLUSTER", "SETSLOT", slot, "IMPORTING", sourceID).Err(); err != nil {
		return err
	}
	if err := source.Do(ctx, "CLUSTER", "SETSLOT", slot, "MIGRATING", targetID).Err(); err != nil {
		return err
	}
	if err := moveKeys(ctx, source, slot, to); err != nil {
		return err
	}
	for _, c := range []*redis.Client{target, source} { // the target first, as the manual says
		if err := c.Do(ctx, "CLUSTER", "SETSLOT", slot, "NODE", targetID).Err(); err != nil {
			return err
		}
	}
	return nil
}

func moveKeys(ctx context.Context, source *redis.Client, slot int64, to *Server) error {
	host, port, _ := net.SplitHostPort(to.addr)
	for {
		keys, err := source.ClusterGetKeysInSlot(ctx, int(slot), 100).Result()
		if err != nil || len(keys) == 0 {
			return err
		}
		args := []any{"MIGRATE", host, port, "", 0, startTimeout.Milliseconds(), "KEYS"}
		for _, key := range keys {
			args = append(args, key)
		}
		if err := source.Do(ctx, args...).Err(); err != nil {
			return err
		}
	}
}

// owns reports whether the server is the master of the slot.
func owns(ctx context.Context, s *Server, slot int64) bool {
	client := s.Client()
	defer client.Close()
	id, err := client.ClusterMyID(ctx).Result()
	if err != nil {
		return false
	}
	shards, err := client.ClusterShards(ctx).Result()
	if err != nil {
		return false
	}
	for _, shard := range shards {
		for _, r := range shard.Slots {
			if r.Start <= slot && slot <= r.End {
				return slices.ContainsFunc(shard.Nodes, func(n redis.Node) bool { return n.ID == id && n.Role == "master" })
			}
		}
	}
	return false
}
