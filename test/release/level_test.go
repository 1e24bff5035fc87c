package release_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"nextup/queue"
	"nextup/test/release"
)

// brought has, by the level from which on it is written, what the packages of the logs
// have and the last release has not. It begins anew with each release.
var brought = map[queue.Level][]string{
	queue.Level1: {
		"the kind l/", "the Cause level_raised", "the member level of a SiteLevel", "the member raised_at of a SiteLevel", // the raise to it
		"the member p10 of a Point", "the member p25 of a Point",
		"the member bands of a Truth", "the member judged of a Coverage", "the member inside of a Coverage", "the member over of a Coverage",
	},
}

// Whatever a log may hold that the last release cannot read belongs to a level: a kind of
// entity, a value such as a status or a cause, a member.
func TestWhatIsNewInALogBelongsToALevel(t *testing.T) {
	commit, root := release.Commit(t)
	last := t.TempDir()
	if err := release.Extract(root, commit, last); err != nil {
		t.Fatal(err)
	}
	before, now := forms(t, last), forms(t, root)
	if len(before) < 100 {
		t.Fatalf("only %d forms of the last release are found", len(before))
	}
	for level, all := range brought {
		if level == queue.Level0 || level > queue.Newest(queue.Levels()) {
			t.Errorf("level %d brings nothing", level)
		}
		for _, form := range all {
			if !now[form] || before[form] {
				t.Errorf("%s is in brought, and not new", form)
			}
			delete(now, form)
		}
	}
	for _, form := range slices.Sorted(maps.Keys(now)) {
		if !before[form] {
			t.Errorf("%s: the last release cannot read it. Write it at or above a level only (st.Level() >= queue.LevelN), say so in the line of that "+
				"level in queue.Levels, and add it to brought here; CONTRIBUTING.md, \"something new that the site's log keeps\"", form)
		}
	}
}

// forms are the kinds of entities, the values of named strings and the members that the
// packages of the logs declare.
func forms(t *testing.T, root string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, room := range []string{"queue", "app/conversation"} {
		files, err := filepath.Glob(filepath.Join(root, room, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, source, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.ValueSpec:
					addValues(all, n)
				case *ast.TypeSpec:
					addMembers(all, n)
				}
				return true
			})
		}
	}
	return all
}

// addValues adds the constants that are values of a named string, and the prefixes of kinds.
func addValues(all map[string]bool, n *ast.ValueSpec) {
	named, _ := n.Type.(*ast.Ident)
	for i, v := range n.Values {
		literal, ok := v.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			continue
		}
		value, _ := strconv.Unquote(literal.Value)
		switch {
		case named != nil:
			all["the "+named.Name+" "+value] = true
		case strings.HasSuffix(n.Names[i].Name, "Prefix"):
			all["the kind "+value] = true
		}
	}
}

// addMembers adds the members of a struct that have a name in JSON.
func addMembers(all map[string]bool, n *ast.TypeSpec) {
	s, ok := n.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range s.Fields.List {
		if f.Tag == nil {
			continue
		}
		tag, _ := strconv.Unquote(f.Tag.Value)
		if name, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ","); name != "" && name != "-" {
			all["the member "+name+" of a "+n.Name.Name] = true
		}
	}
}
