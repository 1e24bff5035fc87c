package gateway_test

import (
	"slices"
	"testing"

	"nextup/gateway"
	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/queue"
	"nextup/test/people"
)

// staff gives each agent rules of their own; others have none.
func staff(agents map[string]queue.AgentFacts) func(*gateway.SiteOptions) {
	return func(s *gateway.SiteOptions) {
		s.Agent = func(subject string) queue.AgentFacts { return agents[subject] }
	}
}

var (
	support = queue.AgentFacts{Departments: []string{"support"}, Capacity: 2}
	trading = queue.AgentFacts{Departments: []string{"trading"}, Capacity: 2}
	both    = queue.AgentFacts{Departments: []string{"support", "trading"}, Capacity: 2}
)

// served is a visitor in a conversation with an agent.
func (h *house) served(url, visitor, agent string) (v, a *people.Person, ticket string) {
	h.t.Helper()
	v = h.come(url, protocol.Visitor, visitor, "en")
	ticket = v.MustJoin("support")
	a = h.come(url, protocol.Agent, agent, "en").MustBe(protocol.Available)
	if offer := a.MustAccept(); offer.Ticket != ticket {
		h.t.Fatalf("%s was offered %s, want %s", agent, offer.Ticket, ticket)
	}
	return v, a, ticket
}

func kinds(entries []protocol.Entry) []protocol.EntryKind {
	var all []protocol.EntryKind
	for _, e := range entries {
		all = append(all, e.Kind)
	}
	return all
}

func anyTicket(protocol.DeskTicket) bool { return true }

// [finish-1]
func TestAClosedTicketTakesItsRoomUntilItIsWrappedUp(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Rules.Departments[0].WrapUp = 600_000 },
		staff(map[string]queue.AgentFacts{"a": {Departments: []string{"support"}, Capacity: 1}}))
	url, _ := h.open("one")
	v, a, ticket := h.served(url, "v", "a")
	w := h.come(url, protocol.Visitor, "w", "en")
	next := w.MustJoin("support")
	_, err := a.Finish(h.ctx, ticket)
	wantCode(t, err, protocol.CodeForbidden)
	if _, err := a.CloseTicket(h.ctx, ticket); err != nil {
		t.Fatal(err)
	}
	people.Next(v, "the end", func(f protocol.Ticket) bool { return f.Status == protocol.Closed })
	d := people.Next(a, "the wrap-up", func(d protocol.Desk) bool { return len(d.Tickets) == 1 && d.Tickets[0].WrapUpUntilMS > 0 })
	if d.Load != 1 || len(d.Offers) != 0 || d.Tickets[0].WrapUpUntilMS < d.AsOfMS+500_000 {
		t.Errorf("while wrapping up the desk is %+v", d)
	}
	for range 2 { // it may be said twice
		if _, err := a.Finish(h.ctx, ticket); err != nil {
			t.Fatal(err)
		}
	}
	if offer := a.MustAccept(); offer.Ticket != next {
		t.Errorf("after the wrap-up comes %s, want %s", offer.Ticket, next)
	}
}

// [desk-5]
func TestTwoOffersThatLapseSetTheAgentAway(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Rules.Departments[0].OfferTTL = 150 })
	url, _ := h.open("one")
	v := h.come(url, protocol.Visitor, "v", "en")
	v.MustJoin("support")
	a := h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	d := people.Next(a, "being away", func(d protocol.Desk) bool { return d.Status == protocol.Away && d.AwayReason != "" })
	if d.AwayReason != protocol.AwayLapsed || len(d.Offers) != 0 {
		t.Errorf("the desk is %+v", d)
	}
	a.MustBe(protocol.Available)
	if d := people.Next(a, "being available", func(d protocol.Desk) bool { return d.Status == protocol.Available }); d.AwayReason != "" {
		t.Errorf("available again, the reason is %q", d.AwayReason)
	}
}

// [offer-2]
func TestADepartmentThatAcceptsByItselfMakesNoOffers(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Rules.Departments[0].AutoAccept = true })
	url, _ := h.open("one")
	v := h.come(url, protocol.Visitor, "v", "en")
	ticket := v.MustJoin("support")
	a := h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	a.OnDesk(ticket, func(t protocol.DeskTicket) bool { return t.Token == 1 })
	people.Next(v, "the agent", func(f protocol.Ticket) bool { return f.Status == protocol.Assigned })
	a.MustSend(ticket, "m", "hello")
	if read := v.MustRead(ticket, 2); read[0].Kind != protocol.EntryMember {
		t.Errorf("the visitor reads %+v", read)
	}
}

func rulesOfJoining(s *gateway.SiteOptions) {
	s.Rules.Urgencies = map[string]queue.Urgency{"high": {HeadStart: 60_000, VisitorsMay: true}, "critical": {HeadStart: 600_000}}
	s.Rules.VisitorTiers = map[string]queue.Millis{"vip": 120_000}
	s.Rules.Topics = map[string]queue.Topic{"withdrawal": {HeadStart: 30_000, Weight: 2, Skills: []string{"kyc"}, Wishes: []string{"api"}, Tier: 2}, "whale": {Weight: 9}}
	s.Rules.MaxCapacity = 2
}

// [join-5] [join-7]
func TestAJoinSaysWhatTheSiteLetsItSay(t *testing.T) {
	h := newHouse(t, rulesOfJoining, staff(map[string]queue.AgentFacts{
		"a": {Departments: []string{"support"}, Capacity: 2, Tier: 2, Skills: []string{"kyc"}},
	}))
	url, _ := h.open("one")
	a := h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	tests := []struct {
		name                        string
		tier, claim, urgency, topic string
		code                        protocol.Code
		known                       []string
		said                        string
		headStartS                  int64
		weight                      int
	}{
		{name: "nothing", weight: 1},
		{name: "an urgency for visitors", urgency: "high", said: "high", headStartS: 60, weight: 1},
		{name: "an urgency for tokens", urgency: "critical", code: protocol.CodeUnknownUrgency, known: []string{"high"}},
		{name: "an urgency that is none", urgency: "panic", code: protocol.CodeUnknownUrgency, known: []string{"high"}},
		{name: "what the token claims", claim: "critical", said: "critical", headStartS: 600, weight: 1},
		{name: "what the token claims, said again", claim: "critical", urgency: "critical", said: "critical", headStartS: 600, weight: 1},
		{name: "less than the token claims", claim: "critical", urgency: "high", said: "high", headStartS: 60, weight: 1},
		{name: "another than the token claims, that is none", claim: "critical", urgency: "panic", code: protocol.CodeUnknownUrgency, known: []string{"critical", "high"}},
		{name: "a claim that the site does not know", claim: "panic", weight: 1},
		{name: "a tier, an urgency and a topic add up", tier: "vip", urgency: "high", topic: "withdrawal", said: "high", headStartS: 210, weight: 2},
		{name: "a topic that is a text", topic: "my cat", weight: 1},
		{name: "a topic that is too heavy for everybody", topic: "whale", code: protocol.CodeTooHeavy},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			token := h.sign(h.key, auth.Identity{
				Site: "demo", Subject: "v" + string(rune('a'+i)), Role: protocol.Visitor, Languages: []string{"en"},
				Tier: tt.tier, Urgency: tt.claim, ExpiresAt: h.later(),
			})
			v := h.dial(url, token, 0)
			if !slices.Contains(v.Welcome.Topics, "withdrawal") || !slices.Contains(v.Welcome.Urgencies, "high") {
				t.Errorf("the page is told %v and %v", v.Welcome.Urgencies, v.Welcome.Topics)
			}
			ok, err := v.Request(h.ctx, protocol.TypeJoin, func(e protocol.Envelope) protocol.Request {
				return protocol.Join{Envelope: e, Department: "support", Urgency: tt.urgency, Topic: tt.topic}
			})
			if tt.code != "" {
				wantKnown(t, err, tt.code, tt.known)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			o := a.MustAccept()
			if o.Ticket != ok.Ticket || o.Urgency != tt.said || o.HeadStartS != tt.headStartS || o.Weight != tt.weight || o.VisitorTier != tt.tier {
				t.Errorf("the agent is offered %+v", o)
			}
			if tt.topic == "withdrawal" && (o.Tier != 2 || !slices.Equal(o.Skills, []string{"kyc"}) || !slices.Equal(o.Wishes, []string{"api"})) {
				t.Errorf("of a topic with rules the agent is told %+v", o)
			}
			if _, err := a.CloseTicket(h.ctx, o.Ticket); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// [ticket-6] [join-6]
func TestAVisitorIsToldWhenMoreAgentsMayServeThem(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) {
		s.Rules.Fallback = "zh"
		s.Rules.Departments[0].Widening = []queue.Widening{{After: 1500, Languages: queue.SpreadFallback}}
	})
	url, _ := h.open("one")
	strict, v := h.come(url, protocol.Visitor, "strict", "en"), h.come(url, protocol.Visitor, "v", "en")
	if _, err := strict.Request(h.ctx, protocol.TypeJoin, func(e protocol.Envelope) protocol.Request {
		return protocol.Join{Envelope: e, Department: "support", LanguageRequired: true}
	}); err != nil {
		t.Fatal(err)
	}
	ticket := v.MustJoin("support")
	first := people.Next(v, "the place", func(f protocol.Ticket) bool { return f.Position == 2 })
	if !slices.Equal(first.Languages, []string{"en"}) || first.Widened != 0 {
		t.Errorf("at first: %+v", first)
	}
	wider := people.Next(v, "the step", func(f protocol.Ticket) bool { return f.Widened == 1 })
	if !slices.Equal(wider.Languages, []string{"en", "zh"}) || wider.Position != 2 || wider.Language != "en" {
		t.Errorf("after the step: %+v", wider)
	}
	a := h.come(url, protocol.Agent, "a", "zh").MustBe(protocol.Available)
	if offer := a.MustAccept(); offer.Ticket != ticket || !slices.Equal(offer.Languages, []string{"en", "zh"}) {
		t.Errorf("an agent of the fallback is offered %+v, want the one who did not require their language", offer)
	}
}

// [ticket-7]
func TestWhoComesBackWaitsForTheirAgent(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Rules.StickyWindow, s.Rules.StickyHold = 3_600_000, 60_000 },
		staff(map[string]queue.AgentFacts{"a": {Departments: []string{"support"}, Capacity: 1}, "b": support}))
	url, _ := h.open("one")
	v, a, ticket := h.served(url, "v", "a")
	if _, err := a.CloseTicket(h.ctx, ticket); err != nil {
		t.Fatal(err)
	}
	w := h.come(url, protocol.Visitor, "w", "en")
	w.MustJoin("support")
	busy := a.MustAccept()
	h.come(url, protocol.Agent, "b", "en").MustBe(protocol.Available)
	again := v.MustJoin("support")
	if f := people.Next(v, "the hold", func(f protocol.Ticket) bool { return f.Hold != nil }); f.Ticket != again || f.Hold.Agent.ID != "a" {
		t.Errorf("the visitor waits as %+v", f)
	}
	if _, err := a.CloseTicket(h.ctx, busy.Ticket); err != nil {
		t.Fatal(err)
	}
	if offer := a.MustAccept(); offer.Ticket != again {
		t.Errorf("the agent is offered %s, want %s", offer.Ticket, again)
	}
}

// [rate-1]
func TestAVisitorRatesTheirConversation(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Rules.Departments[0].WrapUp = 600_000 })
	url, _ := h.open("one")
	v := h.come(url, protocol.Visitor, "v", "en")
	ticket := v.MustJoin("support")
	_, err := v.Rate(h.ctx, ticket, 5, "")
	wantCode(t, err, protocol.CodeForbidden)
	a := h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	a.MustAccept()
	if _, err := v.Rate(h.ctx, ticket, 2, "slow"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.CloseTicket(h.ctx, ticket); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := v.Rate(h.ctx, ticket, 4, "got there"); err != nil {
			t.Fatal(err)
		}
	}
	want := protocol.Rating{Score: 4, Comment: "got there"}
	people.Next(v, "the rating", func(f protocol.Ticket) bool {
		return f.Rating != nil && *f.Rating == want && f.Status == protocol.Closed
	})
	a.OnDesk(ticket, func(t protocol.DeskTicket) bool { return t.Rating != nil && *t.Rating == want })
	w := h.come(url, protocol.Visitor, "w", "en")
	_, err = w.Rate(h.ctx, ticket, 1, "not mine")
	wantCode(t, err, protocol.CodeUnknownTicket)
}
