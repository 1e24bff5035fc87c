package cadence

import (
	"testing"
	"time"
)

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
