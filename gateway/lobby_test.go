package gateway

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func TestALobbyCountsByAddressAndSendsTheOldestAway(t *testing.T) {
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::")
	var l lobby[int]
	for i, from := range []netip.Addr{a, a, b, {}, {}, {}} {
		if !l.enter(i, from, 2) {
			t.Fatalf("%d of %s has no room", i, from)
		}
		l.wait(i)
	}
	if l.enter(6, a, 2) {
		t.Error("a third of an address is let in where two may be")
	}
	l.leave(6) // which is not here
	if l.enter(7, a, 2) {
		t.Error("one that was never in has made room")
	}
	l.stir(0)
	if _, yes := l.tooMany(5); yes {
		t.Error("five wait and five may")
	}
	if oldest, yes := l.tooMany(4); !yes || oldest != 1 {
		t.Errorf("the oldest is %d, %v; want 1, since 0 does not wait", oldest, yes)
	}
	l.wait(0)
	for _, want := range []int{2, 3, 4, 5, 0} {
		if oldest, yes := l.tooMany(0); !yes || oldest != want {
			t.Errorf("the oldest is %d, %v; want %d", oldest, yes, want)
		}
	}
	for i := range 6 {
		l.leave(i)
	}
	if len(l.by)+len(l.here)+l.waiting.Len() > 0 {
		t.Errorf("an empty lobby holds %d addresses, %d entrants", len(l.by), len(l.here))
	}
}

func TestAThrottleGivesEachKeyItsShareAndIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var k throttle[int]
		take := func(key int) time.Duration { return k.take(key, 3, time.Second) }
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
