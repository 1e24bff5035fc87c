package gateway_test

import (
	"fmt"
	"testing"

	"nextup/gateway"
	"nextup/gateway/protocol"
	"nextup/queue"
	"nextup/test/people"
)

// [board-1] [board-7] [hello-5]
func TestABoardShowsTheSiteWhole(t *testing.T) {
	h := newHouse(t, staff(map[string]queue.AgentFacts{
		"a": {Departments: []string{"support"}, Capacity: 2, Tier: 2, Skills: []string{"kyc"}, Languages: map[string]int{"en": 4, "zh": 5}},
	}))
	url, _ := h.open("one")
	s := h.come(url, protocol.Supervisor, "s")
	if first, ok := people.Next(s, "the first frame", func(protocol.ServerFrame) bool { return true }).(protocol.Board); !ok || len(first.Queues) != 3 || first.Agents == nil || len(first.Agents) != 0 {
		t.Errorf("after welcome comes %+v", first)
	}
	_, a, ticket := h.served(url, "v", "a")
	w := h.come(url, protocol.Visitor, "w", "zh")
	if _, err := s.Pause(h.ctx, "support", "zh", true, ""); err != nil {
		t.Fatal(err)
	}
	w.MustJoin("support")
	b := people.Next(s, "the board", func(b protocol.Board) bool { return b.Queues[1].Size == 1 })
	q := b.Queues[1]
	if q.Queue != "support/zh" || q.Department != "support" || q.Language != "zh" || q.OldestAtMS == 0 || !q.Paused || q.AgentsWithRoom != 1 {
		t.Errorf("the queue is shown as %+v", q)
	}
	if o := q.Oldest; o == nil || o.Visitor.ID != "w" || o.JoinedAtMS != q.OldestAtMS || o.Status != protocol.Waiting || b.Queues[0].Oldest != nil {
		t.Errorf("[board-7] who waits longest is shown as %+v, and in an empty line as %+v", o, b.Queues[0].Oldest)
	}
	want := protocol.BoardAgent{
		ID: "a", Name: "Name of a", Status: protocol.Available, Languages: []string{"en", "zh"}, Departments: []string{"support"},
		Skills: []string{"kyc"}, Tier: 2, Capacity: 2, Load: 1,
	}
	if len(b.Agents) != 1 || len(b.Agents[0].Tickets) != 1 {
		t.Fatalf("the agents are shown as %+v", b.Agents)
	}
	after, held := b.Agents[0], b.Agents[0].Tickets[0]
	after.Tickets = nil
	if fmt.Sprint(after) != fmt.Sprint(want) || held.Ticket != ticket || held.Status != protocol.Assigned || held.Visitor.ID != "v" || held.AssignedAtMS == 0 {
		t.Errorf("the agent is shown as %+v with %+v", after, held)
	}
	a.Cut()
	next := people.Next(s, "the loss", func(b protocol.Board) bool { return b.Agents[0].Lost })
	if next.Log <= b.Log || next.AsOfMS < b.AsOfMS+900 {
		t.Errorf("boards of log %d and %d came %d ms apart, want a second at least", b.Log, next.Log, next.AsOfMS-b.AsOfMS)
	}
}

// [board-2]
func TestABoardIsBounded(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) {
		s.Limits.OutgoingBuffer = 1 << 10 // a board is larger than what other conns may hold
		s.Rules.Departments = nil
		for i := range 210 {
			s.Rules.Departments = append(s.Rules.Departments, queue.Department{ID: fmt.Sprintf("department-%03d", i), Languages: []string{"en"}, OfferTTL: 1000})
		}
	})
	url, _ := h.open("one")
	s := h.come(url, protocol.Supervisor, "s")
	b := people.Next(s, "the board", func(protocol.Board) bool { return true })
	if len(b.Queues) != protocol.MaxBoardQueues || b.QueuesLeftOut != 10 {
		t.Errorf("%d queues are shown and %d left out, want %d and 10", len(b.Queues), b.QueuesLeftOut, protocol.MaxBoardQueues)
	}
}

// [board-4] [board-5]
func TestAGatewayThatComesLaterKnowsTheDay(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	v, a := h.come(url, protocol.Visitor, "v", "en"), h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	first := v.MustJoin("support", "en")
	a.MustAccept()
	if _, err := a.CloseTicket(h.ctx, first); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Rate(h.ctx, first, 4, ""); err != nil {
		t.Fatal(err)
	}
	h.come(url, protocol.Visitor, "w", "zh").MustJoin("support", "zh")
	sums := func(b protocol.Board) (all protocol.BoardBucket) {
		for _, one := range b.Today.Buckets {
			all.Joined += one.Joined
			all.Answered += one.Answered
			all.InTarget += one.InTarget
			all.Handled += one.Handled
			all.Solved += one.Solved
			all.Rated += one.Rated
			all.Score += one.Score
		}
		return all
	}
	want := protocol.BoardBucket{Joined: 2, Answered: 1, InTarget: 1, Handled: 1, Solved: 1, Rated: 1, Score: 4}
	later, _ := h.open("two")
	for _, at := range []string{url, later} {
		s := h.come(at, protocol.Supervisor, "s")
		people.Next(s, "the day", func(b protocol.Board) bool { return b.Today != nil && sums(b) == want })
	}
}
