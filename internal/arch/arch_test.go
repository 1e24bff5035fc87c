// These tests read the rules of depguard from .golangci.yaml, so the linter and
// they cannot disagree, and need neither the linter nor a build.

package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

const root = "../.."

// room is one depguard rule.
type room struct {
	ListMode string   `yaml:"list-mode"`
	Files    []string `yaml:"files"`
	Allow    []string `yaml:"allow"`
	Deny     []struct {
		Pkg  string `yaml:"pkg"`
		Desc string `yaml:"desc"`
	} `yaml:"deny"`
}

// rooms are the rules by folder.
func rooms(t *testing.T) map[string]room {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, ".golangci.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Linters struct {
			Enable   []string `yaml:"enable"`
			Settings struct {
				Depguard struct {
					Rules map[string]room `yaml:"rules"`
				} `yaml:"depguard"`
			} `yaml:"settings"`
		} `yaml:"linters"`
	}
	if err := yaml.Unmarshal(data, &config); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(config.Linters.Enable, "depguard") {
		t.Error("the linter does not check the arrows: depguard is not enabled")
	}
	out := map[string]room{}
	for name, r := range config.Linters.Settings.Depguard.Rules {
		folder, ok := strings.CutPrefix(r.Files[0], "**/")
		folder, glob := strings.CutSuffix(folder, "/*.go")
		if !ok || !glob || len(r.Files) != 2 || r.Files[1] != "!$test" {
			t.Fatalf(`rule %s: files must be ["**/FOLDER/*.go", "!$test"]`, name)
		}
		if want := strings.ReplaceAll(folder, "/", "-"); name != want {
			t.Errorf("rule %s is for the folder %s: call it %s", name, folder, want)
		}
		out[folder] = r
	}
	return out
}

// forbids says why the room may not import the package, "" if it may. It follows
// depguard: the longest entry that matches decides; in lax mode what no entry
// matches is allowed.
func (r room) forbids(path string) string {
	allowed := -1
	for _, entry := range r.Allow {
		// The standard library has no dot in its first element.
		first, _, _ := strings.Cut(path, "/")
		standard := !strings.Contains(first, ".") && first != "nextup"
		if entry == "$gostd" && standard {
			allowed = max(allowed, len(path)) // it stands for each package by name
		} else if matches(path, entry) {
			allowed = max(allowed, len(entry))
		}
	}
	for _, entry := range r.Deny {
		if matches(path, entry.Pkg) && len(entry.Pkg) >= allowed {
			return entry.Desc
		}
	}
	if allowed < 0 && r.ListMode == "strict" {
		return "it is not in the room's list"
	}
	return ""
}

func matches(path, entry string) bool {
	if exact, ok := strings.CutSuffix(entry, "$"); ok {
		return path == exact
	}
	return strings.HasPrefix(path, entry)
}

// files parses the Go files of the module that are no tests, by folder. A nested
// module has rules of its own.
func files(t *testing.T) map[string][]*ast.File {
	t.Helper()
	return parse(t, func(path string) bool {
		_, nested := os.Stat(filepath.Join(path, "go.mod"))
		return path != root && nested == nil
	}, func(path string) bool { return strings.HasSuffix(path, "_test.go") })
}

// everyFile parses the tests too, and the nested modules.
func everyFile(t *testing.T) map[string][]*ast.File {
	t.Helper()
	none := func(string) bool { return false }
	return parse(t, none, none)
}

// parse parses the Go files below root by folder, but for the folders and the
// files that are left out.
func parse(t *testing.T, leaveFolder, leaveFile func(path string) bool) map[string][]*ast.File {
	t.Helper()
	out := map[string][]*ast.File{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path != root && (leaveFolder(path) || d.Name() == "node_modules" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || leaveFile(path) {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		out[filepath.ToSlash(folder)] = append(out[filepath.ToSlash(folder)], file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEveryRoomImportsOnlyWhatItMay(t *testing.T) {
	t.Parallel()
	rules := rooms(t)
	for folder, parsed := range files(t) {
		r, ok := rules[folder]
		if !ok {
			t.Errorf("%s is a room without a rule: say in .golangci.yaml what it may import", folder)
			continue
		}
		for _, file := range parsed {
			for _, spec := range file.Imports {
				path, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				if why := r.forbids(path); why != "" {
					t.Errorf("%s may not import %s: %s", folder, path, why)
				}
			}
		}
	}
}

// TestNothingImportsTheGatewayButItsCommand: tests and measurements look at a
// gateway from outside, as processes and by the frames of the wire.
func TestNothingImportsTheGatewayButItsCommand(t *testing.T) {
	t.Parallel()
	inside := func(folder, room string) bool { return folder == room || strings.HasPrefix(folder, room+"/") }
	imported := 0
	for folder, parsed := range everyFile(t) {
		if inside(folder, "gateway") || inside(folder, "cmd/nextup") {
			continue
		}
		for _, file := range parsed {
			for _, spec := range file.Imports {
				switch path, _ := strconv.Unquote(spec.Path.Value); {
				case path == "nextup/gateway/protocol":
					imported++
				case inside(path, "nextup/gateway"):
					t.Errorf("%s imports %s: only cmd/nextup may; start the binary, see test/gatewaytest", folder, path)
				}
			}
		}
	}
	if imported == 0 {
		t.Error("no file imports the protocol: the wrong files are looked at")
	}
}

// TestTheDomainReadsNoClock: an import rule cannot tell time.Duration from
// time.Now.
func TestTheDomainReadsNoClock(t *testing.T) {
	t.Parallel()
	clocks := []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
	parsed := files(t)
	for _, folder := range []string{"queue", "queue/eta", "queue/sim"} {
		for _, file := range parsed[folder] {
			ast.Inspect(file, func(n ast.Node) bool {
				selector, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if pkg, ok := selector.X.(*ast.Ident); ok && pkg.Name == "time" && slices.Contains(clocks, selector.Sel.Name) {
					t.Errorf("%s calls time.%s: time is an argument there", folder, selector.Sel.Name)
				}
				return true
			})
		}
	}
}

// TestOnlyTheGuardCallsAddresses: an import rule cannot tell a client of net/http
// from a server. What a hostile address can do is refused in internal/outbound;
// the rooms under test call servers that they have started.
func TestOnlyTheGuardCallsAddresses(t *testing.T) {
	t.Parallel()
	calls := map[string][]string{
		"http": {"Get", "Head", "Post", "PostForm", "Client", "Transport", "DefaultClient", "DefaultTransport"},
		"net":  {"Dial", "Dialer", "DialTimeout", "DialTCP", "DialUDP", "DialIP"},
		"tls":  {"Dial", "Dialer", "DialWithDialer"},
	}
	for folder, parsed := range files(t) {
		if folder == "internal/outbound" || strings.HasPrefix(folder, "test/") {
			continue
		}
		for _, file := range parsed {
			ast.Inspect(file, func(n ast.Node) bool {
				selector, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if pkg, ok := selector.X.(*ast.Ident); ok && slices.Contains(calls[pkg.Name], selector.Sel.Name) {
					t.Errorf("%s uses %s.%s: call addresses through internal/outbound, which guards them", folder, pkg.Name, selector.Sel.Name)
				}
				return true
			})
		}
	}
}

// TestTheArrowsThatMatter states the arrows in words, so that a change of the
// rules that would turn one round is seen.
func TestTheArrowsThatMatter(t *testing.T) {
	t.Parallel()
	rules := rooms(t)
	tests := []struct {
		from, to string
		may      bool
	}{
		{"queue", "time", true},
		{"queue", "net/http", false},
		{"queue", "os/exec", false},
		{"queue", "math/rand/v2", false},
		{"queue", "log/slog", false},
		{"queue", "github.com/redis/go-redis/v9", false},
		{"queue", "nextup/internal/eventlog", false},
		{"queue", "nextup/presence", false},
		{"queue", "nextup/gateway/protocol", false},
		{"queue/eta", "nextup/queue", true},
		{"queue/eta", "nextup/queue/logstore", false},
		{"queue/logstore", "github.com/redis/go-redis/v9", false},
		{"presence", "nextup/queue", false},
		{"app", "nextup/queue", true},
		{"app", "nextup/gateway", false},
		{"app", "nextup/gateway/protocol", false},
		{"app", "nextup/internal/eventlog", false},
		{"app/commands", "nextup/app", false},
		{"queue", "nextup/app", false},
		{"gateway", "nextup/app", true},
		{"gateway", "nextup/queue", true},
		{"gateway", "nextup/gateway/auth", true},
		{"gateway", "nextup/gateway/session", true},
		{"gateway", "nextup/queue/logstore", false},
		{"gateway/session", "nextup/app", true},
		{"gateway/session", "nextup/gateway/fanout", true},
		{"gateway/session", "nextup/gateway/httpapi", false},
		{"gateway/session", "nextup/gateway", false},
		{"gateway/session", "nextup/gateway/ws", false},
		{"gateway/ws", "nextup/gateway/session", true},
		{"gateway/ws", "nextup/app", false},
		{"gateway/stream", "nextup/gateway/session", true},
		{"gateway/stream", "nextup/gateway/ws", false},
		{"gateway/stream", "nextup/internal/eventlog", false},
		{"gateway/httpapi", "nextup/gateway/view", true},
		{"gateway/httpapi", "nextup/gateway/session", false},
		{"gateway/httpapi", "nextup/gateway/fanout", false},
		{"gateway/httpapi", "nextup/gateway/socket", false},
		{"gateway/admission", "nextup/gateway/auth", true},
		{"gateway/admission", "nextup/gateway/fanout", false},
		{"gateway/admission", "nextup/gateway/session", false},
		{"gateway", "nextup/internal/sitefile", false},
		{"gateway", "github.com/redis/go-redis/v9", false},
		{"gateway/fanout", "nextup/gateway/view", true},
		{"gateway/fanout", "nextup/gateway/socket", false},
		{"gateway/fanout", "nextup/gateway", false},
		{"gateway/fanout", "net/http", false},
		{"gateway/view", "nextup/gateway/fanout", false},
		{"gateway/view", "nextup/queue", true},
		{"gateway/view", "nextup/app", false},
		{"gateway/view", "nextup/gateway/socket", false},
		{"gateway/view", "time", false},
		{"gateway/auth", "nextup/gateway", false},
		{"gateway/auth", "nextup/internal/outbound", true},
		{"gateway/auth", "nextup/internal/sitefile", false},
		{"gateway/protocol", "nextup/queue", false},
		{"app/conversation", "nextup/queue", false},
		{"app/conversation", "nextup/gateway", false},
		{"app/conversation", "nextup/gateway/protocol", false},
		{"internal/eventlog", "nextup/queue", false},
		{"internal/eventlog", "github.com/redis/go-redis/v9", false},
		{"internal/sitefile", "nextup/gateway/auth", false},
		{"internal/client", "nextup/gateway", false},
		{"cmd/nextup", "nextup/gateway", true},
		{"cmd/nextup", "nextup/queue/queuetest", false},
		{"cmd/nextup", "nextup/test/people", false},
		{"internal/traffic", "nextup/test/people", false},
		{"test/oracle", "nextup/queue", false},
	}
	for _, tt := range tests {
		r, ok := rules[tt.from]
		if !ok {
			t.Errorf("no rule for %s; there are %v", tt.from, slices.Sorted(maps.Keys(rules)))
			continue
		}
		if why := r.forbids(tt.to); (why == "") != tt.may {
			t.Errorf("%s imports %s: allowed is %v, want %v", tt.from, tt.to, why == "", tt.may)
		}
	}
}
