package gateway_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"nextup/gateway"
	"nextup/gateway/protocol"
	"nextup/test/people"
)

// [hello-5] [ticket-2] [desk-9] What follows welcome, and what it says to each role.
func TestWhatWelcomeSaysToEachRole(t *testing.T) {
	h := newHouse(t, rulesOfJoining, func(s *gateway.SiteOptions) { s.Rules.Departments[0].Name = "Support" })
	url, _ := h.open("one")
	for _, tt := range []struct {
		role              protocol.Role
		heartbeatS        int
		urgencies, topics []string
		follows           protocol.ServerFrame // its type alone counts
	}{
		{protocol.Visitor, 10, []string{"high"}, []string{"whale", "withdrawal"}, protocol.Heartbeat{}}, // no ticket: nothing
		{protocol.Agent, 5, nil, nil, protocol.Desk{}},
		{protocol.Supervisor, 5, nil, nil, protocol.Board{}},
	} {
		r := h.raw(url)
		w, ok := r.hello(h.token(tt.role, "p", "en")).(protocol.Welcome)
		want := []protocol.Department{{ID: "support", Name: "Support", Languages: []string{"en", "zh"}}, {ID: "trading", Languages: []string{"en"}}}
		if !ok || w.ID != "h" || w.Role != tt.role || w.Subject != "p" || w.Name != "Name of p" || w.Site != "demo" || w.HeartbeatS != tt.heartbeatS ||
			w.ExpiresAtMS == 0 || w.NowMS == 0 || !reflect.DeepEqual(w.Departments, want) || !slices.Equal(w.Urgencies, tt.urgencies) || !slices.Equal(w.Topics, tt.topics) {
			t.Errorf("%s: welcome is %+v", tt.role, w)
		}
		r.write(`{"type":"heartbeat"}`)
		f := r.next()
		if reflect.TypeOf(f) != reflect.TypeOf(tt.follows) {
			t.Errorf("%s: after welcome comes %+v, want a %T", tt.role, f, tt.follows)
		}
		if b, ok := f.(protocol.Heartbeat); ok && b.AsOfMS == 0 {
			t.Errorf("[beat-2] a heartbeat is answered with %+v", b)
		}
	}
}

// [frame-7] The claim name of which nothing can be seen counts as left out, and so does an
// optional text.
func TestATextOfWhichNothingCanBeSeenCountsAsLeftOut(t *testing.T) {
	c := newCast(t)
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": "y", "site": "demo", "role": "visitor", "aud": "nextup", "exp": time.Now().Add(time.Hour).Unix(), "name": " \u200b\t", "languages": []string{"en"},
	})
	token.Header["kid"] = "k"
	signed, err := token.SignedString(c.key.Secret)
	if err != nil {
		t.Fatal(err)
	}
	c.sockets["y"] = c.raw(c.url)
	if w, ok := c.sockets["y"].hello(signed).(protocol.Welcome); !ok || w.Name != "" {
		t.Errorf("the name of spaces is %q", w.Name)
	}
	ticket := c.must("y", `{"type":"join","department":"trading","topic":" \u2800 "}`).Ticket
	offer := next(c, "a", func(d protocol.Desk) bool { return len(d.Offers) > 0 && d.Offers[0].Ticket == ticket }).Offers[0]
	if offer.Topic != "" || offer.Visitor.Name != "" || offer.Language != "en" {
		t.Errorf("the agent is offered %+v, want no topic, no name and the token's language", offer)
	}
	c.things["offer"] = offer.Offer
	c.must("a", `{"type":"accept","offer":"$offer"}`)
	c.must("x", `{"type":"rate","ticket":"$closed","score":4,"comment":"\n\u200b"}`)
	rating := next(c, "x", func(f protocol.Ticket) bool { return f.Rating != nil }).Rating
	if *rating != (protocol.Rating{Score: 4}) {
		t.Errorf("rated %+v", rating)
	}
	c.must("a", `{"type":"transfer","ticket":"$held","to":{"language":"zh"},"note":"\u00a0"}`)
	if number := c.must("v", `{"type":"send","ticket":"$held","message_id":"1","text":"x"}`).Number; number != 2 {
		t.Errorf("a note of nothing is an entry: the next message has number %d", number)
	}
	c.must("s", `{"type":"pause","department":"support","language":"zh","paused":true,"reason":"\t"}`)
	if d := c.audited("pause"); d.Reason != "" {
		t.Errorf("paused for the reason %q", d.Reason)
	}
}

// [join-1] [join-6] What a join that leaves something out means.
func TestWhatAJoinLeavesOut(t *testing.T) {
	for _, tt := range []struct {
		says, rest string
		token      []string
		language   string
	}{
		{"no languages: those of the token, in its order", ``, []string{"zh", "en"}, "zh"},
		{"an empty list is none", `,"languages":[]`, []string{"zh"}, "zh"},
		{"listed languages count before those of the token", `,"languages":["en"]`, []string{"zh"}, "en"},
		{"the first that the department speaks decides", `,"languages":["fr","zh","en"]`, []string{"en"}, "zh"},
		{"a regional tag matches its language", `,"languages":["en-AU"]`, nil, "en"},
		{"a script and a region too", `,"languages":["zh-Hant-HK"]`, nil, "zh"},
		{"case does not count in a tag", `,"languages":["ZH"]`, nil, "zh"},
		{"language_required false is as if left out", `,"languages":["en"],"language_required":false`, nil, "en"},
	} {
		t.Run(tt.says, func(t *testing.T) {
			h := newHouse(t)
			url, _ := h.open("one")
			r := h.raw(url)
			r.hello(h.token(protocol.Visitor, "v", tt.token...))
			r.write(`{"type":"join","department":"support"` + tt.rest + `}`)
			for {
				switch f := r.next().(type) {
				case protocol.Error:
					t.Fatalf("refused with %+v", f)
				case protocol.Ticket:
					if f.Language != tt.language || f.Position != 1 || f.Size != 1 || f.Wait == nil || f.Status != protocol.Waiting {
						t.Errorf("the place is %+v, want one in %s", f, tt.language)
					}
					return
				default: // the answer, which may come first
				}
			}
		})
	}
}

// [desk-2] Going offline gives back what the agent was offered and ends what they wrapped up.
func TestGoingOfflineGivesBackWhatIsNotHeld(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Rules.Departments[0].WrapUp = 600_000 })
	url, _ := h.open("one")
	_, a, ticket := h.served(url, "v", "a")
	if _, err := a.CloseTicket(h.ctx, ticket); err != nil {
		t.Fatal(err)
	}
	a.OnDesk(ticket, func(d protocol.DeskTicket) bool { return d.WrapUpUntilMS > 0 })
	w := h.come(url, protocol.Visitor, "w", "en")
	w.MustJoin("support")
	people.Next(w, "the offer", func(f protocol.Ticket) bool { return f.Status == protocol.Offered })
	if _, err := a.Status(h.ctx, protocol.Offline); err != nil {
		t.Fatal(err)
	}
	if d := people.Next(a, "an empty desk", func(d protocol.Desk) bool { return d.Status == protocol.Offline }); len(d.Offers)+len(d.Tickets) != 0 || d.Load != 0 {
		t.Errorf("offline, the desk is %+v", d)
	}
	if f := people.Next(w, "the place", func(f protocol.Ticket) bool { return f.Status == protocol.Waiting }); f.Position != 1 {
		t.Errorf("the ticket waits as %+v", f)
	}
}

// [http-1] [http-5] [http-6] [http-7] [http-2] [http-3] [http-4] Who may ask for what, and
// the error frame that is the body of a refusal.
func TestWhoMayAskForWhatOverHTTP(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	roles := map[protocol.Role]string{}
	for _, role := range protocol.Roles() {
		roles[role] = h.token(role, "p")
	}
	old := h.identity("p")
	old.ExpiresAt = time.Now().Add(-time.Hour)
	expired := h.sign(h.key, old)
	const ok, no, forbidden, none = http.StatusOK, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound
	for _, row := range []struct {
		rule, path, token string
		status            int
		code              protocol.Code
	}{
		{"[http-1]", "/v1/queues", roles[protocol.Visitor], ok, ""},
		{"[http-1]", "/v1/queues", roles[protocol.Agent], ok, ""},
		{"[http-1]", "/v1/queues", roles[protocol.Supervisor], ok, ""},
		{"[http-1] no token", "/v1/queues", "", no, protocol.CodeBadToken},
		{"[http-1] no good token", "/v1/queues", "x", no, protocol.CodeBadToken},
		{"[http-1] an old token", "/v1/queues", expired, no, protocol.CodeTokenExpired},
		{"[http-5]", "/v1/team", roles[protocol.Visitor], forbidden, protocol.CodeForbidden},
		{"[http-5]", "/v1/team", roles[protocol.Agent], ok, ""},
		{"[http-5]", "/v1/team", roles[protocol.Supervisor], ok, ""},
		{"[http-6]", "/v1/queues/support/en", roles[protocol.Visitor], forbidden, protocol.CodeForbidden},
		{"[http-6]", "/v1/queues/support/en", roles[protocol.Agent], forbidden, protocol.CodeForbidden},
		{"[http-6]", "/v1/queues/support/en", roles[protocol.Supervisor], ok, ""},
		{"[http-6] no department", "/v1/queues/none/en", roles[protocol.Supervisor], none, protocol.CodeUnknownDepartment},
		{"[http-6] no language", "/v1/queues/support/fr", roles[protocol.Supervisor], none, protocol.CodeUnknownLanguage},
		{"[http-7]", "/v1/tickets", roles[protocol.Visitor], forbidden, protocol.CodeForbidden},
		{"[http-7]", "/v1/tickets", roles[protocol.Agent], ok, ""},
		{"[http-7] a supervisor holds none", "/v1/tickets", roles[protocol.Supervisor], forbidden, protocol.CodeForbidden},
		{"[http-7] any visitor's", "/v1/tickets?visitor=v", roles[protocol.Supervisor], ok, ""},
		{"[http-7] a visitor whom one does not serve", "/v1/tickets?visitor=v", roles[protocol.Agent], forbidden, protocol.CodeForbidden},
		{"[http-2]", "/healthz", "", ok, ""},
		{"[http-3]", "/readyz", "", ok, ""},
		{"[http-4]", "/metrics", "", ok, ""},
	} {
		t.Run(strings.Join([]string{row.rule, row.path}, " "), func(t *testing.T) {
			status, body := h.askAs(url, row.path, row.token)
			var e protocol.Error
			if row.code != "" {
				if err := json.Unmarshal([]byte(body), &e); err != nil || e.Type != protocol.TypeError || e.Message == "" {
					t.Errorf("the body is %s, want an error frame", body)
				}
			}
			if status != row.status || e.Code != row.code {
				t.Errorf("answered with %d %s, want %d %s", status, body, row.status, row.code)
			}
		})
	}
}
