// Package release builds the programs of the last release, which the file RELEASE at the
// root names by its commit, so that tests can run them beside those of today:
//
//	old := release.Binary(t)          // nextup, for gatewaytest.Options
//	walk := release.Journey(t)        // the client of package journey
//	exec.Command(walk, "-visitor", url, "-agent", url, …)
//
// They are built once a commit and kept in the user's cache. A clone without the commit
// fails the test with what to fetch.
package release

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// BinaryEnv names a binary of the last release to use instead of building one.
const BinaryEnv = "NEXTUP_RELEASE_BINARY"

// Binary returns the path of the last release's nextup.
func Binary(t testing.TB) string {
	t.Helper()
	if path := os.Getenv(BinaryEnv); path != "" {
		return path
	}
	return filepath.Join(build(t), "nextup")
}

// Journey returns the path of the program in test/release/journey, built with the last
// release's internal/client.
func Journey(t testing.TB) string {
	t.Helper()
	return filepath.Join(build(t), "journey")
}

// Commit returns the commit that RELEASE names, and the root of the module.
func Commit(t testing.TB) (commit, root string) {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "nextup").Output()
	if err != nil {
		t.Fatalf("no module nextup: %v", err)
	}
	root = strings.TrimSpace(string(out))
	text, err := os.ReadFile(filepath.Join(root, "RELEASE"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text)), root
}

// build returns the folder with the programs, which it makes if it is not there.
func build(t testing.TB) string {
	t.Helper()
	commit, root := Commit(t)
	if err := Present(root, commit); err != nil {
		t.Fatal(err)
	}
	journey, err := os.ReadFile(filepath.Join(root, "test", "release", "journey", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	all := filepath.Join(cache, "nextup-release")
	if err := os.MkdirAll(all, 0o700); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(all, fmt.Sprintf("%s-%s-%x", commit, runtime.Version(), crc32.ChecksumIEEE(journey)))
	if _, err := os.Stat(filepath.Join(dir, "journey")); err == nil {
		return dir
	}
	made, err := os.MkdirTemp(all, "building-")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(made) }() // what stays is only in the way
	source, programs := filepath.Join(made, "source"), filepath.Join(made, "programs")
	if err := Extract(root, commit, source); err != nil {
		t.Fatalf("the last release %s: %v", commit, err)
	}
	client := filepath.Join(source, "test", "release", "journey")
	if err := os.MkdirAll(client, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(client, "main.go"), journey, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-trimpath", "-o", programs+string(filepath.Separator), "./cmd/nextup", "./test/release/journey")
	cmd.Dir = source
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the last release %s is not built: %v\n%s", commit, err, out)
	}
	if err := os.Rename(programs, dir); err != nil {
		if _, there := os.Stat(filepath.Join(dir, "journey")); there != nil { // else another test was first
			t.Fatal(err)
		}
	}
	return dir
}

// Present returns an error that says what to fetch if a clone lacks the commit.
func Present(clone, commit string) error {
	if err := exec.Command("git", "-C", clone, "cat-file", "-e", commit+"^{commit}").Run(); err != nil {
		return fmt.Errorf("the commit of the last release, which the file RELEASE names, is not in this clone: git fetch origin %s (or git fetch --unshallow), or set %s to a built nextup of it", commit, BinaryEnv)
	}
	return nil
}

// Extract writes the tree of a commit to a folder.
func Extract(root, commit, to string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	archive := exec.Command("git", "-C", root, "archive", commit)
	tree, err := archive.Output()
	if err != nil {
		return fmt.Errorf("git archive: %w", err)
	}
	tar := exec.Command("tar", "-x", "-C", to)
	tar.Stdin = bytes.NewReader(tree)
	if out, err := tar.CombinedOutput(); err != nil {
		return fmt.Errorf("tar: %w: %s", err, out)
	}
	return nil
}
