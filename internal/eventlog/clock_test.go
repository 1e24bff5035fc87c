package eventlog_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nextup/internal/eventlog"
	"nextup/internal/eventlog/eventlogtest"
)

// set is a clock that tests set ahead of the real one.
type setClock struct{ ahead atomic.Int64 }

func (c *setClock) set(ahead time.Duration) { c.ahead.Store(int64(ahead)) }
func (c *setClock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }

func TestDeadlinesPassInMemoryWhateverTheClockDoes(t *testing.T) {
	clock := &setClock{}
	eventlogtest.ClockIsSet(t, eventlog.NewMemory(eventlog.WithClock(clock.now)), clock.set)
}

func TestALeadOverTheClockShrinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := &setClock{}
		m := eventlog.NewMemory(eventlog.WithClock(clock.now))
		clock.set(time.Minute)
		commit(t, m, site, 1, 1)
		clock.set(0)
		lead := func() time.Duration { return time.Duration(m.Now(site)-time.Now().UnixMilli()) * time.Millisecond }
		if got := lead(); got != time.Minute {
			t.Fatalf("the stamps lead by %v", got)
		}
		stamps := 1
		goesOn := func(times int) {
			for range times {
				time.Sleep(20 * time.Second)
				stamps++
				commit(t, m, site, stamps, stamps)
			}
		}
		goesOn(64)
		if got := lead(); got != 40*time.Second {
			t.Errorf("after 64 times 20 s they lead by %v, want 40 s", got)
		}
		goesOn(3 * 64)
		if got := lead(); got != 0 {
			t.Errorf("in the end they lead by %v", got)
		}
	})
}

// Who judges tokens sees these times; in each case the server shows the true time for
// a minute first, and this process's own clock is wrong by a quarter of an hour.
func TestATokenIsNotJudgedByAClockThatHasJustJumped(t *testing.T) {
	const hour = time.Hour
	type step struct{ after, ahead, told time.Duration }
	tests := map[string]struct {
		steps []step
		jumps int
	}{
		"a clock that is right":          {[]step{{time.Minute, 0, 0}}, 0},
		"ahead for a while and back":     {[]step{{0, hour, 0}, {12 * time.Second, hour, 0}, {0, 0, 0}, {time.Minute, 0, 0}}, 2},
		"behind for a while and back":    {[]step{{0, -hour, 0}, {12 * time.Second, -hour, 0}, {0, 0, 0}}, 2},
		"ahead again and again":          {[]step{{0, hour, 0}, {time.Second, 0, 0}, {0, hour, 0}, {time.Second, 0, 0}}, 4},
		"ahead, and it stays":            {[]step{{0, hour, 0}, {9 * time.Minute, hour, 0}, {time.Minute, hour, hour}}, 1},
		"behind, and it stays":           {[]step{{0, -hour, 0}, {10 * time.Minute, -hour, -hour}}, 1},
		"put right, as this host has it": {[]step{{0, -15 * time.Minute, -15 * time.Minute}}, 1},
		"slewed by a little":             {[]step{{0, 3 * time.Second, 3 * time.Second}, {0, 5 * time.Second, 5 * time.Second}}, 0},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const wrong = 15 * time.Minute // the server is right, and this process that much behind
				clock, jumps := eventlog.NewClock(), 0
				sample := func(ahead time.Duration) {
					if clock.Sample(time.Now().Add(wrong+ahead).UnixMilli(), time.Now()) != 0 {
						jumps++
					}
				}
				sample(0)
				time.Sleep(time.Minute)
				for i, s := range c.steps {
					time.Sleep(s.after)
					sample(s.ahead)
					ms, _ := clock.Now()
					if told := time.UnixMilli(ms).Sub(time.Now().Add(wrong).Truncate(time.Millisecond)); told != s.told {
						t.Errorf("step %d: told %v ahead, want %v", i, told, s.told)
					}
				}
				if jumps != c.jumps {
					t.Errorf("%d jumps were seen, want %d", jumps, c.jumps)
				}
			})
		})
	}
}

func TestASlowAnswerIsNoJump(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := eventlog.NewClock()
		clock.Sample(time.Now().UnixMilli(), time.Now())
		sent, shown := time.Now(), time.Now().UnixMilli()
		time.Sleep(20 * time.Second)
		if jump := clock.Sample(shown, sent); jump != 0 {
			t.Errorf("a jump by %v", jump)
		}
		if ms, _ := clock.Now(); ms != time.Now().UnixMilli() {
			t.Errorf("it tells %d, want %d", ms, time.Now().UnixMilli())
		}
	})
}
