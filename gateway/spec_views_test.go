package gateway_test

import (
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/coder/websocket"

	"nextup/gateway"
	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/queue"
)

// [ticket-1] [ticket-3] [ticket-4] [hello-5] What a place has in each status, and that the
// first frame of another socket is the same.
func TestWhatAPlaceHasInEachStatus(t *testing.T) {
	c := newCast(t, func(s *gateway.SiteOptions) { s.Rules.Departments[1].OfferTTL = 60_000 })
	other, _ := c.open("two")
	holds := func(status protocol.TicketStatus) func(protocol.Ticket) bool {
		return func(f protocol.Ticket) bool { return f.Ticket == c.things["new"] && f.Status == status }
	}
	same := func(f protocol.Ticket) {
		t.Helper()
		r := c.raw(other)
		if w, ok := r.helloAfter(c.token(protocol.Visitor, "x", "en"), f.Log).(protocol.Welcome); !ok {
			t.Fatalf("%+v", w)
		}
		again, ok := r.next().(protocol.Ticket)
		again.AsOfMS, again.Log, f.AsOfMS, f.Log = 0, 0, 0, 0
		if got, want := encoded(t, again), encoded(t, f); !ok || got != want {
			t.Errorf("on another socket the place is %s, want %s", got, want)
		}
	}
	c.must("a", `{"type":"status","status":"away"}`)
	c.things["new"] = c.must("x", `{"type":"join","department":"trading"}`).Ticket
	f := next(c, "x", holds(protocol.Waiting))
	if f.Position != 1 || f.Size != 1 || f.Wait == nil || f.Agent != nil || f.End != "" || f.JoinedAtMS == 0 || f.AsOfMS == 0 || f.Log == 0 {
		t.Errorf("waiting: %+v", f)
	}
	c.must("a", `{"type":"status","status":"available"}`)
	f = next(c, "x", holds(protocol.Offered))
	if f.Position != 1 || f.Size != 1 || f.Wait == nil || f.Agent != nil || f.End != "" {
		t.Errorf("[ticket-3] offered: %+v", f)
	}
	c.offered("a")
	c.must("a", `{"type":"accept","offer":"$offer"}`)
	f = next(c, "x", holds(protocol.Assigned))
	if f.Position != 0 || f.Size != 0 || f.Wait != nil || f.Languages != nil || f.Agent == nil || f.Agent.ID != "a" || f.End != "" {
		t.Errorf("assigned: %+v", f)
	}
	same(f)
	c.must("a", `{"type":"close","ticket":"$new"}`)
	f = next(c, "x", holds(protocol.Closed))
	if f.Position != 0 || f.Wait != nil || f.Agent == nil || f.End != protocol.EndAgentClosed {
		t.Errorf("closed: %+v", f)
	}
	same(f)
	c.things["new"] = c.must("x", `{"type":"join","department":"support","languages":["zh"]}`).Ticket
	same(next(c, "x", func(f protocol.Ticket) bool { return holds(protocol.Waiting)(f) && f.Position == 2 && f.Size == 2 }))
	c.must("x", `{"type":"leave","ticket":"$new"}`)
	f = next(c, "x", holds(protocol.Abandoned))
	if f.Position != 0 || f.Wait != nil || f.Agent != nil || f.End != protocol.EndVisitorLeft {
		t.Errorf("abandoned: %+v", f)
	}
	same(f)
}

// [entry-1] [entry-3] [entry-4] [read-2] [typing-1] [beat-2] [ticket-1] The examples of what
// comes unasked have the fields that are sent.
func TestTheExamplesOfWhatComesAreWhatIsSent(t *testing.T) {
	c := newCast(t)
	like := func(example string, sent protocol.ServerFrame) {
		t.Helper()
		data, err := os.ReadFile("protocol/testdata/frames/server." + example + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fieldsOf(t, []byte(encoded(t, sent))), fieldsOf(t, data); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: the example has %v, the gateway sends %v", example, want, got)
		}
	}
	entry := func(who string) protocol.Entry {
		return next(c, who, func(e protocol.Entry) bool { return e.Ticket == c.things["held"] })
	}
	c.must("v", `{"type":"open","ticket":"$held"}`)
	c.must("a", `{"type":"open","ticket":"$held"}`)
	like("entry.member", entry("v"))
	entry("a")
	c.must("v", `{"type":"send","ticket":"$held","message_id":"1","text":"x"}`)
	like("entry", entry("a"))
	c.must("v", `{"type":"read","ticket":"$held","up_to":1}`)
	like("entry.read", entry("a"))
	c.must("a", `{"type":"note","ticket":"$held","message_id":"1","text":"x"}`)
	like("entry.note", entry("a"))
	c.must("s", `{"type":"whisper","ticket":"$held","message_id":"1","text":"x"}`)
	like("entry.whisper", entry("a"))
	for kind := ""; kind != "hidden hidden "; { // after the member, the message and the mark
		if e := entry("v"); e.Kind == protocol.EntryHidden {
			like("entry.hidden", e)
			kind += "hidden "
		}
	}
	c.send("a", `{"type":"typing","ticket":"$held","on":true}`)
	like("typing", next(c, "v", func(protocol.Typing) bool { return true }))
	c.send("v", `{"type":"heartbeat"}`)
	like("heartbeat", next(c, "v", func(protocol.Heartbeat) bool { return true }))
	c.must("g", `{"type":"open","ticket":"$held","after":99}`)
	like("reset", next(c, "g", func(protocol.Reset) bool { return true }))
	status := func(who string, want protocol.TicketStatus) protocol.Ticket {
		return next(c, who, func(f protocol.Ticket) bool { return f.Status == want && f.Ticket != c.things["left"] })
	}
	like("ticket.assigned", status("v", protocol.Assigned))
	c.must("a", `{"type":"close","ticket":"$held"}`)
	like("entry.closed", next(c, "v", func(e protocol.Entry) bool { return e.Kind == protocol.EntryClosed }))
	like("ticket.closed", status("v", protocol.Closed))
	c.must("v", `{"type":"rate","ticket":"$held","score":5,"comment":"x"}`)
	like("ticket.rated", next(c, "v", func(f protocol.Ticket) bool { return f.Rating != nil }))
}

// [desk-1] [desk-3] The load is the weight of what is held and offered, and an agent is
// offered no more than there is room for.
func TestTheLoadOfADeskIsWhatItHoldsAndIsOffered(t *testing.T) {
	c := newCast(t, func(s *gateway.SiteOptions) { s.Rules.Topics = map[string]queue.Topic{"heavy": {Weight: 2}} })
	if d := next(c, "a", func(d protocol.Desk) bool { return len(d.Tickets) == 1 && len(d.Tickets[0].Guests) == 1 }); d.Load != 1 || d.Capacity != 2 {
		t.Errorf("with one conversation: %+v", d)
	}
	if d := next(c, "g", func(d protocol.Desk) bool { return len(d.Tickets) == 1 }); d.Load != 0 {
		t.Errorf("[consult-1] a guest's load is %d", d.Load)
	}
	heavy := c.must("x", `{"type":"join","department":"trading","topic":"heavy"}`).Ticket
	c.sockets["y"] = c.rawAs(c.url, protocol.Visitor, "y")
	light := c.must("y", `{"type":"join","department":"trading"}`)
	d := next(c, "a", func(d protocol.Desk) bool { return len(d.Offers) > 0 && d.Log >= light.Log })
	if d.Load != 2 || len(d.Offers) != 1 || d.Offers[0].Ticket != light.Ticket {
		t.Errorf("with room for one the agent is offered %+v, want %s alone and not %s", d.Offers, light.Ticket, heavy)
	}
}

// [renew-1] [renew-2] [renew-3] A renewal that is refused changes nothing.
func TestARenewalThatIsRefusedChangesNothing(t *testing.T) {
	h := newHouse(t)
	other := h.demo()
	other.Rules = demoRules()
	other.Rules.ID = "elsewhere"
	other.Origins = []string{"https://other.example"}
	h.others = []gateway.SiteOptions{other}
	url, _ := h.open("one")
	r := h.rawAs(url, protocol.Visitor, "v")
	old := h.identity("v")
	old.ExpiresAt = time.Now().Add(-time.Minute)
	of := func(change func(*auth.Identity)) string {
		id := h.identity("v")
		change(&id)
		return h.sign(h.key, id)
	}
	elsewhere := h.identity("v")
	elsewhere.Site = "elsewhere"
	elsewhereKey := auth.Key{ID: "other", Algorithm: "HS256", Sites: []string{"elsewhere"}, Roles: protocol.Roles(), Secret: []byte("another secret of thirty-two bytes or so")}
	for _, row := range []struct {
		says, token string
		want        protocol.Code
	}{
		{"no token", "x", protocol.CodeBadToken},
		{"an old one", h.sign(h.key, old), protocol.CodeTokenExpired},
		{"another person's", of(func(id *auth.Identity) { id.Subject = "w" }), protocol.CodeForbidden},
		{"of another role", of(func(id *auth.Identity) { id.Role = protocol.Agent }), protocol.CodeForbidden},
		{"of another site", h.sign(elsewhereKey, elsewhere), protocol.CodeForbidden},
		{"a good one", of(func(id *auth.Identity) { id.Name = "Another name" }), ""},
	} {
		if got, e := r.asks(`{"type":"renew","id":"1","token":"` + row.token + `"}`); got != row.want {
			t.Errorf("[renew-2] %s: %+v, want %s", row.says, e, row.want)
		}
		if got, e := r.asks(`{"type":"leave","id":"1","ticket":"none"}`); got != protocol.CodeUnknownTicket {
			t.Errorf("[renew-2] after %s the socket answers %+v", row.says, e)
		}
	}
	// What belongs to one site is nothing to another.
	if e, ok := h.raw(url + "/elsewhere").hello(h.token(protocol.Visitor, "v")).(protocol.Error); !ok || e.Code != protocol.CodeWrongSite {
		t.Errorf("[connect-1] at another site's address: %+v", e)
	}
	page := h.rawWith(url, websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"https://other.example"}}})
	if e, ok := page.hello(h.token(protocol.Visitor, "v")).(protocol.Error); !ok || e.Code != protocol.CodeForbidden {
		t.Errorf("[connect-2] from a page of another site: %+v", e)
	}
	if code := page.closed(); code != protocol.CloseUnauthorized {
		t.Errorf("[connect-2] closed with %d", code)
	}
	mine := h.come(url, protocol.Visitor, "v", "en").MustJoin("support")
	guest := h.raw(url)
	guest.hello(h.sign(elsewhereKey, elsewhere))
	if got, e := guest.asks(`{"type":"leave","id":"1","ticket":"` + mine + `"}`); got != protocol.CodeUnknownTicket {
		t.Errorf("[own-1] the same visitor of another site: %+v", e)
	}
}

// [error-1] [error-4] [limit-4] The frames over the limit are dropped, which is said once and
// without id; a client that goes on regardless is closed.
func TestAFloodIsToldOnceAndThenClosed(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Limits.FramesPerSecond, s.Limits.Burst = 0, 5 })
	url, _ := h.open("one")
	r := h.rawAs(url, protocol.Visitor, "v")
	var answers []string
	for range 5 {
		r.write(`{"type":"leave","id":"1","ticket":"none"}`)
		e := r.refusal()
		answers = append(answers, fmt.Sprint(e.Code, e.ID))
	}
	for range 201 {
		r.write(`{"type":"leave","id":"2","ticket":"none"}`)
	}
	if e := r.refusal(); e.Code != protocol.CodeRateLimited || e.ID != "" || e.RetryAfterMS == 0 {
		t.Errorf("after %v comes %+v", answers, e)
	}
	for {
		_, data, err := r.Read(r.ctx)
		if err == nil {
			t.Errorf("a dropped frame is answered with %s", data)
			continue
		}
		if code := protocol.CloseCode(websocket.CloseStatus(err)); code != protocol.CloseFlood {
			t.Errorf("closed with %d, want %d", code, protocol.CloseFlood)
		}
		return
	}
}

// [limit-8] Who has a ticket keeps it, and joining again gives it back, where the queue is
// full and where the site is.
func TestWhoHasATicketKeepsItWhereThereIsNoRoom(t *testing.T) {
	c := newCast(t, func(s *gateway.SiteOptions) { s.Rules.Departments[0].QueueLimit, s.Rules.TicketLimit = 1, 2 })
	if again := c.must("w", `{"type":"join","department":"support"}`); again.Ticket != c.things["line"] {
		t.Errorf("w has %s, and is given %s", c.things["line"], again.Ticket)
	}
	if e, _ := c.ask("x", `{"type":"join","department":"support","languages":["zh"]}`).(protocol.Error); e.Code != protocol.CodeQueueFull || e.RetryAfterMS == 0 {
		t.Errorf("a full queue: %+v", e)
	}
	if e, _ := c.ask("x", `{"type":"join","department":"trading"}`).(protocol.Error); e.Code != protocol.CodeTooMany || e.RetryAfterMS == 0 {
		t.Errorf("a full site: %+v", e)
	}
}

// [ticket-5] [rate-1] [transfer-1] [headstart-1] [leave-1] A ticket that waits again after an
// agent had it is one in line: it may be raised, not rated, and is abandoned if it is left.
func TestATicketThatWaitsAgainIsOneInLine(t *testing.T) {
	c := newCast(t)
	of := func(status protocol.TicketStatus) protocol.Ticket {
		t.Helper()
		return next(c, "v", func(f protocol.Ticket) bool { return f.Ticket == c.things["held"] && f.Status == status })
	}
	joined := of(protocol.Assigned).JoinedAtMS
	c.must("a", `{"type":"status","status":"away"}`)
	c.must("a", `{"type":"transfer","ticket":"$held","to":{"department":"trading"}}`)
	next(c, "v", func(f protocol.Ticket) bool {
		return f.Department == "trading" && f.Status == protocol.Waiting && f.Reason == protocol.TransferIn && f.Position == 1 && f.JoinedAtMS == joined
	})
	c.check(t, []line{
		{"[rate-1]", "which no agent has", "v", `{"type":"rate","ticket":"$held","score":5}`, protocol.CodeForbidden, "", ""},
		{"[headstart-1]", "which is in line", "s", `{"type":"head_start","ticket":"$held","head_start_s":60,"reason":"x"}`, "", "", ""},
		{"[send-1]", "the visitor writes on", "v", `{"type":"send","ticket":"$held","message_id":"1","text":"x"}`, "", "", ""},
		{"[transfer-1]", "a guest's part has ended", "g", `{"type":"send","ticket":"$held","message_id":"1","text":"x"}`, protocol.CodeUnknownTicket, "", ""},
		{"[desk-2]", "an agent who may serve it", "b", `{"type":"status","status":"available"}`, "", "", ""},
	})
	c.offered("b")
	c.check(t, []line{
		{"[headstart-1]", "offered it stands in line", "s", `{"type":"head_start","ticket":"$held","head_start_s":90,"reason":"x"}`, "", "", ""},
		{"[rate-1]", "offered it is no agent's", "v", `{"type":"rate","ticket":"$held","score":5}`, protocol.CodeForbidden, "", ""},
		{"[open-5]", "whom it is offered to reads it", "b", `{"type":"open","ticket":"$held"}`, "", "", ""},
		{"[open-5]", "and does not write", "b", `{"type":"send","ticket":"$held","message_id":"1","text":"x"}`, protocol.CodeUnknownTicket, "", ""},
		{"[consult-2]", "nor leave", "b", `{"type":"leave","ticket":"$held"}`, protocol.CodeUnknownTicket, "", ""},
		{"[leave-1]", "its visitor leaves", "v", `{"type":"leave","ticket":"$held"}`, "", "", ""},
		{"[rate-1]", "abandoned", "v", `{"type":"rate","ticket":"$held","score":5}`, protocol.CodeForbidden, "", ""},
		{"[own-2]", "ended", "v", `{"type":"send","ticket":"$held","message_id":"2","text":"x"}`, protocol.CodeConversationClosed, "", ""},
	})
	if f := of(protocol.Abandoned); f.End != protocol.EndVisitorLeft || f.Agent != nil || f.Rating != nil {
		t.Errorf("left in line, the ticket is %+v", f)
	}
}

// helloAfter says hello as a client that was shown a log number.
func (r *raw) helloAfter(token string, log uint64) protocol.ServerFrame {
	r.t.Helper()
	r.write(fmt.Sprintf(`{"type":"hello","id":"h","token":"%s","log":%d}`, token, log))
	return r.next()
}

// encoded is a frame as it was sent.
func encoded(t *testing.T, frame protocol.ServerFrame) string {
	t.Helper()
	data, err := protocol.Encode(frame)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
