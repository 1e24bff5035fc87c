package heap

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestGarbageIsAShareOfWhatLivesAndNotLessThanTheLeast(t *testing.T) {
	for _, row := range []struct {
		live uint64
		want int
	}{
		{0, 1600}, // as if a megabyte lived
		{1 << 20, 1600},
		{8 << 20, 200},
		{32 << 20, 50},
		{64 << 20, percent},
		{1 << 30, percent},
	} {
		if got := share(row.live); got != row.want {
			t.Errorf("%d bytes that live are left %d %% of garbage, want %d", row.live, got, row.want)
		}
	}
}

// A process that holds much may leave less garbage in proportion, once a collection has
// seen it, and more again when it has let go, also if small objects live on.
func TestTheShareFollowsWhatLives(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	t.Setenv("GOGC", "")
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // all small objects come from one place
	var small []*int64
	Bound()
	until := func(what string, holds func(percent int) bool) {
		for range 1000 {
			runtime.GC()
			now := debug.SetGCPercent(100)
			if debug.SetGCPercent(now); holds(now) {
				return
			}
			for range 3 {
				runtime.Gosched()
				small = append(small, new(int64))
			}
		}
		t.Errorf("%s never came", what)
	}
	until("the share of little", func(p int) bool { return p > 2*percent })
	much := make([]byte, 128<<20)
	until("the share of much", func(p int) bool { return p <= percent*9/8 })
	runtime.KeepAlive(much)
	until("the share of little again", func(p int) bool { return p > 2*percent })
	runtime.KeepAlive(small)
}
