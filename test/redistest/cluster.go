package redistest

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
)

const (
	masters = 3
	slots   = 16384
)

// Group is several servers that stand for each other.
type Group struct {
	// URL is how a client finds the group.
	URL string
	// Masters and Replicas begin in these roles; Replicas[i] follows Masters[i].
	Masters, Replicas []*Server
	// Sentinels watch a group of one master; a Cluster has none.
	Sentinels []*Server
}

// Servers are the masters and the replicas.
func (g *Group) Servers() []*Server {
	return append(append([]*Server(nil), g.Masters...), g.Replicas...)
}

// ReplicatedCluster runs a Cluster of three masters with a replica each until the
// test ends. A master that is gone for a second is replaced.
func ReplicatedCluster(t testing.TB) *Group {
	t.Helper()
	// Without the immediate diskless sync a replica is not in step for its first
	// five seconds, and a master that is killed meanwhile never fails over.
	servers := startCluster(t, 2*masters, t.TempDir, "--repl-diskless-sync-delay", "0", "--cluster-node-timeout", "1000")
	for _, s := range servers {
		t.Cleanup(s.stop)
	}
	return &Group{URL: clusterURL(servers), Masters: servers[:masters], Replicas: servers[masters:]}
}

// startCluster runs n servers: three masters, and as many replicas as are left.
func startCluster(t testing.TB, n int, dir func() string, args ...string) []*Server {
	t.Helper()
	servers := make([]*Server, n)
	ok := false
	defer func() {
		for _, s := range servers {
			if !ok && s != nil {
				s.stop()
			}
		}
	}()
	for i := range servers {
		servers[i] = startServer(t, dir(), append([]string{"--cluster-enabled", "yes", "--cluster-node-timeout", "2000"}, args...)...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	first := servers[0].Client()
	defer first.Close()
	for i, s := range servers {
		if i < masters {
			client := s.Client()
			err := client.ClusterAddSlotsRange(ctx, i*slots/masters, (i+1)*slots/masters-1).Err()
			client.Close()
			if err != nil {
				t.Fatalf("slots of %s: %v", s.addr, err)
			}
		}
		if i == 0 {
			continue
		}
		host, port, _ := net.SplitHostPort(s.addr)
		if err := first.Do(ctx, "CLUSTER", "MEET", host, port, s.bus).Err(); err != nil {
			t.Fatalf("meet %s: %v", s.addr, err)
		}
	}
	for _, s := range servers {
		awaitWhole(ctx, t, s, n)
	}
	for i, s := range servers[masters:] {
		replicate(ctx, t, s, servers[i])
	}
	ok = true
	return servers
}

// replicate makes s a replica of the master and waits until it is in step.
func replicate(ctx context.Context, t testing.TB, s, master *Server) {
	t.Helper()
	to, from := master.Client(), s.Client()
	defer to.Close()
	defer from.Close()
	id, err := to.ClusterMyID(ctx).Result()
	if err == nil {
		err = from.ClusterReplicate(ctx, id).Err()
	}
	if err != nil {
		t.Fatalf("%s as a replica of %s: %v", s.addr, master.addr, err)
	}
	awaitReplica(ctx, t, s)
}

// awaitWhole waits until the node knows all others and all slots.
func awaitWhole(ctx context.Context, t testing.TB, s *Server, n int) {
	t.Helper()
	client := s.Client()
	defer client.Close()
	await(ctx, t, s.addr+" is part of a whole Cluster", func() (bool, string) {
		info, err := client.ClusterInfo(ctx).Result()
		if err != nil {
			return false, err.Error()
		}
		for _, want := range []string{"cluster_state:ok", fmt.Sprint("cluster_known_nodes:", n), fmt.Sprint("cluster_size:", masters)} {
			if !strings.Contains(info, want+"\r\n") {
				return false, info
			}
		}
		return true, ""
	})
}

func clusterURL(servers []*Server) string {
	addrs := make([]string, len(servers))
	for i, s := range servers {
		addrs[i] = s.addr
	}
	return "redis+cluster://" + strings.Join(addrs, ",")
}
