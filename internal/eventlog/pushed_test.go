package eventlog_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"nextup/internal/eventlog"
	"nextup/internal/eventlog/eventlogtest"
)

// pushing is a log that sends no wake-ups but those of the test.
type pushing struct {
	*eventlogtest.Outage
	hear func(eventlog.Signal)
}

func (p *pushing) Subscribe(_ eventlog.Log, hear func(eventlog.Signal)) (stop func()) {
	p.hear = hear
	return func() {}
}

// pushed are the records from one number to another, as a commit pushes them.
func (p *pushing) pushed(t *testing.T, from, to uint64) *eventlog.Pushed {
	t.Helper()
	all, err := p.Backend.Read(t.Context(), site, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	push := &eventlog.Pushed{Records: append([]eventlog.Record(nil), all[from-1:to]...)}
	if from > 1 {
		push.After = eventlog.Head{Number: from - 1, ID: all[from-2].ID, At: all[from-2].At}
	}
	return push
}

func TestWhatIsPushedIsAppliedWithoutAReadIfItContinuesTheReplica(t *testing.T) {
	alter := func(change func(*eventlog.Pushed)) func(*testing.T, *pushing) []*eventlog.Pushed {
		return func(t *testing.T, p *pushing) []*eventlog.Pushed {
			push := p.pushed(t, 6, 10)
			change(push)
			return []*eventlog.Pushed{push}
		}
	}
	tests := map[string]struct {
		push  func(*testing.T, *pushing) []*eventlog.Pushed
		reads bool
	}{
		"all at once": {alter(func(*eventlog.Pushed) {}), false},
		"in pieces": {func(t *testing.T, p *pushing) []*eventlog.Pushed {
			return []*eventlog.Pushed{p.pushed(t, 6, 7), p.pushed(t, 8, 10)}
		}, false},
		"some again": {func(t *testing.T, p *pushing) []*eventlog.Pushed {
			return []*eventlog.Pushed{p.pushed(t, 4, 5), p.pushed(t, 6, 10), p.pushed(t, 6, 7)}
		}, false},
		"one is missing": {func(t *testing.T, p *pushing) []*eventlog.Pushed { return []*eventlog.Pushed{p.pushed(t, 7, 10)} }, true},
		"out of order": {func(t *testing.T, p *pushing) []*eventlog.Pushed {
			return []*eventlog.Pushed{p.pushed(t, 8, 10), p.pushed(t, 6, 7)}
		}, true},
		"after another commit":           {alter(func(p *eventlog.Pushed) { p.After.ID = "other" }), true},
		"after the same at another time": {alter(func(p *eventlog.Pushed) { p.After.At++ }), true},
		"with another predecessor":       {alter(func(p *eventlog.Pushed) { p.Records[2].Prev = "other" }), true},
		"nothing but a wake-up":          {func(*testing.T, *pushing) []*eventlog.Pushed { return []*eventlog.Pushed{nil} }, true},
		"more than may wait": {func(t *testing.T, p *pushing) (all []*eventlog.Pushed) {
			for range 5000 {
				all = append(all, p.pushed(t, 10, 10))
			}
			return all
		}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				backend := &pushing{Outage: &eventlogtest.Outage{Backend: eventlog.NewMemory()}}
				commit(t, backend, site, 1, 5)
				f := eventlog.NewFollower(backend, site, eventlogtest.NewReplica(), eventlog.FollowerOptions{HeadCheck: time.Hour})
				go f.Run(ctx)
				synctest.Wait()
				commit(t, backend, site, 6, 10)
				reads := backend.Reads()
				for _, push := range tt.push(t, backend) {
					backend.hear(eventlog.Signal{Pushed: push})
				}
				time.Sleep(2 * eventlog.DefaultGather)
				synctest.Wait()
				if f.Number() != 10 || !f.Ready() {
					t.Fatalf("number %d, ready %v", f.Number(), f.Ready())
				}
				if n := backend.Reads() - reads; n > 0 != tt.reads {
					t.Errorf("%d reads, want some: %v", n, tt.reads)
				}
				cancel()
				synctest.Wait()
			})
		})
	}
}

// However much is pushed, the log itself is looked at once in a while.
func TestPushesDoNotReplaceTheHeadCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		backend := &pushing{Outage: &eventlogtest.Outage{Backend: eventlog.NewMemory()}}
		f := eventlog.NewFollower(backend, site, eventlogtest.NewReplica(), eventlog.FollowerOptions{})
		go f.Run(ctx)
		synctest.Wait()
		looks := func() int64 { return backend.Reads() + backend.HeadReads() }
		before := looks()
		for i := 1; i <= 100; i++ {
			commit(t, backend, site, i, i)
			backend.hear(eventlog.Signal{Pushed: backend.pushed(t, uint64(i), uint64(i))})
			time.Sleep(100 * time.Millisecond)
		}
		if n := looks() - before; n < 8 || n > 20 || f.Number() != 100 {
			t.Errorf("%d looks at the log in 10 s, number %d", n, f.Number())
		}
		cancel()
		synctest.Wait()
	})
}

// Who waits for a number that is never pushed does not wait for the head check.
func TestWhoWaitsForANumberReadsSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		backend := &pushing{Outage: &eventlogtest.Outage{Backend: eventlog.NewMemory()}}
		f := eventlog.NewFollower(backend, site, eventlogtest.NewReplica(), eventlog.FollowerOptions{HeadCheck: time.Hour})
		go f.Run(ctx)
		synctest.Wait()
		time.Sleep(time.Second)
		commit(t, backend, site, 1, 1)
		begun := time.Now()
		if err := f.WaitFor(ctx, 1); err != nil || time.Since(begun) > 10*time.Millisecond {
			t.Error(fmt.Sprint("after ", time.Since(begun), ": "), err)
		}
		cancel()
		synctest.Wait()
	})
}
