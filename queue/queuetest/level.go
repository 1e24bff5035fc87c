package queuetest

import (
	"errors"
	"testing"
	"time"

	"nextup/queue"
)

// tooOld checks that a node is given nothing of a log whose level it does not know, from
// a record or from a snapshot, says so with both levels, and that the others go on.
func tooOld(t *testing.T, h Harness) {
	site := newSite()
	newer := followKnowing(t, h.Open(t), site, "newer", nil, 7)
	live := followKnowing(t, h.Open(t), site, "live", nil, 1)
	newer.must(t, joins("v", "t", "en"))
	live.ready(t)
	raise := func(to queue.Level) uint64 {
		t.Helper()
		return newer.must(t, func(s *queue.State) (queue.Change, error) { return queue.RaiseLevel(s.SiteLevel(), to, "test") })
	}
	raise(1)
	live.must(t, joins("x", "y", "en")) // it knows this one
	before := raise(7)
	newer.must(t, joins("w", "u", "en"))
	late := followKnowing(t, h.Open(t), site, "late", nil, 1)
	for _, n := range []*node{live, late} {
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			var old *queue.TooOldError
			if errors.As(n.follower.Err(), &old) && !n.follower.Ready() {
				if old.Level != 7 || old.Known != 1 {
					t.Errorf("%s says %v", n.name, old)
				}
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: ready %v, %v", n.name, n.follower.Ready(), n.follower.Err())
			}
		}
		n.Read(func(s *queue.State) {
			if s.Number() >= before || s.Ticket("u") != nil {
				t.Errorf("%s has replayed up to %d, level 7 came with %d", n.name, s.Number(), before)
			}
		})
	}
	newest := followKnowing(t, h.Open(t), site, "newest", nil, 8)
	newest.ready(t)
	newest.Read(func(s *queue.State) {
		if s.Level() != 7 || s.Ticket("u") == nil {
			t.Errorf("a newer node is at level %d", s.Level())
		}
	})
}
