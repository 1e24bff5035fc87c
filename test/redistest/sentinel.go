package redistest

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// masterName is what the Sentinels call the group.
const masterName = "nextup"

// Sentinel runs a master, a replica and three Sentinels, who replace a master
// that is gone for a second, until the test ends.
func Sentinel(t testing.TB, args ...string) *Group {
	t.Helper()
	return SentinelOn(t, Host{}, Host{}, 1, args...)
}

// SentinelOn is Sentinel with the master on a host of its own, and the replicas,
// as many as are asked for, beside the Sentinels on another.
func SentinelOn(t testing.TB, alone, others Host, replicas int, args ...string) *Group {
	t.Helper()
	args = append([]string{"--repl-diskless-sync-delay", "0"}, args...)
	master := startOn(t, alone, args...)
	host, port, _ := net.SplitHostPort(master.addr)
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	g := &Group{Masters: []*Server{master}}
	for range replicas {
		replica := startOn(t, others, append(args, "--replicaof", host+" "+port)...)
		awaitReplica(ctx, t, replica)
		g.Replicas = append(g.Replicas, replica)
	}
	var addrs []string
	for range 3 {
		s := startSentinel(t, others, host, port)
		g.Sentinels = append(g.Sentinels, s)
		addrs = append(addrs, s.addr)
	}
	for _, s := range g.Sentinels {
		awaitQuorum(ctx, t, s, replicas)
	}
	g.URL = "redis+sentinel://" + masterName + "@" + strings.Join(addrs, ",")
	return g
}

// startSentinel runs one Sentinel. It writes what it learns into its
// configuration, so it gets a file of its own.
func startSentinel(t testing.TB, on Host, host, port string) *Server {
	t.Helper()
	path := require(t)
	for range 5 {
		own := freePorts(t, 1)[0]
		dir := t.TempDir()
		config := filepath.Join(dir, "sentinel.conf")
		text := fmt.Sprintf(`bind %s
protected-mode no
port %s
dir %s
sentinel monitor %[4]s %s %s 2
sentinel down-after-milliseconds %[4]s 1000
sentinel failover-timeout %[4]s 5000
sentinel parallel-syncs %[4]s 1
`, on.ip(), own, dir, masterName, host, port)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s := &Server{addr: net.JoinHostPort(on.ip(), own), line: []string{path, config, "--sentinel"}, host: on}
		if s.launch(t) {
			t.Cleanup(s.stop)
			return s
		}
		t.Logf("a Sentinel did not start: %s", s.Output())
	}
	t.Fatal("a Sentinel does not start")
	return nil
}

// awaitQuorum waits until a Sentinel knows the two others and the replica:
// before that it cannot lead a failover.
func awaitQuorum(ctx context.Context, t testing.TB, s *Server, replicas int) {
	t.Helper()
	client := s.Client()
	defer client.Close()
	await(ctx, t, s.addr+" knows its group", func() (bool, string) {
		facts, err := client.Do(ctx, "SENTINEL", "MASTER", masterName).StringSlice()
		if err != nil {
			return false, err.Error()
		}
		known := map[string]string{}
		for i := 0; i+1 < len(facts); i += 2 {
			known[facts[i]] = facts[i+1]
		}
		return known["num-slaves"] == strconv.Itoa(replicas) && known["num-other-sentinels"] == "2" && known["flags"] == "master", fmt.Sprint(known)
	})
}

// AwaitMaster waits until the server has become a master and every Sentinel says
// so. Before that, a master that comes back empty could be taken for the group's.
func (g *Group) AwaitMaster(t testing.TB, s *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*startTimeout)
	defer cancel()
	client := s.Client()
	defer client.Close()
	await(ctx, t, s.addr+" is the master", func() (bool, string) {
		info, err := client.InfoMap(ctx, "replication").Result()
		if err != nil {
			return false, err.Error()
		}
		return info["Replication"]["role"] == "master", fmt.Sprint(info["Replication"])
	})
	for _, sentinel := range g.Sentinels {
		client := sentinel.Client()
		await(ctx, t, sentinel.addr+" names the new master", func() (bool, string) {
			at, err := client.Do(ctx, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName).StringSlice()
			if err != nil || len(at) != 2 {
				return false, fmt.Sprint(at, err)
			}
			return net.JoinHostPort(at[0], at[1]) == s.addr, fmt.Sprint(at)
		})
		client.Close()
	}
}

// AwaitAnotherMaster waits until every Sentinel names another master than the
// first, which is one, and returns it.
func (g *Group) AwaitAnotherMaster(t testing.TB) *Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*startTimeout)
	defer cancel()
	var found *Server
	await(ctx, t, "there is another master than "+g.Masters[0].addr, func() (bool, string) {
		addr := g.named(ctx)
		for _, r := range g.Replicas {
			if r.addr == addr && r.role(ctx)["role"] == "master" {
				found = r
			}
		}
		return found != nil, addr
	})
	return found
}

// AwaitReplica waits until the server follows a master and is in step.
func (g *Group) AwaitReplica(t testing.TB, s *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*startTimeout)
	defer cancel()
	awaitReplica(ctx, t, s)
}
