// CONTRIBUTING asks for plain sentences and plain names. What a test can
// find of that is a list of words.

package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// riddles are words for which a comment has a better one: a noun, or "reports
// whether" and "returns".
var riddles = regexp.MustCompile(`(?i)\b(whom|whoever|nobody|everybody|everyone|somebody|someone|anybody|anyone|says\s+whether)\b`)

// TestTheCodeSpeaksPlainEnglish reads every Go file and script of Redis of all modules: no
// comment has a riddle, and no variable is called is or was.
func TestTheCodeSpeaksPlainEnglish(t *testing.T) {
	t.Parallel()
	read := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && (name == "node_modules" || name == "testdata" || strings.HasPrefix(name, ".") && path != root):
			return filepath.SkipDir
		case !strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, ".lua"):
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		read++
		faults := unplainScript
		if strings.HasSuffix(path, ".go") {
			faults = unplain
		}
		for _, fault := range faults(t, path, data) {
			t.Error(fault)
		}
		return nil
	})
	if err != nil || read < 300 {
		t.Fatalf("%d files were read: %v", read, err)
	}
}

// unplainScript is unplain for Lua, line by line.
func unplainScript(_ *testing.T, path string, data []byte) (faults []string) {
	for i, line := range strings.Split(string(data), "\n") {
		if _, comment, ok := strings.Cut(line, "--"); ok && riddles.MatchString(comment) {
			faults = append(faults, path+":"+strconv.Itoa(i+1)+": "+riddles.FindString(comment)+" in a comment: name the person or the thing")
		}
	}
	return faults
}

// unplain returns the places of a file that are not plain.
func unplain(t *testing.T, path string, data []byte) (faults []string) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, data, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range file.Comments {
		for _, word := range riddles.FindAllString(group.Text(), -1) { // a phrase may break over a line
			faults = append(faults, set.Position(group.Pos()).String()+": "+word+" in a comment: name the person or the thing")
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && (id.Name == "is" || id.Name == "was") {
			faults = append(faults, set.Position(id.Pos()).String()+": a variable is called "+id.Name+": say before and after, or what it holds")
		}
		return true
	})
	return faults
}

func TestARiddleIsFound(t *testing.T) {
	t.Parallel()
	const riddle = "package p\n\n// f says\n// whether whoever waits is served.\nfunc f(was int) { is := was; _ = is }\n\n// g is for anyone.\nfunc g() {}\n"
	if found := unplain(t, "riddle.go", []byte(riddle)); len(found) != 7 {
		t.Errorf("found %q, want three words and four names", found)
	}
	if found := unplain(t, "plain.go", []byte("package p\n\n// f reports whether the ticket that waits is served.\nfunc f(before int) {}\n")); len(found) > 0 {
		t.Errorf("found %q in plain text", found)
	}
}
