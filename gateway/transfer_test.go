package gateway_test

import (
	"errors"
	"slices"
	"testing"

	"nextup/gateway"
	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/queue"
	"nextup/test/people"
)

// [transfer-1] [transfer-4] [entry-4] [note-1]
func TestATicketPassedOnKeepsItsTimeItsConversationAndItsNumbers(t *testing.T) {
	h := newHouse(t, staff(map[string]queue.AgentFacts{"a": support, "b": trading}))
	one, _ := h.open("one")
	two, _ := h.open("two")
	v, a, ticket := h.served(one, "v", "a")
	joined := people.Next(v, "the agent", func(f protocol.Ticket) bool { return f.Status == protocol.Assigned }).JoinedAtMS
	v.MustSend(ticket, "m1", "my withdrawal is stuck")
	if _, err := a.Note(h.ctx, ticket, "n1", "third time this week"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Transfer(h.ctx, ticket, protocol.TransferTo{Department: "trading"}, "needs a specialist"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Transfer(h.ctx, ticket, protocol.TransferTo{Department: "trading"}, "needs a specialist"); err != nil {
		t.Errorf("repeated, because the answer was lost: %v", err)
	}
	_, err := a.Transfer(h.ctx, ticket, protocol.TransferTo{Department: "support"}, "")
	wantCode(t, err, protocol.CodeUnknownTicket)
	waits := people.Next(v, "the new line", func(f protocol.Ticket) bool { return f.Status == protocol.Waiting })
	if waits.Department != "trading" || waits.JoinedAtMS != joined || waits.Position != 1 || waits.Reason != protocol.TransferIn {
		t.Errorf("passed on, the visitor sees %+v; want trading, place 1 by the first join", waits)
	}
	_, err = a.Send(h.ctx, ticket, "m2", "still me")
	wantCode(t, err, protocol.CodeUnknownTicket)

	b := h.come(two, protocol.Agent, "b", "en").MustBe(protocol.Available)
	offer := b.MustAccept()
	if offer.Ticket != ticket || offer.TransferredBy == nil || offer.TransferredBy.Name != "Name of a" || offer.JoinedAtMS != joined {
		t.Errorf("the specialist is offered %+v", offer)
	}
	want := []protocol.EntryKind{protocol.EntryMember, protocol.EntryMessage, protocol.EntryNote, protocol.EntryNote, protocol.EntryMember}
	read := b.MustRead(ticket, 5)
	if !slices.Equal(kinds(read), want) || read[3].Text != "needs a specialist" || read[4].From.ID != "b" {
		t.Errorf("the specialist reads %+v", read)
	}
	if n := b.MustSend(ticket, "m1", "hello").Number; n != 6 {
		t.Errorf("the next message is %d, want 6", n)
	}
	for i, e := range v.MustRead(ticket, 6) {
		hidden := protocol.Entry{Type: protocol.TypeEntry, Ticket: ticket, Number: uint64(i + 1), Kind: protocol.EntryHidden, AtMS: e.AtMS}
		if note := i == 2 || i == 3; note != (e == hidden) {
			t.Errorf("the visitor reads %+v as entry %d", e, i+1)
		}
	}
}

// [transfer-2] [ticket-7]
func TestATicketPassedToAnAgentWaitsForThem(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Rules.TransferHold = 60_000 },
		staff(map[string]queue.AgentFacts{"a": support, "b": support, "c": {Departments: []string{"support"}, Capacity: 1}}))
	url, _ := h.open("one")
	w, c, busy := h.served(url, "w", "c")
	v, a, ticket := h.served(url, "v", "a")
	h.come(url, protocol.Agent, "b", "en").MustBe(protocol.Available) // has room, and is not the one
	if _, err := a.Transfer(h.ctx, ticket, protocol.TransferTo{Agent: "c"}, ""); err != nil {
		t.Fatal(err)
	}
	f := people.Next(v, "the hold", func(f protocol.Ticket) bool { return f.Hold != nil })
	if f.Hold.Agent.Name != "Name of c" || f.Hold.UntilMS < f.AsOfMS+50_000 || f.Status != protocol.Waiting {
		t.Errorf("the visitor waits as %+v", f)
	}
	if _, err := c.CloseTicket(h.ctx, busy); err != nil {
		t.Fatal(err)
	}
	people.Next(w, "the end", func(f protocol.Ticket) bool { return f.Status == protocol.Closed })
	if offer := c.MustAccept(); offer.Ticket != ticket {
		t.Errorf("c is offered %s, want what was held for them", offer.Ticket)
	}
}

// [transfer-3]
func TestATransferToNobodySaysWhomThereIs(t *testing.T) {
	h := newHouse(t, staff(map[string]queue.AgentFacts{"a": both, "b": both, "small": {Departments: []string{"support"}, Capacity: 1}}),
		func(s *gateway.SiteOptions) { s.Rules.Topics = map[string]queue.Topic{"heavy": {Weight: 2}} })
	url, _ := h.open("one")
	h.come(url, protocol.Agent, "b", "en").MustBe(protocol.Available)
	small := h.come(url, protocol.Agent, "small", "en")
	v := h.come(url, protocol.Visitor, "v", "en")
	if _, err := v.Request(h.ctx, protocol.TypeJoin, func(e protocol.Envelope) protocol.Request {
		return protocol.Join{Envelope: e, Department: "support", Topic: "heavy"}
	}); err != nil {
		t.Fatal(err)
	}
	b := h.come(url, protocol.Agent, "b", "en")
	offer := b.MustAccept()
	a := h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	small.MustBe(protocol.Available)
	tests := []struct {
		name   string
		by     *people.Person
		ticket string
		to     protocol.TransferTo
		code   protocol.Code
		known  []string
	}{
		{"to an agent who is not", b, offer.Ticket, protocol.TransferTo{Agent: "nobody"}, protocol.CodeUnknownAgent, []string{"a", "small"}},
		{"to oneself", b, offer.Ticket, protocol.TransferTo{Agent: "b"}, protocol.CodeUnknownAgent, []string{"a", "small"}},
		{"to a department that is not", b, offer.Ticket, protocol.TransferTo{Department: "legal"}, protocol.CodeUnknownDepartment, []string{"support", "trading"}},
		{"to a language that the department lacks", b, offer.Ticket, protocol.TransferTo{Department: "trading", Language: "zh"}, protocol.CodeUnknownLanguage, []string{"en"}},
		{"to a language that nobody has", b, offer.Ticket, protocol.TransferTo{Language: "fr"}, protocol.CodeUnknownLanguage, []string{"en", "zh"}},
		{"to an agent with too little capacity", b, offer.Ticket, protocol.TransferTo{Agent: "small"}, protocol.CodeNoRoom, nil},
		{"of another's ticket", a, offer.Ticket, protocol.TransferTo{Agent: "a"}, protocol.CodeUnknownTicket, nil},
		{"of no ticket", b, "none", protocol.TransferTo{Agent: "a"}, protocol.CodeUnknownTicket, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.by.Transfer(h.ctx, tt.ticket, tt.to, "a note that must not stay")
			wantKnown(t, err, tt.code, tt.known)
		})
	}
	if entries := b.MustRead(offer.Ticket, 1); len(entries) != 1 {
		t.Errorf("refused transfers left %+v", entries)
	}
	if n := b.MustSend(offer.Ticket, "m", "hello").Number; n != 2 {
		t.Errorf("refused transfers left %d entries", n-2)
	}
}

func wantKnown(t *testing.T, err error, code protocol.Code, known []string) {
	t.Helper()
	wantCode(t, err, code)
	if r, ok := err.(*client.Refused); ok && !slices.Equal(r.Frame.Known, known) { //nolint:errorlint // it is never wrapped
		t.Errorf("known = %v, want %v", r.Frame.Known, known)
	}
}

// [consult-1] [consult-2] [consult-3]
func TestAnInvitedAgentTakesPartUntilTheyLeaveOrTakeOver(t *testing.T) {
	h := newHouse(t, staff(map[string]queue.AgentFacts{"a": support, "b": support, "c": support, "d": support, "e": support}))
	one, _ := h.open("one")
	two, _ := h.open("two")
	v, a, ticket := h.served(one, "v", "a")
	b := h.come(two, protocol.Agent, "b", "en")
	_, err := b.Open(h.ctx, ticket, 0)
	wantCode(t, err, protocol.CodeUnknownTicket)
	for h.ctx.Err() == nil { // until the first gateway has heard of who is on the second
		var refused *client.Refused
		if _, err = a.Consult(h.ctx, ticket, "nobody"); errors.As(err, &refused) && len(refused.Frame.Known) > 0 {
			break
		}
	}
	wantKnown(t, err, protocol.CodeUnknownAgent, []string{"b"})
	_, err = b.Consult(h.ctx, ticket, "b")
	wantCode(t, err, protocol.CodeUnknownTicket)

	if _, err := a.Consult(h.ctx, ticket, "b"); err != nil {
		t.Fatal(err)
	}
	d := b.OnDesk(ticket, anyTicket)
	if !d.Guest || d.Owner == nil || d.Owner.ID != "a" || len(d.Guests) != 1 {
		t.Errorf("the guest's desk shows %+v", d)
	}
	if mine := a.OnDesk(ticket, func(t protocol.DeskTicket) bool { return len(t.Guests) == 1 }); mine.Guest || mine.Guests[0].Name != "Name of b" {
		t.Errorf("the owner's desk shows %+v", mine)
	}
	b.MustSend(ticket, "m1", "I can help")
	read := v.MustRead(ticket, 3)
	if want := []protocol.EntryKind{protocol.EntryMember, protocol.EntryMember, protocol.EntryMessage}; !slices.Equal(kinds(read), want) || read[1].From.ID != "b" {
		t.Errorf("the visitor reads %+v", read)
	}
	b.MustRead(ticket, 3)
	v.MustSend(ticket, "m1", "thanks")
	people.Next(b, "what the visitor says", func(e protocol.Entry) bool { return e.Text == "thanks" })
	_, err = b.Transfer(h.ctx, ticket, protocol.TransferTo{Agent: "b"}, "")
	wantCode(t, err, protocol.CodeForbidden)
	_, err = b.CloseTicket(h.ctx, ticket)
	wantCode(t, err, protocol.CodeForbidden)
	_, err = a.Leave(h.ctx, ticket)
	wantCode(t, err, protocol.CodeForbidden)

	for _, guest := range []string{"c", "d"} {
		h.come(one, protocol.Agent, guest, "en")
		if _, err := a.Consult(h.ctx, ticket, guest); err != nil {
			t.Fatal(err)
		}
	}
	h.come(one, protocol.Agent, "e", "en")
	_, err = a.Consult(h.ctx, ticket, "e")
	wantCode(t, err, protocol.CodeNoRoom)

	if _, err := b.Leave(h.ctx, ticket); err != nil {
		t.Fatal(err)
	}
	people.Next(b, "an empty desk", func(d protocol.Desk) bool { return len(d.Tickets) == 0 })
	_, err = b.Send(h.ctx, ticket, "m2", "one more thing")
	wantCode(t, err, protocol.CodeUnknownTicket)

	a.OnDesk(ticket, func(t protocol.DeskTicket) bool { return len(t.Guests) == 2 && t.Guests[1].ID == "d" }) // the first gateway has heard
	if _, err := a.Consult(h.ctx, ticket, "b"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Transfer(h.ctx, ticket, protocol.TransferTo{Agent: "b"}, ""); err != nil {
		t.Fatal(err)
	}
	if d := b.OnDesk(ticket, func(t protocol.DeskTicket) bool { return !t.Guest }); d.Token != 2 || len(d.Guests) != 2 {
		t.Errorf("handed over, the desk shows %+v; want token 2 and the other two guests", d)
	}
	b.MustSend(ticket, "m3", "mine now")
	_, err = a.Send(h.ctx, ticket, "m9", "not mine")
	wantCode(t, err, protocol.CodeUnknownTicket)
	if f := people.Next(v, "the new agent", func(f protocol.Ticket) bool { return f.Agent != nil && f.Agent.ID == "b" }); f.Status != protocol.Assigned {
		t.Errorf("handed over, the visitor sees %+v", f)
	}
}
