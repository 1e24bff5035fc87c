package eventlog_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nextup/internal/eventlog"
	"nextup/internal/eventlog/eventlogtest"
)

var site = eventlog.Log{Name: "s:follower", Remember: time.Minute, Trim: time.Minute}

func commit(t *testing.T, b eventlog.Backend, log eventlog.Log, from, to int) {
	t.Helper()
	for i := from; i <= to; i++ {
		out, err := b.Commit(t.Context(), log, []eventlog.Commit{{
			ID:     fmt.Sprint("c", i),
			Writes: []eventlog.Write{{Name: fmt.Sprint("e", i%7), Body: fmt.Append(nil, i)}},
			Data:   fmt.Append(nil, "e", i%7, "=", i),
		}})
		if err != nil || out[0].Status != eventlog.Committed {
			t.Fatalf("commit %d: %v %v", i, out, err)
		}
	}
}

func TestAFollowerReadsTheFirstWakeUpAtOnceAndGathersTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		backend := &eventlogtest.Outage{Backend: eventlog.NewMemory()}
		replica := eventlogtest.NewReplica()
		f := eventlog.NewFollower(backend, site, replica, eventlog.FollowerOptions{HeadCheck: time.Hour})
		go f.Run(ctx)
		synctest.Wait()
		time.Sleep(time.Minute)
		synctest.Wait()

		start, reads := time.Now(), backend.Reads()
		commit(t, backend, site, 1, 1)
		synctest.Wait()
		if f.Number() != 1 || time.Since(start) != 0 {
			t.Fatalf("after an idle minute number %d after %v", f.Number(), time.Since(start))
		}
		for i := 2; i <= 50; i++ {
			commit(t, backend, site, i, i)
			synctest.Wait()
		}
		if f.Number() != 1 {
			t.Fatalf("number %d: wake-ups within 3 ms of a read did not gather", f.Number())
		}
		time.Sleep(eventlog.DefaultGather)
		synctest.Wait()
		if f.Number() != 50 {
			t.Fatalf("number %d, not 50, after the pause", f.Number())
		}
		if n := backend.Reads() - reads; n != 2 {
			t.Fatalf("%d reads for 50 commits, not 2", n)
		}
		cancel()
		synctest.Wait()
	})
}

func TestAHeadCheckFindsWhatALostWakeUpLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		backend := &eventlogtest.Outage{Backend: eventlog.NewMemory()}
		f := eventlog.NewFollower(backend, site, eventlogtest.NewReplica(), eventlog.FollowerOptions{})
		go f.Run(ctx)
		synctest.Wait()
		backend.Deafen(true)
		commit(t, backend, site, 1, 3)
		time.Sleep(1300 * time.Millisecond)
		synctest.Wait()
		if f.Number() != 3 {
			t.Fatalf("number %d after a head check, not 3", f.Number())
		}
		cancel()
		synctest.Wait()
	})
}

// An idle log is asked for its head alone, and all followers of a process ask in the same
// moment.
func TestIdleFollowersAskForTheHeadTogetherAndReadNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		backend := &eventlogtest.Outage{Backend: eventlog.NewMemory()}
		const followers, span = 20, 10
		for i := range followers {
			go eventlog.NewFollower(backend, site, eventlogtest.NewReplica(), eventlog.FollowerOptions{}).Run(ctx)
			time.Sleep(time.Duration(i) * 7 * time.Millisecond)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		reads, heads, moments := backend.Reads(), backend.HeadReads(), 0
		for range span * 100 {
			before := backend.HeadReads()
			time.Sleep(10 * time.Millisecond)
			synctest.Wait()
			if backend.HeadReads() > before {
				moments++
			}
		}
		if n := backend.Reads() - reads; n > 0 {
			t.Errorf("%d reads of a log that has nothing new", n)
		}
		if n := backend.HeadReads() - heads; n < (span-1)*followers || moments > span+1 {
			t.Errorf("%d heads at %d moments in %d s", n, moments, span)
		}
		cancel()
		synctest.Wait()
	})
}

func TestAFollowerIsUnreadyWhileTheLogIsOutOfReachAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		memory := eventlog.NewMemory()
		backend := &eventlogtest.Outage{Backend: memory}
		var failures atomic.Int32
		f := eventlog.NewFollower(backend, site, eventlogtest.NewReplica(), eventlog.FollowerOptions{
			OnError: func(err error) {
				if !errors.Is(err, eventlog.ErrUnavailable) {
					t.Errorf("told %v", err)
				}
				failures.Add(1)
			},
		})
		go f.Run(ctx)
		synctest.Wait()
		if !f.Ready() {
			t.Fatal("not ready on an empty log")
		}
		backend.Set(true)
		commit(t, memory, site, 1, 1)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if f.Ready() || f.Number() != 0 {
			t.Fatalf("ready %v at %d without a log", f.Ready(), f.Number())
		}
		if n := failures.Load(); n < 5 || n > 30 {
			t.Fatalf("%d tries in 10 s: no back-off", n)
		}
		backend.Set(false)
		if err := f.WaitFor(ctx, 1); err != nil || !f.Ready() {
			t.Fatalf("after the outage: %v, ready %v", err, f.Ready())
		}
		cancel()
		synctest.Wait()
	})
}

func TestAReplicaThatRefusesMakesTheFollowerUnreadyUntilItTakesASnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		backend := eventlog.NewMemory()
		replica := eventlogtest.NewReplica()
		unknown := errors.New("unknown schema")
		var told atomic.Value
		f := eventlog.NewFollower(backend, site, replica, eventlog.FollowerOptions{
			OnError: func(err error) { told.Store(err) },
		})
		go f.Run(ctx)
		synctest.Wait()
		replica.Refuse(unknown)
		commit(t, backend, site, 1, 20)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if err, _ := told.Load().(error); !errors.Is(err, unknown) || f.Ready() {
			t.Fatalf("told %v, ready %v", told.Load(), f.Ready())
		}
		replica.Refuse(nil)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if !f.Ready() || f.Number() != 20 {
			t.Fatalf("ready %v at %d", f.Ready(), f.Number())
		}
		replica.Match(t, backend, site)
		cancel()
		synctest.Wait()
	})
}

func TestASnapshotTakenWhileTheLogMovesEndsAtTheTruth(t *testing.T) {
	memory := eventlog.NewMemory()
	commit(t, memory, site, 1, 30)
	backend := &eventlogtest.Outage{Backend: memory}
	replica := eventlogtest.NewReplica()
	f := eventlog.NewFollower(backend, site, replica, eventlog.FollowerOptions{})
	backend.BeforeScan = func() { commit(t, memory, site, 31, 40) }
	replica.OnLoad = func(head eventlog.Head, entities []eventlog.Entity) {
		newest := uint64(0)
		for _, e := range entities {
			newest = max(newest, e.Number)
		}
		if head.Number != 30 || newest != 40 {
			t.Errorf("the case is not what it should be: head %d, newest entity %d", head.Number, newest)
		}
		if f.Ready() {
			t.Error("ready before the records of the newest entity")
		}
	}
	if err := f.Step(t.Context()); err != nil || !f.Ready() || f.Number() != 40 {
		t.Fatalf("%v, ready %v at %d", err, f.Ready(), f.Number())
	}
	replica.Match(t, memory, site)
}

func TestAForkDuringTheSnapshotIsNoticed(t *testing.T) {
	memory := eventlog.NewMemory()
	commit(t, memory, site, 1, 10)
	restore := memory.Checkpoint(site)
	backend := &eventlogtest.Outage{Backend: memory}
	replica := eventlogtest.NewReplica()
	resets := 0
	f := eventlog.NewFollower(backend, site, replica, eventlog.FollowerOptions{OnReset: func() { resets++ }})
	backend.BeforeScan = func() { commit(t, memory, site, 11, 15) }
	replica.OnLoad = func(eventlog.Head, []eventlog.Entity) {
		replica.OnLoad = nil
		restore()                         // 11 to 15 are lost
		commit(t, memory, site, 101, 106) // and used again
	}
	if err := f.Step(t.Context()); err != nil || f.Number() != 16 {
		t.Fatalf("%v at %d", err, f.Number())
	}
	if resets != 1 {
		t.Errorf("%d resets", resets)
	}
	replica.Match(t, memory, site)
}

func TestWaitForEndsWithItsContext(t *testing.T) {
	f := eventlog.NewFollower(eventlog.NewMemory(), site, eventlogtest.NewReplica(), eventlog.FollowerOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.WaitFor(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if err := f.WaitFor(ctx, 0); err != nil {
		t.Fatalf("what is reached already: %v", err)
	}
}

// A replica that cannot read the log, as in a process that is too old for it, does not have
// the whole log scanned every second.
func TestALogThatTheReplicaRefusesIsTriedLessAndLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		backend := eventlog.NewMemory()
		commit(t, backend, site, 1, 5)
		replica := eventlogtest.NewReplica()
		var tries atomic.Int64
		replica.OnLoad = func(eventlog.Head, []eventlog.Entity) { tries.Add(1) }
		replica.Refuse(errors.New("too new"))
		f := eventlog.NewFollower(backend, site, replica, eventlog.FollowerOptions{})
		ended := make(chan struct{})
		go func() { defer close(ended); _ = f.Run(ctx) }()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := tries.Load(); n < 10 || n > 100 {
			t.Errorf("%d tries in ten minutes", n)
		}
		replica.Refuse(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if !f.Ready() {
			t.Error("it does not go on")
		}
		cancel()
		<-ended
		_ = backend.Close()
	})
}
