package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/queue"
	"nextup/test/logtest"
	"nextup/test/redistest"
)

// withLevels runs an App that takes levels up to the highest until the test ends.
func withLevels(t *testing.T, redis string, highest queue.Level, log io.Writer) *App {
	t.Helper()
	file, err := loadSites("")
	if err != nil {
		t.Fatal(err)
	}
	app, err := NewApp(t.Context(), appConfig{
		Listen: "127.0.0.1:0", Redis: redis, File: file, Levels: queue.Levels()[:highest+1], Logger: (&serveCmd{LogLevel: "warn"}).logger(log),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = app.Close() })
	return app
}

// readyz waits until a gateway's readiness says the words, and returns its status.
func readyz(t *testing.T, app *App, words string) int {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		status, body := get(t, app.URL()+"/readyz")
		if strings.Contains(body, words) {
			return status
		}
		if time.Now().After(deadline) {
			t.Fatalf("readiness says %d %q, want %q", status, body, words)
		}
	}
}

// adminOf returns a client that writes to Redis what other gateways say.
func adminOf(t *testing.T, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	admin := redis.NewClient(options)
	t.Cleanup(func() { _ = admin.Close() })
	return admin
}

func TestALevelIsRaisedByCommandOnceAllGatewaysKnowIt(t *testing.T) {
	t.Parallel()
	url := redistest.Start(t)
	admin := adminOf(t, url)
	// older is a gateway of a release that knows no levels.
	older := func(lives bool) {
		t.Helper()
		ctx := context.Background()
		if !lives {
			if err := admin.Del(ctx, "nextup:node:older").Err(); err != nil {
				t.Fatal(err)
			}
			return
		}
		if err := admin.Set(ctx, "nextup:node:older", 1, time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
		if err := admin.HSet(ctx, "nextup:words", "older", "demo=x knows:checkpoints").Err(); err != nil {
			t.Fatal(err)
		}
	}
	command := func(code int, says string, args ...string) {
		t.Helper()
		stdout, stderr, got := nextup(t, append(append([]string{"level"}, args...), "--redis", url)...)
		if got != code || !strings.Contains(stdout+stderr, says) {
			t.Errorf("nextup level %q: exit %d, want %d and %q, printed\n%s%s", args, got, code, says, stdout, stderr)
		}
	}
	command(0, "never raised", "show")
	gateway := withLevels(t, url, queue.Newest(queue.Levels()), io.Discard)
	if status := readyz(t, gateway, "ready"); status != 200 {
		t.Errorf("readiness is %d", status)
	}
	older(true)
	command(0, "gateway older", "show")
	command(1, "too old for level 1 and would stop serving: replace them first: older", "raise", "--yes")
	older(false)
	command(1, "it was not confirmed", "raise")
	command(1, "knows levels up to", "raise", "--to", "99")
	command(1, "the site file has demo", "raise", "--site", "shop")
	command(0, "level 0  never raised", "show")
	audit := filepath.Join(t.TempDir(), "audit.jsonl")
	command(0, "site demo is at level 1", "raise", "--yes", "--audit", audit, "--by", "olga", "--reason", "all gateways are new")
	command(0, "nothing to do", "raise", "--yes", "--audit", audit)
	if told, err := os.ReadFile(audit); err != nil || strings.Count(string(told), "\n") != 1 ||
		!strings.Contains(string(told), `"site":"demo","by":"olga","role":"admin","action":"level","level":1,"reason":"all gateways are new"}`) {
		t.Errorf("the audit log has %s (%v)", told, err)
	}
	command(1, "a level is never lowered", "raise", "--to", "0", "--yes")
	command(0, "level 1  raised 20", "show")
	if status := readyz(t, gateway, "ready"); status != 200 {
		t.Errorf("readiness is %d at level 1", status)
	}

	var said logtest.Buffer
	old := withLevels(t, url, 0, &said)
	if status := readyz(t, old, "this binary is too old for the site: the site is at level 1, and the binary knows levels up to 0"); status != 503 {
		t.Errorf("readiness of a gateway that is too old is %d", status)
	}
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(said.String(), "the site is at level 1"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("its log says %s", said.String())
		}
	}
	if _, body := get(t, old.URL()+"/metrics"); !strings.Contains(body, "\nnextup_known_level 0\n") || !strings.Contains(body, "\nnextup_site_level{site=\"demo\"} 1\n") {
		t.Error("its metrics do not show both levels")
	}
}

// With Redis away the command says so in one line, without the lines of a library.
func TestLevelsSayThatRedisIsAway(t *testing.T) {
	t.Parallel()
	_, stderr, code := nextup(t, "level", "show", "--redis", "redis://127.0.0.1:1")
	if code != 1 || !strings.HasPrefix(stderr, "nextup: redis does not answer") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit %d, it says %q", code, stderr)
	}
}

// A level is raised only by the word yes.
func TestALevelIsNotRaisedByAnythingButYes(t *testing.T) {
	t.Parallel()
	url := redistest.Start(t)
	for _, answer := range []string{"", "\n", "y\n", "no\n", "yes\n"} {
		var out strings.Builder
		err := (&levelRaiseCmd{levelFlags: levelFlags{Redis: url}, To: -1, Durability: "memory"}).raise(&out, strings.NewReader(answer))
		if (err == nil) != (answer == "yes\n") {
			t.Errorf("answered %q: %v\n%s", answer, err, &out)
		}
	}
}

// once calls do at the first read or write that has the words.
type once struct {
	strings.Builder
	answer *strings.Reader
	words  string
	do     func()
}

func (o *once) see(text []byte) {
	if strings.Contains(string(text), o.words) && o.do != nil {
		o.do()
		o.do = nil
	}
}

func (o *once) Write(p []byte) (int, error) {
	o.see(p)
	return o.Builder.Write(p)
}

func (o *once) Read(p []byte) (int, error) {
	n, err := o.answer.Read(p)
	o.see(p[:n])
	return n, err
}

// A gateway of the last release that the first look did not see keeps a level from being
// raised: one that starts while the operator is asked, and one whose word was gone.
func TestALevelIsNotRaisedBesideAGatewayThatWasOutOfSight(t *testing.T) {
	t.Parallel()
	for name, words := range map[string]string{"it comes before the answer": "yes", "it says again what it knows": "Looking for gateways again"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := redistest.Start(t)
			admin := adminOf(t, url)
			terminal := &once{answer: strings.NewReader("yes\n"), words: words, do: func() {
				if err := errors.Join(
					admin.Set(t.Context(), "nextup:node:older", 1, time.Hour).Err(), admin.HSet(t.Context(), "nextup:words", "older", "demo=x").Err(),
				); err != nil {
					t.Error(err)
				}
			}}
			err := (&levelRaiseCmd{levelFlags: levelFlags{Redis: url}, To: -1, Durability: "memory"}).raise(terminal, terminal)
			if err == nil || !strings.Contains(err.Error(), "replace them first: older") || terminal.do != nil {
				t.Errorf("%v\n%s", err, terminal.String())
			}
		})
	}
}

// The page on upgrades lists what each level brings, as the binary does.
func TestThePageOnUpgradesListsTheLevels(t *testing.T) {
	page, err := os.ReadFile("../../docs/upgrades.md")
	if err != nil {
		t.Fatal(err)
	}
	for level, spec := range queue.Levels() {
		if row := fmt.Sprintf("\n| %d | %s |\n", level, strings.Join(spec.Brings, "; ")); !strings.Contains(string(page), row) {
			t.Errorf("it lacks the row %q", row)
		}
	}
}
