// CONTRIBUTING asks for plain sentences and plain names. What a test can
// find of that is a list of words; rooms join it once they are done.

package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// plainRooms are the folders whose comments and names are done.
var plainRooms = []string{
	"app", "app/commands", "app/conversation",
	"cmd/nextup",
	"gateway", "gateway/admin", "gateway/admission", "gateway/auth", "gateway/fanout", "gateway/httpapi", "gateway/protocol", "gateway/session", "gateway/socket", "gateway/stream", "gateway/view", "gateway/ws",
	"internal/arch", "internal/cadence", "internal/client", "internal/etabench", "internal/eventlog", "internal/eventlog/eventlogtest",
	"internal/eventlog/redislog", "internal/heap", "internal/lograte", "internal/origin", "internal/outbound", "internal/sitefile", "internal/trace", "internal/trace/export",
	"internal/tracing", "internal/traffic", "internal/tsgen",
	"presence", "presence/redispresence",
	"queue", "queue/eta", "queue/logstore", "queue/queuetest", "queue/sim",
	"bench", "bench/orders", "loadtest", "loadtest/cluster", "loadtest/model", "loadtest/observer", "loadtest/report",
	"test/faults", "test/faults/setup", "test/gatewaytest", "test/logtest", "test/oracle", "test/people", "test/process", "test/redistest",
	"test/release", "test/release/journey",
}

// riddles are words for which a comment has a better one: a noun, or "reports
// whether" and "returns".
var riddles = regexp.MustCompile(`(?i)\b(whom|whoever|nobody|everybody|everyone|somebody|someone|anybody|anyone|says whether)\b`)

// TestDoneRoomsSpeakPlainEnglish reads the product's files of the rooms that are
// done: no comment has a riddle, and no variable is called is or was.
func TestDoneRoomsSpeakPlainEnglish(t *testing.T) {
	t.Parallel()
	for _, folder := range plainRooms {
		paths, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s is no room: %v", folder, err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, fault := range unplain(t, path, data) {
				t.Error(fault)
			}
		}
	}
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
		for _, c := range group.List {
			if word := riddles.FindString(c.Text); word != "" {
				faults = append(faults, set.Position(c.Pos()).String()+": "+word+" in a comment: name the person or the thing")
			}
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
	const riddle = "package p\n\n// f says whether whoever waits is served.\nfunc f(was int) { is := was; _ = is }\n\n// g is for anyone.\nfunc g() {}\n"
	if found := unplain(t, "riddle.go", []byte(riddle)); len(found) != 6 {
		t.Errorf("found %q, want two comments and four names", found)
	}
	if found := unplain(t, "plain.go", []byte("package p\n\n// f reports whether the ticket that waits is served.\nfunc f(before int) {}\n")); len(found) > 0 {
		t.Errorf("found %q in plain text", found)
	}
}
