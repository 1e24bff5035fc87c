package faults

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"nextup/test/oracle"
)

// clockEnv is by how many seconds a process that withAnotherClock built sees the
// clock of its host set wrong.
const clockEnv = "NEXTUP_FAULTS_CLOCK"

// wrongBy are the clocks of the row's gateways.
var wrongBy = []time.Duration{10 * time.Minute, -10 * time.Minute, 0}

// withAnotherClock builds the product on a standard library in which the clock of
// the wall can be wrong. The monotonic clock is not, as on a real host.
func withAnotherClock(t testing.TB) string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	return altered(t, filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go"), map[string]string{
		"\t\"math/bits\"\n": "\t\"math/bits\"\n\t\"syscall\"\n",
		"func Now() Time {\n": `
// wrongBy is read from the environment, as in +600 or -600.
var wrongBy = func() (s int64) {
	text, _ := syscall.Getenv("` + clockEnv + `")
	for i := 1; i < len(text); i++ {
		s = 10*s + int64(text[i]-'0')
	}
	if s > 0 && text[0] == '-' {
		s = -s
	}
	return s
}()

func Now() Time {
`,
		"	sec, nsec, mono := runtimeNow()\n	if mono == 0 {\n": "	sec, nsec, mono := runtimeNow()\n	sec += wrongBy\n	if mono == 0 {\n",
	})
}

// clockOf sets the clock of the i-th gateway.
func clockOf(i int) []string {
	seconds := strconv.Itoa(int(wrongBy[i].Seconds()))
	if wrongBy[i] >= 0 {
		seconds = "+" + seconds
	}
	return []string{clockEnv + "=" + seconds}
}

var logTime = regexp.MustCompile(`(?m)^time=(\S+) `)

// clocksDiffer expects that the gateways' clocks were really wrong, and that no time
// which a client was told is.
func clocksDiffer(s *testbed, histories []*oracle.History) {
	for i, g := range s.gateways {
		all := logTime.FindAllStringSubmatch(g.Output(), -1)
		if len(all) == 0 {
			continue // it had nothing to say
		}
		at, err := time.Parse(time.RFC3339Nano, all[len(all)-1][1])
		if off := time.Until(at) - wrongBy[i]; err != nil || off.Abs() > wrongBy[0]/2 {
			s.fail("%s logs at %v, which is %v off, %v", g.Node(), at, off+wrongBy[i], err)
		}
	}
	told := func(h *oracle.History, at time.Duration, ms int64) {
		if off := time.UnixMilli(ms).Sub(s.start.Add(at)); off.Abs() > wrongBy[0]/2 { // the rest is how late a busy machine tells it
			s.fail("%s %s at %v was told a time that is %v off", h.Role, h.Subject, at, off)
		}
	}
	for _, h := range histories {
		for _, e := range h.Events {
			switch {
			case e.Ticket != nil:
				told(h, e.At, e.Ticket.AsOfMS)
			case e.Desk != nil:
				told(h, e.At, e.Desk.AsOfMS)
				for _, o := range e.Desk.Offers {
					told(h, e.At+s.site.OfferTimeout, o.DeadlineMS)
				}
			}
		}
	}
}
