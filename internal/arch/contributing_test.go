package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestThePageForContributorsNamesWhatThereIs: a room that moved is looked for in vain.
func TestThePageForContributorsNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, m := range regexp.MustCompile("`([a-z][a-zA-Z0-9_.-]*(?:/[a-zA-Z0-9_.-]+)+)`").FindAllStringSubmatch(string(page), -1) {
		named++
		if strings.HasPrefix(m[1], "testing/") { // of the standard library
			continue
		}
		if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
			if _, err := os.Stat(filepath.Join(root, "client-js", m[1])); err != nil { // beside a name of client-js
				t.Errorf("CONTRIBUTING.md names %s, which is not there", m[1])
			}
		}
	}
	if named < 40 {
		t.Errorf("the page names %d places: the pattern does not find them", named)
	}
}

// TestTheDocumentsNameFilesThatExist reads the README and all of docs: what stands in code
// or in a link and begins with a folder of this repository is a file or a folder there, beside the page, or in loadtest, where its commands run.
func TestTheDocumentsNameFilesThatExist(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	path := regexp.MustCompile("(?:`|\\]\\((?:\\.\\./)?)((?:app|bench|client-js|cmd|deploy|docs|examples|gateway|internal|loadtest|presence|queue|scripts|test)/[a-zA-Z0-9_./-]+)[`)#]")
	named := 0
	for _, page := range append(pages, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range path.FindAllStringSubmatch(string(text), -1) {
			named++
			there := slices.ContainsFunc([]string{root, filepath.Dir(page), filepath.Join(root, "loadtest")}, func(folder string) bool {
				_, err := os.Stat(filepath.Join(folder, m[1]))
				return err == nil
			})
			if !there {
				t.Errorf("%s names %s, which is not there", filepath.Base(page), m[1])
			}
		}
	}
	if named < 40 {
		t.Errorf("the pages name %d places: the pattern does not find them", named)
	}
}
