package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/internal/eventlog/redislog"
	"nextup/internal/sitefile"
	"nextup/queue"
	"nextup/test/redistest"
)

// TestMain is the command itself when a test starts this binary as nextup.
func TestMain(m *testing.M) {
	if os.Getenv("NEXTUP_TEST_AS_COMMAND") != "" {
		main()
		os.Exit(0)
	}
	if crowd := os.Getenv("NEXTUP_TEST_AS_CROWD"); crowd != "" {
		os.Exit(beCrowd(crowd))
	}
	os.Exit(m.Run())
}

// nextup runs the command and returns what it wrote and its exit code.
func nextup(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // of a gateway that serves where it should refuse
	defer cancel()
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = append(os.Environ(), "NEXTUP_TEST_AS_COMMAND=1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); ctx.Err() != nil {
		t.Fatalf("nextup %q does not end; it wrote %q", args, &out)
	} else if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

const twoSites = `sites:
- id: shop
  languages: [en, zh]
  departments: [{id: support}]
  keys:
  - {id: visitors, algorithm: HS256, secret: visitors-visitors-visitors-visitors, roles: [visitor]}
  - {id: staff, algorithm: HS256, secret: staff-staff-staff-staff-staff-staff-staff, roles: [agent]}
  - {id: login, algorithm: RS256, jwks_url: "https://login.example/keys", roles: [supervisor]}
- id: bank
  origins: ["https://bank.example"]
  languages: [en]
  departments: [{id: cards, queue_limit: 7}]
  keys: [{id: only, algorithm: HS256, secret: only-only-only-only-only-only-only-only, roles: [visitor]}]
`

func siteFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "site.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// verify checks a printed token as a gateway would.
func verify(t *testing.T, file *sitefile.File, token string) auth.Identity {
	t.Helper()
	var keys []auth.Key
	for _, s := range file.Sites {
		some, err := Keys(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range some {
			if k.JWKSURL == "" {
				keys = append(keys, k)
			}
		}
	}
	v, err := auth.New(keys, auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	id, err := v.Verify(t.Context(), strings.TrimSpace(token), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestTokenSignsWhatAGatewayAccepts(t *testing.T) {
	t.Parallel()
	path := siteFile(t, twoSites)
	tests := []struct {
		name string
		file string
		args []string
		want auth.Identity
	}{
		{"for a visitor of the demo", "", []string{"--sub", "ana"}, auth.Identity{Site: "demo", Subject: "ana", Role: protocol.Visitor}},
		{
			"with everything", "",
			[]string{"--role", "agent", "--sub", "mei", "--name", "Mei", "--languages", "zh,en-us", "--tier", "gold", "--key", "development"},
			auth.Identity{Site: "demo", Subject: "mei", Role: protocol.Agent, Name: "Mei", Languages: []string{"zh", "en-US"}, Tier: "gold"},
		},
		{"with the key for the role", path, []string{"--site", "shop", "--role", "agent", "--sub", "bo"}, auth.Identity{Site: "shop", Subject: "bo", Role: protocol.Agent}},
		{"for one of many sites", path, []string{"--site", "bank", "--sub", "bo"}, auth.Identity{Site: "bank", Subject: "bo", Role: protocol.Visitor}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"token", "--ttl", "10m"}, tt.args...)
			if tt.file != "" {
				args = append(args, "--site-file", tt.file)
			}
			stdout, stderr, code := nextup(t, args...)
			if code != 0 || stderr != "" {
				t.Fatalf("exit %d: %s", code, stderr)
			}
			file, err := loadSites(tt.file)
			if err != nil {
				t.Fatal(err)
			}
			got := verify(t, file, stdout)
			if left := time.Until(got.ExpiresAt); left < 9*time.Minute || left > 10*time.Minute {
				t.Errorf("it is valid for %s, want 10m", left)
			}
			got.ExpiresAt, got.SignedBy = time.Time{}, auth.SignedBy{}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestTokenSaysWhyItCannotSign(t *testing.T) {
	t.Parallel()
	path := siteFile(t, twoSites)
	tests := []struct {
		name, want string
		args       []string
	}{
		{"without a sub", "missing flags: --sub", nil},
		{"for no role", "--role must be one of", []string{"--sub", "a", "--role", "admin"}},
		{"for no time", "--ttl 0s: want more than nothing", []string{"--sub", "a", "--ttl", "0s"}},
		{"for longer than the site allows", "--ttl 25h0m0s: the tokens of site demo live for at most 24h0m0s", []string{"--sub", "a", "--ttl", "25h"}},
		{"for a language that is none", "languages must be BCP 47 tags", []string{"--sub", "a", "--languages", "klingonese"}},
		{"with no such key", "--key x: site demo has no such key", []string{"--sub", "a", "--key", "x"}},
		{"with no site named", "--site is needed: the file has the sites shop, bank", []string{"--sub", "a", "--site-file", path}},
		{"with no such site", "--site x: the file has only shop, bank", []string{"--sub", "a", "--site-file", path, "--site", "x"}},
		{"with no secret for the role", "site shop has no key with a secret that may sign for the role supervisor", []string{"--sub", "a", "--site-file", path, "--site", "shop", "--role", "supervisor"}},
		{"with a key that has no secret", "only a key with a secret can sign here", []string{"--sub", "a", "--site-file", path, "--site", "shop", "--role", "supervisor", "--key", "login"}},
		{"with a key for another role", "key visitors (HS256) is for [visitor]", []string{"--sub", "a", "--site-file", path, "--site", "shop", "--role", "agent", "--key", "visitors"}},
		{"with no such file", "no such file or directory", []string{"--sub", "a", "--site-file", path + ".none"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := nextup(t, append([]string{"token"}, tt.args...)...)
			if code == 0 || stdout != "" || !strings.Contains(stderr, tt.want) {
				t.Errorf("exit %d, printed %q, said %q; want %q", code, stdout, stderr, tt.want)
			}
		})
	}
}

// Whoever is refused with bad_token is told which claim, and what to do.
func TestTokenVerifyExplainsAToken(t *testing.T) {
	t.Parallel()
	path := siteFile(t, twoSites)
	sign := func(args ...string) string {
		out, errs, code := nextup(t, append([]string{"token", "sign", "--site-file", path}, args...)...)
		if code != 0 {
			t.Fatal(errs)
		}
		return strings.TrimSpace(out)
	}
	good := sign("--site", "bank", "--sub", "bo")
	other := forgeClaims(good, `{"sub":7,"site":"bank","role":"boss","aud":"shop","exp":"soon","name":5}`)
	for name, tt := range map[string]struct {
		token string
		taken bool
		want  []string
	}{
		"a good one":             {good, true, []string{"ok       signature", `ok       sub             "bo"`, "a gateway takes this token"}},
		"as it is pasted":        {"\n  \"Bearer " + good + "\"\n", true, []string{"a gateway takes this token"}},
		"one with many faults":   {other, false, []string{"REFUSED  signature", "REFUSED  aud", "REFUSED  exp             the token is not valid: exp must be a number of seconds, and is a text", "REFUSED  sub", "REFUSED  role", "note     name", "Mint a new token"}},
		"one of another key set": {strings.Replace(good, ".", "x.", 1), false, []string{"REFUSED  form", "-        signature"}},
		"no token":               {"hello", false, []string{"REFUSED  form", "it has 1 parts, want 3"}},
		"a very long one":        {strings.Repeat("x", 9000), false, []string{"REFUSED  size", "longer than 8192 bytes"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "token.txt")
			rewrite(t, file, tt.token)
			out, errs, code := nextup(t, "token", "verify", "--site-file", path, file)
			var piped bytes.Buffer
			err := (&verifyCmd{SiteFile: path}).verify(&piped, strings.NewReader(tt.token), time.Now())
			if (code == 0) != tt.taken || (err == nil) != tt.taken {
				t.Errorf("exit %d, said %q; from stdin %v; want it taken: %v", code, errs, err, tt.taken)
			}
			for _, want := range tt.want {
				if !strings.Contains(out, want) || !strings.Contains(piped.String(), want) {
					t.Errorf("it prints\n%s\nand not %q", out, want)
				}
			}
			for part := range strings.SplitSeq(strings.TrimSpace(tt.token), ".") {
				if len(part) > 16 && strings.Contains(out+errs, part) {
					t.Errorf("a part of the token is printed: %s%s", out, errs)
				}
			}
		})
	}
	away := filepath.Join(t.TempDir(), "away.txt")
	rewrite(t, away, forgeHeader(good, `{"alg":"RS256","kid":"turned"}`, `{"sub":"x","site":"shop","role":"supervisor","aud":"nextup","exp":1}`))
	unreachable := siteFile(t, strings.Replace(strings.Replace(twoSites, "https://login.example/keys", "https://127.0.0.1:1/keys", 1), "  keys:\n", "  allow_networks: [127.0.0.0/8]\n  keys:\n", 1))
	if out, _, code := nextup(t, "token", "verify", "--site-file", unreachable, away); code == 0 ||
		!strings.Contains(out, "REFUSED  key             the keys cannot be fetched now") || !strings.Contains(out, "Ask again where the key set can be fetched") || !strings.Contains(out, "the token has expired, ") {
		t.Errorf("with a key set that is away: exit %d, printed\n%s", code, out)
	}
	for args, want := range map[string]string{good: "shell's history", path + ".none": "no such file"} {
		if _, errs, code := nextup(t, "token", "verify", "--site-file", path, args); code == 0 || !strings.Contains(errs, want) || strings.Contains(errs, good) {
			t.Errorf("exit %d, said %q; want %q", code, errs, want)
		}
	}
	if err := (&verifyCmd{SiteFile: path}).verify(io.Discard, strings.NewReader(" \n"), time.Now()); err == nil || !strings.Contains(err.Error(), "nothing to read") {
		t.Errorf("for nothing: %v", err)
	}
}

// forgeHeader puts another header and other claims into a token.
func forgeHeader(token, header, claims string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(header)) + forgeClaims(token, claims)[strings.Index(token, "."):]
}

// forgeClaims puts other claims into a token.
func forgeClaims(token, claims string) string {
	parts := strings.Split(token, ".")
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(claims))
	return strings.Join(parts, ".")
}

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

func TestHelpTeachesByExample(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"token", "token sign", "token verify", "check"} {
		stdout, _, code := nextup(t, append(strings.Fields(command), "--help")...)
		if code != 0 || !strings.Contains(stdout, "Example:\n\n    nextup "+strings.TrimSuffix(command, " sign")+" ") {
			t.Errorf("%s --help: exit %d, printed %s", command, code, stdout)
		}
	}
	if stdout, _, code := nextup(t, "--version"); code != 0 || !strings.HasPrefix(stdout, "nextup ") {
		t.Errorf("--version: exit %d, printed %q", code, stdout)
	}
}

func TestARoleThatTheProtocolLacksIsNoKeys(t *testing.T) {
	t.Parallel()
	_, err := Keys(sitefile.Site{Rules: &queue.Site{ID: "s"}, Keys: []sitefile.Key{{ID: "k", Roles: []sitefile.Role{"admin"}}}})
	if err == nil || err.Error() != "key k of site s: the protocol has no role admin" {
		t.Errorf("got %v", err)
	}
}
