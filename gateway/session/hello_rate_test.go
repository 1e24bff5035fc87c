package session

import (
	"testing"
	"time"
)

// A crowd that comes at once is taken at the rate, and who comes back at the time
// that they were told is turned away no second time.
func TestWhoIsTurnedAwayIsGivenATimeAtWhichThereIsRoom(t *testing.T) {
	const perSecond, crowd = 100, 900
	a := newHelloRate(perSecond)
	begun := time.Unix(1_700_000_000, 0)
	var later []time.Duration
	for range crowd {
		if d := a.admit(begun); d > 0 {
			later = append(later, d)
		}
	}
	if len(later) != crowd-perSecond {
		t.Fatalf("%d were turned away at once, want %d", len(later), crowd-perSecond)
	}
	for i, d := range later {
		if d < soonestBack || i > 0 && d <= later[i-1] {
			t.Fatalf("the one after %s is told to come after %s", later[max(0, i-1)], d)
		}
		if again := a.admit(begun.Add(d)); again > 0 {
			t.Fatalf("who was told to come after %s is turned away again", d)
		}
	}
	if last := later[len(later)-1]; last > time.Second*crowd/perSecond {
		t.Errorf("the last is taken after %s, want the rate", last)
	}
}

// However many come, no person is sent away for so long that they lose their place.
func TestNobodyIsSentAwayForLong(t *testing.T) {
	a := newHelloRate(10)
	now := time.Unix(1_700_000_000, 0)
	for range 5000 {
		if d := a.admit(now); d > latestBack {
			t.Fatalf("somebody is told to come after %s, want %s at most", d, latestBack)
		}
	}
	if d := a.admit(now.Add(time.Hour)); d != 0 {
		t.Errorf("an hour later somebody is told to come after %s", d)
	}
}
