package admission

import (
	"net/netip"
	"testing"
)

func TestALobbyCountsByAddressAndSendsTheOldestAway(t *testing.T) {
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::")
	var l Lobby[int]
	for i, from := range []netip.Addr{a, a, b, {}, {}, {}} {
		if !l.Enter(i, from, 2) {
			t.Fatalf("%d of %s has no room", i, from)
		}
		l.Wait(i)
	}
	if l.Enter(6, a, 2) {
		t.Error("a third of an address is let in where two may be")
	}
	l.Leave(6) // which is not here
	if l.Enter(7, a, 2) {
		t.Error("one that was never in has made room")
	}
	l.Stir(0)
	if _, yes := l.TooMany(5); yes {
		t.Error("five wait and five may")
	}
	if oldest, yes := l.TooMany(4); !yes || oldest != 1 {
		t.Errorf("the oldest is %d, %v; want 1, since 0 does not wait", oldest, yes)
	}
	l.Wait(0)
	for _, want := range []int{2, 3, 4, 5, 0} {
		if oldest, yes := l.TooMany(0); !yes || oldest != want {
			t.Errorf("the oldest is %d, %v; want %d", oldest, yes, want)
		}
	}
	for i := range 6 {
		l.Leave(i)
	}
	if len(l.by)+len(l.here)+l.waiting.Len() > 0 {
		t.Errorf("an empty lobby holds %d addresses, %d entrants", len(l.by), len(l.here))
	}
}
