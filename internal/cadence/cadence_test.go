package cadence

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestLoopsOfOneIntervalTurnInTheSameMomentsUntilTheyEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const every, turns = time.Second, 10
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		moments := make(chan time.Time, 100)
		loop := func() {
			for Wait(ctx, every) {
				moments <- time.Now()
			}
			close(moments)
		}
		Wait(ctx, every)
		go loop()
		time.Sleep(every / 3) // the loops begin apart, and no moment comes between
		begun := time.Now()
		var last time.Time
		for range turns {
			own, other := Wait(t.Context(), every), <-moments
			if now := time.Now(); !own || !other.Equal(now) || !last.IsZero() && now.Sub(last) != every {
				t.Fatalf("turns at %s and %s, the last one at %s", now.Sub(begun), other.Sub(begun), last.Sub(begun))
			}
			last = other
		}
		cancel()
		if m, more := <-moments; more {
			t.Errorf("a turn at %s, after the end", m.Sub(begun))
		}
	})
}

func TestMomentsRecurWhereverTheyAreCountedFrom(t *testing.T) {
	t.Parallel()
	const every = time.Second
	first := Next(time.Now(), every)
	for _, tt := range []struct {
		name  string
		after time.Time
		want  time.Time
	}{
		{"at a moment comes the one behind", first, first.Add(every)},
		{"right before a moment", first.Add(-time.Nanosecond), first},
		{"right behind a moment", first.Add(time.Nanosecond), first.Add(every)},
		{"between two", first.Add(7*every + every/2), first.Add(8 * every)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Next(tt.after, every); !got.Equal(tt.want) {
				t.Errorf("%s behind the first moment, not %s", got.Sub(first), tt.want.Sub(first))
			}
		})
	}
}
