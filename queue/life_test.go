package queue

import (
	"errors"
	"slices"
	"testing"
)

var supportEN = QueueID{"support", "en"}

func TestJoin(t *testing.T) {
	tests := []struct {
		name       string
		department string
		languages  []string
		wantLang   string
		wantErr    error
	}{
		{"the language itself", "support", []string{"zh"}, "zh", nil},
		{"a region of it", "support", []string{"zh-TW"}, "zh", nil},
		{"the first that is spoken", "support", []string{"fr", "es-MX", "en"}, "es", nil},
		{"no tag at all is passed over", "support", []string{"!!", "en"}, "en", nil},
		{"no relative of a language stands in for it", "support", []string{"nb"}, "", ErrUnknownLanguage},
		{"a language of another department", "trading", []string{"es"}, "", ErrUnknownLanguage},
		{"a language that another tag names", "support", []string{"cmn-Hant-TW"}, "zh", nil},
		{"no language", "support", nil, "", ErrUnknownLanguage},
		{"no department", "sales", []string{"en"}, "", ErrUnknownDepartment},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			c, err := w.Join(JoinRequest{Ticket: "t1", Visitor: "v", Department: tt.department, Languages: tt.languages, Node: "n"})
			if !errors.Is(err, tt.wantErr) {
				t.Fatalf("error = %v, want %v", err, tt.wantErr)
			}
			if err == nil && !w.commit(c) {
				t.Fatal("refused")
			}
			if err == nil && w.Ticket("t1").Language != tt.wantLang {
				t.Errorf("language = %s, want %s", w.Ticket("t1").Language, tt.wantLang)
			}
		})
	}
}

func TestJoinTakesItsTimeAndNumberFromTheLog(t *testing.T) {
	w := newWorld(t)
	w.number = 41
	at := w.now
	id := w.join("v", "support", "en")
	if got := w.Ticket(id); got.JoinedAt != at || got.Joined != 42 {
		t.Errorf("joined at %d as %d, want %d as 42", got.JoinedAt, got.Joined, at)
	}
}

func TestAVisitorHasOneOpenTicket(t *testing.T) {
	w := newWorld(t)
	r := JoinRequest{Ticket: "t1", Visitor: "v", Department: "support", Languages: []string{"en"}}
	first, _ := w.Join(r)
	r.Ticket = "t2"
	second, _ := w.Join(r) // decided on the same state, by another gateway
	w.must(first, nil)
	if w.commit(second) {
		t.Error("two joins raced and both were committed")
	}
	if c, err := w.Join(r); err != nil || !c.Empty() {
		t.Errorf("joining again proposes %v, %v; want nothing", c.Cause, err)
	}
	w.must(w.Leave("v", "t1"))
	w.must(w.Join(r))
	if w.Size(supportEN) != 1 {
		t.Errorf("%d in line, want 1", w.Size(supportEN))
	}
}

// A fork can take back that a ticket has ended. A join decided before a gateway
// noticed must not make a second one.
func TestAJoinReadsThatTheLastTicketHasEnded(t *testing.T) {
	w := newWorld(t)
	first := w.join("v", "support", "en")
	open := w.Ticket(first).Copy()
	w.must(w.Leave("v", first))
	again, err := w.Join(JoinRequest{Ticket: "t2", Visitor: "v", Department: "support", Languages: []string{"en"}})
	if err != nil {
		t.Fatal(err)
	}
	w.tickets.put(open) // the log has lost the leave
	if w.commit(again) {
		t.Error("the visitor has two open tickets")
	}
}

func TestAFullQueueRefusesAJoin(t *testing.T) {
	w := newWorld(t)
	w.site.Departments[0].QueueLimit = 1
	w.join("v1", "support", "en")
	if _, err := w.Join(JoinRequest{Ticket: "t", Visitor: "v2", Department: "support", Languages: []string{"en"}}); !errors.Is(err, ErrQueueFull) {
		t.Errorf("error = %v, want ErrQueueFull", err)
	}
}

func TestFencingTokensRise(t *testing.T) {
	w := newWorld(t)
	w.agent("a", 1, "en")
	id := w.join("v", "support", "en")
	for want := uint64(1); want <= 3; want++ {
		w.dispatch()
		w.accept("a")
		if got := w.Ticket(id).Token; got != want {
			t.Fatalf("token = %d, want %d", got, want)
		}
		w.must(w.LoseAgent("a", "n1"), nil)
		w.now = w.now.Add(w.site.AgentGrace) + 1
		w.dispatch()
		w.agent("a", 1, "en")
	}
}

func TestOffersLapse(t *testing.T) {
	w := newWorld(t)
	w.agent("a", 1, "en")
	id := w.join("v", "support", "en")
	w.dispatch()
	offer := w.Ticket(id).Offer
	late, _ := w.Accept("a", offer.ID)
	w.now = offer.Deadline()
	if due := w.overdue(w.now, 10); due != nil {
		t.Error("lapsed at the deadline, not after it")
	}
	w.now++
	if w.commit(late) {
		t.Error("accepted after the deadline")
	}
	w.agent("b", 1, "en")
	if got := w.dispatch(); !slices.Equal(got, []string{"v→b"}) {
		t.Errorf("after the lapse: %v, want v→b", got)
	}
	if _, err := w.Accept("a", offer.ID); !errors.Is(err, ErrUnknownOffer) {
		t.Errorf("accepting a lapsed offer: %v", err)
	}
}

func TestAcceptTwiceIsOneAssignment(t *testing.T) {
	w := newWorld(t)
	w.agent("a", 1, "en")
	id := w.join("v", "support", "en")
	w.dispatch()
	offer := w.Ticket(id).Offer.ID
	w.must(w.Accept("a", offer))
	if c, err := w.Accept("a", offer); err != nil || !c.Empty() {
		t.Errorf("accepting again: %v, %v; want nothing to do", c.Cause, err)
	}
	if _, err := w.Accept("b", offer); !errors.Is(err, ErrUnknownOffer) {
		t.Errorf("another agent's offer: %v", err)
	}
}

func TestGrace(t *testing.T) {
	tests := []struct {
		name   string
		before func(w *world)
		after  Millis
		want   Status
	}{
		{"back within grace keeps the place", func(w *world) {
			w.must(w.LoseVisitor("v", "n1"), nil)
			w.now += 59_000
			w.must(w.BindVisitor("v", "n2"), nil)
		}, 120_000, Waiting},
		{"lost past grace is abandoned", func(w *world) { w.must(w.LoseVisitor("v", "n1"), nil) }, 60_001, Abandoned},
		{"lost within grace still waits", func(w *world) { w.must(w.LoseVisitor("v", "n1"), nil) }, 60_000, Waiting},
		{"lost in conversation is waited for", func(w *world) {
			w.agent("a", 1, "en")
			w.dispatch()
			w.accept("a")
			w.must(w.LoseVisitor("v", "n1"), nil)
		}, 60_001, Assigned},
		{"lost in conversation for long closes it", func(w *world) {
			w.agent("a", 1, "en")
			w.dispatch()
			w.accept("a")
			w.must(w.LoseVisitor("v", "n1"), nil)
		}, 600_001, Closed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			id := w.join("v", "support", "en")
			tt.before(w)
			w.now = w.now.Add(tt.after)
			w.dispatch()
			if got := w.Ticket(id).Status; got != tt.want {
				t.Errorf("status = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestWhoIsLostWhenTheClockJumpsHasTheirWholeGrace(t *testing.T) {
	w := newWorld(t)
	id := w.join("v", "support", "en")
	w.agent("a", 1)
	w.must(w.LoseVisitor("v", "n1"), nil)
	w.must(w.LoseAgent("a", "n1"), nil)
	jumped := w.now.Add(3_600_000)
	for _, tt := range []struct {
		after Millis
		lost  int
	}{{0, 0}, {w.site.AgentGrace, 0}, {w.site.AgentGrace + 1, 1}, {w.site.VisitorGrace, 1}, {w.site.VisitorGrace + 1, 2}} {
		if due := w.expire(jumped.Add(tt.after), jumped); len(due) != tt.lost {
			t.Errorf("%d ms after the jump %d are given up, want %d", tt.after, len(due), tt.lost)
		}
	}
	w.now = jumped.Add(w.site.VisitorGrace) + 1
	w.dispatch()
	if got := w.Ticket(id).Status; got != Abandoned {
		t.Errorf("in the end the ticket is %s", got)
	}
}

func TestALateExpiryDoesNotUndoAReconnect(t *testing.T) {
	w := newWorld(t)
	w.join("v", "support", "en")
	w.must(w.LoseVisitor("v", "n1"), nil)
	w.now = w.now.Add(w.site.VisitorGrace) + 1
	due := w.expire(w.now, 0)
	w.must(w.BindVisitor("v", "n2"), nil)
	if len(due) != 1 || w.commit(due[0]) {
		t.Error("the expiry was decided before the reconnect and must lose")
	}
}

func TestALateWordOfAnotherNodeChangesNothing(t *testing.T) {
	w := newWorld(t)
	w.join("v", "support", "en")
	w.must(w.BindVisitor("v", "n2"), nil)
	if c := w.LoseVisitor("v", "n1"); !c.Empty() {
		t.Error("n1 lost a visitor whom n2 holds")
	}
}

func TestALostAgentsTicketsReturnWhereTheyStood(t *testing.T) {
	w := newWorld(t)
	w.agent("a", 2, "en")
	first := w.join("v1", "support", "en")
	w.dispatch()
	w.accept("a")
	w.join("v2", "support", "en")
	w.dispatch() // offered, not accepted
	third := w.join("v3", "support", "en")
	seen := w.Number()
	w.must(w.LoseAgent("a", "n1"), nil)
	w.now = w.now.Add(w.site.AgentGrace) + 1
	w.dispatch()
	if got := w.positions(supportEN); !slices.Equal(got, []string{"v1", "v2", "v3"}) {
		t.Errorf("line = %v", got)
	}
	if w.Agent("a").Status != Offline || w.Load("a") != 0 {
		t.Errorf("the agent is %s with load %d", w.Agent("a").Status, w.Load("a"))
	}
	if got := w.Worsened(w.Ticket(third), seen); got != Returned {
		t.Errorf("reason = %q, want returned", got)
	}
	if got := w.Worsened(w.Ticket(first), seen); got != "" {
		t.Errorf("nobody came before the first: %q", got)
	}
}

func TestAPriorityArrivalIsTheReasonForAWorsePlace(t *testing.T) {
	w := newWorld(t)
	a := w.join("a", "support", "en")
	seen := w.Number()
	b := w.join("b", "support", "en", func(r *JoinRequest) { r.HeadStart = 60_000 })
	if w.Position(w.Ticket(a)) != 2 || w.Worsened(w.Ticket(a), seen) != PriorityArrival {
		t.Errorf("a stands at %d because of %q", w.Position(w.Ticket(a)), w.Worsened(w.Ticket(a), seen))
	}
	if w.Worsened(w.Ticket(a), w.Number()) != "" || w.Worsened(w.Ticket(b), seen) != "" {
		t.Error("a reason is told once, and only to those behind")
	}
}

func TestAgentsGoOffline(t *testing.T) {
	w := newWorld(t)
	w.agent("a", 2, "en")
	id := w.join("v1", "support", "en")
	w.dispatch()
	w.must(w.SetStatus("a", Offline))
	if got := w.Ticket(id).Status; got != Waiting {
		t.Errorf("the offer of an agent who left is %s, want waiting", got)
	}
	w.must(w.SetStatus("a", Available))
	w.dispatch()
	w.accept("a")
	if _, err := w.SetStatus("a", Offline); !errors.Is(err, ErrHolds) {
		t.Errorf("going off line with a conversation: %v", err)
	}
}

func TestEndedTicketsAreForgotten(t *testing.T) {
	w := newWorld(t)
	id := w.join("v1", "support", "en")
	w.must(w.Leave("v1", id))
	again := w.join("v1", "support", "en")
	gone := w.join("v2", "support", "en")
	w.must(w.Leave("v2", gone))
	w.now = w.now.Add(w.site.Retention) + 1
	w.dispatch()
	if w.Ticket(id) != nil || w.Ticket(gone) != nil || w.Visitor("v2") != nil {
		t.Error("what ended a retention ago is still there")
	}
	if w.Visitor("v1") == nil || !w.Ticket(again).Open() {
		t.Error("a visitor with an open ticket was forgotten")
	}
	if len(w.ended) != 0 {
		t.Errorf("%d left on the list of the ended", len(w.ended))
	}
}

func TestWrongHandsAreRefused(t *testing.T) {
	w := newWorld(t)
	w.agent("a", 1, "en")
	w.agent("b", 1, "zh")
	id := w.join("v", "support", "en")
	w.dispatch()
	w.accept("a")
	check := func(name string, got, want error) {
		t.Helper()
		if !errors.Is(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	_, err := w.Close("b", id)
	check("another agent's close", err, ErrUnknownTicket)
	_, err = w.Leave("other", id)
	check("another visitor's leave", err, ErrUnknownTicket)
	_, err = w.Close("a", "nothing")
	check("closing nothing", err, ErrUnknownTicket)
	_, err = w.SetStatus("nobody", Away)
	check("status of nobody", err, ErrUnknownAgent)
	w.must(w.Close("a", id))
	_, err = w.Leave("v", id)
	check("leaving what the agent closed", err, ErrEnded)
	_, err = w.Close("b", id)
	check("closing what another closed", err, ErrUnknownTicket)
	_, err = w.Leave("other", id)
	check("leaving another visitor's ticket that has ended", err, ErrUnknownTicket)
}

// What was done already by the same person is no error: the answer may have
// been lost on the way.
func TestWishesCanBeRepeated(t *testing.T) {
	w := newWorld(t)
	w.agent("a", 1, "en")
	first := w.join("v", "support", "en")
	w.dispatch()
	offer := w.Ticket(first).Offer.ID
	wishes := map[string]func() (Change, error){
		"decline": func() (Change, error) { return w.Decline("a", offer) },
		"close":   func() (Change, error) { return w.Close("a", first) },
		"leave":   func() (Change, error) { return w.Leave("w", w.TicketOf("w").ID) },
	}
	again := func(name string) {
		t.Helper()
		w.must(wishes[name]())
		if c, err := wishes[name](); err != nil || !c.Empty() {
			t.Errorf("%s again: %v, %v; want nothing to do", name, c.Cause, err)
		}
	}
	again("decline")
	w.now += 20_001
	w.dispatch()
	w.accept("a")
	again("close")
	w.join("w", "support", "en")
	again("leave")
}
