package redislog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog"
)

// Durability is where a commit is stored before it is acknowledged, that is before
// Commit returns Committed or Duplicate for it. A refusal needs nothing.
type Durability uint8

const (
	// Memory means that the server that keeps the log has it. What was acknowledged is lost
	// with that server, or with a failover to a replica that lags; followers notice
	// the failover as a fork.
	Memory Durability = iota
	// Replica means that one replica has it too, so that the loss of either loses nothing, as
	// long as a failover chooses the replica that has most (as Sentinel and
	// Cluster do) and a master that lost its memory does not come back as the
	// master. Without a replica in step nothing is acknowledged, so going on after
	// the loss of a server takes two replicas.
	Replica
	// Disk means that the server's append-only file has it, on disk, so that a crash of the
	// server or its machine loses nothing. A failover may, as with Memory.
	Disk
)

var durabilities = [...]string{Memory: "memory", Replica: "replica", Disk: "disk"}

// String returns the name that ParseDurability understands.
func (d Durability) String() string {
	if int(d) < len(durabilities) {
		return durabilities[d]
	}
	return fmt.Sprintf("Durability(%d)", uint8(d))
}

// ParseDurability parses memory, replica and disk.
func ParseDurability(name string) (Durability, error) {
	for d, n := range durabilities {
		if n == name {
			return Durability(d), nil
		}
	}
	return Memory, fmt.Errorf("redislog: durability %q is none of %s", name, strings.Join(durabilities[:], ", "))
}

// Durability returns where a commit is stored before it is acknowledged.
func (b *Backend) Durability() Durability { return b.options.Durability }

// replicaTimeout is how long a replica may take to receive a commit. It is shorter
// than networkTimeout, or the connection would be given up first.
const replicaTimeout = time.Second

// prove adds, on the connection that has just committed, the command whose answer
// proves the durability; it returns nil if none is needed. WAIT on another
// connection would answer for what that one wrote. The server's settings are asked
// for each time, since a failover or a CONFIG SET may change them.
func (b *Backend) prove(ctx context.Context, p redis.Pipeliner) redis.Cmder {
	switch b.options.Durability {
	case Replica:
		return p.Do(ctx, "WAIT", 1, replicaTimeout.Milliseconds())
	case Disk:
		if !b.options.TrustDisk {
			return p.ConfigGet(ctx, diskSettings)
		}
	case Memory:
	}
	return nil
}

// proven returns an error unless the answer to prove is good enough.
func proven(proof redis.Cmder) error {
	switch proof := proof.(type) {
	case *redis.Cmd:
		replicas, err := proof.Int()
		if err == nil && replicas < 1 {
			err = fmt.Errorf("no replica of Redis is in step, or none had it within %v", replicaTimeout)
		}
		if err != nil {
			return fmt.Errorf("%w: what is written is not as durable as replica promises: %w", eventlog.ErrUnavailable, err)
		}
	case *redis.MapStringStringCmd:
		if err := onDisk(proof); err != nil {
			return fmt.Errorf("%w: what is written is not as durable as disk promises: %w", eventlog.ErrUnavailable, err)
		}
	}
	return nil
}

// Prove runs the commands that write adds on the master that keeps the key, and
// returns once they are as durable as an acknowledged commit.
func (b *Backend) Prove(ctx context.Context, key string, write func(redis.Pipeliner)) error {
	node, err := b.master(ctx, key)
	if err != nil {
		return failed(err)
	}
	var proof redis.Cmder
	if _, err := node.Pipelined(ctx, func(p redis.Pipeliner) error {
		write(p)
		proof = b.prove(ctx, p)
		return nil
	}); err != nil {
		return failed(err)
	}
	if proof == nil {
		return nil
	}
	return proven(proof)
}

// diskSettings is the pattern of the settings that onDisk looks at.
const diskSettings = "*append*"

var errNotOnDisk = errors.New("durability disk takes a Redis that writes each command to disk")

// onDisk returns an error that explains in one sentence why the server does not keep
// each write on disk before it replies, or nil.
func onDisk(settings *redis.MapStringStringCmd) error {
	found, err := settings.Result()
	if err == nil && len(found) == 0 {
		err = errors.New("it shows no setting")
	}
	switch {
	case err != nil && isReply(err):
		return fmt.Errorf("%w, and this one does not say whether it does (CONFIG GET: %w): set TrustDisk if you know that it does",
			errNotOnDisk, err)
	case err != nil:
		return err
	}
	for _, want := range []struct{ name, value string }{
		{"appendonly", "yes"},
		{"appendfsync", "always"},
		{"no-appendfsync-on-rewrite", "no"},
	} {
		if got := found[want.name]; got != want.value {
			return fmt.Errorf("%w: %s must be %s, and is %q", errNotOnDisk, want.name, want.value, got)
		}
	}
	return nil
}

// isReply reports whether the error is a server's answer, and not a failure to reach
// the server.
func isReply(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply)
}

// checkDisk returns an error if a master of the Redis is not fit for Disk.
func (b *Backend) checkDisk(ctx context.Context) error {
	if b.options.Durability != Disk || b.options.TrustDisk {
		return nil
	}
	check := func(ctx context.Context, node *redis.Client) error {
		err := onDisk(node.ConfigGet(ctx, diskSettings))
		switch {
		case errors.Is(err, errNotOnDisk):
			return fmt.Errorf("redislog: %s: %w", node.Options().Addr, err)
		case err != nil:
			return failed(err)
		}
		return nil
	}
	return b.eachMaster(ctx, check)
}
