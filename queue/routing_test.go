package queue

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

// exchangeSite has everything that routing can be told.
func exchangeSite() *Site {
	s := demoSite()
	s.Fallback = "en"
	s.VisitorTiers = map[string]Millis{"vip": 120_000}
	s.Urgencies = map[string]Urgency{"high": {HeadStart: 60_000, VisitorsMay: true}, "fraud": {HeadStart: 600_000}}
	s.Topics = map[string]Topic{
		"withdrawal": {HeadStart: 30_000, Skills: []string{"kyc"}, Wishes: []string{"api"}},
		"bulk":       {Weight: 2},
		"outage":     {Tier: 3},
		"fiat":       {Departments: []string{"trading"}, Skills: []string{"bank"}},
	}
	s.StickyWindow, s.StickyHold, s.TransferHold, s.MaxCapacity = 3_600_000, 30_000, 60_000, 4
	support := &s.Departments[0]
	support.MinProficiency = 3
	support.Widening = []Widening{
		{After: 60_000, Languages: SpreadListed},
		{After: 180_000, Languages: SpreadFallback},
		{After: 300_000, DropSkills: []string{"kyc"}, MinProficiency: 1},
	}
	support.WrapUp = 15_000
	s.Departments = append(s.Departments, Department{ID: "engineering", Languages: []string{"en"}, OfferTTL: 20_000, Tier: 3, AutoAccept: true})
	return s
}

func newExchange(t *testing.T) *world {
	return &world{tb: t, State: NewState(exchangeSite()), now: 1_000_000}
}

// hire brings an available agent of everything that is not said.
func (w *world) hire(id string, more func(*AgentFacts)) {
	w.Helper()
	f := AgentFacts{ID: id, Name: id, Departments: []string{"support", "trading", "engineering"}, Capacity: 2}
	more(&f)
	w.must(w.BindAgent(f, "n1"), nil)
	if w.Agent(id).Status != Available {
		w.must(w.SetStatus(id, Available))
	}
	w.now += 1000
}

func speaks(tags ...string) func(*AgentFacts) {
	return func(f *AgentFacts) { f.Languages = Fluent(tags...) }
}

func (w *world) expect(what string, want ...string) {
	w.Helper()
	if got := w.dispatch(); !slices.Equal(got, want) {
		w.Errorf("%s: offers %v, want %v", what, got, want)
	}
}

func TestWhoMayServe(t *testing.T) {
	tests := []struct {
		name  string
		agent func(*AgentFacts)
		join  func(*JoinRequest)
		want  bool
	}{
		{"a fluent agent", speaks("zh"), nil, true},
		{"another language", speaks("en"), nil, false},
		{"less proficient than asked", func(f *AgentFacts) { f.Languages = map[string]int{"zh": 2} }, nil, false},
		{"just proficient enough", func(f *AgentFacts) { f.Languages = map[string]int{"zh": 3} }, nil, true},
		{"another department", func(f *AgentFacts) { f.Languages = Fluent("zh"); f.Departments = []string{"trading"} }, nil, false},
		{"a required skill missing", speaks("zh"), func(r *JoinRequest) { r.Topic = "withdrawal" }, false},
		{"a required skill there", func(f *AgentFacts) { f.Languages = Fluent("zh"); f.Skills = []string{"kyc"} }, func(r *JoinRequest) { r.Topic = "withdrawal" }, true},
		{"a tier too low", func(f *AgentFacts) { f.Languages = Fluent("zh"); f.Tier = 2 }, func(r *JoinRequest) { r.Topic = "outage" }, false},
		{"a tier above", func(f *AgentFacts) { f.Languages = Fluent("zh"); f.Tier = 3 }, nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newExchange(t)
			w.hire("a", tt.agent)
			if tt.join == nil {
				tt.join = func(*JoinRequest) {}
			}
			w.join("v", "support", "zh", tt.join)
			if got := w.dispatch() != nil; got != tt.want {
				t.Errorf("offered: %v, want %v", got, tt.want)
			}
		})
	}
}

func TestWideningLetsMoreAgentsServe(t *testing.T) {
	withdrawal := func(r *JoinRequest) {
		r.Topic, r.Languages = "withdrawal", []string{"zh", "es"}
	}
	w := newExchange(t)
	w.hire("spanish", func(f *AgentFacts) { f.Languages, f.Skills = Fluent("es"), []string{"kyc"} })
	w.hire("english", func(f *AgentFacts) { f.Languages, f.Skills = Fluent("en"), []string{"kyc"} })
	w.hire("little", func(f *AgentFacts) { f.Languages = map[string]int{"zh": 1} })
	id := w.join("v", "support", "zh", withdrawal)
	began := w.Ticket(id).WaitingSince
	take := func(after Millis, want ...string) {
		t.Helper()
		w.now = began.Add(after)
		w.expect(fmt.Sprintf("after %d ms", after), want...)
		if offer := w.Ticket(id).Offer; offer != nil {
			w.must(w.Decline(offer.Agent, offer.ID))
			w.must(w.SetStatus(offer.Agent, Away))
		}
		if got := w.Ticket(id).Queue(); got != (QueueID{"support", "zh"}) {
			t.Errorf("it stands in %v", got)
		}
	}
	take(59_999)
	take(60_000, "v→spanish")
	take(179_999)
	take(180_000, "v→english")
	take(299_999)
	take(300_000, "v→little")
	if got := w.Ticket(id).Step; got != 3 {
		t.Errorf("%d steps taken", got)
	}

	w = newExchange(t)
	w.hire("english", func(f *AgentFacts) { f.Languages, f.Skills = Fluent("en", "es"), []string{"kyc"} })
	id = w.join("v", "support", "zh", withdrawal, func(r *JoinRequest) { r.LanguageRequired = true })
	w.now += 1_000_000
	w.expect("a required language is never dropped")
	if n := w.Ticket(id).Requirements; !slices.Equal(n.Languages, []string{"zh"}) || len(n.Skills) != 0 {
		t.Errorf("need %v", *n)
	}
}

func TestPriority(t *testing.T) {
	tests := []struct {
		name string
		join func(*JoinRequest)
		want Millis
		err  error
	}{
		{"nothing gives nothing", func(*JoinRequest) {}, 0, nil},
		{"the visitor's tier", func(r *JoinRequest) { r.VisitorTier = "vip" }, 120_000, nil},
		{"an unknown tier", func(r *JoinRequest) { r.VisitorTier = "gold" }, 0, nil},
		{"urgency and topic add up", func(r *JoinRequest) { r.Urgency, r.Topic = "high", "withdrawal" }, 90_000, nil},
		{"an urgency that only the token may say, said by the visitor", func(r *JoinRequest) { r.Urgency = "fraud" }, 0, ErrUnknownUrgency},
		{"the same, said by the token", func(r *JoinRequest) { r.Urgency, r.UrgencyClaimed = "fraud", true }, 600_000, nil},
		{"no such urgency", func(r *JoinRequest) { r.Urgency, r.UrgencyClaimed = "now", true }, 0, ErrUnknownUrgency},
		{"a topic that nobody here serves", func(r *JoinRequest) { r.Topic = "fiat" }, 0, ErrTopicElsewhere},
		{"a weight over every capacity", func(r *JoinRequest) { r.Weight = 5 }, 0, ErrTooHeavy},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newExchange(t)
			r := JoinRequest{Ticket: "t", Visitor: "v", Department: "support", Languages: []string{"en"}, Node: "n"}
			tt.join(&r)
			c, err := w.Join(r)
			if !errors.Is(err, tt.err) {
				t.Fatalf("err %v, want %v", err, tt.err)
			}
			if err == nil {
				w.must(c, nil)
				if got := w.Ticket("t").HeadStart; got != tt.want {
					t.Errorf("head start %d, want %d", got, tt.want)
				}
			}
		})
	}
}

func TestARaiseIsToldToWhoIsOvertaken(t *testing.T) {
	w := newExchange(t)
	first, second := w.join("v1", "support", "en"), w.join("v2", "support", "en")
	seen := w.Number()
	w.must(w.SetHeadStart(second, 10_000, "their account is locked", "boss"))
	if got := w.positions(supportEN); !slices.Equal(got, []string{"v2", "v1"}) {
		t.Errorf("line %v", got)
	}
	if got := w.Worsened(w.Ticket(first), seen); got != Raised {
		t.Errorf("the overtaken are told %q", got)
	}
	seen = w.Number()
	w.must(w.SetHeadStart(second, -10_000, "a mistake", "boss"))
	if got := w.Worsened(w.Ticket(second), seen); got != Lowered {
		t.Errorf("the lowered are told %q", got)
	}
	if got := w.Worsened(w.Ticket(first), seen); got != "" {
		t.Errorf("who got better is told %q", got)
	}
	if got := w.Ticket(second).HeadStartReason; got != "a mistake" {
		t.Errorf("reason %q", got)
	}
	if _, err := w.SetHeadStart(second, MaxHeadStart+1, "", "boss"); !errors.Is(err, ErrForbidden) {
		t.Errorf("out of range: %v", err)
	}
}

func TestTwoLapsesInARowSetTheAgentAway(t *testing.T) {
	w := newExchange(t)
	w.hire("a", speaks("en"))
	lapse := func(v string) {
		t.Helper()
		w.join(v, "trading", "en")
		w.dispatch()
		w.now = w.TicketOf(v).Offer.Deadline() + 1
		w.dispatch()
	}
	lapse("v1")
	if a := w.Agent("a"); a.Status != Available || a.Lapses != 1 {
		t.Fatalf("after one: %s, %d lapses", a.Status, a.Lapses)
	}
	lapse("v2")
	if a := w.Agent("a"); a.Status != Away || a.AwayReason != AwayLapsed {
		t.Errorf("after two: %s, %q", a.Status, a.AwayReason)
	}
	w.must(w.SetStatus("a", Available))
	if a := w.Agent("a"); a.AwayReason != "" || a.Lapses != 0 {
		t.Errorf("back: %q, %d lapses", a.AwayReason, a.Lapses)
	}
}

func TestAnAnswerForgetsTheLapseBefore(t *testing.T) {
	w := newExchange(t)
	w.hire("a", func(f *AgentFacts) { f.Languages, f.Capacity = Fluent("en"), 1 })
	w.join("v1", "trading", "en")
	w.join("v2", "trading", "en")
	w.dispatch()
	w.now += 21_000
	w.expect("the other first", "v2→a")
	w.accept("a")
	if got := w.Agent("a").Lapses; got != 0 {
		t.Errorf("%d lapses after an accept", got)
	}
}

func TestAPausedQueueOffersNobody(t *testing.T) {
	w := newExchange(t)
	w.hire("a", speaks("en", "zh"))
	w.must(w.Pause(supportEN, true, "boss", "incident"))
	if c, err := w.Pause(supportEN, true, "boss", "incident"); err != nil || !c.Empty() {
		t.Errorf("twice: %v, %v", c.Cause, err)
	}
	w.join("v1", "support", "en")
	w.join("v2", "support", "zh")
	w.expect("the other queue goes on", "v2→a")
	if p := w.Paused(supportEN); p == nil || p.By != "boss" || p.Reason != "incident" {
		t.Errorf("paused: %+v", p)
	}
	w.must(w.Pause(supportEN, false, "boss", ""))
	w.expect("and on again", "v1→a")
	if _, err := w.Pause(QueueID{"x", "en"}, true, "boss", ""); !errors.Is(err, ErrUnknownDepartment) {
		t.Errorf("no such department: %v", err)
	}
	if _, err := w.Pause(QueueID{"support", "fr"}, true, "boss", ""); !errors.Is(err, ErrUnknownLanguage) {
		t.Errorf("no such language: %v", err)
	}
}

func TestRating(t *testing.T) {
	w := newExchange(t)
	id := w.join("v", "trading", "en")
	if _, err := w.Rate("v", id, 5, ""); !errors.Is(err, ErrForbidden) {
		t.Errorf("before anybody served them: %v", err)
	}
	w.hire("a", speaks("en"))
	w.dispatch()
	w.accept("a")
	w.must(w.Close("a", id))
	w.must(w.Rate("v", id, 4, "quick"))
	if c, err := w.Rate("v", id, 4, "quick"); err != nil || !c.Empty() {
		t.Errorf("the same again: %v, %v", c.Cause, err)
	}
	w.must(w.Rate("v", id, 5, ""))
	if r := w.Ticket(id).Rating; r.Score != 5 || r.Comment != "" {
		t.Errorf("rating %+v", r)
	}
	if ended := w.Ended(0); len(ended) != 1 || ended[0].Rating == nil {
		t.Errorf("the ended: %v", ended)
	}
	for _, score := range []int{0, 6, -1} {
		if _, err := w.Rate("v", id, score, ""); !errors.Is(err, ErrForbidden) {
			t.Errorf("score %d: %v", score, err)
		}
	}
	if _, err := w.Rate("w", id, 3, ""); !errors.Is(err, ErrUnknownTicket) {
		t.Errorf("another's ticket: %v", err)
	}
}

func TestNewRulesHoldFromNowOn(t *testing.T) {
	w := newExchange(t)
	w.hire("a", speaks("en"))
	id := w.join("v", "support", "zh")
	rules := exchangeSite()
	rules.Departments[0].Widening = []Widening{{After: 5000, Languages: SpreadFallback}}
	if w.site.Digest() == rules.Digest() || w.site.Digest() != exchangeSite().Digest() {
		t.Error("the digest does not tell rules apart")
	}
	w.SetSite(rules)
	w.now = w.Ticket(id).JoinedAt + 5000
	w.expect("by the new rules", "v→a")
	rules = exchangeSite()
	rules.Departments = rules.Departments[1:]
	w.SetSite(rules)
	w.accept("a")
	if after := w.Ticket(id); after.Status != Assigned {
		t.Errorf("a ticket of a department that is no more is %s", after.Status)
	}
}
