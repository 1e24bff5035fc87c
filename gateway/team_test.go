package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"nextup/gateway/protocol"
)

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
	for _, d := range h.auditEvents() {
		if d.Action == "monitor" {
			read++
		}
	}
	if read != most {
		t.Errorf("%d readings stand in the audit log, want %d", read, most)
	}
}
