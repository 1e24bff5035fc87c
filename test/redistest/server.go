package redistest

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/test/process"
)

const startTimeout = 15 * time.Second

// Host is where a server runs. The zero Host is the loopback.
type Host struct {
	// IP is what the server listens on.
	IP string
	// Command makes a command that runs there.
	Command func(program string, args ...string) *exec.Cmd
}

func (h Host) ip() string {
	if h.IP == "" {
		return "127.0.0.1"
	}
	return h.IP
}

func (h Host) command(line []string) *exec.Cmd {
	if h.Command == nil {
		return exec.Command(line[0], line[1:]...)
	}
	return h.Command(line[0], line[1:]...)
}

// Server is one redis-server process, which a test can kill, freeze and start
// again on the same port with what is in its folder.
type Server struct {
	addr string
	bus  string // the Cluster's bus port
	dir  string
	line []string
	host Host
	*process.Process
}

// StartServer runs a server until the test ends. Arguments are added to the
// server's command line; without any it persists nothing.
func StartServer(t testing.TB, args ...string) *Server {
	t.Helper()
	return startOn(t, Host{}, args...)
}

func startOn(t testing.TB, host Host, args ...string) *Server {
	t.Helper()
	s := startServerOn(t, host, t.TempDir(), args...)
	t.Cleanup(s.stop)
	return s
}

// startServer runs a server on free ports. A port that was taken meanwhile
// ends the server at once, and then others are tried.
func startServer(t testing.TB, dir string, args ...string) *Server {
	t.Helper()
	return startServerOn(t, Host{}, dir, args...)
}

func startServerOn(t testing.TB, host Host, dir string, args ...string) *Server {
	t.Helper()
	path := require(t)
	for range 5 {
		ports := freePorts(t, 2)
		s := &Server{addr: net.JoinHostPort(host.ip(), ports[0]), bus: ports[1], dir: dir, host: host}
		s.line = append([]string{
			path, "--bind", host.ip(), "--protected-mode", "no", "--port", ports[0], "--cluster-port", ports[1],
			"--save", "", "--appendonly", "no", "--dir", dir, "--daemonize", "no",
		}, args...)
		if s.launch(t) {
			return s
		}
		t.Logf("redis-server did not start: %s", s.Output())
	}
	t.Fatal("redis-server does not start")
	return nil
}

// launch starts the process and waits until it answers; false says that it
// ended or never did.
func (s *Server) launch(t testing.TB) bool {
	t.Helper()
	p, err := process.Start(s.host.command(s.line))
	if err != nil {
		t.Fatal(err)
	}
	s.Process = p
	if s.answers() {
		return true
	}
	s.Kill()
	return false
}

// Restart starts a server that has ended again, on its port and with its data,
// and returns once it answers. Its append-only file is repaired first, as it should
// be anywhere: Redis 7.0 drops a transaction that was cut off in the middle, but
// leaves its beginning in the file, and what is written after it is lost at the
// next start.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if check, err := exec.LookPath("redis-check-aof"); err == nil && s.dir != "" {
		for _, manifest := range glob(filepath.Join(s.dir, "appendonlydir", "*.manifest")) {
			cmd := s.host.command([]string{check, "--fix", manifest})
			cmd.Stdin = strings.NewReader("y\n")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Logf("repairing the append-only file: %v: %s", err, out)
			}
		}
	}
	if !s.launch(t) {
		t.Fatalf("redis-server does not start again: %s", s.Output())
	}
}

func glob(pattern string) []string {
	found, _ := filepath.Glob(pattern) // the pattern is well formed
	return found
}

// Addr is host:port.
func (s *Server) Addr() string { return s.addr }

// URL is redis://host:port.
func (s *Server) URL() string { return "redis://" + s.addr }

// Client connects to this very server. It repeats nothing by itself.
func (s *Server) Client() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: s.addr, Protocol: 2, MaxRetries: -1, DialerRetries: 1})
}

func (s *Server) stop() { s.Kill() }

// answers waits until the server answers a PING with its data loaded, or says
// that it ended.
func (s *Server) answers() bool {
	client := s.Client()
	defer client.Close()
	deadline := time.After(startTimeout)
	for {
		select {
		case <-s.Ended():
			return false
		case <-deadline:
			return false
		case <-time.After(5 * time.Millisecond):
		}
		// Without a listener go-redis would only log.
		conn, err := net.Dial("tcp", s.addr)
		if err != nil {
			continue
		}
		conn.Close()
		if client.Ping(context.Background()).Err() == nil {
			return true
		}
	}
}

// await asks until ok says yes, and fails the test with what was there last.
func await(ctx context.Context, t testing.TB, what string, ok func() (bool, string)) {
	t.Helper()
	for {
		done, seen := ok()
		if done {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within %v; last seen: %s", what, startTimeout, seen)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// awaitReplica waits until a replica has its master's data and follows it.
func awaitReplica(ctx context.Context, t testing.TB, s *Server) {
	t.Helper()
	client := s.Client()
	defer client.Close()
	await(ctx, t, s.addr+" follows its master", func() (bool, string) {
		info, err := client.InfoMap(ctx, "replication").Result()
		if err != nil {
			return false, err.Error()
		}
		return info["Replication"]["master_link_status"] == "up", fmt.Sprint(info["Replication"])
	})
}

// freePorts returns ports on which nothing listens, held together so that they
// differ.
func freePorts(t testing.TB, n int) []string {
	t.Helper()
	ports := make([]string, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports[i] = strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}
