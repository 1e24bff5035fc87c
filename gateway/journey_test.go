package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"nextup/gateway/protocol"
	"nextup/test/people"
)

// [desk-4] [request-4]
func TestAWholeJourneyOverTwoGateways(t *testing.T) {
	h := newHouse(t)
	one, _ := h.open("one")
	two, _ := h.open("two")

	var visitors []*people.Person
	var tickets []string
	for i := range 3 {
		v := h.come(one, protocol.Visitor, fmt.Sprint("v", i), "zh")
		tickets = append(tickets, v.MustJoin("support"))
		f := people.Next(v, "the place", func(f protocol.Ticket) bool { return f.Position == i+1 })
		if f.Wait == nil || f.Log == 0 || f.AsOfMS == 0 || f.Size < i+1 || f.Language != "zh" {
			t.Errorf("visitor %d sees %+v", i, f)
		}
		visitors = append(visitors, v)
	}
	visitors[0].MustSend(tickets[0], "m1", "我的提现还没有到账")

	agent := h.come(two, protocol.Agent, "mei", "zh").MustBe(protocol.Available)
	offer := agent.MustAccept()
	if offer.Ticket != tickets[0] || offer.Visitor.Name != "Name of v0" || offer.DeadlineMS == 0 {
		t.Errorf("the first offer is %+v, want the first visitor", offer)
	}
	agent.MustOpen(offer.Ticket, 0)
	first := people.Next(agent, "what the visitor wrote", func(e protocol.Entry) bool { return e.Kind == protocol.EntryMessage })
	if first.Text != "我的提现还没有到账" || first.Number != 1 || first.From.ID != "v0" {
		t.Errorf("the agent reads %+v", first)
	}
	got := people.Next(visitors[0], "the agent", func(f protocol.Ticket) bool { return f.Status == protocol.Assigned })
	if got.Agent == nil || got.Agent.Name != "Name of mei" {
		t.Errorf("the visitor is told %+v", got.Agent)
	}
	people.Next(visitors[1], "place 1", func(f protocol.Ticket) bool { return f.Position == 1 && f.Reason == "" })
	people.Next(visitors[2], "place 2", func(f protocol.Ticket) bool { return f.Position == 2 })

	visitors[0].MustOpen(tickets[0], 0)
	agent.MustSend(offer.Ticket, "a1", "您好")
	people.Next(visitors[0], "the answer", func(e protocol.Entry) bool { return e.Text == "您好" })

	// A reload: the socket goes, another comes, and everything is there.
	visitors[0].Cut()
	again := h.come(two, protocol.Visitor, "v0", "zh")
	people.Next(again, "the ticket", func(f protocol.Ticket) bool { return f.Ticket == tickets[0] && f.Status == protocol.Assigned })
	again.MustOpen(tickets[0], 0)
	want := []protocol.EntryKind{protocol.EntryMessage, protocol.EntryMember, protocol.EntryMessage}
	for i, kind := range want {
		if e := people.Next(again, "an entry", func(protocol.Entry) bool { return true }); e.Kind != kind || e.Number != uint64(i+1) {
			t.Errorf("entry %d is %+v, want %s", i+1, e, kind)
		}
	}

	if _, err := agent.CloseTicket(h.ctx, offer.Ticket); err != nil {
		t.Fatal(err)
	}
	seen := [2]bool{} // in either order
	people.Next(again, "the end, and the closing entry", func(f protocol.ServerFrame) bool {
		switch f := f.(type) {
		case protocol.Ticket:
			seen[0] = seen[0] || f.Status == protocol.Closed && f.End == protocol.EndAgentClosed
		case protocol.Entry:
			seen[1] = seen[1] || f.Kind == protocol.EntryClosed
		}
		return seen == [2]bool{true, true}
	})
	if next := agent.MustAccept(); next.Ticket != tickets[1] {
		t.Errorf("the next offer is for %s, want %s", next.Ticket, tickets[1])
	}
}

// [join-4] A join that is repeated after its ticket has ended is still the same
// join: the answer to the first may have been lost for a while.
func TestARepeatedJoinIsNotAnother(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	v := h.come(url, protocol.Visitor, "v", "en")
	first := h.raw(url)
	first.hello(h.token(protocol.Visitor, "v", "en"))
	first.write(`{"type":"join","id":"wish-1","department":"support"}`)
	f := people.Next(v, "the place", func(f protocol.Ticket) bool { return f.Position == 1 })
	if _, err := v.Leave(h.ctx, f.Ticket); err != nil {
		t.Fatal(err)
	}
	again := h.come(url, protocol.Visitor, "v", "en")
	raw := h.raw(url)
	raw.hello(h.token(protocol.Visitor, "v", "en"))
	raw.write(`{"type":"join","id":"wish-1","department":"support"}`)
	for {
		if ok, matches := raw.next().(protocol.OK); matches {
			if ok.Ticket != f.Ticket {
				t.Errorf("the repeated join made ticket %s, the first %s", ok.Ticket, f.Ticket)
			}
			break
		}
	}
	raw.write(`{"type":"join","id":"wish-1","department":"trading"}`)
	if e := raw.refusal(); e.Code != protocol.CodeIDReused {
		t.Errorf("the id for another join: %+v", e)
	}
	if next := again.MustJoin("support"); next == f.Ticket {
		t.Error("a new wish gets the old ticket")
	}
}

// [send-3] [request-2]
func TestMessagesAreSentOnce(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	v := h.come(url, protocol.Visitor, "v", "en")
	ticket := v.MustJoin("support")
	a := v.MustSend(ticket, "m1", "hello")
	b := v.MustSend(ticket, "m1", "hello")
	if a.Number != 1 || b.Number != 1 || a.AtMS != b.AtMS {
		t.Errorf("the same message is %+v and %+v", a, b)
	}
	_, err := v.Send(h.ctx, ticket, "m1", "another text")
	wantCode(t, err, protocol.CodeIDReused)
	v.MustOpen(ticket, 0)
	people.Next(v, "the message", func(e protocol.Entry) bool { return e.Number == 1 && e.MessageID == "m1" })
	if c := v.MustSend(ticket, "m2", "more"); c.Number != 2 {
		t.Errorf("the next message has number %d", c.Number)
	}
	people.Next(v, "the second", func(e protocol.Entry) bool { return e.Number == 2 })
	v.MustOpen(ticket, 1)
	if e := people.Next(v, "the rest", func(protocol.Entry) bool { return true }); e.Number != 2 {
		t.Errorf("resuming after 1 brings %d first", e.Number)
	}
}

// [typing-1] [read-2]
func TestTypingAndReadMarksReachTheOther(t *testing.T) {
	h := newHouse(t)
	one, _ := h.open("one")
	two, _ := h.open("two")
	v := h.come(one, protocol.Visitor, "v", "en")
	ticket := v.MustJoin("support")
	v.MustSend(ticket, "m1", "hello")
	a := h.come(two, protocol.Agent, "a", "en").MustBe(protocol.Available)
	a.MustAccept()
	a.MustOpen(ticket, 0)
	v.MustOpen(ticket, 0)
	people.Next(v, "the member entry", func(e protocol.Entry) bool { return e.Kind == protocol.EntryMember })
	if err := a.Typing(h.ctx, ticket, true); err != nil {
		t.Fatal(err)
	}
	if f := people.Next(v, "typing", func(protocol.Typing) bool { return true }); !f.On || f.From.ID != "a" {
		t.Errorf("typing = %+v", f)
	}
	if _, err := a.Read(h.ctx, ticket, 1); err != nil {
		t.Fatal(err)
	}
	if e := people.Next(v, "the read mark", func(e protocol.Entry) bool { return e.Kind == protocol.EntryRead }); e.UpTo != 1 || e.From.Role != protocol.Agent {
		t.Errorf("the read mark = %+v", e)
	}
}

func TestADeclinedOfferLeavesThePlace(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	v := h.come(url, protocol.Visitor, "v", "en")
	v.MustJoin("support")
	a := h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	d := people.Next(a, "an offer", func(d protocol.Desk) bool { return len(d.Offers) == 1 })
	b := h.come(url, protocol.Agent, "b", "en").MustBe(protocol.Available)
	if _, err := a.Decline(h.ctx, d.Offers[0].Offer); err != nil {
		t.Fatal(err)
	}
	people.Next(b, "the offer", func(d protocol.Desk) bool { return len(d.Offers) == 1 })
	_, err := a.Accept(h.ctx, d.Offers[0].Offer)
	wantCode(t, err, protocol.CodeUnknownOffer)
}

// [http-1]
func TestQueuesTellAHostWhatJoiningWouldMean(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	v := h.come(url, protocol.Visitor, "v", "en")
	v.MustJoin("support")
	people.Next(v, "the place", func(f protocol.Ticket) bool { return f.Position == 1 })
	get := func(token string) (int, []byte) {
		req, _ := http.NewRequestWithContext(h.ctx, http.MethodGet, strings.Replace(strings.Replace(url, "ws", "http", 1), "connect", "queues", 1), nil)
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, body
	}
	if code, body := get(""); code != http.StatusUnauthorized || !strings.Contains(string(body), `"bad_token"`) {
		t.Errorf("without a token: %d %s", code, body)
	}
	code, body := get(h.token(protocol.Visitor, "somebody"))
	want := `{"queue":"support/en","department":"support","language":"en","size":1,"agents_with_room":0,"wait":{"known":false},"unattended":true}`
	if code != http.StatusOK || !strings.Contains(string(body), want) {
		t.Errorf("queues = %d %s, want %s among them", code, body, want)
	}
}

// [renew-3]
func TestRenewedTokensLiveOnAndOthersEnd(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	v := h.come(url, protocol.Visitor, "v", "en")
	_, err := v.Renew(h.ctx, h.token(protocol.Visitor, "w"))
	wantCode(t, err, protocol.CodeForbidden)
	ok, err := v.Renew(h.ctx, h.token(protocol.Visitor, "v"))
	if err != nil || ok.ExpiresAtMS < time.Now().Add(50*time.Minute).UnixMilli() {
		t.Errorf("renewed until %d, %v", ok.ExpiresAtMS, err)
	}
}

// [desk-2]
func TestAnAgentWhoIsAwayFinishesWhatTheyHold(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	v, w := h.come(url, protocol.Visitor, "v", "en"), h.come(url, protocol.Visitor, "w", "en")
	ticket := v.MustJoin("support")
	a := h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	a.MustAccept()
	if _, err := a.Status(h.ctx, protocol.Away); err != nil {
		t.Fatal(err)
	}
	w.MustJoin("support")
	people.Next(w, "the place", func(f protocol.Ticket) bool { return f.Position == 1 })
	a.MustSend(ticket, "m", "still with you")
	_, err := a.Status(h.ctx, protocol.Offline)
	wantCode(t, err, protocol.CodeForbidden)
	if _, err := a.CloseTicket(h.ctx, ticket); err != nil {
		t.Fatal(err)
	}
	if d := people.Next(a, "an empty desk", func(d protocol.Desk) bool { return len(d.Tickets) == 0 }); len(d.Offers) != 0 || d.Status != protocol.Away {
		t.Errorf("an agent who is away is shown %+v", d)
	}
	if _, err := a.Status(h.ctx, protocol.Offline); err != nil {
		t.Errorf("going offline with empty hands: %v", err)
	}
}
