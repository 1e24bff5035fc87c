// Package setup starts what a fault is done to: gateways as processes of a
// freshly built nextup, a proxy in front of Redis that delays, cuts and
// swallows, and hosts in network namespaces that can be parted. The Redis
// servers themselves come from package redistest. Everything listens on the
// loopback or inside its own namespace and ends with the test.
package setup

import (
	"bufio"
	"context"
	"fmt"
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
		out, err := exec.Command("go", "build", "-o", filepath.Join(built.dir, "nextup"), "nextup/cmd/nextup").CombinedOutput()
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

// GatewayOptions say how to start a gateway.
type GatewayOptions struct {
	// Redis is its URL; empty means the memory store.
	Redis string
	// SiteFile is a path, Node a name.
	SiteFile, Node string
	// Binary is the path of another nextup than Binary's.
	Binary string
	// Listen is host:port; empty means a free port of the loopback.
	Listen string
	// Args follow the others on the command line; Env is added to the test's.
	Args, Env []string
	// Host runs it in a network namespace.
	Host *Host
}

// Gateway is one gateway process.
type Gateway struct {
	options GatewayOptions
	binary  string
	addr    string // host:port, the same after a restart
	*process.Process
}

// StartGateway starts a gateway, which ends with the test, and returns once it
// is ready.
func StartGateway(t testing.TB, o GatewayOptions) *Gateway {
	t.Helper()
	g := &Gateway{options: o, binary: o.Binary, addr: o.Listen}
	if g.binary == "" {
		g.binary = Binary(t)
	}
	if g.addr == "" {
		g.addr = "127.0.0.1:0"
	}
	if err := g.Restart(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		g.Kill()
		if t.Failed() {
			t.Logf("the end of the log of %s:\n%s", o.Node, end(g.Output(), 4<<10))
		}
	})
	return g
}

// end is the last whole lines of a text, at most n bytes.
func end(s string, n int) string {
	if len(s) > n {
		s = s[len(s)-n:]
		_, s, _ = strings.Cut(s, "\n")
	}
	return s
}

// Restart starts a gateway that has ended again on the same port, and returns
// once it is ready.
func (g *Gateway) Restart() error {
	o := g.options
	args := []string{"serve", "--listen", g.addr, "--site-file", o.SiteFile, "--node", o.Node, "--log-level", "info"}
	if o.Redis != "" {
		args = append(args, "--redis", o.Redis)
	}
	cmd := o.Host.Command(g.binary, append(args, o.Args...)...)
	cmd.Env = append(os.Environ(), o.Env...)
	p, err := process.Start(cmd)
	if err != nil {
		return err
	}
	g.Process = p
	url, err := p.Line("listening on http://", startTimeout)
	if err != nil {
		p.Kill()
		return fmt.Errorf("setup: %s does not start: %w", o.Node, err)
	}
	g.addr = url
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for g.Ready(ctx) != nil {
		select {
		case <-ctx.Done():
			p.Kill()
			return fmt.Errorf("setup: %s is not ready: %s", o.Node, p.Output())
		case <-p.Ended():
			return fmt.Errorf("setup: %s has ended: %s", o.Node, p.Output())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// Node is its name.
func (g *Gateway) Node() string { return g.options.Node }

// Socket is where clients connect.
func (g *Gateway) Socket() string { return "ws://" + g.addr + "/v1/connect" }

// web closes each connection, so that a look leaves no descriptor behind.
var web = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}

func (g *Gateway) get(ctx context.Context, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+g.addr+path, nil)
	if err != nil {
		return nil, err
	}
	return web.Do(req)
}

// Ready is nil when /readyz says so.
func (g *Gateway) Ready(ctx context.Context) error {
	res, err := g.get(ctx, "/readyz")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("setup: %s is not ready: %s", g.Node(), res.Status)
	}
	return nil
}

// Metrics reads /metrics: the value of each series under its name, labels and
// all, as it stands there.
func (g *Gateway) Metrics(ctx context.Context) (map[string]float64, error) {
	res, err := g.get(ctx, "/metrics")
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
