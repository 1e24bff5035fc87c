package logstore_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nextup/internal/eventlog"
	"nextup/queue"
	"nextup/queue/logstore"
)

// silent is a replica that takes nothing.
type silent struct{ t *testing.T }

func (silent) Knows() queue.Level                           { return queue.Level1 }
func (s silent) Restore(uint64, queue.Stamp, []queue.Image) { s.t.Error("a snapshot is given") }
func (s silent) Apply([]queue.Record)                       { s.t.Error("records are given") }
func (silent) Notify()                                      {}
func (silent) Reset()                                       {}

// What else a newer version wrote does not hide that the log is at its level.
func TestANewerLevelIsNamedThoughNothingElseCanBeRead(t *testing.T) {
	memory := eventlog.NewMemory()
	defer memory.Close()
	_, err := memory.Commit(t.Context(), logstore.LogOf("demo"), []eventlog.Commit{{
		ID: "a", Writes: []eventlog.Write{{Name: "?/of-9", Body: []byte("{}")}, {Name: "l/", Body: []byte(`{"level":9,"raised_at":-1,"by":{}}`)}},
		Data: []byte(`{"s":1,"c":"level_raised","w":[{"n":"l/","b":{"level":9}},{"n":"?/of-9","b":{}}]}`),
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	f := logstore.New(memory).Follow(ctx, "demo", silent{t})
	defer func() { cancel(); <-f.Done() }()
	within, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	var old *queue.TooOldError
	if err := f.Sync(within); !errors.As(err, &old) || old.Level != 9 || old.Known != queue.Level1 {
		t.Errorf("it says %v", err)
	}
}

// whole is a backend that must not be scanned, as large as a site may be.
type whole struct {
	eventlog.Backend
	t *testing.T
}

func (w whole) Scan(context.Context, eventlog.Log, uint64) ([]eventlog.Entity, uint64, error) {
	w.t.Error("the whole site is scanned")
	return nil, 0, nil
}

// A command that asks for the level of a site reads that alone: a scan takes long, and may
// meet one entity twice, as it was and as it is.
func TestTheLevelOfASiteIsReadAlone(t *testing.T) {
	memory := eventlog.NewMemory()
	defer memory.Close()
	store := logstore.New(whole{memory, t})
	if level, err := store.Level(t.Context(), "demo"); err != nil || level != nil {
		t.Errorf("of a new site it is %+v, %v", level, err)
	}
	var before *queue.SiteLevel
	for want := queue.Level(1); want < 3; want++ {
		c, err := queue.RaiseLevel(before, want, "test")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Commit(t.Context(), "demo", []queue.Change{c}); err != nil {
			t.Fatal(err)
		}
		if before, err = store.Level(t.Context(), "demo"); err != nil || before == nil || before.Level != want || before.RaisedAt <= 0 {
			t.Fatalf("it is %+v, %v, want level %d", before, err, want)
		}
	}
}

// flaky is a backend that can be away.
type flaky struct {
	eventlog.Backend
	away atomic.Bool
}

func (f *flaky) Read(ctx context.Context, log eventlog.Log, after uint64, limit int) ([]eventlog.Record, error) {
	if f.away.Load() {
		return nil, errors.New("away")
	}
	return f.Backend.Read(ctx, log, after, limit)
}

func (f *flaky) Heads(ctx context.Context, logs []eventlog.Log) ([]eventlog.Head, error) {
	if f.away.Load() {
		return nil, errors.New("away")
	}
	return f.Backend.Heads(ctx, logs)
}

// A process that is too old for a site says so also while the log cannot be reached.
func TestThatAProcessIsTooOldIsNotForgottenWhileTheLogIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := eventlog.NewMemory()
		backend := &flaky{Backend: memory}
		store := logstore.New(backend)
		change, err := queue.RaiseLevel(nil, 9, "test")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Commit(t.Context(), "demo", []queue.Change{change}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		f := store.Follow(ctx, "demo", silent{t})
		for _, away := range []bool{false, true, false} {
			backend.away.Store(away)
			time.Sleep(time.Minute)
			if old := (*queue.TooOldError)(nil); !errors.As(f.Err(), &old) || old.Level != 9 {
				t.Errorf("while the log is away (%v) it says %v", away, f.Err())
			}
		}
		cancel()
		<-f.Done()
		_ = memory.Close()
	})
}
