package redistest

import (
	"context"
	"fmt"
	"net"
	"testing"
)

// TakeOver waits until the replica of the i-th master has taken its place, and
// lists them so: Masters[i] is then the new one, Replicas[i] the one that failed.
func (g *Group) TakeOver(t testing.TB, i int) {
	t.Helper()
	g.AwaitMaster(t, g.Replicas[i])
	g.Masters[i], g.Replicas[i] = g.Replicas[i], g.Masters[i]
}

// Settle restarts the servers that were killed and waits until each master has a replica
// in step. On a busy machine a failover can happen without a kill, so the two servers of a
// pair may have changed roles; Settle updates Masters and Replicas to the roles of now.
func (g *Group) Settle(t testing.TB) {
	t.Helper()
	for _, s := range g.Servers() {
		select {
		case <-s.Ended():
			s.Restart(t)
		default:
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*startTimeout)
	defer cancel()
	for i := range g.Masters {
		await(ctx, t, fmt.Sprintf("%s and %s are a pair", g.Masters[i].addr, g.Replicas[i].addr), func() (bool, string) { return g.paired(ctx, i) })
	}
	for _, s := range g.Sentinels {
		awaitQuorum(ctx, t, s, len(g.Replicas))
	}
}

// paired reports whether the i-th pair is a master and its replica in step. A
// Sentinel takes its time with a master that comes back as one, so it is told
// here which master to follow.
func (g *Group) paired(ctx context.Context, i int) (bool, string) {
	a, b := g.Masters[i].role(ctx), g.Replicas[i].role(ctx)
	if len(g.Sentinels) > 0 {
		addr := g.named(ctx)
		switch addr {
		case "":
			return false, "the Sentinels do not agree"
		case g.Replicas[i].addr:
			g.Masters[i], g.Replicas[i] = g.Replicas[i], g.Masters[i]
			a, b = b, a
		}
		if a["role"] == "master" && b["role"] == "master" {
			host, port, _ := net.SplitHostPort(addr)
			client := g.Replicas[i].Client()
			defer client.Close()
			_ = client.ReplicaOf(ctx, host, port).Err() // asked for again if need be
			return false, "two masters"
		}
	} else if a["role"] == "slave" && b["role"] == "master" {
		g.Masters[i], g.Replicas[i] = g.Replicas[i], g.Masters[i]
		a, b = b, a
	}
	_, port, _ := net.SplitHostPort(g.Masters[i].addr)
	return a["role"] == "master" && b["role"] == "slave" && b["master_port"] == port && b["master_link_status"] == "up", fmt.Sprint(a, b)
}

// role is what the server says of its replication.
func (s *Server) role(ctx context.Context) map[string]string {
	client := s.Client()
	defer client.Close()
	info, err := client.InfoMap(ctx, "replication").Result()
	if err != nil {
		return map[string]string{"error": err.Error()}
	}
	return info["Replication"]
}

// named is the master that all Sentinels name, "" if they differ.
func (g *Group) named(ctx context.Context) (addr string) {
	for i, s := range g.Sentinels {
		client := s.Client()
		at, err := client.Do(ctx, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName).StringSlice()
		client.Close()
		if err != nil || len(at) != 2 {
			return ""
		}
		master := net.JoinHostPort(at[0], at[1])
		if i > 0 && master != addr {
			return ""
		}
		addr = master
	}
	return addr
}
