package release_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nextup/gateway/protocol"
	"nextup/test/faults/setup"
	"nextup/test/gatewaytest"
	"nextup/test/redistest"
	"nextup/test/release"
)

func TestMain(m *testing.M) {
	code := m.Run()
	gatewaytest.Discard()
	os.Exit(code)
}

// A client of the last release is served by today's gateways, and today's client by those
// of the last release, through the whole life of a ticket.
func TestTheWireServesClientsOfTheOtherRelease(t *testing.T) {
	today := filepath.Join(t.TempDir(), "journey")
	if out, err := exec.Command("go", "build", "-o", today, "nextup/test/release/journey").CombinedOutput(); err != nil {
		t.Fatalf("today's client is not built: %v\n%s", err, out)
	}
	for _, tt := range []struct {
		name            string
		client, gateway string
	}{
		{"the last release's client, today's gateways", release.Journey(t), gatewaytest.Binary(t)},
		{"today's client, the last release's gateways", today, release.Binary(t)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			site, redis := setup.NewSite(2), redistest.StartServer(t)
			file := site.File(t)
			var sockets []string
			for _, g := range gatewaytest.StartAll(t,
				gatewaytest.Options{SiteFile: file, Node: "one", Redis: redis.URL(), Binary: tt.gateway},
				gatewaytest.Options{SiteFile: file, Node: "two", Redis: redis.URL(), Binary: tt.gateway},
			) {
				sockets = append(sockets, g.Socket())
			}
			var args []string
			for i, p := range []struct {
				flag, subject string
				role          protocol.Role
			}{{"visitor", "ann", protocol.Visitor}, {"agent", setup.AgentID(0), protocol.Agent}, {"second", setup.AgentID(1), protocol.Agent}} {
				token, err := site.Mint(p.role, p.subject, []string{"en"})
				if err != nil {
					t.Fatal(err)
				}
				args = append(args, "-"+p.flag, sockets[min(i, 1)], "-"+p.flag+"-token", token)
			}
			cmd := exec.CommandContext(t.Context(), tt.client, args...)
			cmd.WaitDelay = time.Second
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// A clone that lacks the commit says what to fetch.
func TestAShallowCloneSaysWhatToFetch(t *testing.T) {
	commit, root := release.Commit(t)
	if len(commit) != 40 || strings.Trim(commit, "0123456789abcdef") != "" {
		t.Errorf("RELEASE names %q, which is no full commit", commit)
	}
	shallow := t.TempDir()
	if out, err := exec.Command("git", "init", "-q", shallow).CombinedOutput(); err != nil {
		t.Fatalf("git init: %v\n%s", err, out)
	}
	err := release.Present(shallow, commit)
	if err == nil || !strings.Contains(err.Error(), "git fetch origin "+commit) {
		t.Errorf("it says %v", err)
	}
	if err := release.Present(root, commit); err != nil {
		t.Error(err)
	}
}
