package redistest

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"
)

const (
	masters = 3
	slots   = 16384
)

func startCluster(t testing.TB, dir func() string) []*server {
	t.Helper()
	servers := make([]*server, masters)
	for i := range servers {
		servers[i] = startServer(t, dir(), "--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
	}
	ok := false
	defer func() {
		if !ok {
			for _, s := range servers {
				s.stop()
			}
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	first := servers[0].client()
	defer first.Close()
	for i, s := range servers {
		client := s.client()
		defer client.Close()
		if err := client.ClusterAddSlotsRange(ctx, i*slots/masters, (i+1)*slots/masters-1).Err(); err != nil {
			t.Fatalf("slots of %s: %v", s.addr, err)
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
		awaitWhole(ctx, t, s)
	}
	ok = true
	return servers
}

// awaitWhole waits until the node knows all others and all slots.
func awaitWhole(ctx context.Context, t testing.TB, s *server) {
	t.Helper()
	client := s.client()
	defer client.Close()
	for {
		info, err := client.ClusterInfo(ctx).Result()
		if err == nil && strings.Contains(info, "cluster_state:ok") &&
			strings.Contains(info, "cluster_known_nodes:3") && strings.Contains(info, "cluster_size:3") {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s is no part of a whole Cluster: %v\n%s", s.addr, err, info)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func clusterURL(servers []*server) string {
	addrs := make([]string, len(servers))
	for i, s := range servers {
		addrs[i] = s.addr
	}
	return "redis+cluster://" + strings.Join(addrs, ",")
}
