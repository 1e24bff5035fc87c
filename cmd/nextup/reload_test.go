package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/internal/sitefile"
)

const reloadable = `sites:
- id: shop
  languages: [en]
  departments: [{id: support}]
  agents: {defaults: {capacity: 3}}
  keys:
  - {id: all, algorithm: HS256, secret: a-secret-of-more-than-thirty-two-bytes, roles: [visitor, agent, supervisor]}
`

// child is a gateway in a process of its own, whose log a test reads.
type child struct {
	t     *testing.T
	cmd   *exec.Cmd
	url   string
	out   *bufio.Reader
	lines chan string // of its log
}

func serve(t *testing.T, args ...string) *child {
	t.Helper()
	return start(t, append([]string{"serve", "--listen", "127.0.0.1:0", "--drain", "100ms"}, args...)...)
}

// start runs the command until it says where it listens.
func start(t *testing.T, args ...string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	c := &child{t: t, cmd: exec.CommandContext(ctx, self, args...), lines: make(chan string, 1000)}
	c.cmd.Env = append(os.Environ(), "NEXTUP_TEST_AS_COMMAND=1")
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	logs, err := c.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(logs); lines.Scan(); {
			c.lines <- lines.Text()
		}
	}()
	t.Cleanup(func() {
		_ = c.cmd.Process.Signal(syscall.SIGTERM)
		_, _ = io.Copy(io.Discard, c.out)
		<-read
		_ = c.cmd.Wait()
	})
	c.out = bufio.NewReader(out)
	var line string
	if slices.Contains(args, "json") { // then this is said in the log
		var said struct{ Msg string }
		if err := json.Unmarshal([]byte(c.logs("listening on ")), &said); err != nil {
			t.Fatal(err)
		}
		line = said.Msg
	} else if line, err = c.out.ReadString('\n'); err != nil {
		t.Fatalf("the gateway said %q: %v", line, err)
	}
	c.url = strings.TrimPrefix(strings.TrimSpace(line), "listening on ")
	return c
}

// logs waits for a line of the log with all the words.
func (c *child) logs(words ...string) string {
	c.t.Helper()
	for deadline := time.After(20 * time.Second); ; {
		select {
		case line := <-c.lines:
			has := true
			for _, w := range words {
				has = has && strings.Contains(line, w)
			}
			if has {
				return line
			}
		case <-deadline:
			c.t.Fatalf("the log never said %q", words)
		}
	}
}

func (c *child) signal(s syscall.Signal) {
	c.t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		c.t.Fatal(err)
	}
}

func (c *child) come(path, role, subject string) *client.Conn {
	c.t.Helper()
	token, errs, code := nextup(c.t, "token", "--site-file", path, "--role", role, "--sub", subject, "--languages", "en")
	if code != 0 {
		c.t.Fatal(errs)
	}
	conn, err := client.Dial(c.t.Context(), socketURL(c.url), strings.TrimSpace(token), func(protocol.ServerFrame) {})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(conn.Cut)
	return conn
}

func departments(w protocol.Welcome) string {
	var all []string
	for _, d := range w.Departments {
		all = append(all, d.ID)
	}
	return strings.Join(all, " ")
}

func rewrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestASiteFileIsReadAgainWithoutARestart(t *testing.T) {
	t.Parallel()
	keys := siteFile(t, reloadable) // stays as it is
	path, audit := siteFile(t, reloadable), filepath.Join(t.TempDir(), "audit.jsonl")
	c := serve(t, "--site-file", path, "--audit", audit)
	s := c.come(keys, "supervisor", "boss")
	if _, err := s.Pause(t.Context(), "support", "en", true, "lunch"); err != nil {
		t.Fatal(err)
	}

	wider := strings.Replace(reloadable, "{id: support}", "{id: support}, {id: trading}", 1)
	rewrite(t, path, wider) // noticed without a word
	c.logs("the site file is in force")
	if got := departments(c.come(keys, "visitor", "v").Welcome); got != "support trading" {
		t.Errorf("after the change there are the departments %q", got)
	}

	rewrite(t, path, strings.Replace(wider, "capacity: 3", "capacity: 0", 1))
	c.signal(syscall.SIGHUP)
	c.logs("problem", "agents.defaults.capacity", "got 0")
	c.logs("refused", "stays in force", "problems=1")
	if got := departments(c.come(keys, "visitor", "w").Welcome); got != "support trading" {
		t.Errorf("after a bad file there are the departments %q", got)
	}
	rewrite(t, path, strings.Replace(wider, "id: shop", "id: bank", 1))
	c.signal(syscall.SIGHUP)
	c.logs("refused", "sites come and go only with a restart", "bank")

	// The audit file was moved away meanwhile: it goes on in a new one.
	if err := os.Rename(audit, audit+".1"); err != nil {
		t.Fatal(err)
	}
	rewrite(t, path, wider)
	c.signal(syscall.SIGHUP)
	c.logs("the site file is in force")
	if _, err := s.Pause(t.Context(), "support", "en", false, "lunch is over"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{audit + ".1": "pause lunch", audit: "resume lunch is over"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var line struct{ Action, By, Reason, Department, Time string }
		if err := json.Unmarshal(text, &line); err != nil || line.Action+" "+line.Reason != want || line.By != "boss" || line.Time == "" {
			t.Errorf("%s holds %s (%v), want one line of %q", name, text, err, want)
		}
	}
	if _, body := get(t, c.url+"/metrics"); !strings.Contains(body, `nextup_site_file_reloads_total{result="applied"} 2`) ||
		!strings.Contains(body, `nextup_site_file_reloads_total{result="refused"} 2`) {
		t.Error("the metrics do not count two files that were applied and two that were refused")
	}
}

func TestWithoutAnAuditFileTheLogHasIt(t *testing.T) {
	t.Parallel()
	path := siteFile(t, reloadable)
	c := serve(t, "--site-file", path, "--log-format", "json")
	if _, err := c.come(path, "supervisor", "boss").Pause(t.Context(), "support", "en", true, "lunch"); err != nil {
		t.Fatal(err)
	}
	var line struct {
		Audit            bool
		Action, By, Site string
	}
	text := c.logs(`"audit":true`)
	if err := json.Unmarshal([]byte(text), &line); err != nil || !line.Audit || line.Action != "pause" || line.By != "boss" || line.Site != "shop" {
		t.Errorf("the log has %s, %v", text, err)
	}
	c.signal(syscall.SIGHUP)
	c.logs("the site file is in force")
}

func TestAnAuditFileThatCannotBeWrittenIsAnError(t *testing.T) {
	t.Parallel()
	_, errs, code := nextup(t, "serve", "--listen", "127.0.0.1:0", "--audit", filepath.Join(t.TempDir(), "none", "audit"))
	if code == 0 || !strings.Contains(errs, "--audit") {
		t.Errorf("exit %d, said %q", code, errs)
	}
}

// reloading starts a gateway with the site file, and what reads it again.
func reloading(t *testing.T, path string) (*reloader, *App) {
	t.Helper()
	file, err := sitefile.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	app, err := NewApp(t.Context(), appConfig{Listen: "127.0.0.1:0", File: file, DemoTokens: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = app.Close() })
	return newReloader(path, file, slog.New(slog.DiscardHandler)), app
}

// A file that is being written may be valid half-way: its text must be the same
// in two looks.
func TestAFileIsTakenOnceItHoldsStill(t *testing.T) {
	path := siteFile(t, reloadable)
	r, app := reloading(t, path)
	applied := func() (n int) {
		_, body := get(t, app.URL()+"/metrics")
		_, rest, _ := strings.Cut(body, `nextup_site_file_reloads_total{result="applied"} `)
		_, _ = fmt.Sscan(rest, &n)
		return n
	}
	for i, step := range []struct {
		text string
		want int
	}{
		{reloadable, 0}, {reloadable + "# a", 0}, {reloadable + "# a b", 0}, {reloadable + "# a b", 1}, {reloadable + "# a b", 1}, {reloadable, 1}, {reloadable, 2},
	} {
		rewrite(t, path, step.text)
		r.look(app)
		if got := applied(); got != step.want {
			t.Errorf("after look %d the file was applied %d times, want %d", i+1, got, step.want)
		}
	}
}

// The secret is turned where it lies, as a mounted Kubernetes secret is: nothing
// touches the site file.
func TestASecretOrKeyFileThatChangesAloneIsReadAgain(t *testing.T) {
	first, second := strings.Repeat("first-", 8), strings.Repeat("second-", 8)
	text := strings.Replace(reloadable, "secret: a-secret-of-more-than-thirty-two-bytes", "secret_file: shop.secret", 1)
	path := siteFile(t, text)
	secret := filepath.Join(filepath.Dir(path), "shop.secret")
	rewrite(t, secret, first)
	r, app := reloading(t, path)
	secretNow := func() string { return string(app.keys.Keys()[0].Secret) }
	for i, step := range []struct {
		name string
		do   func()
		want string
	}{
		{"nothing changes", func() {}, first},
		{"the secret is being written", func() { rewrite(t, secret, second) }, first},
		{"it holds still", func() {}, second},
		{"it goes away", func() { _ = os.Remove(secret) }, second},
		{"and is refused", func() {}, second},
		{"it is half there", func() { rewrite(t, secret, "short") }, second},
		{"and is refused again", func() {}, second},
		{"it comes back", func() { rewrite(t, secret, first) }, second},
		{"and holds still", func() {}, first},
		{"the site file goes away", func() { _ = os.Rename(path, path+".x") }, first},
		{"and is refused", func() {}, first},
		{"it comes back and the secret is another", func() { _ = os.Rename(path+".x", path); rewrite(t, secret, second) }, first},
		{"and both hold still", func() {}, second},
	} {
		step.do()
		r.look(app)
		if got := secretNow(); got != step.want {
			t.Fatalf("step %d, %s: the secret in force is %.6s..., want %.6s...", i+1, step.name, got, step.want)
		}
	}
}

// Keys follow the file: a new one works at once, and one that has gone does not.
func TestKeysFollowTheFile(t *testing.T) {
	path := siteFile(t, reloadable)
	file, err := sitefile.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	app, err := NewApp(t.Context(), appConfig{Listen: "127.0.0.1:0", File: file, DemoTokens: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	ask := func(token string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, app.URL()+"/v1/queues", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	old := mint(t, app, "site=shop&role=visitor&sub=v")
	if status := ask(old); status != http.StatusOK {
		t.Fatalf("the first key is answered with %d", status)
	}
	there, err := client.Dial(t.Context(), socketURL(app.URL()), old, func(protocol.ServerFrame) {})
	if err != nil {
		t.Fatal(err)
	}
	defer there.Cut()
	rewrite(t, path, strings.Replace(reloadable, "id: all", "id: fresh", 1))
	if file, err = sitefile.Load(path); err != nil {
		t.Fatal(err)
	}
	if err := app.Reload(file); err != nil {
		t.Fatal(err)
	}
	<-there.Done()
	if code := websocket.CloseStatus(there.Err()); code != websocket.StatusCode(protocol.CloseTokenExpired) {
		t.Errorf("a socket whose key has gone was closed with %d", code)
	}
	if status := ask(old); status != http.StatusUnauthorized {
		t.Errorf("a key that has gone is answered with %d", status)
	}
	if status := ask(mint(t, app, "site=shop&role=visitor&sub=v")); status != http.StatusOK {
		t.Errorf("the new key is answered with %d", status)
	}
}
