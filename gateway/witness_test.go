package gateway_test

import (
	"fmt"
	"testing"

	"nextup/gateway/protocol"
	"nextup/internal/eventlog/redislog"
	"nextup/queue/logstore"
	"nextup/test/people"
	"nextup/test/redistest"
)

// What a visitor's frame says is what ZRANK says, on either gateway.
func TestTheShownPositionIsTheRankInRedis(t *testing.T) {
	url := redistest.Start(t)
	backend, err := redislog.Open(t.Context(), url, redislog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t)
	t.Cleanup(func() { _ = backend.Close() })
	h.backend = backend
	one, _ := h.open("one")
	two, _ := h.open("two")
	var line []*people.Person
	var tickets []string
	for i := range 12 {
		v := h.come([]string{one, two}[i%2], protocol.Visitor, fmt.Sprint("v", i), "en")
		tickets = append(tickets, v.MustJoin("support"))
		line = append(line, v)
	}
	for _, i := range []int{0, 5} {
		if _, err := line[i].Leave(h.ctx, tickets[i]); err != nil {
			t.Fatal(err)
		}
	}
	replica := newReader()
	follower := logstore.New(backend).Follow(h.ctx, "demo", replica)
	if err := follower.WaitFor(h.ctx, 14); err != nil {
		t.Fatal(err)
	}
	for i, v := range line {
		if i == 0 || i == 5 {
			continue
		}
		rank, size, err := logstore.Rank(h.ctx, backend, "demo", replica.ticket(tickets[i]))
		if err != nil {
			t.Fatal(err)
		}
		people.Next(v, fmt.Sprintf("place %d of %d, as Redis has it", rank+1, size), func(f protocol.Ticket) bool { return f.Position == rank+1 })
	}
}
