// Package redislog keeps logs in Redis: one server, a Sentinel group or a
// Cluster.
//
// # Committing
//
// One Lua script judges and applies all commits of a call, so that nobody sees
// half of one, and of calls that come together (pipe.go). All keys of a log carry its name as hash tag (keys.go), and all
// that the script touches are handed to it (commit.lua tells what they hold).
// Nothing is retried inside unless the server says that it did nothing: a lost
// reply is an eventlog.ErrUnavailable, and the caller's retry finds its own
// commit by the ID. No call takes longer than three seconds.
//
// # Durability
//
// Commit acknowledges once the commit is as durable as Options say, and proves it
// on the connection that committed. Only acknowledgements wait: a follower may
// read a record, and people may be shown it, before a replica or the disk has it.
// If it is lost after all, that is a fork, and what was shown is reset.
//
// # Hearing
//
// One connection carries the channels of all logs that somebody subscribed to. A
// subscription connection can die without a word, so every two seconds a nonce
// is published to a channel of our own; if it does not come back, the connection
// is closed and opened anew. Whenever Redis confirms a channel, the first time or
// after a repair, its subscribers are woken: what they missed is in the log.
//
// # Time
//
// A log's time is that of its stamps, which never go back and never stand still:
// where the server's clock was set back, they go on from the newest by the time that
// passes (commit.lua). Replies carry it, and between them the local monotonic clock
// goes on. The wall clock of the servers is told apart from it (eventlog.Clock). A
// jump of a server's clock is logged and counted.
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

// Options tune a Backend; the zero value is fit for use.
type Options struct {
	// ProbeEvery is the pause between two proofs that the subscription
	// connection is alive; 2 s without it.
	ProbeEvery time.Duration
	// Durability is what a commit has behind it when it is acknowledged.
	Durability Durability
	// TrustDisk believes, with Disk, that Redis writes each command to disk: for
	// a Redis that does not show its configuration.
	TrustDisk bool
	// Logger hears of repairs; nothing is logged without it.
	Logger *slog.Logger
}

// DefaultProbeEvery is Options.ProbeEvery's default.
const DefaultProbeEvery = 2 * time.Second

// Backend is an eventlog.Backend on Redis.
type Backend struct {
	client  redis.UniversalClient
	options Options
	wire    *wire
	// database ends the names of channels.
	database string
	pipes    sync.Map // *pipe by the *redis.Client of a server
	trials   sync.Map // *trial likewise
	paces    sync.Map // *pace by the name of a log whose time was asked for
	jumps    atomic.Uint64

	evicts       atomic.Bool
	evictWarning lograte.Warning

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

// New is Open on a client that is there already. Close closes it; an error
// leaves it open. The client must be set up as Dial does.
func New(ctx context.Context, client redis.UniversalClient, options Options) (*Backend, error) {
	if options.ProbeEvery <= 0 {
		options.ProbeEvery = DefaultProbeEvery
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	b := &Backend{client: client, options: options, database: databaseOf(client)}
	if err := b.sampleTime(ctx); err != nil {
		return nil, err
	}
	if err := b.checkDisk(ctx); err != nil {
		return nil, err
	}
	// What makes writes fail for a while is for Probe to tell; what no waiting mends
	// is said at once.
	if err := b.try(ctx, startLog); hopeless(err) {
		return nil, unable(err)
	}
	b.wire = newWire(client, options, b.sampleTime)
	running, cancel := context.WithCancel(context.Background())
	b.cancel = cancel
	b.done.Go(func() { b.wire.run(running) })
	b.done.Go(func() { b.watchEviction(running) })
	if err := b.listens(ctx); err != nil {
		cancel()
		b.wire.hangUp()
		b.done.Wait()
		return nil, err
	}
	return b, nil
}

// Client is the client beneath, for whoever keeps something beside the logs.
func (b *Backend) Client() redis.UniversalClient { return b.client }

// SubscriptionsLost counts the times that the connection of all subscriptions
// failed or no longer echoed its probe, and was opened anew.
func (b *Backend) SubscriptionsLost() uint64 { return b.wire.lost.Load() }

// ClockJumps counts the times that the clock of a server was found to have jumped,
// or another server with another clock to have taken its place.
func (b *Backend) ClockJumps() uint64 { return b.jumps.Load() }

// sampleTime asks every server for its time.
func (b *Backend) sampleTime(ctx context.Context) error {
	ask := func(ctx context.Context, node *redis.Client) error {
		sent := time.Now()
		t, err := node.Time(ctx).Result()
		if err != nil {
			return failed(err)
		}
		b.pipeTo(node).sample(t.UnixMilli(), sent)
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

// Lease implements eventlog.Backend.
func (b *Backend) Lease(ctx context.Context, log eventlog.Log, name, owner string, ttl time.Duration) (bool, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	held, err := leaseScript.Run(ctx, b.client, []string{leaseKey(log.Name, name)},
		owner, max(milliseconds(ttl), 1)).Int()
	if err != nil {
		return false, failed(err)
	}
	return held == 1, nil
}

// Subscribe implements eventlog.Backend.
func (b *Backend) Subscribe(log eventlog.Log, hear func(eventlog.Signal)) (stop func()) {
	own := b.wire.subscribe(signalsChannel(log.Name, b.database), hear)
	if b.database == "" {
		return own
	}
	// Gateways of before publish what they commit to this database on the channel that
	// all share: that is only a wake-up, since it may be another database's.
	shared := b.wire.subscribe(signalsChannel(log.Name, ""), func(eventlog.Signal) { hear(eventlog.Signal{}) })
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

// Wall implements eventlog.Backend. In a Cluster the nodes' clocks may differ; it is
// then the one in the middle.
func (b *Backend) Wall() int64 {
	var all []int64
	b.pipes.Range(func(_, p any) bool {
		if ms, known := p.(*pipe).clock.Now(); known {
			all = append(all, ms)
		}
		return true
	})
	slices.Sort(all)
	return all[(len(all)-1)/2] // New has asked one
}

// Ready implements eventlog.Backend.
func (b *Backend) Ready(ctx context.Context) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	if err := b.client.Ping(ctx).Err(); err != nil {
		return failed(err)
	}
	if age := b.wire.silence(); age > 5*b.options.ProbeEvery/2 {
		return failed(errors.Join(fmt.Errorf("the subscription connection was last heard %v ago", age.Round(time.Millisecond)), b.wire.failure()))
	}
	return nil
}

// Close implements eventlog.Backend.
func (b *Backend) Close() error {
	b.cancel()
	b.wire.hangUp()
	b.done.Wait()
	return b.client.Close()
}

// failed tells a full Redis from one that cannot be reached or cannot serve.
func failed(err error) error {
	if isFull(err) {
		return fmt.Errorf("%w: %w", eventlog.ErrFull, err)
	}
	return fmt.Errorf("%w: %w", eventlog.ErrUnavailable, err)
}

// isFull says that the server refused to begin, for want of memory.
func isFull(err error) bool { return redis.HasErrorPrefix(err, "OOM") }

// broken says that Redis holds something that commit.lua does not write.
func broken(what string, err error) error {
	return fmt.Errorf("%w: unreadable %s: %w", eventlog.ErrUnavailable, what, err)
}
