package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"nextup/gateway"
	"nextup/gateway/protocol"
	"nextup/queue"
	"nextup/test/people"
)

// row is what a board, a host and a metric say of one queue.
type row struct {
	size, agents          int
	unattended, withdrawn bool
}

// rowOf is a queue of a board, or nil.
func rowOf(b protocol.Board, queue string) *row {
	for _, q := range b.Queues {
		if q.Queue == queue {
			return &row{q.Size, q.AgentsWithRoom, q.Unattended, q.Withdrawn}
		}
	}
	return nil
}

func (r *row) equals(other *row) bool {
	return r == nil && other == nil || r != nil && other != nil && *r == *other
}

// rowsOf asks a gateway for a queue over HTTP; nil where it is not shown.
func (h *house) rowsOf(url, queue string) (host, metric *row) {
	h.t.Helper()
	status, body := h.ask(url, "/v1/queues", protocol.Visitor)
	var all []struct {
		protocol.BoardQueue
	}
	if err := json.Unmarshal([]byte(body), &all); err != nil || status != http.StatusOK {
		h.t.Fatal(status, body, err)
	}
	for _, q := range all {
		if q.Queue == queue {
			host = &row{q.Size, q.AgentsWithRoom, q.Unattended, q.Withdrawn}
		}
	}
	department, language, _ := strings.Cut(queue, "/")
	_, body = h.ask(url, "/metrics", protocol.Visitor)
	for line := range strings.Lines(body) {
		value := 0
		for name, note := range map[string]func(*row){
			"size": func(r *row) { r.size = value }, "agents_with_room": func(r *row) { r.agents = value },
			"unattended": func(r *row) { r.unattended = value == 1 }, "withdrawn": func(r *row) { r.withdrawn = value == 1 },
		} {
			if n, _ := fmt.Sscanf(line, fmt.Sprintf(`nextup_queue_%s{department=%q,language=%q,site="demo"} %%d`, name, department, language), &value); n == 1 {
				if metric == nil {
					metric = &row{}
				}
				note(metric)
			}
		}
	}
	return host, metric
}

func (h *house) wantRows(what, url, queue string, want *row) {
	h.t.Helper()
	s := h.come(url, protocol.Supervisor, "watches")
	defer s.Cut()
	people.Next(s, what+": the board that shows it", func(b protocol.Board) bool { return rowOf(b, queue).equals(want) })
	host, metric := h.rowsOf(url, queue)
	for name, got := range map[string]*row{"a host": host, "a metric": metric} {
		if !got.equals(want) {
			h.t.Errorf("%s: %s says of %s %+v, want %+v", what, name, queue, got, want)
		}
	}
}

// [ticket-9] [board-6] [http-1] An empty shift does not look like an empty queue.
func TestPeopleAreToldThatNobodyIsHere(t *testing.T) {
	h := newHouse(t, staff(map[string]queue.AgentFacts{"a": {Departments: []string{"support"}, Capacity: 1}}), func(s *gateway.SiteOptions) { s.Rules.AgentGrace = 3000 })
	url, _ := h.open("one")
	v, w := h.come(url, protocol.Visitor, "v", "en"), h.come(url, protocol.Visitor, "w", "en")
	v.MustJoin("support")
	w.MustJoin("support")
	nobody := func(p *people.Person, want bool) {
		t.Helper()
		people.Next(p, fmt.Sprint("that nobody is here: ", want), func(f protocol.Ticket) bool { return f.Position > 0 && f.Unattended == want })
	}
	nobody(v, true)
	nobody(w, true)
	h.wantRows("on an empty shift", url, "support/en", &row{2, 0, true, false})
	a := h.come(url, protocol.Agent, "a", "en")
	a.MustBe(protocol.Available)
	nobody(w, false)
	a.MustAccept()
	h.wantRows("with an agent who is busy", url, "support/en", &row{1, 0, false, false})
	h.wantRows("in a language that they do not speak", url, "support/zh", &row{0, 0, true, false})
	status := func(s protocol.AgentStatus) {
		t.Helper()
		if _, err := a.Status(h.ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	status(protocol.Away)
	nobody(w, true)
	status(protocol.Available)
	nobody(w, false)
	a.Cut() // and is back before the grace is over
	people.Next(h.come(url, protocol.Supervisor, "s"), "that the agent is lost", func(b protocol.Board) bool { return len(b.Agents) == 1 && b.Agents[0].Lost })
	h.wantRows("with an agent who loads their page again", url, "support/en", &row{1, 0, false, false})
	h.come(url, protocol.Agent, "a", "en").Cut()
	nobody(w, true)
	h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	nobody(w, false)
	again := h.come(url, protocol.Visitor, "w", "en")
	nobody(again, false)
}

// [board-6] Who waits in a language that the site file no longer has is shown until
// they have been moved, and so is their place.
func TestWhoWaitsInAWithdrawnLanguageIsShownAndMoved(t *testing.T) {
	h := newHouse(t)
	dropped := func(s *gateway.SiteOptions) {
		s.Rules.Departments[0].Languages, s.Languages = []string{"en"}, []string{"en"}
	}
	old, g := h.open("old")
	first, second := h.come(old, protocol.Visitor, "first", "zh"), h.come(old, protocol.Visitor, "second", "zh")
	ticket := first.MustJoin("support")
	second.MustJoin("support")
	h.reload(g, dropped)
	if said := h.log.String(); !strings.Contains(said, "queues=\"support/zh=2\"") && !strings.Contains(said, "queues=support/zh=2") || !strings.Contains(said, "waiting=2") {
		t.Errorf("the reload does not name the queue and how many wait: %s", said)
	}
	h.wantRows("after the reload", old, "support/zh", &row{2, 0, true, true})

	// A gateway that never knew the queue shows it as well, and each place in it.
	holds := h.site
	h.site = func(s *gateway.SiteOptions) { holds(s); dropped(s) }
	fresh, _ := h.open("new")
	h.wantRows("on a gateway with the new file", fresh, "support/zh", &row{2, 0, true, true})
	if said := h.log.String(); strings.Count(said, "support/zh=2") != 2 {
		t.Errorf("the start does not name the queue: %s", said)
	}
	again := h.come(fresh, protocol.Visitor, "second", "zh")
	people.Next(again, "place 2", func(f protocol.Ticket) bool { return f.Position == 2 && f.Language == "zh" && f.Unattended })

	s := h.come(fresh, protocol.Supervisor, "s")
	_, body := h.ask(fresh, "/v1/queues/support/zh", protocol.Supervisor)
	if !strings.Contains(body, ticket) {
		t.Errorf("the supervisor reads of the line: %s", body)
	}
	_, err := s.Transfer(h.ctx, ticket, protocol.TransferTo{Department: "trading"}, "")
	wantCode(t, err, protocol.CodeUnknownLanguage)
	if _, err := s.Transfer(h.ctx, ticket, protocol.TransferTo{Language: "en"}, ""); err != nil {
		t.Fatal(err)
	}
	left := people.Next(again, "place 1, once the first has been moved", func(f protocol.Ticket) bool { return f.Position == 1 }).Ticket
	h.wantRows("with one moved", fresh, "support/zh", &row{1, 0, true, true})
	if _, err := again.Leave(h.ctx, left); err != nil {
		t.Fatal(err)
	}
	h.wantRows("when it is empty", fresh, "support/zh", nil)
	if status, _ := h.ask(fresh, "/v1/queues/support/zh", protocol.Supervisor); status != http.StatusNotFound {
		t.Errorf("the empty line is answered %d", status)
	}
}
