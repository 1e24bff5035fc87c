package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"nextup/test/gatewaytest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	gatewaytest.Discard()
	os.Exit(code)
}

func TestAGatewayTakesTheTokenForTheVisitor(t *testing.T) {
	const secret = "a-secret-of-this-test-only-with-32-bytes-or-more"
	token, err := chatToken("demo", "shop", "visitor-17", []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	site := filepath.Join(t.TempDir(), "site.yaml")
	text := "sites: [{id: demo, languages: [zh, en], departments: [{id: support}], keys: [{id: shop, algorithm: HS256, secret: " + secret + ", roles: [visitor]}]}]\n"
	if err := os.WriteFile(site, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	verify := exec.CommandContext(t.Context(), gatewaytest.Binary(t), "token", "verify", "--site-file", site)
	verify.Stdin = strings.NewReader(token)
	said, err := verify.CombinedOutput()
	if err != nil {
		t.Fatalf("a gateway refuses it: %v\n%s", err, said)
	}
	for _, claim := range []string{`"visitor-17"`, "role            visitor", "demo"} {
		if !strings.Contains(string(said), claim) {
			t.Errorf("no %s is found in it:\n%s", claim, said)
		}
	}
}

func TestTheGuideShowsThisVeryCode(t *testing.T) {
	guide, err := os.ReadFile("../../docs/embed.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []struct{ path, from, to string }{
		{"main.go", "// chatToken signs", "func main()"},
		{"../host-page/token.mjs", "import { createHmac }", ""},
	} {
		code, err := os.ReadFile(file.path)
		if err != nil {
			t.Fatal(err)
		}
		_, shown, found := strings.Cut(string(code), file.from)
		if !found {
			t.Fatalf("%s has no %q", file.path, file.from)
		}
		if file.to != "" {
			shown, _, _ = strings.Cut(shown, file.to)
		}
		if !strings.Contains(string(guide), strings.TrimSpace(file.from+shown)) {
			t.Errorf("docs/embed.md does not show %s as it is", file.path)
		}
	}
}
