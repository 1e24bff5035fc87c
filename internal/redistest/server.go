package redistest

import (
	"bytes"
	"context"
	"net"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const startTimeout = 15 * time.Second

// server is one redis-server process.
type server struct {
	addr string
	bus  string // the Cluster's bus port
	stop func()
}

// startServer runs a server on free ports. A port that somebody took meanwhile
// ends the server at once, and then others are tried.
func startServer(t testing.TB, dir string, args ...string) *server {
	t.Helper()
	path := require(t)
	for range 5 {
		ports := freePorts(t, 2)
		line := append([]string{
			"--bind", "127.0.0.1", "--port", ports[0], "--cluster-port", ports[1],
			"--save", "", "--appendonly", "no", "--dir", dir, "--daemonize", "no",
		}, args...)
		s := &server{addr: net.JoinHostPort("127.0.0.1", ports[0]), bus: ports[1]}
		exited, output := s.launch(t, exec.Command(path, line...))
		if s.answers(t, exited) {
			return s
		}
		s.stop()
		t.Logf("redis-server did not start: %s", output.Bytes())
	}
	t.Fatal("redis-server does not start")
	return nil
}

// launch starts the process on a thread of its own that lives as long as it:
// where the system can, the process ends when that thread does, so that not even
// a test binary that is killed leaves a server behind.
func (s *server) launch(t testing.TB, cmd *exec.Cmd) (exited <-chan struct{}, output *bytes.Buffer) {
	t.Helper()
	output = new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = output, output
	endWithParent(cmd)
	ended, started := make(chan struct{}), make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // a killed process is no failure
		}
		close(ended)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	s.stop = sync.OnceFunc(func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		<-ended
	})
	return ended, output
}

// answers waits until the server answers a PING, or says that it ended.
func (s *server) answers(t testing.TB, exited <-chan struct{}) bool {
	t.Helper()
	client := s.client()
	defer client.Close()
	deadline := time.After(startTimeout)
	for {
		select {
		case <-exited:
			return false
		case <-deadline:
			return false
		case <-time.After(5 * time.Millisecond):
		}
		// Until somebody listens go-redis would only log.
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

func (s *server) client() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: s.addr, Protocol: 2, MaxRetries: -1, DialerRetries: 1})
}

// freePorts returns ports that nobody listens on, held together so that they
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
