// Package cluster starts what a run needs when it is not given a target: Redis,
// three gateways on a site made for load, and in front of them, where a scenario
// cuts sockets, a proxy that can. Everything listens on the loopback and ends with
// this process, however it ends.
//
//	c, err := cluster.Start(ctx, cluster.Options{Binary: "nextup"})
//	defer c.Close()
//	fmt.Println(c.Targets())
package cluster

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"nextup/test/process"
)

const startTimeout = 20 * time.Second

// Gateways is the number of gateways of a cluster, unless Options say another.
const Gateways = 3

// The site's rules that the scripts must know.
const (
	Site         = "load"
	KeyID        = "load"
	VisitorGrace = 60 * time.Second
	AgentGrace   = 5 * time.Second
)

// Cluster is Redis and its gateways.
type Cluster struct {
	Redis    string // its URL
	Secret   string // of the site's key, made for this run alone
	dir      string
	binary   string
	redis    *process.Process
	gateways []*process.Process
	addrs    []string
	proxies  []*Proxy
}

// Options tune a Cluster.
type Options struct {
	// Binary is nextup; Wrapped is set when sockets must be cut.
	Binary  string
	Wrapped bool
	// Gateways, the site's retention and the places of an agent; 0 for Gateways, 1h and 3.
	Gateways  int
	Retention time.Duration
	Places    int
}

// Start starts everything and returns once all gateways are ready. When a part fails
// it ends those that it has started.
func Start(ctx context.Context, o Options) (s *Cluster, err error) {
	n := cmp.Or(o.Gateways, Gateways)
	s = &Cluster{binary: o.Binary, gateways: make([]*process.Process, n), addrs: make([]string, n), proxies: make([]*Proxy, n)}
	begun := s // a failure returns nil
	defer func() {
		if err != nil {
			begun.Close()
		}
	}()
	if s.dir, err = os.MkdirTemp("", "nextup-load"); err != nil {
		return nil, err
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	s.Secret = hex.EncodeToString(secret)
	if err := os.WriteFile(filepath.Join(s.dir, "site.yaml"), []byte(siteFile(s.Secret, cmp.Or(o.Retention, time.Hour), cmp.Or(o.Places, 3))), 0o600); err != nil {
		return nil, err
	}
	if err := s.startRedis(ctx); err != nil {
		return nil, err
	}
	for i := range s.gateways {
		s.addrs[i] = "127.0.0.1:0"
		if err := s.startGateway(ctx, i); err != nil {
			return nil, err
		}
		if o.Wrapped {
			if s.proxies[i], err = NewProxy(ctx, s.addrs[i]); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// siteFile returns a site whose limits are wide enough for all clients to come from
// one address, and whose times are the defaults but for the agents' grace.
func siteFile(secret string, retention time.Duration, places int) string {
	return fmt.Sprintf(`sites:
  - id: %s
    languages: [zh, en, es, ja, ko]
    departments:
      - {id: support, queue_limit: 100000}
      - {id: trading, queue_limit: 100000, languages: [zh, en, ja]}
    agents: {defaults: {capacity: %d}}
    grace: {visitor: %s, agent: %s}
    retention: %s
    limits: {conns_per_address: 20000, tickets_per_visitor: 1000000, outgoing_buffer: 256KiB}
    keys:
      - {id: %s, algorithm: HS256, secret: %q, roles: [visitor, agent, supervisor]}
`, Site, places, VisitorGrace, AgentGrace, retention, KeyID, secret)
}

func (s *Cluster) startRedis(ctx context.Context) error {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return errors.New("redis-server is not installed: install it, or give TARGET")
	}
	for range 5 {
		port, err := freePort(ctx)
		if err != nil {
			return err
		}
		//nolint:noctx // it lives until Close
		s.redis, err = process.Start(exec.Command(path, "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no",
			"--maxmemory-policy", "noeviction", "--dir", s.dir, "--daemonize", "no"))
		if err != nil {
			return err
		}
		s.Redis = "redis://127.0.0.1:" + port
		if answers(ctx, "127.0.0.1:"+port, s.redis) {
			return nil
		}
		s.redis.Kill()
	}
	return fmt.Errorf("redis-server does not start: %s", s.redis.Output())
}

func freePort(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

func answers(ctx context.Context, addr string, p *process.Process) bool {
	for range 250 {
		if conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr); err == nil {
			conn.Close()
			return true
		}
		select {
		case <-p.Ended():
			return false
		case <-ctx.Done():
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	return false
}

// startGateway starts gateway i on its address and returns once it is ready.
func (s *Cluster) startGateway(ctx context.Context, i int) error {
	//nolint:noctx // it lives until Close or RestartOne
	p, err := process.Start(exec.Command(s.binary, "serve", "--listen", s.addrs[i], "--redis", s.Redis,
		"--site-file", filepath.Join(s.dir, "site.yaml"), "--node", fmt.Sprintf("load-%d", i+1), "--log-level", "warn", "--hello-rate", "2000"))
	if err != nil {
		return err
	}
	s.gateways[i] = p
	if s.addrs[i], err = p.Line("listening on http://", startTimeout); err != nil {
		return fmt.Errorf("gateway %d does not start: %w", i+1, err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		if ready(ctx, s.addrs[i]) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("gateway %d is not ready: %s", i+1, p.Output())
		case <-p.Ended():
			return fmt.Errorf("gateway %d has ended: %s", i+1, p.Output())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func ready(ctx context.Context, addr string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// Targets returns the addresses at which clients connect.
func (s *Cluster) Targets() []string {
	var all []string
	for i := range s.addrs {
		if s.proxies[i] != nil {
			all = append(all, "http://"+s.proxies[i].Addr())
		} else {
			all = append(all, "http://"+s.addrs[i])
		}
	}
	return all
}

// Direct returns the gateways' own addresses, without the proxy.
func (s *Cluster) Direct() []string {
	var all []string
	for _, a := range s.addrs {
		all = append(all, "http://"+a)
	}
	return all
}

// RestartOne drains gateway i, as a rollout does, and starts it again.
func (s *Cluster) RestartOne(ctx context.Context, i int) error {
	s.gateways[i].Terminate()
	if err := s.gateways[i].Exited(30 * time.Second); err != nil {
		return fmt.Errorf("gateway %d does not leave: %w", i+1, err)
	}
	return s.startGateway(ctx, i)
}

// Cut ends every socket at once and without a close frame, and returns how many.
func (s *Cluster) Cut() (n int) {
	for _, p := range s.proxies {
		if p != nil {
			n += p.Cut()
		}
	}
	return n
}

// Logs returns the end of what the gateways logged.
func (s *Cluster) Logs() string {
	var all string
	for i, g := range s.gateways {
		if g != nil && g.Output() != "" {
			all += fmt.Sprintf("--- gateway %d\n%s\n", i+1, g.Output())
		}
	}
	return all
}

// Close ends everything.
func (s *Cluster) Close() {
	for _, p := range s.proxies {
		if p != nil {
			p.Close()
		}
	}
	for _, g := range s.gateways {
		if g != nil {
			g.Kill()
		}
	}
	if s.redis != nil {
		s.redis.Kill()
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}
