//go:build !race

// The race detector makes small strings larger.

package queue

import (
	"fmt"
	"runtime"
	"testing"
)

// bytesATicket is what a replica takes for each of so many who wait, their visitors
// and all indexes included, as they come out of the log.
func bytesATicket(t testing.TB, n int, replicas func(live *State) []*State) (bytes float64) {
	t.Helper()
	decider, live := NewState(demoSite()), NewState(demoSite())
	before := liveHeap()
	for i := range n {
		// Each has the shape of a real one: its own ids, a name, two languages.
		c, err := decider.Join(JoinRequest{
			Ticket: fmt.Sprintf("00000000-0000-4000-8000-%012d", i), Visitor: fmt.Sprintf("visitor-%d", i), Department: "support",
			Languages: []string{"en", "zh"}, Node: "gateway-1a2b3c4d",
		})
		if err != nil {
			t.Fatal(err)
		}
		live.Apply(decoded(t, uint64(i+1), string([]byte(c.ID)), Stamp(1_700_000_000_000+i), encoded(t, c)))
	}
	all := replicas(live)
	bytes = (liveHeap() - before) / float64(n)
	runtime.KeepAlive(all)
	runtime.KeepAlive(live)
	runtime.KeepAlive(decider)
	return bytes
}

// 100,000 waiting tickets fit into 40 MB, also on the gateway that learns, which has
// forked its state.
func TestALongLineIsCompact(t *testing.T) {
	for name, replicas := range map[string]func(live *State) []*State{
		"a replica":            func(*State) []*State { return nil },
		"a replica and a fork": func(live *State) []*State { return []*State{live.Fork()} },
	} {
		t.Run(name, func(t *testing.T) {
			got := bytesATicket(t, 100_000, replicas)
			if t.Logf("%.0f bytes a ticket", got); got > 400 {
				t.Errorf("a ticket in line takes %.0f bytes, want 400 at most", got)
			}
		})
	}
}

// A ticket that has ended is kept by every gateway for the retention: 700 bytes at most,
// with its visitor. docs/capacity.md counts on it.
func TestALongLineIsCompactWhenItHasBeenServed(t *testing.T) {
	const n, agents = 5000, 4
	live := NewState(demoSite())
	number := uint64(0)
	take := func(c Change, err error) {
		if err != nil {
			t.Fatal(err)
		}
		number++
		live.Apply(decoded(t, number, string([]byte(c.ID)), Stamp(1_700_000_000_000+10*number), encoded(t, c)))
	}
	for a := range agents {
		id := fmt.Sprint("agent-", a)
		take(live.BindAgent(AgentFacts{ID: id, Languages: Fluent("en"), Departments: []string{"support"}, Capacity: 3}, "gateway-1a2b3c4d"), nil)
		take(live.SetStatus(id, Available))
	}
	serve := func(i int) {
		id := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		take(live.Join(JoinRequest{
			Ticket: id, Visitor: fmt.Sprintf("visitor-%d", i), Name: fmt.Sprint("Visitor ", i), Department: "support",
			Languages: []string{"en", "zh"}, Node: "gateway-1a2b3c4d",
		}))
		for _, c := range live.Match(live.At(), 1) {
			take(c, nil)
		}
		offered := live.Ticket(id)
		take(live.Accept(offered.Offer.Agent, offered.Offer.ID))
		take(live.Close(live.Ticket(id).Agent, id))
		if ended := live.Ticket(id); ended.WrapUp > 0 {
			take(live.Finish(ended.Agent, id))
		}
	}
	serve(0) // what is made once
	before := liveHeap()
	for i := range n {
		serve(i + 1)
	}
	got := (liveHeap() - before) / n
	if t.Logf("%.0f bytes a ticket", got); got > 700 {
		t.Errorf("a ticket that has ended takes %.0f bytes, want 700 at most", got)
	}
	runtime.KeepAlive(live)
}

// liveHeap is what lives, in bytes.
func liveHeap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
