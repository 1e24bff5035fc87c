// Package redistest runs real Redis servers for tests: on free ports of the
// loopback, ended by process id.
//
// Start and Cluster belong to one test, and so do StartServer, Sentinel and
// ReplicatedCluster, whose servers can be killed, frozen and started again. Shared and SharedCluster run once for a
// whole test binary whose TestMain calls Main; tests that share a server keep
// apart by the names of their logs.
//
// Without redis-server such tests are skipped, or fail if NEXTUP_REQUIRE_REDIS=1
// is set.
package redistest

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
)

// Start runs a server until the test ends and returns its URL. Arguments are
// added to the server's command line.
func Start(t testing.TB, args ...string) string {
	t.Helper()
	return StartServer(t, args...).URL()
}

// Cluster runs three masters that share the slots until the test ends, and
// returns their URL.
func Cluster(t testing.TB) string {
	t.Helper()
	servers := startCluster(t, masters, t.TempDir)
	for _, s := range servers {
		t.Cleanup(s.stop)
	}
	return clusterURL(servers)
}

var shared struct {
	single, cluster       sync.Once
	singleURL, clusterURL string
	mu                    sync.Mutex
	servers               []*Server
	dirs                  []string
	mainRuns              bool
}

// Main runs the tests of a binary and then stops what they shared. Use it as
//
//	func TestMain(m *testing.M) { os.Exit(redistest.Main(m)) }
func Main(m *testing.M) int {
	shared.mainRuns = true
	defer func() {
		shared.mu.Lock()
		defer shared.mu.Unlock()
		for _, s := range shared.servers {
			s.stop()
		}
		for _, d := range shared.dirs {
			_ = os.RemoveAll(d)
		}
	}()
	return m.Run()
}

// Shared returns the URL of a server that all tests of the binary share.
func Shared(t testing.TB) string {
	t.Helper()
	require(t)
	shared.single.Do(func() {
		s := startServer(t, sharedDir(t))
		keep(s)
		shared.singleURL = s.URL()
	})
	return started(t, shared.singleURL)
}

// SharedCluster returns the URL of a Cluster that all tests of the binary share.
func SharedCluster(t testing.TB) string {
	t.Helper()
	require(t)
	shared.cluster.Do(func() {
		servers := startCluster(t, masters, func() string { return sharedDir(t) })
		keep(servers...)
		shared.clusterURL = clusterURL(servers)
	})
	return started(t, shared.clusterURL)
}

func started(t testing.TB, url string) string {
	t.Helper()
	if url == "" {
		t.Fatal("the shared Redis did not start in an earlier test")
	}
	return url
}

func keep(servers ...*Server) {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	shared.servers = append(shared.servers, servers...)
}

func sharedDir(t testing.TB) string {
	t.Helper()
	if !shared.mainRuns {
		t.Fatal("a shared Redis needs a TestMain that calls redistest.Main")
	}
	dir, err := os.MkdirTemp("", "redistest")
	if err != nil {
		t.Fatal(err)
	}
	shared.mu.Lock()
	defer shared.mu.Unlock()
	shared.dirs = append(shared.dirs, dir)
	return dir
}

// require ends the test where there is no redis-server.
func require(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err == nil {
		return path
	}
	reason := fmt.Sprintf("needs redis-server (apt-get install redis-server): %v", err)
	if os.Getenv("NEXTUP_REQUIRE_REDIS") == "1" {
		t.Fatal(reason)
	}
	t.Skip(reason)
	return ""
}
