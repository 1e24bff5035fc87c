package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/internal/sitefile"
	"nextup/test/logtest"
)

// The first SIGTERM sends sockets elsewhere over the time of --drain; a client that does
// not want to wait for that asks again.
func TestASecondSignalEndsTheProcessAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "site.yaml")
	if err := os.WriteFile(path, []byte(reloadable), 0o600); err != nil {
		t.Fatal(err)
	}
	g := serve(t, "--site-file", path, "--drain", "10m")
	var there []*client.Conn
	for i := range 4 {
		there = append(there, g.come(path, "visitor", fmt.Sprint("v", i)))
	}
	g.signal(syscall.SIGTERM)
	for line := ""; !strings.Contains(line, "a second signal ends it at once"); {
		var err error
		if line, err = g.out.ReadString('\n'); err != nil {
			t.Fatalf("the gateway never said that it leaves: %v", err)
		}
	}
	stay := 0
	for _, c := range there {
		if c.Err() == nil {
			stay++
		}
	}
	if stay == 0 {
		t.Fatal("everybody has gone already: nothing is left to be cut short")
	}
	g.signal(syscall.SIGTERM)
	state, err := g.cmd.Process.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if how := state.Sys().(syscall.WaitStatus); how.Signal() != syscall.SIGTERM {
		t.Errorf("it ended as %v, want by the second signal", state)
	}
	for _, c := range there {
		<-c.Done()
	}
}

// A balancer needs a moment to notice that a gateway leaves: until then it sends people
// there, who are served as before.
func TestWhoComesBeforeTheBalancerHasNoticedIsServed(t *testing.T) {
	t.Parallel()
	path := siteFile(t, reloadable)
	g := serve(t, "--site-file", path, "--lame-duck", "10m")
	g.signal(syscall.SIGTERM)
	line, err := g.out.ReadString('\n')
	for ; err == nil && !strings.Contains(line, "not ready, and served on for 10m0s"); line, err = g.out.ReadString('\n') {
	}
	if err != nil {
		t.Fatalf("it never said that it leaves: %v", err)
	}
	if code, body := get(t, g.url+"/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(body, "leaving") {
		t.Errorf("/readyz answers %d %q", code, body)
	}
	if _, body := get(t, g.url+"/metrics"); !strings.Contains(body, "nextup_ready 0\n") || !strings.Contains(body, "nextup_leaving 1\n") {
		t.Error("the metrics do not tell that it leaves on purpose")
	}
	if _, err := g.come(path, "visitor", "late").Join(t.Context(), "support"); err != nil {
		t.Errorf("a visitor who comes meanwhile: %v", err)
	}
	g.signal(syscall.SIGTERM)
}

// What an operator looks at first: one form of line from the first to the last, what
// runs, and the way of one ticket by its id, without a word of what people said or the
// tokens that they showed.
func TestTheLogIsOfOneFormAndTellsTheWayOfATicket(t *testing.T) {
	t.Parallel()
	path := siteFile(t, reloadable)
	file, err := sitefile.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	logs := &logtest.Buffer{}
	ctx, stop := context.WithCancel(t.Context())
	c := &serveCmd{Listen: "127.0.0.1:0", SiteFile: path, Node: "one", Durability: "memory", LogFormat: "json", LogLevel: "debug", HelloRate: 100}
	ended := make(chan error, 1)
	printed := &logtest.Buffer{}
	go func() { ended <- c.serve(ctx, func() {}, printed, logs) }()
	line := func(what ...string) map[string]any {
		t.Helper()
		for deadline := time.After(20 * time.Second); ; {
			for text := range strings.Lines(logs.String()) {
				var fields map[string]any
				if err := json.Unmarshal([]byte(text), &fields); err != nil {
					t.Fatalf("a line that is no JSON: %q", text)
				}
				if !slices.ContainsFunc(what, func(w string) bool { return !strings.Contains(text, w) }) {
					return fields
				}
			}
			select {
			case err := <-ended:
				t.Fatalf("it has ended: %v", err)
			case <-deadline:
				t.Fatalf("no line with %q in:\n%s", what, logs)
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	start := line("the gateway has started")
	for _, key := range []string{"version", "commit", "go", "node", "url", "store", "sites"} {
		if start[key] == nil {
			t.Errorf("the first line does not tell the %s: %v", key, start)
		}
	}
	g := &child{t: t, url: start["url"].(string)}
	visitor, agent := g.come(path, "visitor", "vera"), g.come(path, "agent", "ada")
	if _, err := agent.Status(ctx, protocol.Available); err != nil {
		t.Fatal(err)
	}
	joined, err := visitor.Join(ctx, "support")
	if err != nil {
		t.Fatal(err)
	}
	id := joined.Ticket
	if _, err := visitor.Send(ctx, id, "m1", "my secret words"); err != nil {
		t.Fatal(err)
	}
	line(`"command":"Send"`, id, `"message":"m1"`)
	line(`"msg":"a ticket"`, id, `"before":"waiting","after":"offered"`, `"agent":"ada"`)
	if joins := line(`"command":"Join"`, id); joins["by"] != "vera" || joins["node"] == "" || joins["conn"].(float64) < 1 || !strings.HasSuffix(joins["took"].(string), "s") {
		t.Errorf("the join is told as %v", joins)
	}
	line(fmt.Sprintf(`"msg":"a conn","site":"shop","conn":%v`, line(`"command":"Join"`, id)["conn"]))
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for _, c := range []*client.Conn{visitor, agent} {
		<-c.Done()
	}
	if text := logs.String(); strings.Contains(text, "secret words") || strings.Contains(text, string(file.Sites[0].Keys[0].Secret)) || strings.Contains(text, "eyJ") {
		t.Errorf("the log holds what is nobody's business:\n%s", text)
	}
	if printed.String() != "" {
		t.Errorf("plain text stands beside the JSON: %q", printed)
	}
}

// A gateway that cannot start says why in the form of its log.
func TestAGatewayThatCannotStartSaysSoInTheFormOfItsLog(t *testing.T) {
	out, errs, code := nextup(t, "serve", "--log-format", "json", "--listen", "127.0.0.1:0", "--redis", "redis://127.0.0.1:1/nonsense")
	if code == 0 || out != "" {
		t.Errorf("exit %d, printed %q", code, out)
	}
	for text := range strings.Lines(errs) {
		if err := json.Unmarshal([]byte(text), &map[string]any{}); err != nil {
			t.Errorf("a line that is no JSON: %q", text)
		}
	}
	if !strings.Contains(errs, "the gateway has ended") {
		t.Errorf("it does not say why: %q", errs)
	}
}

// A user copied the demo's file, as the README says, and put it on the net.
func TestServeTakesAPublishedSecretOnThisMachineOnly(t *testing.T) {
	demo, err := sitefile.Parse(sitefile.Demo(), "")
	if err != nil {
		t.Fatal(err)
	}
	secret := demo.Sites[0].Keys[0].Secret
	dir := t.TempDir()
	write := func(name, text string) string {
		rewrite(t, filepath.Join(dir, name), text)
		return filepath.Join(dir, name)
	}
	with := func(source string) string {
		return strings.Replace(reloadable, "secret: a-secret-of-more-than-thirty-two-bytes", source, 1)
	}
	write("shop.secret", string(secret)+"\n")
	write("shop.base64", base64.StdEncoding.EncodeToString(secret))
	t.Setenv("NEXTUP_SECRET", string(secret))
	exchange, err := os.ReadFile("../../docs/examples/exchange.yaml")
	if err != nil {
		t.Fatal(err)
	}
	deployed, err := os.ReadFile("../../deploy/site.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"the demo's file under another name": write("production.yaml", string(sitefile.Demo())),
		"the example of an exchange":         write("exchange.yaml", string(exchange)),
		"the secret in a file of its own":    write("a.yaml", with("secret_file: shop.secret")),
		"the secret in base64":               write("b.yaml", with("secret_file: shop.base64")),
		"the secret in the environment":      write("c.yaml", with("secret_env: NEXTUP_SECRET")),
		"the deployed site with it":          write("d.yaml", string(deployed)),
	} {
		for _, args := range [][]string{{"--listen", "0.0.0.0:0"}, {"--listen", ":0"}, {"--listen", "[::]:0"}, {"--listen", "127.0.0.1:0", "--trusted-proxy", "127.0.0.0/8"}} {
			out, errs, code := nextup(t, append([]string{"serve", "--site-file", path}, args...)...)
			if code == 0 || !strings.Contains(errs, "is published") || !strings.Contains(errs, "openssl rand -hex 32") || strings.Contains(errs, string(secret)) {
				t.Errorf("%s on %s: exit %d, printed %q, said %q; want a refusal that says what to do", name, args, code, out, errs)
			}
		}
	}
	serve(t, "--site-file", filepath.Join(dir, "c.yaml")) // on 127.0.0.1 it serves
}

func TestAReloadBringsNoPublishedSecretOntoTheNet(t *testing.T) {
	t.Parallel()
	path := siteFile(t, reloadable)
	g := serve(t, "--site-file", path, "--listen", "0.0.0.0:0")
	if !strings.HasPrefix(g.url, "http://127.0.0.1:") {
		t.Errorf("it says that it listens on %s, where no browser finds it", g.url)
	}
	rewrite(t, path, strings.Replace(reloadable, "a-secret-of-more-than-thirty-two-bytes", "for-development-only-never-serve-real-people-with-it", 1))
	g.signal(syscall.SIGHUP)
	g.logs("refused", "stays in force", "is published")
	g.come(siteFile(t, reloadable), "visitor", "v")
}

// Another program has the port: serve takes the next one, and a second serve the one
// after it; a user who asks for a port gets an error.
func TestServeTakesTheNextPortIfAnotherProgramHasIts(t *testing.T) {
	for _, address := range []string{"127.0.0.1:8080", "0.0.0.0:8080", "[::1]:8080", "[::]:8080"} {
		t.Run(address, func(t *testing.T) {
			other, err := net.Listen("tcp", address)
			switch {
			case err == nil:
				defer other.Close()
			case !errors.Is(err, syscall.EADDRINUSE): // in use already will do as well
				t.Skipf("this machine has no %s: %v", address, err)
			}
			var taken []net.Listener
			for range 2 {
				l, moved, err := listen(t.Context(), "")
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				port := l.Addr().(*net.TCPAddr).Port
				if moved != 8080 || port <= 8080 || len(taken) > 0 && taken[0].Addr().String() == l.Addr().String() {
					t.Errorf("it listens on %s and says that %d was in use", l.Addr(), moved)
				}
				taken = append(taken, l)
			}
		})
	}
}

func TestServeSaysWhereItReallyListens(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:8080")
	if err == nil {
		defer other.Close()
	}
	for range 2 { // the second beside the first
		g := start(t, "serve", "--drain", "100ms")
		line, err := g.out.ReadString('\n')
		if err != nil || !strings.Contains(line, "port 8080 is in use by another program") || strings.HasSuffix(g.url, ":8080") {
			t.Errorf("it said %s and %q (%v)", g.url, line, err)
		}
		if code, body := get(t, g.url+"/healthz"); code != 200 || body != "ok\n" {
			t.Errorf("what it printed is answered with %d %q", code, body)
		}
	}
}

func TestAnAddressThatCannotBeHadIsRefusedWithASentence(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for address, want := range map[string]string{
		other.Addr().String():         "another program listens there already",
		"203.0.113.7:0":               "this machine has no such address",
		"::1:8080":                    "want HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080",
		"127.0.0.1":                   "want HOST:PORT",
		"127.0.0.1:http-and-whatever": "--listen 127.0.0.1:http-and-whatever",
	} {
		_, errs, code := nextup(t, "serve", "--site-file", siteFile(t, reloadable), "--listen", address)
		if code == 0 || !strings.Contains(errs, want) {
			t.Errorf("%s: exit %d, said %q; want %q", address, code, errs, want)
		}
	}
	for err, want := range map[error]string{
		&net.DNSError{Err: "no such host", Name: "shop"}: "no machine of that name is known",
		syscall.EACCES: "choose a port from 1024 on",
		io.EOF:         "--listen shop:80: EOF",
	} {
		if got := listenError("--listen", "shop:80", err); !strings.Contains(got.Error(), want) || !errors.Is(got, err) {
			t.Errorf("%v became %v, want %q", err, got, want)
		}
	}
}

func TestServeRefusesWhatItCannotPromise(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"the demo's public key for strangers", []string{"--listen", "0.0.0.0:0"}, "anybody"},
		{"demo tokens for strangers", []string{"--listen", ":0", "--demo-tokens", "--site-file", "../../internal/sitefile/demo.yaml"}, "anybody"},
		{"no address", []string{"--listen", "here"}, "HOST:PORT"},
		{"durability of a memory", []string{"--listen", "127.0.0.1:0", "--durability", "disk"}, "--redis"},
		{"an unknown durability", []string{"--durability", "paper"}, "must be one of"},
		{"a Redis URL with a password that is cut off", []string{"--listen", "127.0.0.1:0", "--redis", "redis://:pass/word@127.0.0.1:1"}, "%2F"},
		{"a Redis that is none", []string{"--listen", "127.0.0.1:0", "--redis", "http://127.0.0.1"}, "redis"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, errs, code := nextup(t, append([]string{"serve"}, tt.args...)...)
			if code == 0 || !strings.Contains(errs, tt.want) {
				t.Errorf("exit %d, %q %q; want a refusal with %q", code, out, errs, tt.want)
			}
			if strings.Contains(errs, "pass/") {
				t.Errorf("it tells the password: %q", errs)
			}
		})
	}
}
