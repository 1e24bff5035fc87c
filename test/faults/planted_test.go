package faults

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nextup/test/faults/setup"
	"nextup/test/oracle"
)

// planted is a bug in a copy of the product that only its test builds.
type planted struct {
	name string
	// file loses was and gets is.
	file, before, after string
	redis               redisKind
	site                func(*setup.Site)
	fault               func(*testbed)
	// caught are the invariants of which one at least must fail.
	caught []oracle.Invariant
}

var bugs = []planted{
	{
		name:   "the version compare is skipped",
		file:   "internal/eventlog/redislog/commit.lua",
		before: "if differs(held[r - from + 1], argv[before + n + r]) then return CONFLICT end", after: "",
		redis: onProxied, fault: func(s *testbed) { s.delayReplies(time.Second, 4*s.size.fault) },
		caught: []oracle.Invariant{oracle.OneOwner, oracle.Capacity, oracle.Fenced},
	},
	{
		name:   "a message is acknowledged before the commit",
		file:   "app/conversation/append.go",
		before: "	outcomes, err := h.backend.Commit(ctx, log, []eventlog.Commit{c})\n",
		after: `	if heads, err := h.backend.Heads(ctx, []eventlog.Log{log}); err == nil && len(c.Reads) == 0 && c.RaiseFence == 0 && !c.Seal {
		go h.backend.Commit(context.WithoutCancel(ctx), log, []eventlog.Commit{c})
		return heads[0].Number + 1, heads[0].At, nil
	}
	outcomes, err := h.backend.Commit(ctx, log, []eventlog.Commit{c})
`,
		redis: onProxied, fault: func(s *testbed) { s.delayReplies(500*time.Millisecond, 2*s.size.fault) },
		caught: []oracle.Invariant{oracle.AcknowledgedOnce},
	},
	{
		name:   "the fencing check is dropped",
		file:   "internal/eventlog/redislog/commit.lua",
		before: "if own and own ~= 0 and own < fence then return FENCED end", after: "",
		// Who has been silent for two heartbeats is closed, and writes nothing more.
		site:  func(s *setup.Site) { s.AgentHeartbeat = 6 * time.Second },
		redis: onProxied, fault: (*testbed).hangGateway,
		caught: []oracle.Invariant{oracle.Fenced},
	},
}

// An oracle that cannot fail proves nothing.
func TestTheCheckerCatchesWhatIsPlanted(t *testing.T) {
	if os.Getenv("NEXTUP_FAULTS") != "planted" {
		t.Skip("a part of make faults: NEXTUP_FAULTS=planted")
	}
	for i, b := range bugs {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			binary := b.build(t)
			for try := range uint64(3) { // what a bug does is chance
				seed := seedOf(t) + 10*try + uint64(i)
				s := newTestbed(t, testbedOptions{size: short, seed: seed, redis: b.redis, site: b.site, binary: binary})
				s.rules.Slack, s.rules.Staleness, s.patience = 20*time.Second, 8*time.Second, 10*time.Second
				_, report := s.runLoad(seed, func() { b.fault(s) })
				for _, st := range b.caught {
					if f := report.Findings[st]; f.Wrong > 0 {
						t.Logf("seed %d: caught: %s, %d times: %s", seed, st, f.Wrong, f.Details[0])
						return
					}
				}
				t.Logf("seed %d: not caught:\n%s", seed, report)
			}
			t.Errorf("not caught: %s", b.name)
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
	return altered(t, filepath.Join(root, b.file), map[string]string{b.before: b.after})
}

// altered builds the product with other texts in one source file, its own or the
// standard library's. The file itself is left alone.
func altered(t testing.TB, file string, changes map[string]string) (binary string) {
	t.Helper()
	dir := t.TempDir()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(source)
	for before, after := range changes {
		if strings.Count(text, before) != 1 {
			t.Fatalf("%s has changed: say anew what to alter in it", file)
		}
		text = strings.Replace(text, before, after, 1)
	}
	copied, overlay, binary := filepath.Join(dir, filepath.Base(file)), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "nextup")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{file: copied}})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{copied: text, overlay: string(replace)} {
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("go", "build", "-overlay", overlay, "-o", binary, "nextup/cmd/nextup").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return binary
}
