package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/internal/eventlog/redislog"
	"nextup/internal/traffic"
	"nextup/test/logtest"
	"nextup/test/redistest"
)

func newApp(t testing.TB, redis string) *App {
	t.Helper()
	file, err := loadSites("")
	if err != nil {
		t.Fatal(err)
	}
	app, err := NewApp(t.Context(), appConfig{
		Listen: "127.0.0.1:0", Redis: redis, File: file, DemoTokens: true,
		Pages:  map[string][]byte{"visitor.html": []byte("the visitor page")},
		Logger: (&serveCmd{LogLevel: "error"}).logger(io.Discard),
	})
	if err != nil {
		t.Fatal(err)
	}
	return app
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// token asks the demo's own mint.
func mint(t *testing.T, app *App, query string) string {
	t.Helper()
	code, body := get(t, app.URL()+"/demo/token?"+query)
	if code != http.StatusOK {
		t.Fatalf("minting: %d %s", code, body)
	}
	return strings.TrimSuffix(strings.TrimPrefix(body, `{"token":"`), `"}`)
}

// [http-2] [http-3] [http-4]
func TestOneProcessRunsTheAppTwiceAndLeavesNothing(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	first, second := newApp(t, ""), newApp(t, "")
	if first.URL() == second.URL() {
		t.Error("both listen on the same port")
	}
	for _, app := range []*App{first, second} {
		for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ready", "/metrics": "nextup_connections", "/visitor.html": "the visitor page"} {
			if code, body := get(t, app.URL()+path); code != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("%s: %d %q, want %q", path, code, body, want)
			}
		}
		if code, body := get(t, app.URL()+"/demo/token?role=visitor"); code != http.StatusBadRequest || !strings.Contains(body, "message") {
			t.Errorf("a token for nobody: %d %s", code, body)
		}
	}
	conn, err := client.Dial(t.Context(), socketURL(first.URL()), mint(t, first, "role=visitor&sub=v&languages=zh"), func(protocol.ServerFrame) {})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Join(t.Context(), "support"); err != nil {
		t.Error(err)
	}
	for _, app := range []*App{first, second} {
		if err := app.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	}
	<-conn.Done()
	if websocket.CloseStatus(conn.Err()) != websocket.StatusServiceRestart {
		t.Errorf("a client of a gateway that goes hears %v, want 1012", conn.Err())
	}
}

func TestWhatBeganIsEndedWhenTheAppCannotStart(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	file, err := loadSites("")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]appConfig{
		"an address that is none": {Listen: "nowhere:-1", File: file},
		"a Redis that is not":     {Listen: "127.0.0.1:0", File: file, Redis: "redis://127.0.0.1:1"},
		"an address of no Redis":  {Listen: "127.0.0.1:0", File: file, Redis: "http://127.0.0.1:1"},
	} {
		c.Logger = (&serveCmd{LogLevel: "error"}).logger(io.Discard)
		ctx, told := context.WithCancel(t.Context())
		if name == "a Redis that is not" { // it is waited for until the process is told to end
			time.AfterFunc(100*time.Millisecond, told)
		}
		app, err := NewApp(ctx, c)
		if told(); err == nil {
			t.Errorf("%s: started", name)
			_ = app.Close()
		}
	}
}

// The order in which an operator starts things does not matter: a gateway before its Redis
// lives, tells why it is not ready, and gets ready.
func TestAGatewayThatIsStartedBeforeItsRedisWaitsForIt(t *testing.T) {
	file, err := loadSites("")
	if err != nil {
		t.Fatal(err)
	}
	server := redistest.StartServer(t)
	server.Kill()
	reserved, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := reserved.Addr().String()
	_ = reserved.Close()
	logs := &logtest.Buffer{}
	var app *App
	started := make(chan error, 1)
	go func() {
		var err error
		app, err = NewApp(t.Context(), appConfig{Listen: at, Redis: server.URL(), File: file, DemoTokens: true, Logger: (&serveCmd{LogLevel: "warn"}).logger(logs)})
		started <- err
	}()
	until := func(path string, want ...string) {
		t.Helper()
		for deadline := time.After(20 * time.Second); ; {
			res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get("http://" + at + path)
			body := []byte{}
			if err == nil {
				body, _ = io.ReadAll(res.Body)
				_ = res.Body.Close()
			}
			if err == nil && !slices.ContainsFunc(want, func(w string) bool { return !strings.Contains(fmt.Sprint(res.StatusCode)+" "+string(body), w) }) {
				return
			}
			select {
			case <-time.After(20 * time.Millisecond):
			case <-deadline:
				t.Fatalf("%s answers %q (%v), want %q", path, body, err, want)
			}
		}
	}
	until("/healthz", "200 ok")
	until("/readyz", "503", "the gateway starts", "connection refused")
	until("/metrics", "200", "nextup_ready 0\n", "nextup_build_info{")
	until("/v1/connect", "503", "come back")
	if !strings.Contains(logs.String(), "Redis cannot be reached") {
		t.Errorf("the log says %q", logs)
	}
	server.Restart(t)
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	until("/readyz", "200 ready")
	until("/metrics", "nextup_ready 1\n")
	if err := app.Close(); err != nil {
		t.Error(err)
	}
}

// What Redis cannot promise is said at the start and by /readyz, in a sentence, and
// once in the log and not a thousand times.
func TestReadinessSaysWhatRedisCannotPromise(t *testing.T) {
	for name, row := range map[string]struct {
		durability redislog.Durability
		args       []string
		want       string
	}{
		"replica without a replica": {durability: redislog.Replica, want: "no replica of Redis is in step"},
		"a full Redis":              {args: []string{"--maxmemory", "1", "--maxmemory-policy", "noeviction"}, want: "the log is full, so joins and messages are refused, and only leaving and closing work"},
		"too few replicas":          {args: []string{"--min-replicas-to-write", "1"}, want: "NOREPLICAS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, err := loadSites("")
			if err != nil {
				t.Fatal(err)
			}
			logs := &logtest.Buffer{}
			app, err := NewApp(t.Context(), appConfig{
				Listen: "127.0.0.1:0", Redis: redistest.Start(t, row.args...), Durability: row.durability, File: file,
				Logger: (&serveCmd{LogLevel: "warn"}).logger(logs),
			})
			if err != nil {
				t.Fatal(err)
			}
			defer app.Close()
			ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
			defer stop()
			for said := ""; !strings.Contains(said, row.want); {
				var code int
				if code, said = get(t, app.URL()+"/readyz"); code != http.StatusServiceUnavailable {
					t.Fatalf("ready, with %d %q", code, said)
				}
				if ctx.Err() != nil {
					t.Fatalf("/readyz says %q, want %q", said, row.want)
				}
			}
			for !strings.Contains(logs.String(), row.want) {
				if ctx.Err() != nil {
					t.Fatalf("the log says %q, want %q", logs.String(), row.want)
				}
				runtime.Gosched()
			}
			if n := strings.Count(logs.String(), row.want); n > 2 { // once of the site, once of the lease
				t.Errorf("it is logged %d times: %s", n, logs.String())
			}
		})
	}
}

// Simulated people find an agent through the public protocol, over two gateways
// on a real Redis.
func TestTrafficIsServed(t *testing.T) {
	url := redistest.As(t, redistest.Start(t), redislog.ACL())
	one, two := newApp(t, url), newApp(t, url)
	defer one.Close()
	defer two.Close()
	file, err := loadSites("")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := Keys(file.Sites[0])
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	done := make(chan error, 1)
	go func() {
		done <- traffic.Run(ctx, traffic.Options{
			Targets: []string{socketURL(one.URL()), socketURL(two.URL())}, Token: demoSigner(keys, "demo"),
			Visitors: 12, Agents: 4, Pace: 60, Wishes: wishesOf(file.Sites[0])[:2], Seed: 7,
		})
	}()
	for ctx.Err() == nil {
		_, a := get(t, one.URL()+"/metrics")
		_, b := get(t, two.URL()+"/metrics")
		if strings.Contains(a+b, `cause="closed"`) && strings.Contains(a+b, `role="agent"`) {
			break
		}
	}
	if ctx.Err() != nil {
		t.Error("nobody was served and no agent wrote anything")
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
