package arch

import (
	"os"
	"path/filepath"
	"regexp"
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
