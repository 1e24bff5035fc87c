package gateway_test

import (
	"strconv"
	"testing"

	"nextup/gateway"
	"nextup/gateway/protocol"
	"nextup/test/people"
)

// BenchmarkMessage measures a message from the visitor's frame to the agent's, over two
// sockets and the log in memory, both clients included. Compare allocations, and times
// only of runs that took turns.
func BenchmarkMessage(b *testing.B) {
	h := newHouse(b, func(s *gateway.SiteOptions) { s.Limits.FramesPerSecond, s.Limits.Burst = 1_000_000, 1_000_000 })
	url, _ := h.open("one")
	visitor, agent, ticket := h.served(url, "v", "a")
	visitor.MustOpen(ticket, 0)
	agent.MustOpen(ticket, 0)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		id := strconv.Itoa(n)
		visitor.MustSend(ticket, id, "There are some hundred bytes of text in this message, which is what the measured ones have.")
		for _, p := range []*people.Person{visitor, agent} {
			people.Next(p, "the message", func(e protocol.Entry) bool { return e.MessageID == id })
		}
	}
}
