package gateway_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"nextup/gateway/protocol"
	"nextup/queue"
	"nextup/test/people"
)

// auditEvent is a line of the audit log.
type auditEvent struct {
	Site, By, Role, Action, Ticket, Agent, Department, Language, Reason string
	Tier                                                                int
	Log, Entry                                                          uint64
	AtMS                                                                int64  `json:"at_ms"`
	HeadStartS                                                          *int64 `json:"head_start_s"`
}

// auditEvents reads the audit log of the house.
func (h *house) auditEvents() []auditEvent {
	h.t.Helper()
	var all []auditEvent
	for line := range strings.Lines(h.audit.String()) {
		var d auditEvent
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			h.t.Fatalf("%q is no line of an audit log: %v", line, err)
		}
		all = append(all, d)
	}
	return all
}

// audited returns the one event of the action.
func (h *house) audited(action string) auditEvent {
	h.t.Helper()
	var found []auditEvent
	for _, d := range h.auditEvents() {
		if d.Action == action {
			found = append(found, d)
		}
	}
	if len(found) != 1 || found[0].By != "s" || found[0].Role != "supervisor" || found[0].Site != "demo" || found[0].AtMS == 0 {
		h.t.Fatalf("%s stands in the audit log as %+v, want it once", action, found)
	}
	return found[0]
}

// [monitor-1] [barge-1] [whisper-1] [audit-1] [entry-4]
func TestASupervisorReadsUnseenWhispersToAgentsAndComesInToBeHeard(t *testing.T) {
	h := newHouse(t)
	one, _ := h.open("one")
	two, _ := h.open("two")
	v, a, ticket := h.served(one, "v", "a")
	v.MustSend(ticket, "m1", "SECRET words")
	s := h.come(two, protocol.Supervisor, "s")
	s.MustRead(ticket, 2)
	if _, err := s.Read(h.ctx, ticket, 2); err != nil {
		t.Fatal(err)
	}
	s.MustOpen(ticket, 2) // going on is no new auditEvent
	if d := h.audited("monitor"); d.Ticket != ticket {
		t.Errorf("monitoring is written down as %+v", d)
	}
	a.MustOpen(ticket, 0)
	if err := s.Typing(h.ctx, ticket, true); err != nil {
		t.Fatal(err)
	}
	ok, err := s.Whisper(h.ctx, ticket, "w1", "SECRET advice")
	if err != nil || ok.Number != 3 {
		t.Fatalf("the whisper is %+v, %v; want entry 3, as if nobody had read", ok, err)
	}
	people.Next(a, "the whisper", func(e protocol.Entry) bool {
		return e.Kind == protocol.EntryWhisper && e.Text == "SECRET advice" && e.From.Role == protocol.Supervisor
	})
	if d := h.audited("whisper"); d.Ticket != ticket || d.Entry != 3 || d.AtMS != ok.AtMS {
		t.Errorf("whispering is written down as %+v, the answer was %+v", d, ok)
	}
	for i := range 2 { // coming in is said once
		s.MustSend(ticket, fmt.Sprint("b", i), "let me help")
	}
	want := []protocol.EntryKind{
		protocol.EntryMember, protocol.EntryMessage, protocol.EntryHidden, protocol.EntryMember, protocol.EntryMessage, protocol.EntryMessage,
	}
	read := v.MustRead(ticket, len(want))
	if !slices.Equal(kinds(read), want) || read[3].From.ID != "s" || read[2].Text != "" || read[2].From != nil {
		t.Errorf("the visitor reads %+v", read)
	}
	if err := s.Typing(h.ctx, ticket, true); err != nil {
		t.Fatal(err)
	}
	people.Next(v, "the typing of who has come in", func(f protocol.Typing) bool { return f.From.ID == "s" })
	if strings.Contains(h.audit.String(), "SECRET") {
		t.Errorf("what people write stands in the audit log:\n%s", h.audit)
	}
}

// [reassign-1] [transfer-4]
func TestASupervisorReassignsAnyOpenTicket(t *testing.T) {
	h := newHouse(t, staff(map[string]queue.AgentFacts{"a": both, "b": both}))
	url, _ := h.open("one")
	v, a, ticket := h.served(url, "v", "a")
	b := h.come(url, protocol.Agent, "b", "en").MustBe(protocol.Available)
	s := h.come(url, protocol.Supervisor, "s")
	ok, err := s.Transfer(h.ctx, ticket, protocol.TransferTo{Agent: "b"}, "please take this")
	if err != nil {
		t.Fatal(err)
	}
	people.Next(a, "an empty desk", func(d protocol.Desk) bool { return len(d.Tickets) == 0 && d.Load == 0 })
	if offer := b.MustAccept(); offer.Ticket != ticket || offer.TransferredBy == nil || *offer.TransferredBy != (protocol.Person{Role: protocol.Supervisor, ID: "s"}) {
		t.Errorf("b is offered %+v", offer)
	}
	if read := b.MustRead(ticket, 3); read[1].Kind != protocol.EntryNote || read[1].From.ID != "s" {
		t.Errorf("b reads %+v", read)
	}
	if d := h.audited("reassign"); d.Ticket != ticket || d.Agent != "b" || d.Log != ok.Log {
		t.Errorf("reassigning is written down as %+v, the answer was %+v", d, ok)
	}
	people.Next(v, "the new agent", func(f protocol.Ticket) bool { return f.Agent != nil && f.Agent.ID == "b" })

	w := h.come(url, protocol.Visitor, "w", "zh")
	waiting := w.MustJoin("support")
	if _, err := s.Transfer(h.ctx, waiting, protocol.TransferTo{Department: "trading", Language: "en"}, ""); err != nil {
		t.Fatal(err)
	}
	there := people.Next(w, "the other line", func(f protocol.Ticket) bool { return f.Department == "trading" && f.Language == "en" })
	if ok, err := s.Transfer(h.ctx, waiting, protocol.TransferTo{Department: "trading", Language: "en"}, ""); err != nil || ok.Log > there.Log {
		t.Errorf("repeated, because the answer was lost: %+v, %v; want ok and nothing new", ok, err)
	}
	_, err = s.Transfer(h.ctx, "none", protocol.TransferTo{Tier: 2}, "")
	wantCode(t, err, protocol.CodeUnknownTicket)
}

// [headstart-1] [ticket-5]
func TestASupervisorRaisesAndLowersATicketAndPeopleAreToldWhy(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	s := h.come(url, protocol.Supervisor, "s")
	var line []*people.Person
	var tickets []string
	for i := range 3 {
		v := h.come(url, protocol.Visitor, fmt.Sprint("v", i), "en")
		tickets = append(tickets, v.MustJoin("support"))
		people.Next(v, "the place", func(f protocol.Ticket) bool { return f.Position == i+1 })
		line = append(line, v)
	}
	ok, err := s.HeadStart(h.ctx, tickets[2], 3600, "refused twice")
	if err != nil {
		t.Fatal(err)
	}
	people.Next(line[2], "place 1", func(f protocol.Ticket) bool { return f.Position == 1 && f.Reason == "" })
	people.Next(line[0], "being overtaken", func(f protocol.Ticket) bool { return f.Position == 2 && f.Reason == protocol.Raised })
	if d := h.audited("head_start"); d.Ticket != tickets[2] || d.Reason != "refused twice" || d.HeadStartS == nil || *d.HeadStartS != 3600 || d.Log != ok.Log {
		t.Errorf("raising is written down as %+v", d)
	}
	if _, err := s.HeadStart(h.ctx, tickets[2], -3600, "a mistake"); err != nil {
		t.Fatal(err)
	}
	people.Next(line[2], "place 3", func(f protocol.Ticket) bool { return f.Position == 3 && f.Reason == protocol.Lowered })
	a := h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	offer := a.MustAccept()
	_, err = s.HeadStart(h.ctx, offer.Ticket, 60, "too late")
	wantCode(t, err, protocol.CodeForbidden)
}

// [pause-1] [ticket-8]
func TestAPausedQueueServesNobodyAndKeepsItsPlaces(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	s, v := h.come(url, protocol.Supervisor, "s"), h.come(url, protocol.Visitor, "v", "en")
	ticket := v.MustJoin("support")
	for range 2 { // again is ok
		if _, err := s.Pause(h.ctx, "support", "en", true, "fire drill"); err != nil {
			t.Fatal(err)
		}
	}
	people.Next(v, "the pause", func(f protocol.Ticket) bool { return f.Paused && f.Position == 1 })
	a := h.come(url, protocol.Agent, "a", "en", "zh").MustBe(protocol.Available)
	w := h.come(url, protocol.Visitor, "w", "zh")
	other := w.MustJoin("support")
	if offer := a.MustAccept(); offer.Ticket != other {
		t.Errorf("the agent is offered %s of the paused queue, want %s", offer.Ticket, other)
	}
	late := h.come(url, protocol.Visitor, "late", "en")
	late.MustJoin("support")
	people.Next(late, "place 2", func(f protocol.Ticket) bool { return f.Position == 2 && f.Paused })
	if _, err := s.Pause(h.ctx, "support", "en", false, ""); err != nil {
		t.Fatal(err)
	}
	if offer := a.MustAccept(); offer.Ticket != ticket {
		t.Errorf("after the pause comes %s, want %s", offer.Ticket, ticket)
	}
	if d := h.auditEvents()[0]; d.Action != "pause" || d.Department != "support" || d.Language != "en" || d.Reason != "fire drill" || d.Log == 0 {
		t.Errorf("pausing is written down as %+v", d)
	}
	h.audited("resume")
	_, err := s.Pause(h.ctx, "legal", "en", true, "")
	wantKnown(t, err, protocol.CodeUnknownDepartment, []string{"support", "trading"})
	_, err = s.Pause(h.ctx, "trading", "zh", true, "")
	wantKnown(t, err, protocol.CodeUnknownLanguage, []string{"en"})
}
