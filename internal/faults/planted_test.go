package faults

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nextup/internal/faults/checker"
	"nextup/internal/faults/setup"
)

// planted is a bug in a copy of the product that only its test builds.
type planted struct {
	name string
	// file loses was and gets is.
	file, was, is string
	redis         redisKind
	site          func(*setup.Site)
	fault         func(*stage)
	caught        checker.Statement
}

var bugs = []planted{
	{
		name: "the version compare is skipped",
		file: "internal/eventlog/redislog/commit.lua",
		was:  "if version_differs(ARGV[r], ARGV[r + 1]) then return CONFLICT end", is: "",
		redis: onProxied, fault: func(s *stage) { s.delayReplies(500*time.Millisecond, 2*s.size.fault) },
		caught: checker.OneOwner,
	},
	{
		name: "a message is acknowledged before the commit",
		file: "gateway/conversation/append.go",
		was:  "	outcomes, err := h.backend.Commit(ctx, log, []eventlog.Commit{c})\n",
		is: `	if heads, err := h.backend.Heads(ctx, []eventlog.Log{log}); err == nil && len(c.Reads) == 0 && c.RaiseFence == 0 && !c.Seal {
		go h.backend.Commit(context.WithoutCancel(ctx), log, []eventlog.Commit{c})
		return heads[0].Number + 1, heads[0].At, nil
	}
	outcomes, err := h.backend.Commit(ctx, log, []eventlog.Commit{c})
`,
		redis: onProxied, fault: func(s *stage) { s.delayReplies(500*time.Millisecond, 2*s.size.fault) },
		caught: checker.AcknowledgedOnce,
	},
	{
		name: "the fencing check is dropped",
		file: "internal/eventlog/redislog/commit.lua",
		was:  "if own_fence ~= 0 and own_fence < fence then return FENCED end", is: "",
		// Who has been silent for two heartbeats is closed, and writes nothing more.
		site:  func(s *setup.Site) { s.AgentHeartbeat = 6 * time.Second },
		redis: onProxied, fault: (*stage).hangGateway,
		caught: checker.Fenced,
	},
}

// A checker that cannot fail proves nothing.
func TestTheCheckerCatchesWhatIsPlanted(t *testing.T) {
	if os.Getenv("NEXTUP_FAULTS") != "short" {
		t.Skip("a part of the short pass: NEXTUP_FAULTS=short")
	}
	for i, b := range bugs {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			seed := seedOf(t) + uint64(i)
			t.Logf("seed %d", seed)
			s := newStage(t, stageOptions{size: short, seed: seed, redis: b.redis, site: b.site, binary: b.build(t)})
			s.rules.Slack, s.rules.Staleness, s.patience = 20*time.Second, 8*time.Second, 10*time.Second
			_, report := s.live(seed, func() { b.fault(s) })
			if !slices.Contains(report.Wrong(), b.caught) {
				t.Errorf("not caught: %s\n%s", b.caught, report)
			}
			t.Logf("caught: %v", report.Findings[b.caught].Details)
		})
	}
}

// build builds the product with the bug in it.
func (b planted) build(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	file, dir := filepath.Join(root, b.file), t.TempDir()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(source), b.was) != 1 {
		t.Fatalf("%s has changed: plant the bug anew", b.file)
	}
	copied, overlay, binary := filepath.Join(dir, filepath.Base(file)), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "nextup")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{file: copied}})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{copied: strings.Replace(string(source), b.was, b.is, 1), overlay: string(replace)} {
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("go", "build", "-overlay", overlay, "-o", binary, "nextup/cmd/nextup").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return binary
}
