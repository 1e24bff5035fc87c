package eventlog_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"nextup/internal/eventlog"
	"nextup/internal/eventlog/eventlogtest"
)

func TestMemoryIsABackend(t *testing.T) {
	eventlogtest.Run(t, func(t *testing.T) eventlogtest.Setup {
		m := eventlog.NewMemory()
		return eventlogtest.Setup{
			Backend: m, Second: m,
			Checkpoint: func(_ testing.TB, log eventlog.Log) func() { return m.Checkpoint(log) },
		}
	})
}

func BenchmarkMemory(b *testing.B) { eventlogtest.Bench(b, eventlog.NewMemory()) }

// hands is a clock that tests set.
type hands struct {
	mu  sync.Mutex
	now time.Time
}

func (h *hands) time() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hands) move(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func TestMemoryDropsLogsThatNobodyAsksForAgain(t *testing.T) {
	clock := &hands{now: time.UnixMilli(1_000_000)}
	m := eventlog.NewMemory(eventlog.WithClock(clock.time))
	for i := range 100 {
		commit(t, m, eventlog.Log{Name: fmt.Sprint("c:", i), Keep: time.Hour}, 1, 1)
	}
	clock.move(2 * time.Hour)
	for i := range 2000 {
		commit(t, m, site, i, i)
	}
	if n := m.Logs(); n != 1 {
		t.Fatalf("%d logs are left, not 1", n)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	m := eventlog.NewMemory(eventlog.WithMaxRecords(10))
	commit(t, m, site, 1, 25)
	if _, err := m.Read(t.Context(), site, 14, 1); !errors.Is(err, eventlog.ErrTrimmed) {
		t.Errorf("a log with Trim: %v", err)
	}
	if r, err := m.Read(t.Context(), site, 15, 20); err != nil || len(r) != 10 {
		t.Errorf("a log with Trim: %d records, %v", len(r), err)
	}
	forever := eventlog.Log{Name: "c:forever"}
	commit(t, m, forever, 1, 10)
	_, err := m.Commit(t.Context(), forever, []eventlog.Commit{{ID: "more"}})
	if !errors.Is(err, eventlog.ErrFull) || !errors.Is(err, eventlog.ErrUnavailable) {
		t.Errorf("a log without Trim: %v", err)
	}
	out, err := m.Commit(t.Context(), forever, []eventlog.Commit{{ID: "end", Seal: true, ReleasesMemory: true}})
	if err != nil || out[0].Status != eventlog.Committed {
		t.Errorf("a commit that frees: %v %v", out, err)
	}
}

func TestMemoryGathersWakeUpsAndBoundsNotesOfASlowSubscriber(t *testing.T) {
	m := eventlog.NewMemory()
	entered, leave := make(chan eventlog.Signal, 1000), make(chan struct{})
	stop := m.Subscribe(site, func(s eventlog.Signal) {
		entered <- s
		<-leave
	})
	defer stop()
	<-entered // the first wake-up is in hand, and the subscriber stalls
	for i := range 500 {
		commit(t, m, site, i, i)
		if err := m.Signal(t.Context(), site, []byte("note")); err != nil {
			t.Fatal(err)
		}
	}
	close(leave)
	wakes, notes := 0, 0
	for notes < 64 {
		if s := <-entered; s.Payload == nil {
			wakes++
		} else {
			notes++
		}
	}
	commit(t, m, site, 1000, 1000)
	if s := <-entered; s.Payload != nil || wakes != 1 {
		t.Fatalf("%d wake-ups, then %q", wakes, s.Payload)
	}
}
