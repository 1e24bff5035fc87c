package clientjs

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
)

func TestTheAssetsAreTheBuiltPagesOrSayHowToBuildThem(t *testing.T) {
	files, built := Assets()
	want := "npm run build"
	if built {
		want = "<script"
	}
	if !strings.Contains(string(files["visitor.html"]), want) {
		t.Errorf("built %v: the visitor page is without %q", built, want)
	}
	if !strings.Contains(string(files["widget.js"]), "<nextup-chat>") {
		t.Errorf("built %v: the widget's loader is %d bytes", built, len(files["widget.js"]))
	}
	if !built {
		return
	}
	for name, file := range files {
		if name, ok := strings.CutSuffix(name, ".gz"); ok {
			if reader, err := gzip.NewReader(bytes.NewReader(file)); err != nil {
				t.Errorf("%s.gz: %v", name, err)
			} else if plain, err := io.ReadAll(reader); err != nil || !bytes.Equal(plain, files[name]) {
				t.Errorf("%s.gz is not %s, but %d bytes (%v)", name, name, len(plain), err)
			}
			if coded := files[name+".br"]; len(coded) == 0 || len(coded) > len(file) {
				t.Errorf("%s has %d bytes in brotli and %d in gzip", name, len(coded), len(file))
			}
		} else if _, found := files[name+".gz"]; !found && len(file) > 1_000 && strings.HasSuffix(name, ".js") {
			t.Errorf("%s is %d bytes and goes out whole", name, len(file))
		}
	}
}

func TestWithoutABuildEveryPageSaysHowToBuild(t *testing.T) {
	files := map[string][]byte{placeholder: []byte("<p>npm run build"), placeholderWidget: []byte("console.error")}
	if complete(files) {
		t.Error("placeholders count as a build")
	}
	for _, page := range []string{"index.html", "visitor.html", "desk.html"} {
		if string(files[page]) != "<p>npm run build" {
			t.Errorf("%s: %q", page, files[page])
		}
	}
	if string(files["widget.js"]) != "console.error" || len(files) != 4 {
		t.Errorf("the widget says nothing, or there are other files: %d", len(files))
	}
}
