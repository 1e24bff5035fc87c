package redislog_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nextup/internal/eventlog"
	"nextup/internal/eventlog/eventlogtest"
	"nextup/internal/eventlog/redislog"
)

// load commits to a log without pause, each commit again and again until it is
// acknowledged, and follows the log over another backend, as two gateways do.
type load struct {
	t        testing.TB
	log      eventlog.Log
	writer   *redislog.Backend
	reader   *redislog.Backend
	stranger *redislog.Backend // whose commits need no replica and no disk
	replica  *eventlogtest.Replica
	*eventlog.Follower

	resets, failures atomic.Int64
	longest          atomic.Int64 // call, in nanoseconds
	stop             func()       // idempotent; ends the committing and not the following

	mu    sync.Mutex
	acked map[string]uint64
	last  uint64 // the newest acknowledged number
	seen  error  // the newest failure
}

func startLoad(t testing.TB, url string, change ...func(*redislog.Options)) *load {
	t.Helper()
	l := &load{
		t: t, log: eventlog.Log{Name: fmt.Sprint("load:", t.Name(), time.Now().UnixNano()), Remember: time.Minute},
		writer: open(t, url, change...), reader: open(t, url, change...),
		stranger: open(t, url), replica: eventlogtest.NewReplica(), acked: map[string]uint64{},
	}
	l.Follower = eventlog.NewFollower(l.reader, l.log, l.replica, eventlog.FollowerOptions{
		OnReset: func() { l.resets.Add(1) },
	})
	following, endFollowing := context.WithCancel(context.Background())
	ctx, cancel := context.WithCancel(context.Background())
	var follows, commits sync.WaitGroup
	follows.Go(func() { _ = l.Run(following) }) // it ends with the context's error
	for who := range 4 {
		commits.Go(func() { l.commit(ctx, who) })
	}
	l.stop = sync.OnceFunc(func() {
		cancel()
		commits.Wait()
	})
	t.Cleanup(func() {
		l.stop()
		endFollowing()
		follows.Wait()
	})
	l.wait("the load runs", func() bool { return l.acks() >= 500 && l.Ready() })
	return l
}

// commit is one committer. A commit that is under way when the load stops is
// carried to its end, so that its fate is known, if that comes within ten seconds.
func (l *load) commit(ctx context.Context, who int) {
	for i := 0; ctx.Err() == nil; i++ {
		id := fmt.Sprint(who, ".", i)
		c := eventlog.Commit{
			ID: id, Data: fmt.Append(nil, "e", i%50, "=", id),
			Writes: []eventlog.Write{{Name: fmt.Sprint("e", i%50), Body: []byte(id)}},
		}
		var ended time.Time
		for {
			began := time.Now()
			out, err := l.writer.Commit(context.Background(), l.log, []eventlog.Commit{c})
			if took := int64(time.Since(began)); took > l.longest.Load() {
				l.longest.Store(took)
			}
			if err == nil {
				l.acknowledged(id, out[0])
				break
			}
			if !errors.Is(err, eventlog.ErrUnavailable) {
				l.t.Errorf("commit %s: %v", id, err)
			}
			l.failures.Add(1)
			l.mu.Lock()
			l.seen = err
			l.mu.Unlock()
			time.Sleep(5 * time.Millisecond)
			if ctx.Err() != nil && ended.IsZero() {
				ended = time.Now()
			}
			if !ended.IsZero() && time.Since(ended) > 10*time.Second {
				l.t.Errorf("commit %s never ends: %v", id, err)
				return
			}
		}
		time.Sleep(time.Millisecond)
	}
}

func (l *load) acknowledged(id string, o eventlog.Outcome) {
	if o.Status != eventlog.Committed && o.Status != eventlog.Duplicate {
		l.t.Errorf("commit %s: status %d", id, o.Status)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked[id] = o.Head.Number
	l.last = max(l.last, o.Head.Number)
}

func (l *load) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen
}

func (l *load) acks() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acked)
}

// goesOn waits until ten more commits are acknowledged and the follower, ready,
// has passed one of them. It logs how long that took: make faults judges it.
func (l *load) goesOn(what string) {
	l.t.Helper()
	began, want := time.Now(), l.acks()+10
	l.wait("commits are acknowledged again", func() bool { return l.acks() >= want })
	l.mu.Lock()
	number := l.last
	l.mu.Unlock()
	l.wait("the follower goes on", func() bool { return l.Ready() && l.Number() >= number })
	l.t.Logf("%s: goes on after %v", what, time.Since(began).Round(time.Millisecond))
	l.wait("the backends are ready", func() bool {
		return l.writer.Ready(context.Background()) == nil && l.reader.Ready(context.Background()) == nil
	})
	l.t.Logf("%s: ready after %v", what, time.Since(began).Round(time.Millisecond))
}

// readsOn waits until the follower shows what a stranger commits, which only the
// master acknowledges, and logs how long that took.
func (l *load) readsOn(what string) {
	l.t.Helper()
	began := time.Now()
	var number uint64
	l.wait("a stranger commits", func() bool {
		out, err := l.stranger.Commit(context.Background(), l.log, one("stranger"))
		if err == nil {
			number = out[0].Head.Number
		}
		return err == nil
	})
	l.wait("the follower shows it", func() bool { return l.Ready() && l.Number() >= number })
	l.t.Logf("%s: after %v", what, time.Since(began).Round(time.Millisecond))
}

func (l *load) wait(what string, done func() bool) {
	l.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.t.Fatalf("not within 20 s: %s; ready %v at %d, acknowledged up to %d, last failure: %v",
				what, l.Ready(), l.Number(), l.last, l.seen)
		}
	}
}

// settle ends the load and returns the whole log, once the follower has it all
// and shows what Redis holds. Every commit stands in it once.
func (l *load) settle() map[string]uint64 {
	l.t.Helper()
	l.stop()
	ctx := context.Background()
	numbers, prev := map[string]uint64{}, eventlog.Record{}
	for {
		records, err := l.writer.Read(ctx, l.log, prev.Number, 1000)
		if err != nil {
			l.t.Fatal(err)
		}
		for _, r := range records {
			if r.Prev != prev.ID {
				l.t.Fatalf("record %d follows %q and not %q", r.Number, r.Prev, prev.ID)
			}
			if first := numbers[r.ID]; first != 0 {
				l.t.Errorf("commit %s happened twice, at %d and %d", r.ID, first, r.Number)
			}
			numbers[r.ID], prev = r.Number, r
		}
		if len(records) == 0 {
			break
		}
	}
	l.wait("the follower is at the end", func() bool { return l.Ready() && l.Number() == prev.Number })
	l.replica.Match(l.t, l.writer, l.log)
	return numbers
}

// nothingLost settles and fails the test unless all that was acknowledged stands
// in the log under its number.
func (l *load) nothingLost() {
	l.t.Helper()
	numbers := l.settle()
	for id, number := range l.acked {
		if numbers[id] != number {
			l.t.Errorf("commit %s was acknowledged as %d and is %d", id, number, numbers[id])
		}
	}
	l.t.Logf("%d commits acknowledged, %d tries failed, the longest call took %v, %d resets",
		len(l.acked), l.failures.Load(), time.Duration(l.longest.Load()).Round(time.Millisecond), l.resets.Load())
}
