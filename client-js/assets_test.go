package clientjs

import (
	"io/fs"
	"strings"
	"testing"
)

func TestTheAssetsAreTheBuiltPagesOrSayHowToBuildThem(t *testing.T) {
	root, built := Assets()
	page := "PLACEHOLDER.html"
	want := "npm run build"
	if built {
		page, want = "visitor.html", "<script"
	}
	data, err := fs.ReadFile(root, page)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), want) {
		t.Errorf("%s does not contain %q", page, want)
	}
}
