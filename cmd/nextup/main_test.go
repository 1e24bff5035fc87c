package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nextup/internal/sitefile"
	"nextup/queue"
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
