package conversation_test

import (
	"fmt"
	"sync"
	"testing"

	"nextup/app/conversation"
)

// narrow is a Receiver that takes a few entries at a time and then none until it has
// been emptied.
type narrow struct {
	heard
	mu    sync.Mutex
	room  int
	taken chan int // how many, each time
}

func (n *narrow) Ready() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.room > 0
}

func (n *narrow) Deliver(entries []conversation.Entry) (taken int, more bool) {
	n.mu.Lock()
	taken = min(len(entries), n.room)
	n.room -= taken
	n.mu.Unlock()
	n.taken <- taken
	return taken, n.deliver(entries[:taken])
}

// empty makes room and says so.
func (n *narrow) empty(s *conversation.Subscription, room int) {
	n.mu.Lock()
	n.room = room
	n.mu.Unlock()
	s.Resume()
}

// A receiver with little room gets every entry once and in order, also what is new
// while it rests; the others in the conversation do not wait for it.
func TestAReceiverWithLittleRoomGetsEverythingInOrder(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p pair) {
		ticket := ticketOf(t)
		const old, n, room = 250, 300, 7
		for i := range old {
			mustAppend(t, p.a, ticket, message(visitor("v"), fmt.Sprint(i), "x"))
		}
		r := &receiver{changed: make(chan struct{}, 1), resets: make(chan struct{}, 1)}
		little := &narrow{heard: heard{r.deliver, func([]byte) {}, func() { r.resets <- struct{}{} }}, taken: make(chan int, 2*n)}
		s := p.b.Subscribe("s", ticket, conversation.Place{}, little)
		defer s.Stop()
		other := receive(p.b, ticket, 0)
		defer other.stop()
		other.wait(t, old) // it has come to all while the first has no room for one
		if len(little.taken) > 0 {
			t.Fatalf("%d entries were taken without room", <-little.taken)
		}
		for i := old; i < n; i++ {
			mustAppend(t, p.a, ticket, message(visitor("v"), fmt.Sprint(i), "x"))
		}
		other.wait(t, n)
		for got, left := 0, 0; got < n; {
			if left == 0 {
				left = room
				little.empty(s, room)
			}
			took := hear(t, "a delivery", little.taken)
			got, left = got+took, left-took
		}
		r.wait(t, n)
		if len(r.resets) > 0 {
			t.Error("it was reset")
		}
	})
}
