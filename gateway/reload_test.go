package gateway_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"nextup/gateway"
	"nextup/gateway/protocol"
	"nextup/queue"
	"nextup/test/people"
)

// reload gives a gateway of the house new rules.
func (h *house) reload(g *gateway.Gateway, change func(*gateway.SiteOptions)) {
	h.t.Helper()
	site := h.demo()
	change(&site)
	if err := g.SetSites([]gateway.SiteOptions{site}); err != nil {
		h.t.Fatal(err)
	}
}

func TestNewRulesHoldAtOnceForThoseWhoAreHere(t *testing.T) {
	h := newHouse(t)
	url, g := h.open("one")
	v, a, first := h.served(url, "v", "a")
	second := h.come(url, protocol.Visitor, "w", "en").MustJoin("support")
	a.MustAccept()
	people.Next(a, "two tickets", func(d protocol.Desk) bool { return len(d.Tickets) == 2 && d.Capacity == 2 })
	h.reload(g, func(s *gateway.SiteOptions) {
		s.Agent = func(string) queue.AgentFacts {
			return queue.AgentFacts{Departments: []string{"support"}, Capacity: 1, Tier: 3, Skills: []string{"kyc"}}
		}
		s.Rules.Departments = append(s.Rules.Departments, queue.Department{ID: "legal", Languages: []string{"en"}, OfferTTL: 20_000})
		s.Rules.Departments[0].QueueLimit = 1
	})
	d := people.Next(a, "what the file says now", func(d protocol.Desk) bool { return d.Capacity == 1 })
	if len(d.Tickets) != 2 || d.Load != 2 || d.Tier != 3 || d.Skills[0] != "kyc" {
		t.Errorf("with less capacity the desk is %+v; want both conversations still there", d)
	}
	for i, ticket := range []string{first, second} {
		a.MustSend(ticket, fmt.Sprint("m", i), "still here")
	}
	if _, err := a.CloseTicket(h.ctx, second); err != nil {
		t.Fatal(err)
	}
	x, y := h.come(url, protocol.Visitor, "x", "en"), h.come(url, protocol.Visitor, "y", "en")
	x.MustJoin("support")
	people.Next(x, "place 1, with nobody who has room", func(f protocol.Ticket) bool { return f.Position == 1 && f.Status == protocol.Waiting })
	_, err := y.Join(h.ctx, "support")
	wantCode(t, err, protocol.CodeQueueFull)
	y.MustJoin("legal")
	people.Next(y, "a place in the new line", func(f protocol.Ticket) bool { return f.Department == "legal" && f.Position == 1 })
	v.MustSend(first, "m1", "thank you")
}

// [error-4] The limits of conns that are here change as well.
func TestNewLimitsHoldForConnsThatAreHere(t *testing.T) {
	h := newHouse(t)
	url, g := h.open("one")
	v := h.raw(url)
	v.hello(h.token(protocol.Visitor, "v", "en"))
	h.reload(g, func(s *gateway.SiteOptions) { s.Limits.FramesPerSecond, s.Limits.Burst = 1, 1 })
	for range 5 {
		v.write(`{"type":"heartbeat"}`)
	}
	if e := v.refusal(); e.Code != protocol.CodeRateLimited {
		t.Errorf("five frames at once are answered with %s, want rate_limited", e.Code)
	}
}

func TestSitesComeAndGoOnlyWithARestart(t *testing.T) {
	h := newHouse(t)
	url, g := h.open("one")
	other := h.demo()
	other.Rules.ID = "elsewhere"
	for name, sites := range map[string][]gateway.SiteOptions{"another": {other}, "one more": {h.demo(), other}, "none": nil} {
		if err := g.SetSites(sites); !errors.Is(err, gateway.ErrOtherSites) {
			t.Errorf("%s: %v, want ErrOtherSites", name, err)
		}
	}
	h.come(url, protocol.Visitor, "v", "en").MustJoin("support")
}

// [board-3] Two gateways with different site files notice it and say so; a file
// that reaches them one after the other is no difference.
func TestGatewaysNoticeThatTheirSiteFilesDiffer(t *testing.T) {
	h := newHouse(t)
	one, first := h.open("one")
	_, second := h.open("two")
	s := h.come(one, protocol.Supervisor, "s")
	differs := func() string {
		_, body := h.ask(one, "/metrics", protocol.Supervisor)
		for line := range strings.Lines(body) {
			if value, ok := strings.CutPrefix(line, `nextup_site_rules_differ{site="demo"} `); ok {
				return strings.TrimSpace(value)
			}
		}
		return "nothing"
	}
	look := func() {
		second.CompareRules()
		first.CompareRules()
	}
	look()
	look()
	if got := differs(); got != "0" {
		t.Errorf("with equal files the metric is %s", got)
	}
	changed := func(s *gateway.SiteOptions) {
		s.Rules.Topics = maps.Clone(map[string]queue.Topic{"outage": {Tier: 3}})
	}
	h.reload(second, changed)
	look()
	if got := differs(); got != "0" {
		t.Errorf("in the first look after a change the metric is %s", got)
	}
	look()
	if got := differs(); got != "1" {
		t.Errorf("with different files the metric is %s", got)
	}
	people.Next(s, "the board that says so", func(b protocol.Board) bool { return b.RulesDiffer })
	h.reload(first, changed)
	look()
	if got := differs(); got != "0" {
		t.Errorf("with equal files again the metric is %s", got)
	}
	people.Next(s, "the board that says so", func(b protocol.Board) bool { return !b.RulesDiffer })
}
