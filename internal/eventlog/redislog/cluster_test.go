package redislog_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog"
	"nextup/internal/eventlog/redislog"
	"nextup/test/redistest"
)

func TestAClusterReplacesAMasterInSeconds(t *testing.T) {
	t.Parallel()
	t.Run("killed, replica", func(t *testing.T) {
		t.Parallel()
		g := redistest.ReplicatedCluster(t)
		l := startLoad(t, g.URL, with(redislog.Replica))
		i := keeper(t, g, l.writer, l.log)
		g.Masters[i].Kill()
		promoted(t, g.Replicas[i])
		l.readsOn("reading after the failover")
		// No server is left to replicate to, until it comes back as a replica.
		g.Masters[i].Restart(t)
		inStep(t, g.Masters[i])
		l.goesOn("after the return of a replica")
		l.nothingLost()
	})
	t.Run("hung for ever, memory", func(t *testing.T) {
		t.Parallel()
		g := redistest.ReplicatedCluster(t)
		l := startLoad(t, g.URL)
		i := keeper(t, g, l.writer, l.log)
		logs, kept := make([]eventlog.Log, 30), make([]int, 30)
		for n := range logs {
			logs[n] = eventlog.Log{Name: fmt.Sprint("head", n)}
			kept[n] = keeper(t, g, l.reader, logs[n])
		}
		g.Masters[i].Freeze()
		otherHeadsAreRead(t, l.reader, logs, func(n int) bool { return kept[n] != i })
		promoted(t, g.Replicas[i])
		// A call may still be waiting for the one that hangs.
		l.goesOn("after the failover")
		l.settle()
	})
}

func TestASlotThatMovesIsFollowed(t *testing.T) {
	t.Parallel()
	g := redistest.ReplicatedCluster(t)
	b := open(t, g.URL)
	commits := func(log eventlog.Log, id string) {
		t.Helper()
		if out, err := b.Commit(t.Context(), log, one(id)); err != nil || out[0].Status != eventlog.Committed {
			t.Errorf("commit %s: %v %v", id, out, err)
		}
	}

	t.Run("while all goes on", func(t *testing.T) {
		l := startLoad(t, g.URL, with(redislog.Replica))
		m := startMove(t, g, l.writer, l.log)
		m.keys(0)
		m.end()
		l.goesOn("after the move")
		l.nothingLost()
	})
	t.Run("once its keys are gone", func(t *testing.T) {
		log := eventlog.Log{Name: "asked"}
		commits(log, "before")
		m := startMove(t, g, b, log)
		m.keys(0)
		commits(log, "between")
		m.end()
		commits(log, "after")
	})
	t.Run("while its keys are here and there", func(t *testing.T) {
		log := eventlog.Log{Name: "torn"}
		commits(log, "before")
		m := startMove(t, g, b, log)
		m.keys(2)
		done := make(chan struct{})
		go func() {
			defer close(done)
			commits(log, "between")
		}()
		select {
		case <-done:
			t.Error("it was committed to half of the keys")
		case <-time.After(200 * time.Millisecond):
		}
		m.keys(0)
		m.end()
		<-done
	})
	t.Run("and a scan that it cuts in two starts over", func(t *testing.T) {
		log, all := eventlog.Log{Name: "scanned"}, []eventlog.Commit{{ID: "c"}}
		for i := range 2000 {
			all[0].Writes = append(all[0].Writes, eventlog.Write{Name: fmt.Sprint("e", i), Body: []byte("x")})
		}
		if _, err := b.Commit(t.Context(), log, all); err != nil {
			t.Fatal(err)
		}
		_, cursor, err := b.Scan(t.Context(), log, 0)
		if err != nil || cursor == 0 {
			t.Fatalf("the first page: %d %v", cursor, err)
		}
		m := startMove(t, g, b, log)
		m.keys(0)
		m.end()
		if _, _, err := b.Scan(t.Context(), log, cursor); !errors.Is(err, eventlog.ErrUnavailable) {
			t.Errorf("the next page, from another server: %v", err)
		}
		names := map[string]bool{}
		for cursor := uint64(0); ; {
			page, next, err := b.Scan(t.Context(), log, cursor)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page {
				names[e.Name] = true
			}
			if cursor = next; cursor == 0 {
				break
			}
		}
		if len(names) != 2000 {
			t.Errorf("%d entities", len(names))
		}
	})
}

// keeper is which master keeps the log.
func keeper(t testing.TB, g *redistest.Group, b *redislog.Backend, log eventlog.Log) int {
	t.Helper()
	node, err := b.Client().(*redis.ClusterClient).MasterForKey(t.Context(), key(log))
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range g.Masters {
		if s.Addr() == node.Options().Addr {
			return i
		}
	}
	t.Fatalf("%s is no master", node.Options().Addr)
	return 0
}

func key(log eventlog.Log) string { return "{" + log.Name + "}" }

// otherHeadsAreRead fails unless the heads of those logs that are not hung are known.
func otherHeadsAreRead(t *testing.T, b *redislog.Backend, logs []eventlog.Log, others func(int) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	heads, err := b.Heads(ctx, logs)
	if err == nil {
		t.Error("no error, though one master hangs")
	}
	for n := range logs {
		if len(heads) != len(logs) || (heads[n] != eventlog.UnknownHead) != others(n) {
			t.Fatalf("head %d of %+v: whether it can be read is %v", n, heads, others(n))
		}
	}
}

// move is a log's slot on its way to another master.
type move struct {
	t          testing.TB
	slot       int64
	group      *redistest.Group
	from, to   *redis.Client
	toID       string
	host, port string
}

func startMove(t testing.TB, g *redistest.Group, b *redislog.Backend, log eventlog.Log) *move {
	t.Helper()
	i := keeper(t, g, b, log)
	source, target := g.Masters[i], g.Masters[(i+1)%len(g.Masters)]
	m := &move{t: t, group: g, from: source.Client(), to: target.Client()}
	t.Cleanup(func() { m.from.Close(); m.to.Close() })
	m.host, m.port, _ = net.SplitHostPort(target.Addr())
	m.slot = m.from.ClusterKeySlot(t.Context(), key(log)).Val()
	m.toID = m.to.ClusterMyID(t.Context()).Val()
	m.do(m.to, "CLUSTER", "SETSLOT", m.slot, "IMPORTING", m.from.ClusterMyID(t.Context()).Val())
	m.do(m.from, "CLUSTER", "SETSLOT", m.slot, "MIGRATING", m.toID)
	return m
}

func (m *move) do(c *redis.Client, args ...any) {
	m.t.Helper()
	if err := c.Do(context.Background(), args...).Err(); err != nil {
		m.t.Fatalf("%v: %v", args, err)
	}
}

// keys takes the slot's keys to the other master, limit of them or all if it is 0.
func (m *move) keys(limit int) {
	m.t.Helper()
	for {
		batch := 50
		if limit > 0 {
			batch = limit
		}
		keys, err := m.from.ClusterGetKeysInSlot(context.Background(), int(m.slot), batch).Result()
		if err != nil {
			m.t.Fatal(err)
		}
		if len(keys) == 0 {
			return
		}
		args := []any{"MIGRATE", m.host, m.port, "", 0, 5000, "KEYS"}
		for _, k := range keys {
			args = append(args, k)
		}
		m.do(m.from, args...)
		if limit > 0 {
			return
		}
	}
}

// end gives the slot to the other master, and tells every server, as a manager of
// Clusters does.
func (m *move) end() {
	m.t.Helper()
	m.do(m.to, "CLUSTER", "SETSLOT", m.slot, "NODE", m.toID)
	m.do(m.from, "CLUSTER", "SETSLOT", m.slot, "NODE", m.toID)
	for _, s := range m.group.Masters {
		client := s.Client()
		m.do(client, "CLUSTER", "SETSLOT", m.slot, "NODE", m.toID)
		client.Close()
	}
}
