package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"nextup/gateway"
	"nextup/gateway/protocol"
	"nextup/queue"
	"nextup/test/people"
)

// deed is a line of the audit log.
type deed struct {
	Site, By, Role, Action, Ticket, Agent, Department, Language, Reason string
	Tier                                                                int
	Log, Entry                                                          uint64
	AtMS                                                                int64  `json:"at_ms"`
	HeadStartS                                                          *int64 `json:"head_start_s"`
}

// deeds reads the audit log of the house.
func (h *house) deeds() []deed {
	h.t.Helper()
	var all []deed
	for line := range strings.Lines(h.audit.String()) {
		var d deed
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			h.t.Fatalf("%q is no line of an audit log: %v", line, err)
		}
		all = append(all, d)
	}
	return all
}

// did is the one deed of a kind.
func (h *house) did(action string) deed {
	h.t.Helper()
	var found []deed
	for _, d := range h.deeds() {
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
	s.MustOpen(ticket, 2) // going on is no new deed
	if d := h.did("monitor"); d.Ticket != ticket {
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
	if d := h.did("whisper"); d.Ticket != ticket || d.Entry != 3 || d.AtMS != ok.AtMS {
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
	if d := h.did("reassign"); d.Ticket != ticket || d.Agent != "b" || d.Log != ok.Log {
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
	if d := h.did("head_start"); d.Ticket != tickets[2] || d.Reason != "refused twice" || d.HeadStartS == nil || *d.HeadStartS != 3600 || d.Log != ok.Log {
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
	if d := h.deeds()[0]; d.Action != "pause" || d.Department != "support" || d.Language != "en" || d.Reason != "fire drill" || d.Log == 0 {
		t.Errorf("pausing is written down as %+v", d)
	}
	h.did("resume")
	_, err := s.Pause(h.ctx, "legal", "en", true, "")
	wantKnown(t, err, protocol.CodeUnknownDepartment, []string{"support", "trading"})
	_, err = s.Pause(h.ctx, "trading", "zh", true, "")
	wantKnown(t, err, protocol.CodeUnknownLanguage, []string{"en"})
}

// [board-1] [board-7] [hello-5]
func TestABoardShowsTheSiteWhole(t *testing.T) {
	h := newHouse(t, staff(map[string]queue.AgentFacts{
		"a": {Departments: []string{"support"}, Capacity: 2, Tier: 2, Skills: []string{"kyc"}, Languages: map[string]int{"en": 4, "zh": 5}},
	}))
	url, _ := h.open("one")
	s := h.come(url, protocol.Supervisor, "s")
	if first, ok := people.Next(s, "the first frame", func(protocol.ServerFrame) bool { return true }).(protocol.Board); !ok || len(first.Queues) != 3 || first.Agents == nil || len(first.Agents) != 0 {
		t.Errorf("after welcome comes %+v", first)
	}
	_, a, ticket := h.served(url, "v", "a")
	w := h.come(url, protocol.Visitor, "w", "zh")
	if _, err := s.Pause(h.ctx, "support", "zh", true, ""); err != nil {
		t.Fatal(err)
	}
	w.MustJoin("support")
	b := people.Next(s, "the board", func(b protocol.Board) bool { return b.Queues[1].Size == 1 })
	q := b.Queues[1]
	if q.Queue != "support/zh" || q.Department != "support" || q.Language != "zh" || q.OldestAtMS == 0 || !q.Paused || q.AgentsWithRoom != 1 {
		t.Errorf("the queue is shown as %+v", q)
	}
	if o := q.Oldest; o == nil || o.Visitor.ID != "w" || o.JoinedAtMS != q.OldestAtMS || o.Status != protocol.Waiting || b.Queues[0].Oldest != nil {
		t.Errorf("[board-7] who waits longest is shown as %+v, and in an empty line as %+v", o, b.Queues[0].Oldest)
	}
	want := protocol.BoardAgent{
		ID: "a", Name: "Name of a", Status: protocol.Available, Languages: []string{"en", "zh"}, Departments: []string{"support"},
		Skills: []string{"kyc"}, Tier: 2, Capacity: 2, Load: 1,
	}
	if len(b.Agents) != 1 || len(b.Agents[0].Tickets) != 1 {
		t.Fatalf("the agents are shown as %+v", b.Agents)
	}
	is, held := b.Agents[0], b.Agents[0].Tickets[0]
	is.Tickets = nil
	if fmt.Sprint(is) != fmt.Sprint(want) || held.Ticket != ticket || held.Status != protocol.Assigned || held.Visitor.ID != "v" || held.AssignedAtMS == 0 {
		t.Errorf("the agent is shown as %+v with %+v", is, held)
	}
	a.Cut()
	next := people.Next(s, "the loss", func(b protocol.Board) bool { return b.Agents[0].Lost })
	if next.Log <= b.Log || next.AsOfMS < b.AsOfMS+900 {
		t.Errorf("boards of log %d and %d came %d ms apart, want a second at least", b.Log, next.Log, next.AsOfMS-b.AsOfMS)
	}
}

// [board-2]
func TestABoardIsBounded(t *testing.T) {
	h := newHouse(t, func(s *gateway.Site) {
		s.Limits.OutgoingBuffer = 1 << 10 // a board is larger than what other conns may hold
		s.Rules.Departments = nil
		for i := range 210 {
			s.Rules.Departments = append(s.Rules.Departments, queue.Department{ID: fmt.Sprintf("department-%03d", i), Languages: []string{"en"}, OfferTTL: 1000})
		}
	})
	url, _ := h.open("one")
	s := h.come(url, protocol.Supervisor, "s")
	b := people.Next(s, "the board", func(protocol.Board) bool { return true })
	if len(b.Queues) != protocol.MaxBoardQueues || b.QueuesLeftOut != 10 {
		t.Errorf("%d queues are shown and %d left out, want %d and 10", len(b.Queues), b.QueuesLeftOut, protocol.MaxBoardQueues)
	}
}

// ask makes an HTTP request to a gateway.
func (h *house) ask(url, path string, role protocol.Role) (status int, body string) {
	h.t.Helper()
	return h.askAs(url, path, h.token(role, "asks"))
}

func (h *house) askAs(url, path, token string) (status int, body string) {
	h.t.Helper()
	base := "http" + strings.TrimSuffix(strings.TrimPrefix(url, "ws"), "/v1/connect")
	req, err := http.NewRequestWithContext(h.ctx, http.MethodGet, base+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// [http-5]
func TestTheTeamIsToldToThoseWhoPassTicketsOn(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	h.served(url, "v", "a")
	h.come(url, protocol.Agent, "b", "zh")
	for _, role := range []protocol.Role{protocol.Agent, protocol.Supervisor} {
		status, body := h.ask(url, "/v1/team", role)
		var team []protocol.BoardAgent
		if err := json.Unmarshal([]byte(body), &team); err != nil || status != http.StatusOK {
			t.Fatalf("%s: %d %s, %v", role, status, body, err)
		}
		if len(team) != 2 || team[0].ID != "a" || team[0].Load != 1 || team[0].Tickets != nil || team[1].Status != protocol.Away {
			t.Errorf("%s is told %+v", role, team)
		}
	}
	if status, body := h.ask(url, "/v1/team", protocol.Visitor); status != http.StatusForbidden || !strings.Contains(body, "forbidden") {
		t.Errorf("a visitor is answered %d %s", status, body)
	}
}

// [http-6]
func TestASupervisorReadsWhoStandsInALine(t *testing.T) {
	h := newHouse(t, rulesOfJoining)
	url, _ := h.open("one")
	v, w, s := h.come(url, protocol.Visitor, "v", "en"), h.come(url, protocol.Visitor, "w", "en"), h.come(url, protocol.Supervisor, "s")
	v.MustJoin("support")
	ok, err := w.Request(h.ctx, protocol.TypeJoin, func(e protocol.Envelope) protocol.Request {
		return protocol.Join{Envelope: e, Department: "support", Topic: "withdrawal", Urgency: "high"}
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.HeadStart(h.ctx, ok.Ticket, 300, "refused twice"); err != nil {
		t.Fatal(err)
	}
	status, body := h.ask(url, "/v1/queues/support/en", protocol.Supervisor)
	var line []struct {
		Ticket   string          `json:"ticket"`
		Position int             `json:"position"`
		Status   string          `json:"status"`
		Visitor  protocol.Person `json:"visitor"`
		Start    int64           `json:"head_start_s"`
		Reason   string          `json:"head_start_reason"`
		Urgency  string          `json:"urgency"`
		Topic    string          `json:"topic"`
		Weight   int             `json:"weight"`
		Tier     int             `json:"tier"`
		Skills   []string        `json:"skills"`
	}
	if err := json.Unmarshal([]byte(body), &line); err != nil || status != http.StatusOK || len(line) != 2 {
		t.Fatalf("%d %s, %v", status, body, err)
	}
	first := line[0]
	if first.Ticket != ok.Ticket || first.Position != 1 || first.Status != "waiting" || first.Visitor.ID != "w" || first.Start != 300 ||
		first.Reason != "refused twice" || first.Urgency != "high" || first.Topic != "withdrawal" || first.Weight != 2 || first.Tier != 2 ||
		!slices.Equal(first.Skills, []string{"kyc"}) || line[1].Position != 2 {
		t.Errorf("the line is %s", body)
	}
	for _, tt := range []struct {
		path   string
		role   protocol.Role
		status int
	}{
		{"/v1/queues/support/en", protocol.Agent, http.StatusForbidden},
		{"/v1/queues/support/en", protocol.Visitor, http.StatusForbidden},
		{"/v1/queues/legal/en", protocol.Supervisor, http.StatusNotFound},
		{"/v1/queues/trading/zh", protocol.Supervisor, http.StatusNotFound},
	} {
		if status, body := h.ask(url, tt.path, tt.role); status != tt.status {
			t.Errorf("%s asks for %s: %d %s, want %d", tt.role, tt.path, status, body, tt.status)
		}
	}
}

// [board-4] [board-5]
func TestAGatewayThatComesLaterKnowsTheDay(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	v, a := h.come(url, protocol.Visitor, "v", "en"), h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	first := v.MustJoin("support", "en")
	a.MustAccept()
	if _, err := a.CloseTicket(h.ctx, first); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Rate(h.ctx, first, 4, ""); err != nil {
		t.Fatal(err)
	}
	h.come(url, protocol.Visitor, "w", "zh").MustJoin("support", "zh")
	sums := func(b protocol.Board) (all protocol.BoardBucket) {
		for _, one := range b.Today.Buckets {
			all.Joined += one.Joined
			all.Answered += one.Answered
			all.InTarget += one.InTarget
			all.Handled += one.Handled
			all.Solved += one.Solved
			all.Rated += one.Rated
			all.Score += one.Score
		}
		return all
	}
	want := protocol.BoardBucket{Joined: 2, Answered: 1, InTarget: 1, Handled: 1, Solved: 1, Rated: 1, Score: 4}
	later, _ := h.open("two")
	for _, at := range []string{url, later} {
		s := h.come(at, protocol.Supervisor, "s")
		people.Next(s, "the day", func(b protocol.Board) bool { return b.Today != nil && sums(b) == want })
	}
}

// A conversation that a supervisor may not open, since they read as many as one conn may,
// does not stand in the audit log as read. [limit-6] [audit-1]
func TestAReadingThatIsRefusedIsNotAudited(t *testing.T) {
	const most = 64
	h := newHouse(t)
	url, _ := h.open("one")
	s := h.come(url, protocol.Supervisor, "s", "en")
	var last string
	for i := range most + 1 {
		last = h.come(url, protocol.Visitor, fmt.Sprint("v", i), "en").MustJoin("support")
		if i < most {
			s.MustOpen(last, 0)
		}
	}
	_, err := s.Open(h.ctx, last, 0)
	wantCode(t, err, protocol.CodeForbidden)
	read := 0
	for _, d := range h.deeds() {
		if d.Action == "monitor" {
			read++
		}
	}
	if read != most {
		t.Errorf("%d readings stand in the audit log, want %d", read, most)
	}
}
