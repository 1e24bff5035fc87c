package main

import (
	"strings"
	"testing"

	"nextup/internal/eventlog/redislog"
	"nextup/internal/sitefile"
	"nextup/test/redistest"
)

func TestCheckDescribesAGoodFile(t *testing.T) {
	t.Parallel()
	path := siteFile(t, twoSites)
	stdout, stderr, code := nextup(t, "check", path)
	want := path + ` is valid; sites: 2

shop
  department support: en zh; at most 10000 waiting per queue, 20s to accept an offer
  queues: 2
  agents: capacity 3 by default, 0 known by name
  origins: the gateway's own host
  tokens live for at most 24h0m0s
  key visitors: HS256, for visitor
  key staff: HS256, for agent
  key login: RS256, for supervisor

bank
  department cards: en; at most 7 waiting per queue, 20s to accept an offer
  queues: 1
  agents: capacity 3 by default, 0 known by name
  origins: https://bank.example
  tokens live for at most 24h0m0s
  key only: HS256, for visitor
`
	if code != 0 || stderr != "" || stdout != want {
		t.Errorf("exit %d, said %q, printed\n%s\nwant\n%s", code, stderr, stdout, want)
	}
}

func TestCheckTriesRedisAndNamesWhatItsUserMayNotRun(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	admin := server.Client()
	defer admin.Close()
	for _, tt := range []struct {
		lost, durability, says string
		code                   int
	}{
		{"", "memory", "may run all that they need", 0},
		{"xtrim", "memory", "may not run xtrim", 1},
		{"eval_ro", "memory", "may not run eval_ro", 1},
		{"", "replica", "no replica of Redis is in step", 1},
	} {
		args := []any{"ACL", "SETUSER", "nextup", "reset", "on", ">a-secret"}
		for _, rule := range redislog.ACL() {
			args = append(args, rule)
		}
		if tt.lost != "" {
			args = append(args, "-"+tt.lost)
		}
		if err := admin.Do(t.Context(), args...).Err(); err != nil {
			t.Fatal(err)
		}
		stdout, stderr, code := nextup(t, "check", siteFile(t, twoSites), "--redis", "redis://nextup:a-secret@"+server.Addr(), "--durability", tt.durability)
		if code != tt.code || !strings.Contains(stdout+stderr, tt.says) || strings.Contains(stdout+stderr, "a-secret") {
			t.Errorf("without %q, %s: exit %d, want %d and %q, printed\n%s%s", tt.lost, tt.durability, code, tt.code, tt.says, stdout, stderr)
		}
	}
}

func TestCheckNamesWhatANewFileLeavesOut(t *testing.T) {
	t.Parallel()
	before := siteFile(t, twoSites)
	for name, tt := range map[string]struct {
		change    func(string) string
		says, not string
	}{
		"nothing": {func(s string) string { return s }, "no site and no queue of the file before is left out", "WARNING"},
		"a language": {
			func(s string) string { return strings.Replace(s, "languages: [en, zh]", "languages: [en]", 1) },
			"WARNING: the queue support/zh of shop is left out", "support/en of shop",
		},
		"a department": {
			func(s string) string { return strings.Replace(s, "id: cards", "id: loans", 1) },
			"WARNING: the queue cards/en of bank is left out", "no site and no queue",
		},
		"a site": {
			func(s string) string { return strings.ReplaceAll(s, "id: bank", "id: bank2") },
			"WARNING: site bank is left out", "no site and no queue",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := nextup(t, "check", "--before", before, siteFile(t, tt.change(twoSites)))
			if code != 0 || !strings.Contains(stdout, tt.says) || strings.Contains(stdout, tt.not) {
				t.Errorf("exit %d, said %q, printed\n%s\nwant %q and not %q", code, stderr, stdout, tt.says, tt.not)
			}
		})
	}
	if _, stderr, code := nextup(t, "check", "--before", before+".none", before); code != 1 || !strings.Contains(stderr, "no such file") {
		t.Errorf("a file before that is not there: exit %d, said %q", code, stderr)
	}
}

func TestCheckWarnsOfTheDemosSecret(t *testing.T) {
	t.Parallel()
	stdout, _, code := nextup(t, "check", siteFile(t, string(sitefile.Demo())))
	if code != 0 || !strings.Contains(stdout, "WARNING: key development has a secret that is published") {
		t.Errorf("exit %d, printed %s", code, stdout)
	}
}

func TestCheckSaysWhereAddressesMayBeAndWhyOneMayNot(t *testing.T) {
	t.Parallel()
	inside := strings.Replace(twoSites, "https://login.example/keys", "https://10.1.2.3/keys", 1)
	stdout, _, code := nextup(t, "check", siteFile(t, inside))
	if code == 0 || !strings.Contains(stdout, "jwks_url") || !strings.Contains(stdout, "allow_networks") {
		t.Errorf("a key set in a private network: exit %d, printed %s", code, stdout)
	}
	stdout, _, code = nextup(t, "check", siteFile(t, strings.Replace(inside, "  languages: [en, zh]", "  languages: [en, zh]\n  allow_networks: [10.1.0.0/16]\n  max_token_life: 8h", 1)))
	if code != 0 || !strings.Contains(stdout, "addresses may also be in 10.1.0.0/16") || !strings.Contains(stdout, "tokens live for at most 8h0m0s") {
		t.Errorf("with the network named: exit %d, printed %s", code, stdout)
	}
}

func TestCheckWarnsOfALanguageThatOnlyWideningServes(t *testing.T) {
	t.Parallel()
	path := siteFile(t, `sites:
- id: a
  languages: [en, zh]
  fallback_language: en
  departments:
  - id: first
  - id: second
    widening: [{after: 60s, languages: fallback}]
  agents:
    defaults: {departments: [first]}
    known: {mei: {departments: [second], languages: [en]}}
  keys: [{id: only, algorithm: HS256, secret: 0123456789abcdef0123456789abcdef, roles: [visitor]}]
`)
	stdout, _, code := nextup(t, "check", path)
	if code != 0 || strings.Count(stdout, "WARNING: no agent of the file speaks zh well enough here") != 1 {
		t.Errorf("exit %d, printed %s", code, stdout)
	}
}

func TestCheckPrintsEveryProblem(t *testing.T) {
	t.Parallel()
	path := siteFile(t, "sites:\n- id: A\n  languages: [en]\n  departments: [{id: b}]\n  keys: []\n")
	stdout, stderr, code := nextup(t, "check", path)
	if code != 1 || strings.Count(stdout, path+": line ") != 2 || stderr != "nextup: problems found: 2\n" {
		t.Errorf("exit %d, said %q, printed\n%s", code, stderr, stdout)
	}
	if _, stderr, code := nextup(t, "check", path+".none"); code != 1 || !strings.Contains(stderr, "no such file") {
		t.Errorf("for no file: exit %d, said %q", code, stderr)
	}
}
