package routing

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"nextup/gateway/protocol"
	"nextup/test/oracle"
)

// The site is an exchange at many times the human pace: every time in its rules
// passes several times in a run. The rules stand here as data, from which the
// site file is written and by which the oracle judges.
const (
	siteID       = "exchange"
	visitorGrace = 5 * time.Second
	agentGrace   = 3 * time.Second
	claimed      = "account-taken-over" // the urgency that only a token may say
)

var spoken = []string{"en", "zh", "es", "ja"}

func exchange(agents int) *oracle.Routing {
	r := &oracle.Routing{
		Departments: map[string]oracle.Department{
			"support": {
				Languages: spoken, Tier: 1, Minimum: 3, OfferTimeout: 2 * time.Second, WrapUp: 400 * time.Millisecond,
				Widening: []oracle.Widening{
					{After: 2 * time.Second, Spread: "listed"},
					{After: 4 * time.Second, Spread: "fallback"},
					{After: 6 * time.Second, Drop: []string{"kyc"}, Minimum: 1},
				},
			},
			"trading": {
				Languages: spoken, Tier: 2, Minimum: 4, Skills: []string{"trading"}, OfferTimeout: 2 * time.Second, WrapUp: 600 * time.Millisecond, AutoAccept: true,
				Widening: []oracle.Widening{{After: 3 * time.Second, Spread: "listed", Minimum: 2}, {After: 5 * time.Second, Spread: "fallback"}},
			},
			"engineering": {Languages: []string{"en", "zh"}, Tier: 3, Minimum: 1, Skills: []string{"api"}, OfferTimeout: 3 * time.Second},
		},
		Topics: map[string]oracle.Topic{
			"withdrawal": {HeadStart: time.Second, Weight: 2, Tier: 1, Skills: []string{"kyc"}, Wishes: []string{"fiat"}},
			"deposit":    {Weight: 1, Tier: 1, Wishes: []string{"fiat"}},
			"api":        {HeadStart: -time.Second, Weight: 1, Tier: 2, Skills: []string{"api"}},
		},
		Tiers:     map[string]time.Duration{"vip": 2 * time.Second},
		Urgencies: map[string]time.Duration{"high": time.Second, claimed: 4 * time.Second},
		Fallback:  "en",
	}
	for i := range agents {
		a := oracle.Agent{ID: fmt.Sprint("agent-", i), Capacity: 1 + i%4, Tier: 1 + i%3, Languages: map[string]int{spoken[i%4]: 5}}
		if second := spoken[(i/4+1)%4]; a.Languages[second] == 0 {
			a.Languages[second] = 1 + i%5
		}
		for skill, has := range map[string]bool{"kyc": i%2 == 0, "fiat": i%4 == 1, "api": a.Tier == 3 || i%7 == 0, "trading": a.Tier > 1} {
			if has {
				a.Skills = append(a.Skills, skill)
			}
		}
		slices.Sort(a.Skills)
		r.Agents = append(r.Agents, a)
	}
	return r
}

// siteFile writes the site file and returns its path.
func siteFile(t testing.TB, r *oracle.Routing) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, `sites:
  - id: %s
    languages: [%s]
    fallback_language: %s
    grace: {visitor: %v, agent: %v}
    heartbeat: {visitor: 3s, agent: 3s}
    retention: 2h
    sticky: {window: 1h, hold: 1500ms}
    transfer_hold: 1500ms
    limits: {frames_per_second: 500, burst: 5000, bytes_per_second: 8MiB, byte_burst: 16MiB, outgoing_buffer: 1MiB, conns_per_address: 20000, tickets_per_visitor: 1000000}
    keys: [{id: test, algorithm: HS256, secret: %q, roles: [visitor, agent, supervisor]}]
`, siteID, list(spoken), r.Fallback, visitorGrace, agentGrace, secret)
	b.WriteString("    visitor_tiers:\n")
	for _, name := range slices.Sorted(maps.Keys(r.Tiers)) {
		fmt.Fprintf(&b, "      %s: %v\n", name, r.Tiers[name])
	}
	b.WriteString("    urgencies:\n")
	for _, name := range slices.Sorted(maps.Keys(r.Urgencies)) {
		fmt.Fprintf(&b, "      %s: {head_start: %v, visitors_may: %v}\n", name, r.Urgencies[name], name != claimed)
	}
	b.WriteString("    topics:\n")
	for _, name := range slices.Sorted(maps.Keys(r.Topics)) {
		t := r.Topics[name]
		fmt.Fprintf(&b, "      %s: {head_start: %v, weight: %d, tier: %d, skills: [%s], wishes: [%s]}\n", name, t.HeadStart, t.Weight, t.Tier, list(t.Skills), list(t.Wishes))
	}
	b.WriteString("    departments:\n")
	for _, name := range slices.Sorted(maps.Keys(r.Departments)) {
		d := r.Departments[name]
		fmt.Fprintf(&b, "      - {id: %s, languages: [%s], tier: %d, min_proficiency: %d, skills: [%s], offer_timeout: %v, wrap_up: %v, auto_accept: %v",
			name, list(d.Languages), d.Tier, d.Minimum, list(d.Skills), d.OfferTimeout, d.WrapUp, d.AutoAccept)
		for i, w := range d.Widening {
			b.WriteString([]string{", widening: [", ", "}[min(i, 1)])
			fmt.Fprintf(&b, "{after: %v", w.After)
			if w.Spread != "" {
				fmt.Fprintf(&b, ", languages: %s", w.Spread)
			}
			if len(w.Drop) > 0 {
				fmt.Fprintf(&b, ", drop_skills: [%s]", list(w.Drop))
			}
			if w.Minimum > 0 {
				fmt.Fprintf(&b, ", min_proficiency: %d", w.Minimum)
			}
			b.WriteString("}")
		}
		b.WriteString([]string{"}\n", "]}\n"}[min(len(d.Widening), 1)])
	}
	b.WriteString("    agents:\n      known:\n")
	for _, a := range r.Agents {
		var known []string
		for _, l := range slices.Sorted(maps.Keys(a.Languages)) {
			known = append(known, fmt.Sprintf("%s: %d", l, a.Languages[l]))
		}
		fmt.Fprintf(&b, "        %s: {capacity: %d, tier: %d, skills: [%s], languages: {%s}}\n", a.ID, a.Capacity, a.Tier, list(a.Skills), list(known))
	}
	path := filepath.Join(t.TempDir(), "site.yaml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func list(words []string) string { return strings.Join(words, ", ") }

// mint signs a person's token. What a visitor is shows in their name: every
// seventh is a vip, and every thirteenth's account was taken over.
func mint(role protocol.Role, subject string, _ []string) (string, error) {
	claims := jwt.MapClaims{}
	var n int
	if _, err := fmt.Sscanf(subject, "visitor-%d", &n); err == nil && role == protocol.Visitor {
		if n%7 == 0 {
			claims["tier"] = "vip"
		}
		if n%13 == 0 {
			claims["urgency"] = claimed
		}
	}
	return mintFor(siteID, role, subject, claims)
}
