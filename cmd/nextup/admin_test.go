package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/test/logtest"
)

// operated is a gateway with an admin port, and what its audit log has.
type operated struct {
	*App
	t     *testing.T
	audit *logtest.Buffer
}

func newOperated(t *testing.T, change func(*appConfig)) *operated {
	t.Helper()
	file, err := loadSites("")
	if err != nil {
		t.Fatal(err)
	}
	o := &operated{t: t, audit: &logtest.Buffer{}}
	c := appConfig{
		Listen: "127.0.0.1:0", File: file, DemoTokens: true, Logger: slog.New(slog.DiscardHandler), Audit: slog.New(slog.NewTextHandler(o.audit, nil)),
		Admin: adminConfig{Listen: "127.0.0.1:0", Reload: func(context.Context) error { return nil }, Drain: func() {}},
	}
	if change != nil {
		change(&c)
	}
	if o.App, err = NewApp(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	if status := readyz(t, o.App, "ready"); status != http.StatusOK { // a gateway that has just started takes no join
		t.Fatalf("readiness answers %d", status)
	}
	return o
}

// run runs a command of the command line against the gateway.
func (o *operated) run(args ...string) (string, error) {
	o.t.Helper()
	var out bytes.Buffer
	parser, err := newParser(&cli{}, &out)
	if err != nil {
		o.t.Fatal(err)
	}
	ctx, err := parser.Parse(append(args, "--admin", strings.TrimPrefix(o.AdminURL(), "http://")))
	if err != nil {
		o.t.Fatal(err)
	}
	err = ctx.Run(variables(nil))
	return out.String(), err
}

// get asks the admin port as curl does by the page's examples.
func (o *operated) get(path string) (int, string) {
	o.t.Helper()
	request, err := http.NewRequestWithContext(o.t.Context(), http.MethodGet, o.AdminURL()+path, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	request.Header.Set("Nextup-Admin", "1")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		o.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func (o *operated) come(query string) *client.Conn {
	o.t.Helper()
	conn, err := client.Dial(o.t.Context(), socketURL(o.URL()), mint(o.t, o.App, query), func(protocol.ServerFrame) {})
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(conn.Cut)
	return conn
}

func (o *operated) join(visitor string) string {
	o.t.Helper()
	joined, err := o.come("role=visitor&languages=en&sub="+visitor).Join(o.t.Context(), "support")
	if err != nil {
		o.t.Fatal(err)
	}
	return joined.Ticket
}

func (o *operated) must(args ...string) string {
	o.t.Helper()
	out, err := o.run(args...)
	if err != nil {
		o.t.Fatalf("nextup %q: %v", args, err)
	}
	return out
}

// An operator sees what stands in the line, and does something about it, under a name and
// with a reason that the audit log keeps.
func TestAnOperatorSeesAndActsAndTheAuditLogTells(t *testing.T) {
	t.Parallel()
	o := newOperated(t, nil)
	first, second := o.join("vera"), o.join("vito")
	for name, row := range map[string]struct {
		args []string
		want []string
	}{
		"sites":        {[]string{"inspect", "sites"}, []string{"SITE", "demo", "yes"}},
		"queues":       {[]string{"inspect", "queues"}, []string{"support/en", "no agent is available"}},
		"tickets":      {[]string{"inspect", "tickets"}, []string{first, second, "waiting", "vera"}},
		"of a visitor": {[]string{"inspect", "tickets", "--visitor", "vito"}, []string{second}},
		"a ticket":     {[]string{"inspect", "ticket", second}, []string{"place", "2", "support/en", "vito"}},
		"nodes":        {[]string{"inspect", "nodes"}, []string{o.Node(), "yes"}},
		"level":        {[]string{"inspect", "level"}, []string{"demo", o.Node()}},
		"as JSON":      {[]string{"inspect", "ticket", first, "--json"}, []string{`"id": "` + first + `"`, `"status": "waiting"`}},
	} {
		var out string
		for deadline := time.After(time.Minute); ; { // nodes have something to say once they have started
			out = o.must(row.args...)
			missing := ""
			for _, w := range row.want {
				if !strings.Contains(out, w) {
					missing = w
				}
			}
			if missing == "" {
				break
			}
			select {
			case <-deadline:
				t.Fatalf("%s: %q is missing in\n%s", name, missing, out)
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	if out := o.must("inspect", "tickets", "--limit", "1"); !strings.Contains(out, first) || !strings.Contains(out, "there are more than 1") {
		t.Errorf("a list that is cut is\n%s", out)
	}
	if out := o.must("inspect", "tickets", "--status", "closed"); out != "no ticket matches\n" {
		t.Errorf("an empty list is\n%s", out)
	}
	if out := o.must("inspect", "tickets", "--visitor", "vito"); strings.Contains(out, first) {
		t.Errorf("a visitor's tickets are\n%s", out)
	}

	if out := o.must("pause", "support/en", "--by", "olga", "--reason", "a fire drill"); !strings.Contains(out, "done, as number") {
		t.Errorf("pausing says %q", out)
	}
	if out := o.must("pause", "support/en", "--by", "olga", "--reason", "again"); !strings.Contains(out, "nothing to do") {
		t.Errorf("pausing again says %q", out)
	}
	if out := o.must("inspect", "queues"); !strings.Contains(out, "paused by olga: a fire drill") {
		t.Errorf("a paused queue is shown as\n%s", out)
	}
	o.must("pause", "support/en", "--resume", "--by", "olga", "--reason", "it is over")
	o.must("move", second, "--language", "zh", "--by", "olga", "--reason", "reads Chinese")
	o.must("end", first, "--by", "olga", "--reason", "a test of ours")
	if out := o.must("inspect", "ticket", first); !strings.Contains(out, "abandoned") {
		t.Errorf("the ended ticket is\n%s", out)
	}
	if out := o.must("inspect", "ticket", second); !strings.Contains(out, "support/zh") {
		t.Errorf("the moved ticket is\n%s", out)
	}
	for _, want := range []string{
		`role=admin action=pause`, `reason="a fire drill"`, `action=resume`, `action=reassign`, `reason="reads Chinese"`, `action=end`, `reason="a test of ours"`,
	} {
		if !strings.Contains(o.audit.String(), want) {
			t.Errorf("%q is missing in the audit log:\n%s", want, o.audit)
		}
	}
	if n := strings.Count(o.audit.String(), "by=olga"); n < 5 {
		t.Errorf("olga stands %d times in the audit log:\n%s", n, o.audit)
	}
}

// A reader of what people wrote must give a reason, and the audit log names the reader.
func TestWhatPeopleWroteIsReadWithAReasonAlone(t *testing.T) {
	t.Parallel()
	o := newOperated(t, nil)
	visitor := o.come("role=visitor&languages=en&sub=vera")
	joined, err := visitor.Join(t.Context(), "support")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := visitor.Send(t.Context(), joined.Ticket, "m1", "my secret \x1b[31mwords"); err != nil {
		t.Fatal(err)
	}
	args := []string{"inspect", "conversation", joined.Ticket}
	if out := o.must(append(args, "--after", "9")...); out != "there is no entry after number 9\n" {
		t.Errorf("after its end it is %q", out)
	}
	if out := o.must(args...); !strings.Contains(out, "vera") || !strings.Contains(out, "m1") || strings.Contains(out, "secret") {
		t.Errorf("without texts it is\n%s", out)
	}
	if out := o.must(append(args, "--json")...); strings.Contains(out, "secret") {
		t.Errorf("without texts it is\n%s", out)
	}
	if _, err := o.run(append(args, "--texts")...); err == nil || !strings.Contains(err.Error(), "--reason") {
		t.Errorf("with texts and no reason: %v", err)
	}
	if code, body := o.get("/v1/conversations/" + joined.Ticket + "?texts=true"); code != http.StatusBadRequest || strings.Contains(body, "secret") {
		t.Errorf("around the command line it is %d %s", code, body)
	}
	if o.audit.String() != "" {
		t.Errorf("the audit log has %s", o.audit)
	}
	out := o.must(append(args, "--texts", "--by", "olga", "--reason", "a court order")...)
	if !strings.Contains(out, "my secret") || strings.Contains(out, "\x1b") {
		t.Errorf("with texts it is %q", out)
	}
	if got := o.audit.String(); !strings.Contains(got, "by=olga") || !strings.Contains(got, "action=read") || !strings.Contains(got, `reason="a court order"`) || strings.Contains(got, "secret") {
		t.Errorf("the audit log has %s", got)
	}
}

func TestACommandThatCannotBeDoneSaysWhy(t *testing.T) {
	t.Parallel()
	o := newOperated(t, nil)
	ticket := o.join("vera")
	for name, row := range map[string]struct {
		args []string
		want string
	}{
		"without a reason":       {[]string{"end", ticket}, "--reason"},
		"no such ticket":         {[]string{"end", "nothing", "--reason", "x"}, "there is no such ticket"},
		"no such queue":          {[]string{"pause", "support/xx", "--reason", "x"}, "no such language; there are"},
		"a queue to look at":     {[]string{"inspect", "tickets", "--queue", "support/xx"}, "there is no such queue; there are"},
		"half a queue":           {[]string{"inspect", "tickets", "--queue", "support"}, "there is no such queue; there are"},
		"no such tier":           {[]string{"move", ticket, "--tier", "9", "--reason", "x"}, "tier: want 1 to 3"},
		"no queue at all":        {[]string{"pause", "support", "--reason", "x"}, "department/language"},
		"no such site":           {[]string{"inspect", "queues", "--site", "nowhere"}, "there are demo"},
		"nowhere to move":        {[]string{"move", ticket, "--reason", "x"}, "say where it goes"},
		"an agent who is not":    {[]string{"move", ticket, "--agent", "nobody", "--reason", "x"}, "no such agent"},
		"a ticket to look at":    {[]string{"inspect", "ticket", "nothing"}, "there is no such ticket"},
		"a conversation to read": {[]string{"inspect", "conversation", "nothing"}, "there is no such ticket"},
		"no ticket at all":       {[]string{"inspect", "ticket", ""}, "id of a ticket"},
		"nobody's conversation":  {[]string{"inspect", "conversation", ""}, "id of a ticket"},
		"after the end of none":  {[]string{"inspect", "conversation", "nothing", "--after", "9"}, "there is no such ticket"},
		"too many":               {[]string{"inspect", "tickets", "--limit", "1000000"}, "limit"},
	} {
		if out, err := o.run(row.args...); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: printed %q and %v, want %q", name, out, err, row.want)
		}
	}
	if _, err := o.run("inspect", "conversation", "nothing", "--texts", "--by", "olga", "--reason", "curious"); err == nil {
		t.Error("a conversation that is not there is read")
	}
	for _, refused := range []string{
		`action=end reason=x ticket=nothing refused=true`, `action=pause reason=x department=support language=xx refused=true`,
		`action=move reason=x ticket=` + ticket + ` agent=nobody refused=true`, `by=olga role=admin action=read reason=curious ticket=nothing refused=true`,
	} {
		if o.audit.Count(refused) != 1 {
			t.Errorf("the audit log does not have %q: %s", refused, o.audit)
		}
	}
	if lines := strings.Count(o.audit.String(), "\n"); lines != 4 {
		t.Errorf("the audit log has %d lines of what was not done: %s", lines, o.audit)
	}
	for address, want := range map[string]string{"10.0.0.7:8081": "on its own machine alone", "8081": "HOST:PORT", "127.0.0.1:1": "start it with --admin", strings.TrimPrefix(o.URL(), "http://"): "this is no admin port"} {
		c := endCmd{adminFlags: adminFlags{Admin: address}, auditFlags: auditFlags{Reason: "x"}, Ticket: ticket}
		if err := c.Run(io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("--admin %s: %v, want %q", address, err, want)
		}
	}
}

// With an admin port strangers at the public one do not read the metrics, and the port
// stands before Redis does.
func TestTheAdminPortHasTheMetricsAndThePublicOneNoMore(t *testing.T) {
	t.Parallel()
	o := newOperated(t, nil)
	if code, body := get(t, o.URL()+"/metrics"); code != http.StatusNotFound {
		t.Errorf("the public port answers %d %.60s", code, body)
	}
	for path, want := range map[string]string{"/metrics": "nextup_queue_size{", "/readyz": "ready", "/healthz": "ok", "/debug/pprof/cmdline": "nextup"} {
		if code, body := o.get(path); code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("the admin port answers %s with %d %.60s", path, code, body)
		}
	}
}

// The admin port answers a command that carries the token, and refuses one that does not.
func TestTheCommandsCarryTheTokenOfTheAdminPort(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("0123456789abcdef0123\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	token, err := adminToken(path)
	if err != nil {
		t.Fatal(err)
	}
	o := newOperated(t, func(c *appConfig) { c.Admin.Token = token })
	if out, err := o.run("inspect", "queues"); err == nil || !strings.Contains(err.Error(), "--admin-token-file") {
		t.Errorf("without the token it prints %q (%v)", out, err)
	}
	if out := o.must("inspect", "queues", "--admin-token-file", path); !strings.Contains(out, "support/en") {
		t.Errorf("with the token it prints %q", out)
	}
	if err := os.WriteFile(path, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := adminToken(path); err == nil || !strings.Contains(err.Error(), "openssl rand") {
		t.Errorf("a token that can be guessed: %v", err)
	}
}

func TestAnAdminPortThatOthersReachIsRefused(t *testing.T) {
	for _, row := range []struct {
		args []string
		want string
	}{
		{[]string{"--admin", "0.0.0.0:0"}, "--admin-anywhere"},
		{[]string{"--admin", "here"}, "HOST:PORT"},
		{[]string{"--admin", "203.0.113.7:0", "--admin-anywhere"}, "--admin 203.0.113.7:0: this machine has no such address"},
	} {
		_, errs, code := nextup(t, append([]string{"serve", "--listen", "127.0.0.1:0"}, row.args...)...)
		if code == 0 || !strings.Contains(errs, row.want) {
			t.Errorf("%q: exit %d, said %q; want %q", row.args, code, errs, row.want)
		}
	}
}

// A reload by command has an answer, and draining by command is leaving.
func TestReloadAndDrainByCommand(t *testing.T) {
	t.Parallel()
	path := siteFile(t, reloadable)
	g := serve(t, "--site-file", path, "--admin", "127.0.0.1:0", "--log-format", "json")
	_, address, _ := strings.Cut(g.logs("admin port"), "http://")
	address, _, _ = strings.Cut(address, `"`)
	if out, errs, code := nextup(t, "reload", "--admin", address); code != 0 || out != "in force\n" {
		t.Errorf("a reload: exit %d, %q %q", code, out, errs)
	}
	rewrite(t, path, strings.Replace(reloadable, "capacity: 3", "capacity: many", 1))
	if _, errs, code := nextup(t, "reload", "--admin", address); code == 0 || !strings.Contains(errs, "capacity") {
		t.Errorf("a reload of a broken file: exit %d, %q", code, errs)
	}
	if out, errs, code := nextup(t, "drain", "--admin", address, "--by", "olga", "--reason", "a new kernel"); code != 0 || out != "leaving\n" {
		t.Errorf("draining: exit %d, %q %q", code, out, errs)
	}
	g.logs(`"action":"drain","reason":"a new kernel"`)
	state, err := g.cmd.Process.Wait()
	if err != nil || state.ExitCode() != 0 {
		t.Errorf("it ended as %v (%v)", state, err)
	}
}
