package main

import (
	"context"
	"sync/atomic"
	"testing"

	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/loadtest/token"
)

// A real agent with room is offered no person of a run, and a real visitor no agent of it, in the
// same department, where every line widens at once to a language that the agent speaks.
func TestMarkedPeopleNeverMeetThoseOfTheSite(t *testing.T) {
	t.Parallel()
	const mark = "qaa"
	target := honestly(t, "", "fallback_language: en\n    departments: [{id: support, widening: [{after: 1s, languages: fallback}]}]", "en", "es", mark)
	come := func(role protocol.Role, subject string, languages []string, on func(protocol.ServerFrame)) *client.Conn {
		signed, err := token.Mint(faultySite, faultyKey, role, subject, languages...)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := client.Dial(context.WithoutCancel(t.Context()), socketOf(target), signed, on)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(conn.Close)
		return conn
	}
	var given, taken atomic.Int64
	ada := come(protocol.Agent, "ada", []string{"en"}, func(f protocol.ServerFrame) {
		if desk, ok := f.(protocol.Desk); ok && len(desk.Offers)+len(desk.Tickets) > 0 {
			given.Add(1)
		}
	})
	if _, err := ada.Status(t.Context(), protocol.Available); err != nil {
		t.Fatal(err)
	}
	vera := come(protocol.Visitor, "vera", nil, func(f protocol.ServerFrame) {
		if ticket, ok := f.(protocol.Ticket); ok && ticket.Status != protocol.Waiting {
			taken.Add(1)
		}
	})
	if _, err := vera.Request(t.Context(), protocol.TypeJoin, func(e protocol.Envelope) protocol.Request {
		return protocol.Join{Envelope: e, Department: "support", Languages: []string{"es"}, LanguageRequired: true}
	}); err != nil {
		t.Fatal(err)
	}
	s := smoke(t, target, mark)
	if s.value("visitors_served", "count") == 0 {
		t.Error("no visitor of the run was served")
	}
	if given.Load() > 0 {
		t.Error("a real agent was offered visitors of the run")
	}
	if taken.Load() > 0 {
		t.Error("a real visitor was offered to an agent of the run")
	}
	for who, conn := range map[string]*client.Conn{"agent": ada, "visitor": vera} {
		select {
		case <-conn.Done():
			t.Errorf("the real %s has seen half of the run: %v", who, conn.Err())
		default:
		}
	}
}
