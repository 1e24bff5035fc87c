// Package gatewaytest starts gateways as processes of a freshly built nextup, for
// tests and measurements that look at one from outside. Each listens on the
// loopback, unless its options say otherwise, and ends with the test:
//
//	func TestMain(m *testing.M) {
//		code := m.Run()
//		gatewaytest.Discard() // the binary
//		os.Exit(code)
//	}
//
//	g := gatewaytest.Start(t, gatewaytest.Options{SiteFile: path, Node: "one"})
//	conn, err := client.Dial(ctx, g.Socket(), token, on)
package gatewaytest

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"nextup/test/process"
)

const startTimeout = 20 * time.Second

// BinaryEnv names a binary to test instead of building one.
const BinaryEnv = "NEXTUP_FAULTS_BINARY"

var built struct {
	sync.Once
	dir string
	err error
}

// Binary builds nextup once for the test binary and returns its path. Discard
// removes it again.
func Binary(t testing.TB) string {
	t.Helper()
	if path := os.Getenv(BinaryEnv); path != "" {
		return path
	}
	built.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "nextup-faults"); built.err != nil {
			return
		}
		// The module that a test belongs to may be another than nextup's own.
		root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "nextup").Output()
		if err != nil {
			built.err = fmt.Errorf("no module nextup: %w", err)
			return
		}
		out, err := exec.Command("go", "build", "-C", strings.TrimSpace(string(root)), "-o", filepath.Join(built.dir, "nextup"), "./cmd/nextup").CombinedOutput()
		if err != nil {
			built.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if built.err != nil {
		t.Fatalf("building nextup: %v", built.err)
	}
	return filepath.Join(built.dir, "nextup")
}

// Discard removes the binary that Binary built, at the end of all tests.
func Discard() {
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
}

// Options say how to start a gateway.
type Options struct {
	// Redis is its URL; empty means the memory store.
	Redis string
	// SiteFile is a path, Node a name.
	SiteFile, Node string
	// Binary is the path of another nextup than Binary's.
	Binary string
	// Listen is host:port; empty means a free port of the loopback.
	Listen string
	// Admin is host:port of a private port, where the metrics are then; empty means none.
	Admin string
	// Args follow the others on the command line; Env is added to the test's.
	Args, Env []string
	// Command makes the command that runs a program, in another network namespace
	// for one; nil means exec.Command.
	Command func(program string, args ...string) *exec.Cmd
}

// Gateway is one gateway process.
type Gateway struct {
	options Options
	binary  string
	addr    string // host:port, the same after a restart
	*process.Process
}

// Start starts a gateway, which ends with the test, and returns once it is ready.
func Start(t testing.TB, o Options) *Gateway {
	t.Helper()
	return StartAll(t, o)[0]
}

// StartAll is Start for several gateways at once.
func StartAll(t testing.TB, options ...Options) []*Gateway {
	t.Helper()
	return startAll(t, (*Gateway).Restart, options)
}

// StartListening is Start for a gateway that may never be ready.
func StartListening(t testing.TB, o Options) *Gateway {
	t.Helper()
	return startAll(t, (*Gateway).listen, []Options{o})[0]
}

func startAll(t testing.TB, start func(*Gateway) error, options []Options) []*Gateway {
	t.Helper()
	var all []*Gateway
	for _, o := range options {
		g := &Gateway{options: o, binary: o.Binary, addr: o.Listen}
		if g.binary == "" {
			g.binary = Binary(t)
		}
		if g.addr == "" {
			g.addr = "127.0.0.1:0"
		}
		all = append(all, g)
	}
	failed := make([]error, len(all))
	var starting sync.WaitGroup
	for i, g := range all {
		starting.Go(func() { failed[i] = start(g) })
	}
	starting.Wait()
	t.Cleanup(func() {
		for _, g := range all {
			if g.Process == nil {
				continue
			}
			g.Kill()
			if t.Failed() {
				t.Logf("the end of the log of %s:\n%s", g.Node(), end(g.Output(), 4<<10))
			}
		}
	})
	if err := errors.Join(failed...); err != nil {
		t.Fatal(err)
	}
	return all
}

// end is the last whole lines of a text, at most n bytes.
func end(s string, n int) string {
	if len(s) > n {
		s = s[len(s)-n:]
		_, s, _ = strings.Cut(s, "\n")
	}
	return s
}

// Replace has the next Restart start another binary.
func (g *Gateway) Replace(binary string) { g.binary = binary }

// Restart starts a gateway that has ended again on the same port, and returns
// once it is ready.
func (g *Gateway) Restart() error {
	if err := g.listen(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for g.Ready(ctx) != nil {
		select {
		case <-ctx.Done():
			g.Kill()
			return fmt.Errorf("gatewaytest: %s is not ready: %s", g.Node(), g.Output())
		case <-g.Ended():
			return fmt.Errorf("gatewaytest: %s has ended: %s", g.Node(), g.Output())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// listen starts a gateway and returns once it listens.
func (g *Gateway) listen() error {
	o := g.options
	args := []string{"serve", "--listen", g.addr, "--site-file", o.SiteFile, "--node", o.Node, "--log-level", "info"}
	if o.Redis != "" {
		args = append(args, "--redis", o.Redis)
	}
	if o.Admin != "" {
		args = append(args, "--admin", o.Admin)
	}
	command := exec.Command
	if o.Command != nil {
		command = o.Command
	}
	cmd := command(g.binary, append(args, o.Args...)...)
	cmd.Env = append(os.Environ(), o.Env...)
	p, err := process.Start(cmd)
	if err != nil {
		return err
	}
	g.Process = p
	url, err := p.Line("listening on http://", startTimeout)
	if err != nil {
		p.Kill()
		return fmt.Errorf("gatewaytest: %s does not start: %w", o.Node, err)
	}
	g.addr = url
	return nil
}

// Admin is the address of its private port, "" if it has none.
func (g *Gateway) Admin() string { return g.options.Admin }

// Address is host:port of where clients connect.
func (g *Gateway) Address() string { return g.addr }

// Node is its name.
func (g *Gateway) Node() string { return g.options.Node }

// Socket is where clients connect.
func (g *Gateway) Socket() string { return "ws://" + g.addr + "/v1/connect" }

// web closes each connection, so that a look leaves no descriptor behind.
var web = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}

func get(ctx context.Context, addr, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		return nil, err
	}
	return web.Do(req)
}

// Ready is nil when /readyz says so.
func (g *Gateway) Ready(ctx context.Context) error {
	res, err := get(ctx, g.addr, "/readyz")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(res.Body, 4<<10)) // the status says enough without it
		return fmt.Errorf("gatewaytest: %s is not ready: %s: %s", g.Node(), res.Status, why)
	}
	return nil
}

// Metrics reads /metrics: the value of each series under its name, labels and
// all, as it stands there.
func (g *Gateway) Metrics(ctx context.Context) (map[string]float64, error) {
	res, err := get(ctx, cmp.Or(g.options.Admin, g.addr), "/metrics")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	all := map[string]float64{}
	s := bufio.NewScanner(res.Body)
	for s.Scan() {
		line := s.Text()
		at := strings.LastIndexByte(line, ' ')
		if at < 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if v, err := strconv.ParseFloat(line[at+1:], 64); err == nil {
			all[line[:at]] = v
		}
	}
	return all, s.Err()
}
