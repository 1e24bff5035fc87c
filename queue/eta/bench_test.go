package eta

import (
	"fmt"
	"testing"

	"nextup/queue"
)

// One op is Rate for the last of 10,000 who wait in one queue, as the state has
// moved since the last time.
func BenchmarkRate(b *testing.B) {
	const now = 10_000_000
	busy := make([]queue.Stamp, 200)
	for i := range busy {
		busy[i] = now - queue.Stamp(i*2000)
	}
	st := scene(now, 200, busy, 10_000)
	e := New(nil)
	e.SetBudget(0)
	e.look(st, now)
	at := queue.Stamp(now)
	for b.Loop() {
		at++
		if f := e.Next(st, support, at); !f.Known {
			b.Fatal("unknown")
		}
	}
}

// One op is a record of a ticket's life: at 1,000 a second, 30 µs are 3 % of a
// core.
func BenchmarkObserve(b *testing.B) {
	const now = 10_000_000
	st := scene(now, 200, make([]queue.Stamp, 0), 0)
	e := New(nil)
	e.look(st, now)
	at, n := queue.Stamp(now), 0
	b.ReportAllocs()
	for b.Loop() {
		at++
		n++
		id := fmt.Sprint("t", n/4)
		waiting := &queue.Ticket{ID: id, Department: "support", Language: "en", Weight: 1, Status: queue.Waiting, JoinedAt: at - queue.Stamp(n%4)}
		offered, assigned, closed := *waiting, *waiting, *waiting
		offered.Status, offered.Offer = queue.Offered, &queue.Offer{Agent: "a", At: at}
		assigned.Status, assigned.Agent, assigned.AssignedAt = queue.Assigned, "a", at
		closed.Status, closed.Agent, closed.AssignedAt, closed.EndedAt = queue.Closed, "a", at, at
		life := []*queue.Ticket{nil, waiting, &offered, &assigned, &closed}
		e.Observe(queue.Step{Record: queue.Record{At: at}, Tickets: []queue.TicketStep{{Was: life[n%4], Is: life[n%4+1]}}})
	}
}

// One op is a look at a site of 1,000 waiting and 200 agents: the curve of each
// queue and the plays of the real rules. A dispatcher looks every 2 s or more.
func BenchmarkLook(b *testing.B) {
	const now = 10_000_000
	for _, budget := range []int{0, defaultPlays} {
		b.Run(fmt.Sprint("records ", budget), func(b *testing.B) {
			st := crowd(now, 200, 1000)
			e := New(nil)
			e.SetBudget(budget)
			at := queue.Stamp(now)
			for b.Loop() {
				at += playEveryStamp
				e.Estimate(st, at)
			}
		})
	}
}

const playEveryStamp = queue.Stamp(playEvery)

// crowd is a state of so many agents, each in one conversation, and so many in
// line.
func crowd(now queue.Stamp, agents, waiting int) *queue.State {
	var images []queue.Image
	for i := range agents {
		id := fmt.Sprint("a", i)
		images = append(images,
			&queue.Agent{ID: id, Languages: queue.Fluent("en"), Departments: []string{"support"}, Capacity: 1, Status: queue.Available},
			&queue.Ticket{ID: "busy" + id, Visitor: "b" + id, Department: "support", Language: "en", Weight: 1, Status: queue.Assigned, Agent: id, AssignedAt: now - queue.Stamp(i*1000), JoinedAt: now - 500_000})
	}
	for i := range waiting {
		images = append(images, &queue.Ticket{ID: fmt.Sprint("wait", i), Visitor: fmt.Sprint("w", i), Department: "support", Language: "en", Weight: 1, Status: queue.Waiting, JoinedAt: now - 100_000 + queue.Stamp(i)})
	}
	for i, im := range images {
		queue.Resolve(im, queue.Revision{Version: fmt.Sprint("c", i), Number: uint64(i + 1)}, now)
	}
	st := queue.NewState(site())
	st.Restore(uint64(len(images)), now, images)
	return st
}
