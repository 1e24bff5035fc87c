package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"nextup/gateway/auth"
	"nextup/gateway/protocol"
)

func TestAGatewayTakesTheTokenForTheVisitor(t *testing.T) {
	secret := []byte("a-secret-of-this-test-only-with-32-bytes-or-more")
	verifier, err := auth.New([]auth.Key{{
		ID: "shop", Algorithm: "HS256", Secret: secret, Sites: []string{"demo"}, Roles: []protocol.Role{protocol.Visitor},
	}}, auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer verifier.Close()
	token, err := chatToken("demo", "shop", "visitor-17", secret)
	if err != nil {
		t.Fatal(err)
	}
	id, err := verifier.Verify(t.Context(), token, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if id.Subject != "visitor-17" || id.Role != protocol.Visitor || id.Site != "demo" || len(id.Languages) != 2 {
		t.Errorf("got %+v", id)
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
