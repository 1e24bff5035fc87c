package protocol

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func spec(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// constants returns the values of the package's constants by the name of their
// type.
func constants(t *testing.T) map[string][]string {
	t.Helper()
	values := map[string][]string{}
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			name, isNamed := spec.Type.(*ast.Ident)
			literal, isLiteral := spec.Values[0].(*ast.BasicLit)
			if isNamed && isLiteral {
				value := literal.Value
				if unquoted, err := strconv.Unquote(value); err == nil {
					value = unquoted
				}
				values[name.Name] = append(values[name.Name], value)
			}
			return true
		})
	}
	return values
}

func TestTheSpecificationNamesEveryWordOfTheWire(t *testing.T) {
	text := spec(t)
	values := constants(t)
	for _, kind := range []string{"Type", "Code", "Role", "AgentStatus", "TicketStatus", "Reason", "EndReason", "EntryKind"} {
		if len(values[kind]) < 3 {
			t.Errorf("found only %v of %s", values[kind], kind)
		}
		for _, value := range values[kind] {
			if !strings.Contains(text, "`"+value+"`") {
				t.Errorf("%s %q is not in SPEC.md", kind, value)
			}
		}
	}
	for _, code := range values["Code"] {
		if !strings.Contains(text, "\n| `"+code+"` | ") {
			t.Errorf("code %q has no line in the table of SPEC.md", code)
		}
	}
	for _, code := range values["CloseCode"] {
		if !strings.Contains(text, "\n| "+code+" | ") {
			t.Errorf("close code %s has no line in the table of SPEC.md", code)
		}
	}
}

func TestTheSpecificationShowsEveryFixture(t *testing.T) {
	text := spec(t)
	for _, direction := range []string{"client", "server"} {
		for name, data := range fixtures(t, direction) {
			if !strings.Contains(text, "```json\n"+strings.TrimSpace(string(data))+"\n```") {
				t.Errorf("SPEC.md does not show testdata/frames/%s.json as it is", name)
			}
		}
	}
}

func TestEveryFrameTypeHasAFixtureInEachDirectionItIsSent(t *testing.T) {
	both := []Type{TypeTyping, TypeHeartbeat}
	server := append([]Type{TypeWelcome, TypeOK, TypeError, TypeTicket, TypeDesk, TypeBoard, TypeEntry, TypeReset, TypeAvailability}, both...)
	for _, value := range constants(t)["Type"] {
		kind := Type(value)
		directions := []string{"client"}
		if slices.Contains(server, kind) {
			directions = []string{"server"}
		}
		if slices.Contains(both, kind) {
			directions = []string{"client", "server"}
		}
		for _, direction := range directions {
			if fixtures(t, direction)[direction+"."+value] == nil {
				t.Errorf("no fixture %s.%s.json", direction, value)
			}
		}
	}
}

var (
	ruleDefined   = regexp.MustCompile(`\*\*\[([a-z]+-[0-9]+)\]\*\*`)
	ruleMentioned = regexp.MustCompile(`\[([a-z]+-[0-9]+)\]`)
)

// TestRuleIDs holds the rules of SPEC.md and the tests of the repository
// together.
func TestRuleIDs(t *testing.T) {
	defined, families := map[string]bool{}, map[string]bool{}
	for _, m := range ruleDefined.FindAllStringSubmatch(spec(t), -1) {
		if defined[m[1]] {
			t.Errorf("rule %s stands twice in SPEC.md", m[1])
		}
		defined[m[1]] = true
		families[family(m[1])] = true
	}
	for _, m := range ruleMentioned.FindAllStringSubmatch(spec(t), -1) {
		if !defined[m[1]] {
			t.Errorf("SPEC.md refers to %s, which it does not define", m[1])
		}
	}
	mentioned := rulesInTests(t, families)
	for rule, where := range mentioned {
		if !defined[rule] {
			t.Errorf("%s mentions %s, which SPEC.md does not define", where, rule)
		}
	}
	t.Run("every rule has a test", func(t *testing.T) {
		var pending []string
		for _, rule := range slices.Sorted(maps.Keys(defined)) {
			if mentioned[rule] == "" {
				pending = append(pending, rule)
			}
		}
		if len(pending) > 0 {
			t.Errorf("%d of %d rules are in no test yet: %s", len(pending), len(defined), strings.Join(pending, " "))
		}
	})
}

func family(rule string) string { return rule[:strings.IndexByte(rule, '-')] }

// rulesInTests finds rule ids in the repository's tests and says in which file.
// Only the families of SPEC.md count: list[len-1] is no rule.
func rulesInTests(t *testing.T, families map[string]bool) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if path != "../.." && (name == "node_modules" || name == "dist" || strings.HasPrefix(name, ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, "_test.go") && !strings.HasSuffix(name, ".test.ts") && !strings.HasSuffix(name, ".spec.ts") && name != "refusals.json" {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range ruleMentioned.FindAllStringSubmatch(string(data), -1) {
			if families[family(m[1])] {
				found[m[1]] = path
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
