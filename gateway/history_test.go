package gateway_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"nextup/gateway"
	"nextup/gateway/protocol"
	"nextup/test/people"
)

// pastOf asks for the tickets that have ended, as the client.
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

// [open-4] The earlier conversations of a visitor stay readable until the wrap-up of
// theirs ends, also when the visitor has another ticket by then.
func TestEarlierConversationsAreReadUntilTheWrapUpEnds(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Rules.Departments[0].WrapUp = 600_000 })
	url, _ := h.open("one")
	v, a, first := h.served(url, "v", "a")
	v.MustSend(first, "m1", "the first time")
	if _, err := a.CloseTicket(h.ctx, first); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Finish(h.ctx, first); err != nil {
		t.Fatal(err)
	}
	b := h.come(url, protocol.Agent, "b", "en").MustBe(protocol.Available)
	if _, err := a.Status(h.ctx, protocol.Away); err != nil {
		t.Fatal(err)
	}
	second := v.MustJoin("support", "en")
	b.MustAccept()
	if _, err := b.CloseTicket(h.ctx, second); err != nil {
		t.Fatal(err)
	}
	v.MustJoin("trading", "en") // they are back before the agent has done
	b.MustOpen(first, 0)
	people.Next(b, "what was written the first time", func(e protocol.Entry) bool { return e.Text == "the first time" })
	if status, tickets := h.pastOf(url, protocol.Agent, "b", "v"); status != http.StatusOK || len(tickets) != 2 {
		t.Errorf("while wrapping up, the agent is answered %d %v", status, tickets)
	}
	if _, err := b.Finish(h.ctx, second); err != nil {
		t.Fatal(err)
	}
	_, err := b.Open(h.ctx, first, 0)
	wantCode(t, err, protocol.CodeUnknownTicket)
	if status, _ := h.pastOf(url, protocol.Agent, "b", "v"); status != http.StatusForbidden {
		t.Errorf("after that they are answered %d", status)
	}
}

// [open-5] An agent sees what the visitor has written before they take an offer, and
// nothing more once it is over.
func TestAnOfferedConversationIsReadWhileItIsOffered(t *testing.T) {
	for name, ends := range map[string]func(a *people.Person, d protocol.DeskOffer) error{
		"it is declined": func(a *people.Person, d protocol.DeskOffer) error {
			_, err := a.Decline(t.Context(), d.Offer)
			return err
		},
		"it lapses": func(a *people.Person, _ protocol.DeskOffer) error {
			people.Next(a, "the lapse", func(d protocol.Desk) bool { return len(d.Offers) == 0 })
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, func(s *gateway.SiteOptions) { s.Rules.Departments[0].OfferTTL = 1000 })
			url, _ := h.open("one")
			v := h.come(url, protocol.Visitor, "v", "en")
			ticket := v.MustJoin("support")
			v.MustSend(ticket, "m1", "my card was refused")
			a := h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
			offer := people.Next(a, "the offer", func(d protocol.Desk) bool { return len(d.Offers) == 1 }).Offers[0]
			if read := a.MustRead(ticket, 1); read[0].Text != "my card was refused" {
				t.Errorf("the agent reads %+v", read)
			}
			_, err := a.Send(h.ctx, ticket, "m", "hello")
			wantCode(t, err, protocol.CodeUnknownTicket)
			_, err = a.Read(h.ctx, ticket, 1)
			wantCode(t, err, protocol.CodeUnknownTicket)
			other := h.come(url, protocol.Agent, "other", "en")
			_, err = other.Open(h.ctx, ticket, 0)
			wantCode(t, err, protocol.CodeUnknownTicket)

			if err := ends(a, offer); err != nil {
				t.Fatal(err)
			}
			if _, err := a.Status(h.ctx, protocol.Away); err != nil {
				t.Fatal(err)
			}
			_, err = a.Open(h.ctx, ticket, 0)
			wantCode(t, err, protocol.CodeUnknownTicket)
			s := h.come(url, protocol.Supervisor, "s")
			s.MustOpen(ticket, 0)
			v.MustSend(ticket, "m2", "are you there?")
			people.Next(s, "what was written after it", func(e protocol.Entry) bool { return e.Text == "are you there?" })
			a.Send(h.ctx, ticket, "m", "hello") // is answered after all that was sent
			for _, f := range a.Pending() {
				if e, ok := f.(protocol.Entry); ok {
					t.Errorf("whose offer is over is sent %+v", e)
				}
			}
			if read := v.MustRead(ticket, 2); len(read) != 2 {
				t.Errorf("the conversation has %+v", read)
			}
		})
	}
}

// [http-7] [open-4]
func TestEarlierConversationsAreReadByThoseWhoServeTheVisitor(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	v, a := h.come(url, protocol.Visitor, "v", "en"), h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	first := v.MustJoin("support", "en")
	a.MustAccept()
	v.MustOpen(first, 0)
	v.MustSend(first, "m1", "the first time")
	if _, err := a.CloseTicket(h.ctx, first); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Status(h.ctx, protocol.Away); err != nil {
		t.Fatal(err)
	}
	b := h.come(url, protocol.Agent, "b", "en").MustBe(protocol.Available)
	second := v.MustJoin("support", "en")
	offer := people.Next(b, "the offer", func(d protocol.Desk) bool { return len(d.Offers) == 1 }).Offers[0]

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
	b.MustOpen(first, 0)
	people.Next(b, "what was written the first time", func(e protocol.Entry) bool { return e.Text == "the first time" })
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
