package redislog

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/cadence"
	"nextup/internal/eventlog"
	"nextup/internal/lograte"
)

// How long the answer of a probe counts: one that commits are taken, and one that
// they are not, of which people wait for the end. Those who ask at a cadence in the same
// moment have an answer of that moment.
const (
	probeLife   = 900 * time.Millisecond
	refusalLife = 225 * time.Millisecond
)

// probeKeep is how long the keys of a probe are kept.
const probeKeep = time.Minute

// trial is the newest probe of one server.
type trial struct {
	mu  sync.Mutex // held while the server is asked
	err error
	at  atomic.Pointer[time.Time] // when it was asked; nil: no answer counts
	// refusal is err, for those who do not wait for a probe under way.
	refusal atomic.Pointer[error]
	// log is in a slot of the server, for as long as none of its sites' is asked for;
	// only watchMasters uses it, and warning.
	log     string
	warning lograte.Warning
}

func (b *Backend) trialOf(node *redis.Client) *trial {
	if t, ok := b.trials.Load(node); ok {
		return t.(*trial)
	}
	t, _ := b.trials.LoadOrStore(node, &trial{})
	return t.(*trial)
}

// due reports whether the newest answer has been there for longer than it counts by
// so much.
func (t *trial) due(late time.Duration) bool {
	at := t.at.Load()
	life := probeLife
	if t.refused() != nil {
		life = refusalLife
	}
	return at == nil || time.Since(*at) >= life+late
}

// refused is why the newest probe was refused, or nil.
func (t *trial) refused() error {
	if err := t.refusal.Load(); err != nil {
		return *err
	}
	return nil
}

// Probe implements eventlog.Backend. It runs the commit script with commands of
// every kind that commits use, in the slot of the log, on keys that expire. A
// server is asked at most once a second, for however many logs: what makes it
// refuse writes, it refuses for all. A slot that a Cluster does not serve is no such
// thing: its logs cannot be read either, and the others hear nothing of it.
func (b *Backend) Probe(ctx context.Context, log eventlog.Log) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	node, err := b.master(ctx, headKey(log.Name))
	if err != nil {
		return failed(err)
	}
	t := b.trialOf(node)
	t.mu.Lock() // who comes meanwhile has the same answer
	defer t.mu.Unlock()
	if t.due(0) {
		return b.askLocked(ctx, t, log.Name)
	}
	return t.err
}

// askLocked asks the server that keeps the log.
func (b *Backend) askLocked(ctx context.Context, t *trial, log string) error {
	err := b.try(ctx, log)
	if ofSlot(err) {
		return err
	}
	now := time.Now()
	t.err = err
	t.refusal.Store(&err)
	t.at.Store(&now)
	return err
}

// ofSlot reports whether a Cluster refuses what is in one slot.
func ofSlot(err error) bool {
	_, moved := redis.IsMovedError(err)
	_, asked := redis.IsAskError(err)
	return moved || asked || redis.IsTryAgainError(err) || redis.IsClusterDownError(err)
}

// try commits beside the log and returns once that is as durable as it should be.
func (b *Backend) try(ctx context.Context, log string) error {
	var may *permissions
	c := call{
		log: eventlog.Log{Name: log, Remember: time.Second, Trim: time.Second, Keep: probeKeep},
		commits: []eventlog.Commit{{
			ID:     "probe:" + strconv.FormatUint(rand.Uint64(), 36),
			Data:   []byte("probe"),
			Writes: []eventlog.Write{{Name: "written", Body: []byte("probe")}, {Name: "removed"}},
			Ranks:  []eventlog.Rank{{Set: "probe", Member: "m"}, {Set: "probe", Member: "m", Remove: true}},
		}},
		probe: true,
		// In the same round trip; what the user may not do says more than how the commit
		// fails for it.
		first: func(p redis.Pipeliner) { may = b.askPermissions(ctx, p, log) },
	}
	out, proof, err := b.run(ctx, c)
	if denied := may.denied(); denied != nil {
		return denied
	}
	if err == nil && slices.ContainsFunc(out, acknowledges) {
		err = proven(proof)
	}
	return err
}

// mastersLook is how often watchMasters looks for servers whose answers are too old, and
// soleLook how often it looks at one that keeps all logs: their own probes find out.
const (
	mastersLook = 250 * time.Millisecond
	soleLook    = time.Second
)

// watchMasters asks every server that was not asked of late, since a conversation's
// may be one that keeps no site: from when it refuses until it takes commits again,
// those to its logs are refused at once, and a line a minute says so.
func (b *Backend) watchMasters(ctx context.Context) {
	every := mastersLook
	if _, sole := b.client.(*redis.Client); sole {
		every = soleLook
	}
	for more := true; more; more = cadence.Wait(ctx, every) {
		refusing := new(atomic.Int64)
		looking, cancel := bounded(ctx)
		if b.eachMaster(looking, func(ctx context.Context, node *redis.Client) error {
			t := b.trialOf(node)
			if err := t.refused(); err != nil {
				refusing.Add(1)
				t.warning.Log(b.options.Logger, "a Redis server takes no commits: what is written to its logs is refused", "server", node.Options().Addr, "err", err)
			}
			if !t.due(mastersLook) || !t.mu.TryLock() {
				return nil
			}
			b.done.Go(func() { // beside it: no other server waits for one that hangs
				defer t.mu.Unlock()
				b.watchLocked(node, t)
			})
			return nil
		}) == nil {
			b.refusing.Store(refusing.Load())
		}
		cancel()
	}
}

// maxNames bounds how many names are tried for one in a slot of a server, of which
// each of a hundred masters has one in a hundred.
const maxNames = 1000

// watchLocked asks a server by a log in one of its slots.
func (b *Backend) watchLocked(node *redis.Client, t *trial) {
	ctx, cancel := bounded(context.Background())
	defer cancel()
	keeps := func(log string) bool {
		found, err := b.master(ctx, headKey(log))
		return err == nil && found == node
	}
	for n := 0; t.log == "" || !keeps(t.log); n++ {
		if n == maxNames {
			return // a master without slots keeps no log
		}
		t.log = "watch" + strconv.Itoa(n)
	}
	_ = b.askLocked(ctx, t, t.log)
}

// Refusing is how many of the servers that keep logs take no commits, or only those
// that free memory.
func (b *Backend) Refusing() int { return int(b.refusing.Load()) }

// refuses is why a server would refuse a commit, or nil. One that is full says so of
// each itself, since it takes some.
func (b *Backend) refuses(node *redis.Client) error {
	err := b.trialOf(node).refused()
	if err == nil || errors.Is(err, eventlog.ErrFull) {
		return nil
	}
	return fmt.Errorf("%w: %w", eventlog.ErrUntried, err)
}

// doubt has the server of a log asked anew, since a commit to it failed.
func (b *Backend) doubt(ctx context.Context, log eventlog.Log) {
	if node, err := b.master(ctx, headKey(log.Name)); err == nil {
		b.trialOf(node).at.Store(nil)
	}
}
