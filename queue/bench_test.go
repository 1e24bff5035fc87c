package queue

import (
	"fmt"
	"testing"
)

// waitingLine is a state with n tickets in one line and m busy agents.
func waitingLine(n, agents int) *State {
	st := NewState(demoSite())
	images := make([]Image, 0, n+agents)
	for i := range n {
		t := &Ticket{ID: fmt.Sprint("t", i), Visitor: fmt.Sprint("v", i), Specification: &Specification{Department: "support", Language: "en", Weight: 1}, Status: Waiting, JoinedAt: Stamp(1_000_000 + i)}
		Resolve(t, Revision{Version: fmt.Sprint("c", i), Number: uint64(i + 1)}, t.JoinedAt)
		images = append(images, t)
	}
	for i := range agents {
		a := &Agent{ID: fmt.Sprint("a", i), Languages: Fluent("en"), Departments: []string{"support"}, Capacity: 1, Status: Available}
		Resolve(a, Revision{Version: fmt.Sprint("d", i), Number: uint64(n + i + 1)}, 1)
		images = append(images, a)
	}
	st.Restore(uint64(n+agents), 2_000_000, images)
	return st
}

// One op is one sweep of a whole line, as a gateway does for its slowest band.
func BenchmarkSweep(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			st := waitingLine(n, 0)
			sum := 0
			for b.Loop() {
				st.Sweep(supportEN, 1, n, func(position int, _ *Ticket) bool { sum += position; return true })
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/ticket")
		})
	}
}

// One op is one position, as a reply to a join shows it.
func BenchmarkPosition(b *testing.B) {
	st := waitingLine(100_000, 0)
	t := st.Ticket("t77777")
	for b.Loop() {
		if st.Position(t) != 77_778 {
			b.Fatal("wrong")
		}
	}
}

// One op is one record decoded and applied: a join, then a leave, in a line of
// 10,000.
func BenchmarkReplay(b *testing.B) {
	st := waitingLine(10_000, 0)
	st.site.Departments[0].QueueLimit = 20_000
	join, err := st.Join(JoinRequest{Ticket: "x", Visitor: "x", Department: "support", Languages: []string{"en"}, Node: "n"})
	if err != nil {
		b.Fatal(err)
	}
	number := st.Number()
	replay := func(c Change, data []byte) {
		number++
		st.Apply(decoded(b, number, c.ID, Stamp(3_000_000+number), data))
	}
	joined := encoded(b, join)
	replay(join, joined)
	leave, err := st.Leave("x", "x")
	if err != nil {
		b.Fatal(err)
	}
	left := encoded(b, leave)
	replay(leave, left)
	b.ReportAllocs()
	for b.Loop() {
		replay(join, joined)
		replay(leave, left)
		st.ended = st.ended[:0]
	}
	b.ReportMetric(float64(2*b.N)/b.Elapsed().Seconds(), "records/s")
}

// One op is one match of one freed agent among 200 busy ones.
func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			st := waitingLine(n, 201)
			for i := range 200 {
				id := fmt.Sprint("a", i)
				st.held[id] = []*Ticket{{Specification: &Specification{Weight: 1}}}
			}
			for b.Loop() {
				if len(st.Match(st.At(), 256)) != 1 {
					b.Fatal("want one offer")
				}
			}
		})
	}
}

// One op is the loss of a gateway that held some of the 100,000 visitors in line.
func BenchmarkLoseNode(b *testing.B) {
	const visitors = 100_000
	for _, held := range []int{10_000, 100} {
		b.Run(fmt.Sprint(held), func(b *testing.B) {
			st := waitingLine(visitors, 0)
			images := make([]Image, 0, 2*visitors)
			st.Sweep(supportEN, 1, visitors, func(_ int, t *Ticket) bool { images = append(images, t); return true })
			for i := range visitors {
				v := &Visitor{ID: fmt.Sprint("v", i), Ticket: fmt.Sprint("t", i), Session: Session{Node: fmt.Sprint("n", i%9), Generation: 1}}
				if i%(visitors/held) == 0 {
					v.Session.Node = "gone"
				}
				Resolve(v, Revision{Version: fmt.Sprint("b", i), Number: uint64(visitors + i)}, 1)
				images = append(images, v)
			}
			for b.Loop() {
				b.StopTimer()
				st.Restore(2*visitors, 2_000_000, images)
				c := st.LoseNode("gone")
				b.StartTimer()
				if step := st.Play(c, 2_000_001); len(step.Visitors) != held {
					b.Fatalf("%d visitors were lost", len(step.Visitors))
				}
			}
		})
	}
}
