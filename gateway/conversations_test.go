package gateway_test

import (
	"fmt"
	"testing"

	"nextup/gateway"
	"nextup/gateway/protocol"
	"nextup/queue"
	"nextup/test/people"
)

// [limit-6]
func TestASocketFollowsABoundedNumberOfConversations(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) {
		s.Agent = func(string) queue.AgentFacts {
			return queue.AgentFacts{Departments: []string{"support"}, Capacity: 70}
		}
	})
	url, _ := h.open("one")
	a := h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	for i := range 65 {
		v := h.come(url, protocol.Visitor, fmt.Sprint("v", i), "en")
		ticket := v.MustJoin("support")
		a.MustAccept()
		_, err := a.Open(h.ctx, ticket, 0)
		switch {
		case i < 64 && err != nil:
			t.Fatalf("conversation %d: %v", i+1, err)
		case i == 64:
			wantCode(t, err, protocol.CodeForbidden)
		}
	}
}

func TestAnAgentServesAnyNumberOneAfterTheOther(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	a := h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	v := h.come(url, protocol.Visitor, "v", "en")
	for i := range 70 {
		ticket := v.MustJoin("support")
		a.MustAccept()
		if _, err := a.Open(h.ctx, ticket, 0); err != nil {
			t.Fatalf("conversation %d: %v", i+1, err)
		}
		if _, err := a.CloseTicket(h.ctx, ticket); err != nil {
			t.Fatal(err)
		}
		people.Next(a, "the closing entry", func(e protocol.Entry) bool { return e.Ticket == ticket && e.Kind == protocol.EntryClosed })
	}
}

func TestAMessageAfterTheEndIsRefused(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	v := h.come(url, protocol.Visitor, "v", "en")
	ticket := v.MustJoin("support")
	a := h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	a.MustAccept()
	if _, err := a.CloseTicket(h.ctx, ticket); err != nil {
		t.Fatal(err)
	}
	_, err := v.Send(h.ctx, ticket, "late", "wait!")
	wantCode(t, err, protocol.CodeConversationClosed)
	_, err = a.Send(h.ctx, ticket, "late", "bye")
	wantCode(t, err, protocol.CodeConversationClosed)
	if _, err = a.CloseTicket(h.ctx, ticket); err != nil {
		t.Errorf("closing again what one has closed: %v", err)
	}
	_, err = v.Leave(h.ctx, ticket)
	wantCode(t, err, protocol.CodeConversationClosed)
}

func TestAnAgentReadsOnlyTheirOwn(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	v := h.come(url, protocol.Visitor, "v", "en")
	ticket := v.MustJoin("support")
	a, b := h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available), h.come(url, protocol.Agent, "b", "en")
	a.MustAccept()
	for name, do := range map[string]func() error{
		"reading": func() error { _, err := b.Open(h.ctx, ticket, 0); return err },
		"writing": func() error { _, err := b.Send(h.ctx, ticket, "m", "hi"); return err },
		"marking": func() error { _, err := b.Conn.Read(h.ctx, ticket, 1); return err },
	} {
		err := do()
		if err == nil {
			t.Errorf("%s another agent's conversation was allowed", name)
			continue
		}
		wantCode(t, err, protocol.CodeUnknownTicket)
	}
	_, err := b.CloseTicket(h.ctx, ticket)
	wantCode(t, err, protocol.CodeUnknownTicket)
}
