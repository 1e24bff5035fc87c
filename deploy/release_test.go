package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

type releaser struct {
	Builds []struct {
		Main    string
		Ldflags []string
	}
	Archives []struct{ Files []any }
	Sboms    []any
	Checksum struct{ Algorithm string }
	Nfpms    []struct {
		Contents []struct{ Src, Dst string }
		Scripts  map[string]string
	}
}

// TestWhatAReleaseIsMadeOfIsThere: the configuration of goreleaser names files, a variable and
// scripts that exist, so that make release-snapshot, which takes many minutes, does not find
// it out. Paths are those of the repository's root.
func TestWhatAReleaseIsMadeOfIsThere(t *testing.T) {
	t.Parallel()
	var r releaser
	read(t, "../.goreleaser.yaml", yaml.Unmarshal, &r)
	if len(r.Builds) != 1 || len(r.Archives) != 1 || len(r.Sboms) != 1 || len(r.Nfpms) != 1 || r.Checksum.Algorithm != "sha256" {
		t.Fatalf("it makes %+v", r)
	}
	paths := []string{r.Builds[0].Main}
	for _, f := range r.Archives[0].Files {
		switch f := f.(type) {
		case string:
			paths = append(paths, f)
		case map[string]any:
			paths = append(paths, f["src"].(string))
		}
	}
	var installed []string
	for _, c := range r.Nfpms[0].Contents {
		paths = append(paths, c.Src)
		installed = append(installed, c.Dst)
	}
	r.Nfpms[0].Scripts["try-package"] = "deploy/debian/try"
	for name, script := range r.Nfpms[0].Scripts {
		paths = append(paths, script)
		if out, err := exec.CommandContext(t.Context(), "bash", "-n", filepath.Join("..", script)).CombinedOutput(); err != nil {
			t.Errorf("%s: %v %s", name, err, out)
		}
	}
	if len(paths) < 12 {
		t.Errorf("only %d paths were found: %q", len(paths), paths)
	}
	for _, path := range paths {
		if found, err := filepath.Glob(filepath.Join("..", path)); err != nil || len(found) == 0 {
			t.Errorf("%s: nothing is there (%v)", path, err)
		}
	}
	stamped := regexp.MustCompile(`-X main\.(\w+)=`).FindStringSubmatch(strings.Join(r.Builds[0].Ldflags, " "))
	version, err := os.ReadFile("../cmd/nextup/version.go")
	if err != nil || stamped == nil || !strings.Contains(string(version), "\nvar "+stamped[1]+" string\n") {
		t.Errorf("the version is stamped into %v, which is not there (%v)", stamped, err)
	}
	for _, path := range []string{"/lib/systemd/system/nextup.service", "/etc/nextup/nextup.env", "/etc/logrotate.d/nextup", "/usr/share/doc/nextup/port-443.conf"} {
		if !slices.Contains(installed, path) {
			t.Errorf("the package does not install %s", path)
		}
	}
}

// TestTheUnitStartsReloadsAndBoundsTheGateway as the package installs it.
func TestTheUnitStartsReloadsAndBoundsTheGateway(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("debian/nextup.service")
	if err != nil {
		t.Fatal(err)
	}
	set := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
			set[name] = value
		}
	}
	for name, want := range map[string]string{
		"ExecStart": "/usr/bin/nextup serve", "ExecReload": "/usr/bin/nextup reload", "EnvironmentFile": "/etc/nextup/nextup.env",
		"Restart": "on-failure", "LimitNOFILE": "65536", "DynamicUser": "yes", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "CapabilityBoundingSet": "",
	} {
		if got, ok := set[name]; !ok || got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	const verifier = "systemd-analyze" //nolint:misspell // the program's name
	if _, err := exec.LookPath(verifier); err != nil {
		t.Logf("%s is not installed: the unit is not verified by it", verifier)
		return
	}
	dir := t.TempDir()
	unit := filepath.Join(dir, "nextup.service")
	if err := os.WriteFile(unit, []byte(strings.ReplaceAll(string(text), "/usr/bin/nextup", "/bin/true")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), verifier, "verify", "--man=no", unit).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
