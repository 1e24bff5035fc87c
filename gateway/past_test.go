package gateway_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"nextup/gateway/protocol"
)

// pastOf asks for the tickets that have ended, as somebody.
func (h *house) pastOf(url string, role protocol.Role, subject, visitor string) (status int, tickets []string) {
	h.t.Helper()
	path := "/v1/tickets"
	if visitor != "" {
		path += "?visitor=" + visitor
	}
	status, body := h.askAs(url, path, h.token(role, subject))
	var all []struct {
		Ticket  string           `json:"ticket"`
		EndedAt int64            `json:"ended_at_ms"`
		Agent   *protocol.Person `json:"agent"`
	}
	if status != http.StatusOK {
		return status, nil
	}
	if err := json.Unmarshal([]byte(body), &all); err != nil {
		h.t.Fatalf("%s: %v", body, err)
	}
	for _, t := range all {
		if t.EndedAt == 0 || t.Agent == nil {
			h.t.Errorf("a ticket that an agent closed is told without its end or its agent: %s", body)
		}
		tickets = append(tickets, t.Ticket)
	}
	return status, tickets
}

// [http-7] [open-4]
func TestEarlierConversationsAreReadByThoseWhoServeTheVisitor(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	v, a := h.come(url, protocol.Visitor, "v", "en"), h.come(url, protocol.Agent, "a", "en").works()
	first := v.joins("support", "en")
	a.accepts()
	v.opens(first, 0)
	v.says(first, "m1", "the first time")
	if _, err := a.CloseTicket(h.ctx, first); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Status(h.ctx, protocol.Away); err != nil {
		t.Fatal(err)
	}
	b := h.come(url, protocol.Agent, "b", "en").works()
	second := v.joins("support", "en")
	offer := until(b, "the offer", func(d protocol.Desk) bool { return len(d.Offers) == 1 }).Offers[0]

	if status, _ := h.pastOf(url, protocol.Agent, "b", "v"); status != http.StatusForbidden {
		t.Errorf("an agent who is only offered the visitor is answered %d", status)
	}
	if _, err := b.Open(h.ctx, first, 0); err == nil || !strings.Contains(err.Error(), "unknown_ticket") {
		t.Errorf("an agent who is only offered the visitor reads: %v", err)
	}
	if _, err := b.Accept(h.ctx, offer.Offer); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name          string
		role          protocol.Role
		subject, of   string
		status, count int
	}{
		{"the agent who serves the visitor now", protocol.Agent, "b", "v", http.StatusOK, 1},
		{"the agent who served them", protocol.Agent, "a", "v", http.StatusForbidden, 0},
		{"that agent, of their own", protocol.Agent, "a", "", http.StatusOK, 1},
		{"the newer agent, of their own", protocol.Agent, "b", "", http.StatusOK, 0},
		{"a supervisor", protocol.Supervisor, "s", "v", http.StatusOK, 1},
		{"a supervisor of nobody", protocol.Supervisor, "s", "", http.StatusForbidden, 0},
		{"the visitor", protocol.Visitor, "v", "", http.StatusForbidden, 0},
	} {
		status, tickets := h.pastOf(url, tt.role, tt.subject, tt.of)
		if status != tt.status || len(tickets) != tt.count || tt.count == 1 && tickets[0] != first {
			t.Errorf("%s is answered %d %v", tt.name, status, tickets)
		}
	}
	b.opens(first, 0)
	until(b, "what was written the first time", func(e protocol.Entry) bool { return e.Text == "the first time" })
	if _, err := b.Send(h.ctx, first, "m2", "late"); err == nil {
		t.Error("an earlier conversation can be written to")
	}
	if _, err := b.CloseTicket(h.ctx, second); err != nil {
		t.Fatal(err)
	}
	if status, _ := h.pastOf(url, protocol.Agent, "b", "v"); status != http.StatusForbidden {
		t.Errorf("who serves the visitor no more is answered %d", status)
	}
}
