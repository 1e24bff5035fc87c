package redislog

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog"
)

// How long the answer of a probe counts: one that commits are taken, and one that
// they are not, of which people wait for the end.
const (
	probeLife   = time.Second
	refusalLife = 250 * time.Millisecond
)

// probeKeep is how long the keys of a probe are kept.
const probeKeep = time.Minute

// trial is the newest probe of one server.
type trial struct {
	mu  sync.Mutex
	at  time.Time // zero: no answer counts
	err error
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
	found, _ := b.trials.LoadOrStore(node, &trial{})
	t := found.(*trial)
	t.mu.Lock() // who comes meanwhile has the same answer
	defer t.mu.Unlock()
	life := probeLife
	if t.err != nil {
		life = refusalLife
	}
	if t.at.IsZero() || time.Since(t.at) >= life {
		err := b.try(ctx, log.Name)
		if ofSlot(err) {
			return err
		}
		t.err, t.at = err, time.Now()
	}
	return t.err
}

// ofSlot says that a Cluster refuses what is in one slot.
func ofSlot(err error) bool {
	_, moved := redis.IsMovedError(err)
	_, asked := redis.IsAskError(err)
	return moved || asked || redis.IsTryAgainError(err) || redis.IsClusterDownError(err)
}

// try commits beside the log and returns once that is as durable as it should be.
func (b *Backend) try(ctx context.Context, log string) error {
	c := call{
		log: eventlog.Log{Name: log, Remember: time.Second, Trim: time.Second, Keep: probeKeep},
		commits: []eventlog.Commit{{
			ID:     "probe:" + strconv.FormatUint(rand.Uint64(), 36),
			Data:   []byte("probe"),
			Writes: []eventlog.Write{{Name: "written", Body: []byte("probe")}, {Name: "removed"}},
			Ranks:  []eventlog.Rank{{Set: "probe", Member: "m"}, {Set: "probe", Member: "m", Remove: true}},
		}},
		probe: true,
	}
	out, proof, err := b.run(ctx, c)
	if err == nil && slices.ContainsFunc(out, acknowledges) {
		err = proven(proof)
	}
	return err
}
