package session

import (
	"testing"
	"testing/synctest"
	"time"

	"nextup/internal/limits"
)

func TestAnAllowanceBoundsFramesAndBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAllowance(&limits.Limits{FramesPerSecond: 2, Burst: 3, BytesPerSecond: 100, ByteBurst: 250})
		for i, want := range []string{"", "", "", "frames_per_second"} {
			if got := a.take(10); got != want {
				t.Errorf("frame %d: %q, want %q", i+1, got, want)
			}
		}
		time.Sleep(10 * time.Second)
		for i, want := range []string{"", "", "bytes_per_second"} {
			if got := a.take(120); got != want {
				t.Errorf("frame %d of 120 bytes: %q, want %q", i+1, got, want)
			}
		}
		time.Sleep(10 * time.Second)
		if got := a.take(120); got != "" {
			t.Errorf("after a pause: %q", got)
		}
	})
}
