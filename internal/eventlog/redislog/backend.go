// Package redislog keeps logs in Redis: one server, a Sentinel group or a
// Cluster.
//
//	backend, err := redislog.Open(ctx, "redis://127.0.0.1:6379", redislog.Options{Durability: redislog.Replica})
//	defer backend.Close()
//	outcomes, err := backend.Commit(ctx, log, commits) // an eventlog.Backend
//
// # Committing
//
// One Lua script judges and applies all commits of a call, so that half of one is
// never visible; calls that come at the same time share a run (batcher.go). All
// keys of a log carry its name as hash tag (keys.go), and all that the script
// touches are passed to it (commit.lua tells what they hold). A call is retried
// inside only if the server's answer means that nothing was applied: a lost reply
// is an eventlog.ErrUnavailable, and the caller's retry finds its own commit by the
// ID. No call takes longer than three seconds.
//
// # Durability
//
// Commit acknowledges once the commit is as durable as Options demand, which is
// proven on the connection that committed. Only acknowledgements wait: a follower
// may read a record, and people may be shown it, before a replica or the disk has
// it. If it is lost after all, that is a fork, and what was shown is reset.
//
// # Subscriptions
//
// One connection carries the channels of all logs that have subscribers
// (subscriptions.go). Such a connection can die without an error, so every two
// seconds a nonce is published to a channel of its own; if it does not come back,
// the connection is closed and opened anew. Whenever Redis confirms a channel, the
// first time or after a repair, its subscribers are woken: what they missed is in
// the log.
//
// # Time
//
// A log's time is that of its stamps, which never go back and never stand still:
// where the server's clock was set back, they go on from the newest by the time that
// passes (commit.lua). Replies carry it, and between two replies the local monotonic
// clock continues it. The wall clock of the servers is estimated separately
// (eventlog.Clock). A jump of a server's clock is logged and counted.
package redislog

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog"
	"nextup/internal/lograte"
)

// Options tune a Backend; the zero value is usable.
type Options struct {
	// ProbeEvery is the pause between two proofs that the subscription connection
	// is alive; the default is 2 s.
	ProbeEvery time.Duration
	// Durability is where a commit is stored before it is acknowledged.
	Durability Durability
	// TrustDisk assumes, with Disk, that Redis writes each command to disk: it is for
	// a Redis that does not show its configuration.
	TrustDisk bool
	// Logger takes a line for each repair; nil logs nothing.
	Logger *slog.Logger
}

// DefaultProbeEvery is Options.ProbeEvery's default.
const DefaultProbeEvery = 2 * time.Second

// Backend is an eventlog.Backend on Redis.
type Backend struct {
	client  redis.UniversalClient
	options Options
	subs    *subscriptions
	// database is the suffix of the names of channels; see databaseOf.
	database string
	batchers sync.Map // *batcher by the *redis.Client of a server
	trials   sync.Map // *trial likewise
	paces    sync.Map // *pace by the name of each log whose time was asked for
	jumps    atomic.Uint64
	refusing atomic.Int64

	evicts       atomic.Bool
	evictWarning lograte.Warning
	memoryUsed   atomic.Uint64 // the bits of a float64
	fullRefusals atomic.Uint64

	cancel context.CancelFunc
	done   sync.WaitGroup
}

var _ eventlog.Backend = (*Backend)(nil)

// Open connects to the Redis of the URL (see Dial) and returns once it answered
// and the subscription connection proved alive, or with an error.
func Open(ctx context.Context, url string, options Options) (*Backend, error) {
	client, err := Dial(url)
	if err != nil {
		return nil, err
	}
	b, err := New(ctx, client, options)
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return b, nil
}

// New is Open with an existing client. Close closes the client; an error leaves it
// open. The client must be set up as Dial does.
func New(ctx context.Context, client redis.UniversalClient, options Options) (*Backend, error) {
	if options.ProbeEvery <= 0 {
		options.ProbeEvery = DefaultProbeEvery
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	b := &Backend{client: client, options: options, database: databaseOf(client)}
	if err := b.sampleTime(ctx); permanent(err) {
		return nil, unfit(err)
	} else if err != nil {
		return nil, failed(err) // of a Cluster also that no node tells where its slots are
	}
	if err := b.checkDisk(ctx); err != nil {
		return nil, err
	}
	// What makes writes fail for a while is for Probe to tell; what no waiting mends
	// is said at once.
	if err := b.try(ctx, startLog); permanent(err) {
		return nil, unfit(err)
	}
	b.subs = newSubscriptions(client, options, b.sampleTime)
	running, cancel := context.WithCancel(context.Background())
	b.cancel = cancel
	b.done.Go(func() { b.subs.run(running) })
	b.done.Go(func() { b.watchMemory(running) })
	b.done.Go(func() { b.watchMasters(running) })
	if err := b.awaitSubscription(ctx); err != nil {
		cancel()
		b.subs.close()
		b.done.Wait()
		return nil, err
	}
	return b, nil
}

// Client returns the client, for packages that keep something beside the logs.
func (b *Backend) Client() redis.UniversalClient { return b.client }

// SubscriptionsLost returns how often the connection of all subscriptions failed or
// no longer echoed its probe, and was opened anew.
func (b *Backend) SubscriptionsLost() uint64 { return b.subs.lost.Load() }

// ClockJumps returns how often the clock of a server was found to have jumped, or
// another server with another clock to have taken its place.
func (b *Backend) ClockJumps() uint64 { return b.jumps.Load() }

// sampleTime asks every server for its time.
func (b *Backend) sampleTime(ctx context.Context) error {
	ask := func(ctx context.Context, node *redis.Client) error {
		sent := time.Now()
		t, err := node.Time(ctx).Result()
		if err != nil {
			return failed(err)
		}
		b.batcherOf(node).sample(t.UnixMilli(), sent)
		return nil
	}
	switch client := b.client.(type) {
	case *redis.ClusterClient:
		return client.ForEachMaster(ctx, ask)
	case *redis.Client:
		return ask(ctx, client)
	}
	return fmt.Errorf("redislog: a %T has no one clock", b.client)
}

//go:embed lease.lua
var leaseSource string

var leaseScript = redis.NewScript(leaseSource)

// Lease implements eventlog.Backend. Leases that are asked for at the same time share a
// round trip.
func (b *Backend) Lease(ctx context.Context, log eventlog.Log, name, owner string, ttl time.Duration) (bool, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	keys, args := []string{leaseKey(log.Name, name)}, []any{owner, max(milliseconds(ttl), 1)}
	var reply *redis.Cmd
	err := b.together(ctx, keys[0], func(p redis.Pipeliner) { reply = leaseScript.EvalSha(ctx, p, keys, args...) })
	if err != nil {
		return false, failed(err)
	}
	if redis.HasErrorPrefix(reply.Err(), "NOSCRIPT") {
		reply = leaseScript.Run(ctx, b.client, keys, args...)
	}
	held, err := reply.Int()
	if err != nil {
		return false, failed(err)
	}
	return held == 1, nil
}

// Subscribe implements eventlog.Backend.
func (b *Backend) Subscribe(log eventlog.Log, hear func(eventlog.Signal)) (stop func()) {
	own := b.subs.subscribe(signalsChannel(log.Name, b.database), hear)
	if b.database == "" {
		return own
	}
	// Older gateways publish what they commit to this database on the channel that all
	// databases share: that is only a wake-up, since it may come from another one.
	shared := b.subs.subscribe(signalsChannel(log.Name, ""), func(eventlog.Signal) { hear(eventlog.Signal{}) })
	return func() { own(); shared() }
}

// Signal implements eventlog.Backend.
func (b *Backend) Signal(ctx context.Context, log eventlog.Log, payload []byte) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	if err := b.client.Publish(ctx, signalsChannel(log.Name, b.database), notePrefix+string(payload)).Err(); err != nil {
		return failed(err)
	}
	return nil
}

// Now implements eventlog.Backend.
func (b *Backend) Now(log eventlog.Log) int64 {
	p, there := b.paces.Load(log.Name)
	if !there {
		p, _ = b.paces.LoadOrStore(log.Name, newPace())
	}
	return p.(*pace).now(b.Wall)
}

// Wall implements eventlog.Backend. In a Cluster, where the nodes' clocks may
// differ, it returns the median.
func (b *Backend) Wall() int64 {
	var all []int64
	b.batchers.Range(func(_, p any) bool {
		if ms, known := p.(*batcher).clock.Now(); known {
			all = append(all, ms)
		}
		return true
	})
	slices.Sort(all)
	return all[(len(all)-1)/2] // New has asked at least one
}

// Ready implements eventlog.Backend.
func (b *Backend) Ready(ctx context.Context) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	if err := b.client.Ping(ctx).Err(); err != nil {
		return failed(err)
	}
	if age := b.subs.sinceEcho(); age > 5*b.options.ProbeEvery/2 {
		return failed(errors.Join(fmt.Errorf("the subscription connection was last heard %v ago", age.Round(time.Millisecond)), b.subs.lastError()))
	}
	return nil
}

// Close implements eventlog.Backend.
func (b *Backend) Close() error {
	b.cancel()
	b.subs.close()
	b.done.Wait()
	return b.client.Close()
}

// failed wraps an error in eventlog.ErrFull for a full Redis, else in
// eventlog.ErrUnavailable.
func failed(err error) error {
	if isFull(err) {
		return fmt.Errorf("%w: %w", eventlog.ErrFull, err)
	}
	return fmt.Errorf("%w: %w", eventlog.ErrUnavailable, err)
}

// isFull reports whether the server refused to begin for want of memory.
func isFull(err error) bool { return redis.HasErrorPrefix(err, "OOM") }

// broken returns the error for something in Redis that commit.lua does not write.
func broken(what string, err error) error {
	return fmt.Errorf("%w: unreadable %s: %w", eventlog.ErrUnavailable, what, err)
}
