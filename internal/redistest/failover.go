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

// Rejoin brings back a server that failed, as the replica of the i-th master, and
// returns once it is in step. One that was killed is started again; one that was
// frozen is thawed by the caller before.
func (g *Group) Rejoin(t testing.TB, i int) {
	t.Helper()
	s := g.Replicas[i]
	select {
	case <-s.Ended():
		s.Restart(t)
	default:
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*startTimeout)
	defer cancel()
	client := s.Client()
	defer client.Close()
	host, port, _ := net.SplitHostPort(g.Masters[i].addr)
	if len(g.Sentinels) > 0 { // they would do so too, some seconds later
		if err := client.ReplicaOf(ctx, host, port).Err(); err != nil {
			t.Fatalf("%s as a replica of %s: %v", s.addr, g.Masters[i].addr, err)
		}
	}
	await(ctx, t, s.addr+" is a replica in step", func() (bool, string) {
		info, err := client.InfoMap(ctx, "replication").Result()
		if err != nil {
			return false, err.Error()
		}
		r := info["Replication"]
		return r["role"] == "slave" && r["master_port"] == port && r["master_link_status"] == "up", fmt.Sprint(r)
	})
	for _, sentinel := range g.Sentinels {
		awaitQuorum(ctx, t, sentinel)
	}
}
