package main

import (
	"bytes"
	"encoding/base64"
	"io"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/internal/sitefile"
)

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

// nextup token verify names the claim for which a gateway answers bad_token, and says what to do.
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
