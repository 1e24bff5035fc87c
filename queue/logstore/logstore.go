// Package logstore is the one queue.Store: it carries changes to a site's log and
// records back, over any backend:
//
//	memory := eventlog.NewMemory()       // this process: no durability, one node
//	store := logstore.New(memory)
//
//	backend, err := redislog.Open(ctx, url, redislog.Options{})  // single, Sentinel or Cluster
//	store := logstore.New(backend)
//
// Stores over the same memory are to each other what gateways over one Redis
// are. On Redis all keys of a site share one hash tag, so a site lives on one
// shard and a change is one script; package redislog lists the keys.
//
// The log of a site is named "s:<site>". It remembers commit ids for ten
// minutes and keeps its records for at least as long, so a gateway that was
// away for less catches up without a snapshot.
package logstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"nextup/internal/eventlog"
	"nextup/queue"
)

// History is how long commit ids are remembered and records are kept.
const History = 10 * time.Minute

// LogOf returns the log of a site.
func LogOf(site string) eventlog.Log {
	return eventlog.Log{Name: "s:" + site, Remember: History, Trim: History}
}

// Store implements queue.Store over an eventlog.Backend.
type Store struct{ backend eventlog.Backend }

// New returns a store over a backend, which stays the caller's to close.
func New(backend eventlog.Backend) *Store { return &Store{backend} }

// Backend returns the backend that keeps the logs.
func (s *Store) Backend() eventlog.Backend { return s.backend }

// Now implements queue.Store.
func (s *Store) Now(site string) queue.Stamp { return queue.Stamp(s.backend.Now(LogOf(site))) }

// Wall implements queue.Store.
func (s *Store) Wall() queue.Stamp { return queue.Stamp(s.backend.Wall()) }

// Lease implements queue.Store.
func (s *Store) Lease(ctx context.Context, site, node string, ttl time.Duration) (bool, error) {
	held, err := s.backend.Lease(ctx, LogOf(site), "dispatcher", node, ttl)
	return held, unavailable(err)
}

// Probe implements queue.Store.
func (s *Store) Probe(ctx context.Context, site string) error {
	return unavailable(s.backend.Probe(ctx, LogOf(site)))
}

func unavailable(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, eventlog.ErrFull):
		return fmt.Errorf("%w: %w", queue.ErrFull, err)
	}
	return fmt.Errorf("%w: %w", queue.ErrUnavailable, err)
}

// Commit implements queue.Store.
func (s *Store) Commit(ctx context.Context, site string, changes []queue.Change) ([]queue.Outcome, error) {
	commits := make([]eventlog.Commit, len(changes))
	for i := range changes {
		c, err := encode(&changes[i])
		if err != nil {
			return nil, err
		}
		commits[i] = c
	}
	outcomes, err := s.backend.Commit(ctx, LogOf(site), commits)
	if err != nil {
		return nil, unavailable(err)
	}
	verdicts := make([]queue.Outcome, len(outcomes))
	for i, o := range outcomes {
		verdicts[i] = queue.Outcome{Verdict: verdict(o.Status), Number: o.Head.Number}
	}
	return verdicts, nil
}

func verdict(s eventlog.Status) queue.Verdict {
	switch s {
	case eventlog.Committed, eventlog.Duplicate:
		return queue.Done
	case eventlog.TooEarly:
		return queue.Early
	case eventlog.TooLate:
		return queue.Late
	case eventlog.IDConflict:
		return queue.IDConflict
	case eventlog.Conflict, eventlog.Fenced, eventlog.Sealed:
		return queue.Conflict
	}
	return queue.Conflict
}

// encode turns a change into a commit of the log.
func encode(c *queue.Change) (eventlog.Commit, error) {
	out := eventlog.Commit{
		ID: c.ID, Intent: c.Intent, ReleasesMemory: c.ReleasesMemory,
		NotBefore: int64(c.NotBefore), NotAfter: int64(c.NotAfter),
		Reads:  make([]eventlog.Read, len(c.Reads)),
		Writes: make([]eventlog.Write, len(c.Writes)),
	}
	for i, r := range c.Reads {
		out.Reads[i] = eventlog.Read(r)
	}
	bodies := make([][]byte, len(c.Writes))
	for i, w := range c.Writes {
		if w.Image != nil {
			body, err := queue.EncodeImage(w.Image)
			if err != nil {
				return out, err
			}
			bodies[i] = body
		}
		out.Writes[i] = eventlog.Write{Name: w.Name, Body: bodies[i]}
	}
	for _, r := range c.Ranks() {
		out.Ranks = append(out.Ranks, eventlog.Rank{
			Set: r.Queue.String(), Member: r.Ticket, Number: r.Joined,
			Score: int64(r.Score), FromStamp: r.FromStamp, Remove: r.Remove,
		})
	}
	var err error
	out.Data, err = queue.EncodeRecord(c, bodies)
	return out, err
}

// Follow implements queue.Store.
func (s *Store) Follow(ctx context.Context, site string, replica queue.Replica) queue.Follower {
	return s.follow(ctx, site, replica, func(*eventlog.Follower) {})
}

// FollowFrom implements queue.Store.
func (s *Store) FollowFrom(ctx context.Context, site string, from queue.Head, replica queue.Replica) queue.Follower {
	return s.follow(ctx, site, replica, func(f *eventlog.Follower) {
		f.StartAt(eventlog.Head{Number: from.Number, ID: from.ID, At: int64(from.At)})
	})
}

func (s *Store) follow(ctx context.Context, site string, replica queue.Replica, begin func(*eventlog.Follower)) queue.Follower {
	s.Now(site) // from now on the backend keeps the log's time
	f := &follower{done: make(chan struct{})}
	f.Follower = eventlog.NewFollower(s.backend, LogOf(site), decoder{replica, f.loaded}, eventlog.FollowerOptions{
		OnReset:    replica.Reset,
		OnReleased: replica.Notify,
		OnError:    f.fail,
	})
	begin(f.Follower)
	go func() {
		defer close(f.done)
		_ = f.Run(ctx) // it ends with the context's error and no other
	}()
	return f
}

// follower remembers why it is not ready. That it is too old stays the reason until it
// could load the log, also while the log cannot be reached.
type follower struct {
	*eventlog.Follower
	done chan struct{}
	mu   sync.Mutex
	err  error
}

// Done implements queue.Follower.
func (f *follower) Done() <-chan struct{} { return f.done }

func (f *follower) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var old *queue.TooOldError
	if !errors.As(f.err, &old) || errors.As(err, &old) {
		f.err = err
	}
}

// loaded notes that the log could be read.
func (f *follower) loaded() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = nil
}

// Sync implements queue.Follower.
func (f *follower) Sync(ctx context.Context) error { return unavailable(f.Step(ctx)) }

// Err implements queue.Follower.
func (f *follower) Err() error {
	if f.Ready() {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// decoder feeds a queue.Replica from the bytes of a log.
type decoder struct {
	replica queue.Replica
	loaded  func() // called when a snapshot was given to it
}

// Load implements eventlog.Replica. It reads the level first: an entity that cannot be
// read is then one of a newer version.
func (d decoder) Load(head eventlog.Head, entities []eventlog.Entity) error {
	for _, e := range entities {
		if e.Name != queue.LevelName {
			continue
		}
		i, err := queue.DecodeImage(e.Name, e.Body)
		if err := cmp.Or(err, queue.CheckLevel(i, d.replica.Knows())); err != nil {
			return err
		}
	}
	images := make([]queue.Image, 0, len(entities))
	for _, e := range entities {
		i, err := queue.DecodeImage(e.Name, e.Body)
		if err != nil {
			return err
		}
		queue.Resolve(i, queue.Revision{Version: e.Version, Number: e.Number}, queue.Stamp(e.At))
		images = append(images, i)
	}
	d.replica.Restore(head.Number, queue.Stamp(head.At), images)
	d.loaded()
	return nil
}

// Apply implements eventlog.Replica.
func (d decoder) Apply(records []eventlog.Record) error {
	out := make([]queue.Record, len(records))
	for i, r := range records {
		rec, err := queue.DecodeRecord(r.Number, r.ID, queue.Stamp(r.At), r.Data)
		if err != nil {
			return err
		}
		for _, w := range rec.Writes {
			if err := queue.CheckLevel(w.Image, d.replica.Knows()); err != nil {
				return err
			}
		}
		out[i] = rec
	}
	d.replica.Apply(out)
	return nil
}
