package sitefile_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"nextup/internal/limits"
	"nextup/internal/sitefile"
	"nextup/queue"
)

// secret is long enough to be used, and is looked for in everything printed.
const secret = "0123456789-do-not-print-0123456789"

const small = `sites:
- id: shop
  languages: [en, zh]
  departments:
  - id: support
  keys:
  - id: k1
    algorithm: HS256
    secret: ` + secret + `
    roles: [visitor]
`

func parse(t *testing.T, text string) sitefile.Site {
	t.Helper()
	file, err := sitefile.Parse([]byte(text), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return file.Sites[0]
}

func TestASmallSiteGetsEveryDefault(t *testing.T) {
	t.Parallel()
	want := sitefile.Site{
		Rules: &queue.Site{
			ID: "shop",
			Departments: []queue.Department{{
				ID: "support", Name: "support", Languages: []string{"en", "zh"},
				QueueLimit: 10000, OfferTTL: 20_000, Tier: 1, MinProficiency: 1,
			}},
			VisitorTiers: map[string]queue.Millis{}, Urgencies: map[string]queue.Urgency{}, Topics: map[string]queue.Topic{},
			StickyHold: 30_000, TransferHold: 60_000,
			VisitorGrace: 60_000, AgentGrace: 20_000, AssignedGrace: 600_000, Retention: 86_400_000,
			TicketLimit: 200_000, VisitorTickets: 30, MaxCapacity: 3,
		},
		Languages: []string{"en", "zh"},
		Agents: sitefile.Agents{
			Defaults: queue.AgentFacts{Capacity: 3, Departments: []string{"support"}, Tier: 1},
			Known:    map[string]queue.AgentFacts{},
		},
		MaxTokenLife: 24 * time.Hour,
		Heartbeat:    sitefile.Heartbeat{Visitor: 10 * time.Second, Agent: 5 * time.Second},
		Limits: limits.Limits{
			FramesPerSecond: 20, Burst: 100, BytesPerSecond: 32 << 10, ByteBurst: 256 << 10, OutgoingBuffer: 64 << 10,
			ConnsPerPerson: 8, ConnsPerAddress: 1000, Conns: 100_000,
		},
		Keys: []sitefile.Key{{
			ID: "k1", Algorithm: sitefile.HS256, Roles: []sitefile.Role{sitefile.RoleVisitor},
			Secret: sitefile.Secret(secret),
		}},
	}
	got := parse(t, small)
	want.Digest = got.Digest
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestEveryFieldIsRead(t *testing.T) {
	t.Parallel()
	got := parse(t, `
sites:
- id: shop
  origins: ["https://Shop.example", "http://localhost:8080", "*"]
  languages: [EN-us, zh, iw]
  fallback_language: zh
  visitor_tiers: {vip: 120s, "no hurry": -1m}
  urgencies: {high: {head_start: 60s, visitors_may: true}, critical: {head_start: 1h}}
  topics:
    withdrawal: {head_start: 30s, weight: 2, skills: [kyc], wishes: [api], tier: 2}
    other: {}
  sticky: {window: 24h, hold: 15s}
  transfer_hold: 0s
  departments:
  - {id: support, name: Help, languages: [he], queue_limit: 5, offer_timeout: 1m30s}
  - id: trading
    tier: 2
    skills: [kyc, api]
    min_proficiency: 4
    wrap_up: 45s
    auto_accept: true
    widening:
    - {after: 60s, languages: listed}
    - {after: 3m, languages: fallback, min_proficiency: 2}
    - {after: 5m, drop_skills: [api]}
  agents:
    defaults: {capacity: 2, departments: [trading], skills: [kyc]}
    known:
      mei: {capacity: 50, languages: [zh], tier: 3, skills: [kyc, api], shifts: [{days: [mon], from: '08:00', to: '16:30'}]}
      "o'brien@shop.example": {departments: [support, trading], languages: {en-US: 4, he: 5}}
  grace: {visitor: 5s, agent: 1500ms}
  retention: 48h
  heartbeat: {visitor: 20s, agent: 1s}
  limits:
    {frames_per_second: 7, burst: 9, outgoing_buffer: 1MiB, bytes_per_second: 2KiB, byte_burst: 64KiB,
     conns_per_person: 1, conns_per_address: 2, conns: 3, tickets: 4, tickets_per_visitor: 5}
  max_token_life: 8h
  allow_networks: [127.0.0.0/8, "fd00::/8"]
  keys:
  - {id: k1, algorithm: HS256, secret: "`+secret+`", roles: [visitor, agent]}
  - {id: set, algorithm: ES256, jwks_url: "http://127.0.0.1:9/keys", roles: [supervisor]}
`)
	defaults := queue.AgentFacts{Capacity: 2, Departments: []string{"trading"}, Tier: 1, Skills: []string{"kyc"}}
	mei := queue.AgentFacts{
		ID: "mei", Capacity: 50, Departments: []string{"trading"}, Languages: map[string]int{"zh": 5},
		Tier: 3, Skills: []string{"api", "kyc"},
	}
	want := sitefile.Site{
		Rules: &queue.Site{
			ID:           "shop",
			Fallback:     "zh",
			VisitorTiers: map[string]queue.Millis{"vip": 120_000, "no hurry": -60_000},
			Urgencies:    map[string]queue.Urgency{"high": {HeadStart: 60_000, VisitorsMay: true}, "critical": {HeadStart: 3_600_000}},
			Topics: map[string]queue.Topic{
				"withdrawal": {HeadStart: 30_000, Weight: 2, Skills: []string{"kyc"}, Wishes: []string{"api"}, Tier: 2, Departments: []string{"trading"}},
				"other":      {Weight: 1, Tier: 1},
			},
			StickyWindow: 86_400_000, StickyHold: 15_000,
			Departments: []queue.Department{
				{
					ID: "support", Name: "Help", Languages: []string{"he"}, QueueLimit: 5, OfferTTL: 90_000,
					Tier: 1, MinProficiency: 1,
				},
				{
					ID: "trading", Name: "trading", Languages: []string{"en-US", "zh", "he"}, QueueLimit: 10000, OfferTTL: 20_000,
					Tier: 2, Skills: []string{"kyc", "api"}, MinProficiency: 4, WrapUp: 45_000, AutoAccept: true,
					Widening: []queue.Widening{
						{After: 60_000, Languages: queue.SpreadListed},
						{After: 180_000, Languages: queue.SpreadFallback, MinProficiency: 2},
						{After: 300_000, DropSkills: []string{"api"}},
					},
				},
			},
			VisitorGrace: 5_000, AgentGrace: 1_500, AssignedGrace: 600_000, Retention: 172_800_000,
			TicketLimit: 4, VisitorTickets: 5, MaxCapacity: 50,
			Planned: map[string]*queue.Planned{"mei": {Facts: mei, Shifts: []queue.Shift{
				{From: 4*86_400_000 + 28_800_000, To: 4*86_400_000 + 59_400_000, Every: 7 * 86_400_000},
			}}},
		},
		Origins:   []string{"https://shop.example", "http://localhost:8080", "*"},
		Languages: []string{"en-US", "zh", "he"},
		Agents: sitefile.Agents{
			Defaults: defaults,
			Known: map[string]queue.AgentFacts{
				"mei": mei,
				"o'brien@shop.example": {
					ID: "o'brien@shop.example", Capacity: 2, Departments: []string{"support", "trading"}, Languages: map[string]int{"en-US": 4, "he": 5},
					Tier: 1, Skills: []string{"kyc"},
				},
			},
		},
		Heartbeat: sitefile.Heartbeat{Visitor: 20 * time.Second, Agent: time.Second},
		Limits: limits.Limits{
			FramesPerSecond: 7, Burst: 9, BytesPerSecond: 2 << 10, ByteBurst: 64 << 10, OutgoingBuffer: 1 << 20,
			ConnsPerPerson: 1, ConnsPerAddress: 2, Conns: 3,
		},
		MaxTokenLife: 8 * time.Hour, AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("fd00::/8")},
		Keys: []sitefile.Key{
			{ID: "k1", Algorithm: sitefile.HS256, Roles: []sitefile.Role{sitefile.RoleVisitor, sitefile.RoleAgent}, Secret: sitefile.Secret(secret)},
			{ID: "set", Algorithm: sitefile.ES256, Roles: []sitefile.Role{sitefile.RoleSupervisor}, JWKSURL: "http://127.0.0.1:9/keys"},
		},
	}
	want.Digest = got.Digest
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if mei := got.Agents.Of("mei"); mei.Capacity != 50 {
		t.Errorf("a known agent got %+v", mei)
	}
	if stranger := got.Agents.Of("stranger"); !reflect.DeepEqual(stranger, defaults) {
		t.Errorf("an agent who is not known got %+v", stranger)
	}
}

func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := sitefile.Parse([]byte(`sites:
- id: Shop!
  colour: red
  languages: [en, xx-nowhere]
  departments:
  - id: support
    languages: [fr]
    queue_limit: 0
  retention: 24
  keys: []
`), t.TempDir())
	want := strings.Join([]string{
		`site file: line 3: sites[0]: unknown field "colour"; known: id, origins, languages, fallback_language, departments, visitor_tiers, urgencies, topics, sticky, transfer_hold, agents, grace, retention, heartbeat, limits, max_token_life, allow_networks, keys`,
		`site file: line 2: sites[0].id: got "Shop!"; want lower-case letters, digits and inner hyphens, 1 to 63 bytes`,
		`site file: line 4: sites[0].languages[1]: got "xx-nowhere"; want a BCP 47 language tag, such as en, zh or pt-BR`,
		`site file: line 7: sites[0].departments[0].languages[0]: got "fr"; want one of the site's languages: en`,
		`site file: line 8: sites[0].departments[0].queue_limit: got 0; want a whole number from 1 to 1000000`,
		`site file: line 9: sites[0].retention: got 24; want a duration from 1m to 2160h`,
		`site file: line 10: sites[0].keys: got a list; want a list of at least one key`,
	}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestTheReportIsBounded(t *testing.T) {
	t.Parallel()
	_, err := sitefile.Parse([]byte("sites:\n"+strings.Repeat("- id: x\n", 500)), "")
	var invalid *sitefile.Invalid
	if !errors.As(err, &invalid) || len(invalid.Problems) != 100 || invalid.More < 1000 {
		t.Fatalf("got %d problems and %d more", len(invalid.Problems), invalid.More)
	}
	if last := fmt.Sprintf("and %d more problems", invalid.More); !strings.HasSuffix(err.Error(), last) {
		t.Errorf("the report does not end with %q", last)
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "site.yaml")
	if _, err := sitefile.Load(path); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("for no file: %v", err)
	}
	if _, err := sitefile.Load(dir); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("for a folder: %v", err)
	}
	write(t, path, "sites: 7")
	if _, err := sitefile.Load(path); err == nil || err.Error() != path+": line 1: sites: got 7; want a list of sites" {
		t.Errorf("for a bad file: %v", err)
	}
	write(t, path, strings.Repeat("#", sitefile.MaxBytes+1))
	if _, err := sitefile.Load(path); err == nil || !strings.Contains(err.Error(), "larger than 1048576 bytes") {
		t.Errorf("for a large file: %v", err)
	}
	write(t, path, strings.Replace(small, "secret: "+secret, "secret_file: secret.txt", 1))
	write(t, filepath.Join(dir, "secret.txt"), secret+"\n")
	file, err := sitefile.Load(path)
	if err != nil || string(file.Sites[0].Keys[0].Secret) != secret {
		t.Errorf("a secret beside the file: %+v, %v", file, err)
	}
}

func TestTheDemoSiteIsWhatItSays(t *testing.T) {
	t.Parallel()
	site := parse(t, string(sitefile.Demo()))
	if got := strings.Join(site.Languages, " "); site.ID() != "demo" || got != "zh en es ja ko" {
		t.Errorf("got site %q with languages %s", site.ID(), got)
	}
	if d := site.Rules.Departments; len(d) != 2 || d[0].ID != "support" || d[1].ID != "trading" {
		t.Errorf("got departments %+v", d)
	}
	if s := string(site.Keys[0].Secret); !strings.Contains(s, "development-only") {
		t.Error("the demo's secret does not say that it is for development only")
	}
}

func TestASecretDoesNotPrint(t *testing.T) {
	t.Parallel()
	site := parse(t, small)
	asJSON, err := json.Marshal(site)
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{
		fmt.Sprint(site), fmt.Sprintf("%v %+v %#v %s %q", site, site, site, site.Keys[0].Secret, site.Keys[0].Secret), string(asJSON),
	} {
		if strings.Contains(printed, secret) {
			t.Errorf("the secret stands in %s", printed)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
