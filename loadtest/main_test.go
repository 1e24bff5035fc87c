package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// closes is a target that closes every socket at once.
func closes(t *testing.T) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"nextup.v1"}}); err == nil {
			_ = ws.Close(4003, "not today")
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// drops is a target that ends every connection without a word.
func drops(t *testing.T) string {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			c.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

// dead is an address at which nothing listens any more.
func dead(t *testing.T) string {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

func TestBadInputEndsInOneClearLine(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "load")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	gateway := honest(t, "", "en")
	tests := map[string]struct {
		env  []string
		want string
	}{
		"a scenario that does not exist": {[]string{"SCENARIO=rush"}, "want one of smoke"},
		"a target that is no address":    {[]string{"TARGET=localhost"}, "want http://HOST:PORT"},
		"metrics at no address":          {[]string{"TARGET=" + gateway, "METRICS=localhost"}, "METRICS=localhost: want http://HOST:PORT"},
		"a target without a key":         {[]string{"TARGET=" + gateway}, "TOKEN_KEY is needed"},
		"a site without consent":         {[]string{"TARGET=" + gateway, "SITE=" + faultySite, "TOKEN_KEY=" + faultyKey}, "must have no real visitors and agents"},
		"consent for another site":       {[]string{"TARGET=" + gateway, "SITE=" + faultySite, "TOKEN_KEY=" + faultyKey, "YES_THIS_SITE=elsewhere"}, "YES_THIS_SITE=" + faultySite},
		"marked people without consent":  {[]string{"TARGET=" + gateway, "SITE=" + faultySite, "TOKEN_KEY=" + faultyKey, "MARK=qaa"}, "takes room from everybody"},
		"a mark that the site lacks":     {[]string{"TARGET=" + gateway, "SITE=" + faultySite, "TOKEN_KEY=" + faultyKey, "YES_THIS_SITE=" + faultySite, "MARK=qaa"}, "no department of the site has this language"},
		"a dead target":                  {[]string{"TARGET=" + dead(t), "TOKEN_KEY=" + faultyKey, "YES_THIS_SITE=demo"}, "nothing listens there"},
		"a bad key":                      {[]string{"TARGET=" + gateway, "SITE=" + faultySite, "TOKEN_KEY=k:a key that this gateway has never heard of, or so", "YES_THIS_SITE=" + faultySite}, "check TOKEN_KEY"},
		"another site":                   {[]string{"TARGET=" + gateway, "SITE=elsewhere", "TOKEN_KEY=" + faultyKey, "YES_THIS_SITE=elsewhere"}, "check SITE"},
		"a target that closes sockets":   {[]string{"TARGET=" + closes(t), "TOKEN_KEY=" + faultyKey, "YES_THIS_SITE=demo"}, "closes every socket"},
		"a target that drops them":       {[]string{"TARGET=" + drops(t), "TOKEN_KEY=" + faultyKey, "YES_THIS_SITE=demo"}, "closes every socket"},
		"a rollout without a command":    {[]string{"TARGET=" + gateway, "TOKEN_KEY=" + faultyKey, "YES_THIS_SITE=demo", "SCENARIO=rolling_restart"}, "RESTART_COMMAND"},
	}
	// What only the scripts read is refused by them, in a line without k6's own words.
	scripts := []string{"TARGET=" + gateway, "SITE=" + faultySite, "TOKEN_KEY=" + faultyKey, "YES_THIS_SITE=" + faultySite}
	tests["amounts that are too many"] = struct {
		env  []string
		want string
	}{append(slices.Clone(scripts), "PROFILE=laptop", "VISITORS=400"), "it holds 22400 sockets, of which one process can hold 18000: set PROCESSES"}
	for name, setting := range map[string]string{
		"a profile that does not exist":  "PROFILE=lapptop: want one of smoke, laptop, server, fleet",
		"an amount that is no number":    "VISITORS=many: want a number from 0 on",
		"more than one process can hold": "PROFILE=server: it holds 30000 sockets, of which one process can hold 18000: set PROCESSES",
	} {
		env, _, _ := strings.Cut(setting, ": ")
		tests[name] = struct {
			env  []string
			want string
		}{append(slices.Clone(scripts), env), "load: " + setting}
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(context.WithoutCancel(t.Context()), binary)
			cmd.Env = append(os.Environ(), append([]string{"SCENARIO=smoke", "OUT=" + t.TempDir()}, tt.env...)...)
			var said bytes.Buffer
			cmd.Stderr = &said
			if err := cmd.Run(); err == nil {
				t.Error("the exit status is 0")
			}
			line := strings.TrimSpace(said.String())
			if !strings.Contains(line, tt.want) || strings.Contains(line, "\n") {
				t.Errorf("it said %q, want one line with %q", line, tt.want)
			}
		})
	}
}

// TestTheScriptsCountWhatIsJudged: a counter that only one side knows would always
// be zero, and so would a scenario be that only one knows.
func TestTheScriptsCountWhatIsJudged(t *testing.T) {
	t.Parallel()
	found := func(path, from, to, form string) (names []string) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, part, _ := strings.Cut(string(text), from)
		part, _, _ = strings.Cut(part, to)
		for _, m := range regexp.MustCompile(form).FindAllStringSubmatch(part, -1) {
			names = append(names, m[1])
		}
		return names
	}
	var judged []string
	for _, l := range invariants {
		judged = append(judged, l.metric)
	}
	if counted := found("k6/metrics.ts", "export const invariants = {", "};", `new Counter\('(\w+)'\)`); !slices.Equal(counted, judged) {
		t.Errorf("the scripts count %v, judged are %v", counted, judged)
	}
	if known := found("k6/scenarios.ts", "export const scenarioNames = [", "]", `'(\w+)'`); !slices.Equal(known, scenarios) {
		t.Errorf("the scripts know %v, we %v", known, scenarios)
	}
}

// TestTheScriptsAloneSayWhatIsMissing: who runs k6 by hand gets a line too.
func TestTheScriptsAloneSayWhatIsMissing(t *testing.T) {
	t.Parallel()
	k6, err := toolPath(t.Context(), "k6")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), k6, "run", "--quiet", "--no-usage-report", "--address", "", "k6/main.ts")
	cmd.Env = append(os.Environ(), "TOKEN_KEY=k:secret", "TARGET=")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "TARGET is not set") {
		t.Errorf("%v: %s", err, out)
	}
}
