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
)

// The site is an exchange at many times the human pace: every time in its rules
// passes several times in a run. The rules stand here as data, from which the
// site file is written and by which the judge judges.
type rules struct {
	departments map[string]department
	topics      map[string]topic
	tiers       map[string]time.Duration // by the claim of a visitor's token
	urgencies   map[string]time.Duration
	fallback    string
	agents      []agent
}

type department struct {
	languages     []string
	tier, minimum int
	skills        []string
	ttl, wrapUp   time.Duration
	auto          bool
	widening      []widening
}

type widening struct {
	after   time.Duration
	spread  string
	drop    []string
	minimum int
}

type topic struct {
	headStart      time.Duration
	weight, tier   int
	skills, wishes []string
}

type agent struct {
	id             string
	capacity, tier int
	skills         []string
	languages      map[string]int
}

const (
	siteID       = "exchange"
	visitorGrace = 5 * time.Second
	agentGrace   = 3 * time.Second
	claimed      = "account-taken-over" // the urgency that only a token may say
)

var spoken = []string{"en", "zh", "es", "ja"}

func exchange(agents int) *rules {
	r := &rules{
		departments: map[string]department{
			"support": {
				languages: spoken, tier: 1, minimum: 3, ttl: 2 * time.Second, wrapUp: 400 * time.Millisecond,
				widening: []widening{
					{after: 2 * time.Second, spread: "listed"},
					{after: 4 * time.Second, spread: "fallback"},
					{after: 6 * time.Second, drop: []string{"kyc"}, minimum: 1},
				},
			},
			"trading": {
				languages: spoken, tier: 2, minimum: 4, skills: []string{"trading"}, ttl: 2 * time.Second, wrapUp: 600 * time.Millisecond, auto: true,
				widening: []widening{{after: 3 * time.Second, spread: "listed", minimum: 2}, {after: 5 * time.Second, spread: "fallback"}},
			},
			"engineering": {languages: []string{"en", "zh"}, tier: 3, minimum: 1, skills: []string{"api"}, ttl: 3 * time.Second},
		},
		topics: map[string]topic{
			"withdrawal": {headStart: time.Second, weight: 2, tier: 1, skills: []string{"kyc"}, wishes: []string{"fiat"}},
			"deposit":    {weight: 1, tier: 1, wishes: []string{"fiat"}},
			"api":        {headStart: -time.Second, weight: 1, tier: 2, skills: []string{"api"}},
		},
		tiers:     map[string]time.Duration{"vip": 2 * time.Second},
		urgencies: map[string]time.Duration{"high": time.Second, claimed: 4 * time.Second},
		fallback:  "en",
	}
	for i := range agents {
		a := agent{id: fmt.Sprint("agent-", i), capacity: 1 + i%4, tier: 1 + i%3, languages: map[string]int{spoken[i%4]: 5}}
		if second := spoken[(i/4+1)%4]; a.languages[second] == 0 {
			a.languages[second] = 1 + i%5
		}
		for skill, has := range map[string]bool{"kyc": i%2 == 0, "fiat": i%4 == 1, "api": a.tier == 3 || i%7 == 0, "trading": a.tier > 1} {
			if has {
				a.skills = append(a.skills, skill)
			}
		}
		slices.Sort(a.skills)
		r.agents = append(r.agents, a)
	}
	return r
}

// file writes the site file and returns its path.
func (r *rules) file(t testing.TB) string {
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
`, siteID, list(spoken), r.fallback, visitorGrace, agentGrace, secret)
	b.WriteString("    visitor_tiers:\n")
	for _, name := range slices.Sorted(maps.Keys(r.tiers)) {
		fmt.Fprintf(&b, "      %s: %v\n", name, r.tiers[name])
	}
	b.WriteString("    urgencies:\n")
	for _, name := range slices.Sorted(maps.Keys(r.urgencies)) {
		fmt.Fprintf(&b, "      %s: {head_start: %v, visitors_may: %v}\n", name, r.urgencies[name], name != claimed)
	}
	b.WriteString("    topics:\n")
	for _, name := range slices.Sorted(maps.Keys(r.topics)) {
		t := r.topics[name]
		fmt.Fprintf(&b, "      %s: {head_start: %v, weight: %d, tier: %d, skills: [%s], wishes: [%s]}\n", name, t.headStart, t.weight, t.tier, list(t.skills), list(t.wishes))
	}
	b.WriteString("    departments:\n")
	for _, name := range slices.Sorted(maps.Keys(r.departments)) {
		d := r.departments[name]
		fmt.Fprintf(&b, "      - {id: %s, languages: [%s], tier: %d, min_proficiency: %d, skills: [%s], offer_timeout: %v, wrap_up: %v, auto_accept: %v",
			name, list(d.languages), d.tier, d.minimum, list(d.skills), d.ttl, d.wrapUp, d.auto)
		for i, w := range d.widening {
			b.WriteString([]string{", widening: [", ", "}[min(i, 1)])
			fmt.Fprintf(&b, "{after: %v", w.after)
			if w.spread != "" {
				fmt.Fprintf(&b, ", languages: %s", w.spread)
			}
			if len(w.drop) > 0 {
				fmt.Fprintf(&b, ", drop_skills: [%s]", list(w.drop))
			}
			if w.minimum > 0 {
				fmt.Fprintf(&b, ", min_proficiency: %d", w.minimum)
			}
			b.WriteString("}")
		}
		b.WriteString([]string{"}\n", "]}\n"}[min(len(d.widening), 1)])
	}
	b.WriteString("    agents:\n      known:\n")
	for _, a := range r.agents {
		var known []string
		for _, l := range slices.Sorted(maps.Keys(a.languages)) {
			known = append(known, fmt.Sprintf("%s: %d", l, a.languages[l]))
		}
		fmt.Fprintf(&b, "        %s: {capacity: %d, tier: %d, skills: [%s], languages: {%s}}\n", a.id, a.capacity, a.tier, list(a.skills), list(known))
	}
	path := filepath.Join(t.TempDir(), "site.yaml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func list(words []string) string { return strings.Join(words, ", ") }

// mint signs anybody's token. What a visitor is shows in their name: every
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
