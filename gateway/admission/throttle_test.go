package admission

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAThrottleGivesEachKeyItsShareAndIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var k Throttle[int]
		take := func(key int) time.Duration { return k.Take(key, 1, 3, time.Second) }
		for i, want := range []time.Duration{0, 0, 0, time.Second, time.Second} {
			if got := take(1); got != want {
				t.Errorf("request %d has to wait for %s, want %s", i, got, want)
			}
		}
		if got := take(2); got != 0 {
			t.Errorf("another key waits for %s", got)
		}
		time.Sleep(time.Second)
		for i, want := range []time.Duration{0, time.Second} {
			if got := take(1); got != want {
				t.Errorf("a second later request %d has to wait for %s, want %s", i, got, want)
			}
		}
		for key := range 5 * maxRemembered {
			take(key)
			if n := len(k.late) + len(k.before); n > 2*maxRemembered {
				t.Fatalf("%d keys are remembered", n)
			}
		}
	})
}
