package queue

import (
	"fmt"
	"testing"
)

// A gateway that has just started tells those who come to it why their place is
// worse than what another gateway showed them.
func TestAPlaceThatGotWorseHasAReasonAfterASnapshotToo(t *testing.T) {
	t.Parallel()
	tests := []struct {
		what string
		do   func(w *world) // puts another ticket before ours
		want Reason
	}{
		{"a ticket with a head start joined", func(w *world) {
			w.join("eve", "support", "en", func(r *JoinRequest) { r.HeadStart = 3_600_000 })
		}, PriorityArrival},
		{"an agent was lost", func(w *world) {
			w.must(w.SetStatus("ana", Available))
			w.dispatch()
			w.accept("ana")
			w.must(w.LoseAgent("ana", "n1"), nil)
			w.now += 30_000
			w.dispatch()
		}, Returned},
		{"a ticket was transferred here", func(w *world) {
			id := w.join("kim", "trading", "en")
			w.must(w.SetHeadStart(id, 3_600_000, "because", "boss"))
			w.must(w.Transfer(TransferRequest{Ticket: id, By: "boss", Supervisor: true, To: Target{Department: "support"}}))
		}, TransferIn},
		{"another was raised", func(w *world) {
			w.must(w.SetHeadStart(w.join("kim", "support", "en"), 3_600_000, "because", "boss"))
		}, Raised},
		{"nothing", func(*world) {}, ""},
		{"somebody joined behind", func(w *world) { w.join("eve", "support", "en") }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			w := newWorld(t)
			w.agent("ana", 1, "en")
			w.must(w.SetStatus("ana", Away))
			w.join("bob", "support", "en")
			ours := w.join("cy", "support", "en")
			since := w.Number()
			tt.do(w)
			for _, loaded := range []bool{false, true} {
				s := w.State
				if loaded {
					var images []Image
					for i := range s.tickets.all() {
						images = append(images, i)
					}
					s = NewState(demoSite())
					s.Restore(w.Number(), w.At(), images)
				}
				if got := s.Worsened(s.Ticket(ours), since); got != tt.want {
					t.Errorf("from a snapshot: %v: the reason is %q, want %q", loaded, got, tt.want)
				}
			}
		})
	}
}

// A person who comes back within the grace hears why, also when hundreds came in before
// others meanwhile.
func TestAPlaceThatGotWorseHasAReasonHoweverManyCameIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ours := w.join("ours", "support", "en")
	since := w.Number()
	w.must(w.SetHeadStart(w.join("raised", "support", "en"), 3_600_000, "because", "boss"))
	for i := range 400 { // before others, and behind ours
		w.join(fmt.Sprint("other", i), "support", "en")
		w.join(fmt.Sprint("vip", i), "support", "en", func(r *JoinRequest) { r.HeadStart = 1500 })
	}
	if got := w.Worsened(w.Ticket(ours), since); got != Raised {
		t.Errorf("place %d is worse for %q, want %q", w.Position(w.Ticket(ours)), got, Raised)
	}
}
