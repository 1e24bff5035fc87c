package clientjs

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func get(root fs.FS, path string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	http.FileServerFS(root).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	return answer
}

func TestTheAssetsAreTheBuiltPagesOrSayHowToBuildThem(t *testing.T) {
	root, built := Assets()
	want := "npm run build"
	if built {
		want = "<script"
	}
	if answer := get(root, "/visitor.html"); answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), want) {
		t.Errorf("built %v: status %d, body without %q", built, answer.Code, want)
	}
	if answer := get(root, "/widget.js"); answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), "<nextup-chat>") {
		t.Errorf("built %v: the widget's loader: status %d", built, answer.Code)
	}
}

func TestWithoutABuildEveryPageSaysHowToBuild(t *testing.T) {
	root := unbuilt{fstest.MapFS{placeholder: {Data: []byte("<p>npm run build")}}}
	for _, path := range []string{"/", "/visitor.html", "/desk.html"} {
		answer := get(root, path)
		if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), "npm run build") ||
			!strings.HasPrefix(answer.Header().Get("Content-Type"), "text/html") {
			t.Errorf("%s: status %d, %s: %s", path, answer.Code, answer.Header().Get("Content-Type"), answer.Body)
		}
	}
	if answer := get(unbuilt{fstest.MapFS{placeholderWidget: {Data: []byte("console.error")}}}, "/widget.js"); answer.Code != http.StatusOK {
		t.Errorf("the widget says nothing: status %d", answer.Code)
	}
	if answer := get(root, "/assets/app.js"); answer.Code != http.StatusNotFound {
		t.Errorf("a script that is not there: status %d", answer.Code)
	}
}
