package redislog_test

import (
	"os"
	"strings"
	"testing"

	"nextup/internal/eventlog/redislog"
)

// The suites of this package, of the queue, of conversations, of the registry and of
// the whole gateway run as this user, and fail if anything is denied to it.
func TestTheDocumentedACLIsTheOneThatTheTestsRunUnder(t *testing.T) {
	page, err := os.ReadFile("../../../docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	want := "ACL SETUSER nextup on >PASSWORD " + strings.Join(redislog.ACL(), " ")
	if !strings.Contains(strings.Join(strings.Fields(strings.ReplaceAll(string(page), "\\\n", " ")), " "), want) {
		t.Errorf("docs/reliability.md lacks:\n%s", want)
	}
}
