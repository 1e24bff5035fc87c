package sitefile_test

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nextup/internal/sitefile"
)

func TestAPublishedSecretIsKnownInAnyForm(t *testing.T) {
	t.Parallel()
	file, err := sitefile.Parse(sitefile.Demo(), "")
	if err != nil {
		t.Fatal(err)
	}
	demo := string(file.Sites[0].Keys[0].Secret)
	std := base64.StdEncoding.EncodeToString([]byte(demo))
	for name, secret := range map[string]string{
		"as it is":                  demo,
		"in quotes":                 `"` + demo + `"`,
		"with a space behind":       demo + " ",
		"in capitals":               strings.ToUpper(demo),
		"with other signs between":  strings.ReplaceAll(demo, "-", "_"),
		"without signs between":     strings.ReplaceAll(demo, "-", ""),
		"with a figure behind":      demo + "2",
		"with a name before":        "shop-" + demo,
		"cut to 32 bytes":           demo[:32],
		"in base64":                 std,
		"in base64 without padding": strings.TrimRight(std, "="),
		"in base64 for addresses":   base64.URLEncoding.EncodeToString([]byte(demo)),
		"in base64 with a line end": base64.StdEncoding.EncodeToString([]byte(demo + "\n")),
		"in base64 twice":           base64.StdEncoding.EncodeToString([]byte(std)),
		"in base32":                 base32.StdEncoding.EncodeToString([]byte(demo)),
		"in hexadecimal":            hex.EncodeToString([]byte(demo)),
		"in hexadecimal capitals":   strings.ToUpper(hex.EncodeToString([]byte(demo))),
		"in base64 of hexadecimal":  base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString([]byte(demo)))),
		"in percent signs":          url.QueryEscape(strings.ReplaceAll(demo, "-", " ")),
	} {
		if !sitefile.Secret(secret).Published() {
			t.Errorf("the demo's secret %s counts as one's own: %s", name, secret)
		}
	}
}

func TestASecretOfOnesOwnIsNotPublished(t *testing.T) {
	t.Parallel()
	for range 50 {
		random := make([]byte, 32)
		_, _ = rand.Read(random)
		for _, s := range []string{string(random), hex.EncodeToString(random), base64.StdEncoding.EncodeToString(random), rand.Text() + rand.Text()} {
			if sitefile.Secret(s).Published() {
				t.Fatalf("%q counts as published", s)
			}
		}
	}
	for _, s := range []string{strings.Repeat("a", 32), "a perfectly private sentence of some words", strings.Repeat("0", 64), strings.Repeat("development ", 4)} {
		if sitefile.Secret(s).Published() {
			t.Errorf("%q counts as published", s)
		}
	}
}

// Whatever a person may copy out of the repository as a key is known.
func TestEverySecretOfTheRepositoryIsKnown(t *testing.T) {
	t.Parallel()
	assigned := regexp.MustCompile(`(?i)"?(?:secret|nextup_secret)"?\s*(?::?=|:)\s*(?:\[\]byte\()?["'\x60]?([^"'\x60,}\n]{32,})`)
	root, found := "../..", 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (name == "node_modules" || name == "dist" || strings.HasPrefix(name, ".") && name != ".github") {
				return filepath.SkipDir
			}
			return nil
		}
		// Tests in Go have secrets of their own, which stand in no file that is copied.
		texts := []string{"", ".go", ".ts", ".tsx", ".mjs", ".js", ".json", ".yaml", ".yml", ".md", ".sh", ".env", ".tpl"}
		info, err := d.Info()
		if err != nil || strings.HasSuffix(name, "_test.go") || !slices.Contains(texts, filepath.Ext(name)) || info.Size() > 1<<20 || !info.Mode().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, match := range assigned.FindAllStringSubmatch(string(text), -1) {
			secret := strings.TrimSpace(match[1])
			if strings.ContainsAny(secret, "({$<%") || strings.Contains(secret, "; ") || strings.Contains(secret, " #") {
				continue // code, a template, or prose
			}
			found++
			if !sitefile.Secret(secret).Published() {
				t.Errorf("%s holds the secret %q, which published.go does not know", path, secret)
			}
		}
		if strings.Contains(string(text), "BEGIN PRIVATE KEY") || strings.Contains(string(text), "BEGIN EC PRIVATE KEY") || strings.Contains(string(text), "BEGIN RSA PRIVATE KEY") {
			if !strings.Contains(path, "published_test.go") {
				t.Errorf("%s holds a private key: whoever copies its public half is open to all", path)
			}
		}
		return nil
	})
	if err != nil || found < 5 {
		t.Errorf("found %d secrets, %v: the search does not find what is there", found, err)
	}
}
