package faults

import (
	"context"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/test/faults/setup"
	"nextup/test/gatewaytest"
)

// What is done to the set-up. Rows do one of these, the long run does them all;
// each has healed when it returns.

// apart is the time between two kills. A client that is cut off again before its conn
// has lived for 5 s backs off for longer, as the specification says.
const apart = 5500 * time.Millisecond

// The marks around an outage of Redis; see outages.
const (
	redisDown = "Redis is down"
	redisBack = "Redis comes back"
	// After redisBack, where it takes a time to load what it has on disk.
	redisAnswers = "Redis answers"
)

// killGateway ends a gateway, and starts it again after a while.
func (s *testbed) killGateway(g *gatewaytest.Gateway) {
	g.Kill()
	s.mark("%s is killed", g.Node())
	s.wait(300*time.Millisecond + time.Duration(s.rng.Int64N(int64(time.Second))))
	s.restart(g)
}

// restart starts a gateway that has ended, as a supervisor does: again, if it does
// not reach a Redis that is slow.
func (s *testbed) restart(g *gatewaytest.Gateway) {
	for tries := 1; ; tries++ {
		err := g.Restart()
		if err == nil {
			break
		}
		if tries == 5 {
			s.Fatal(err)
		}
	}
	s.mark("%s is there again", g.Node())
}

// terminateGateway asks a gateway to leave, and starts it again once it has.
func (s *testbed) terminateGateway(g *gatewaytest.Gateway) {
	g.Terminate()
	s.mark("%s is asked to leave", g.Node())
	if err := g.Exited(12 * time.Second); err != nil {
		s.fail("%s: %v", g.Node(), err)
		g.Kill()
	}
	s.mark("%s has left", g.Node())
	s.restart(g)
}

// hangGateway freezes a gateway until all that it holds has gone to others, and
// lets it go on. What its clients have asked meanwhile is handled by one who does
// not know yet, and behind a proxy is slow to learn.
func (s *testbed) hangGateway() {
	i := s.rng.IntN(len(s.gateways))
	g := s.gateways[i]
	g.Freeze()
	s.mark("%s hangs", g.Node())
	s.wait(9 * time.Second)
	if s.proxies != nil {
		s.proxies[i].Delay(500 * time.Millisecond)
		defer s.proxies[i].Heal()
	}
	g.Thaw()
	s.mark("%s goes on", g.Node())
	s.wait(2 * time.Second)
}

func (s *testbed) anyGateway() *gatewaytest.Gateway { return s.gateways[s.rng.IntN(len(s.gateways))] }

func (s *testbed) anyProxy() *setup.Proxy { return s.proxies[s.rng.IntN(len(s.proxies))] }

// dispatcher is the gateway that holds the dispatcher's lease.
func (s *testbed) dispatcher() *gatewaytest.Gateway {
	key := "nextup:{s:" + s.site.ID + "}:lease:dispatcher"
	for range 200 {
		owner := s.direct.Get(s.Context(), key).Val()
		for _, g := range s.gateways {
			if strings.HasPrefix(owner, g.Node()) {
				return g
			}
		}
		s.wait(50 * time.Millisecond)
	}
	s.Fatal("nobody is the dispatcher")
	return nil
}

// redisKilled ends the single server and starts it again with what its disk has.
func (s *testbed) redisKilled() {
	s.single.Kill()
	s.mark(redisDown)
	s.wait(1500 * time.Millisecond)
	s.mark(redisBack) // from here on it may answer
	s.single.Restart(s)
	s.mark(redisAnswers)
}

// redisHung freezes the single server for a while.
func (s *testbed) redisHung() {
	s.single.Freeze()
	s.mark(redisDown)
	s.wait(3 * time.Second)
	s.mark(redisBack)
	s.single.Thaw()
}

// flushScripts makes every server forget every script.
func (s *testbed) flushScripts() {
	flush := func(ctx context.Context, c redis.Cmdable) error { return c.ScriptFlush(ctx).Err() }
	var err error
	if cluster, ok := s.direct.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(s.Context(), func(ctx context.Context, c *redis.Client) error { return flush(ctx, c) })
	} else {
		err = flush(s.Context(), s.direct)
	}
	if err != nil {
		s.Errorf("SCRIPT FLUSH: %v", err)
	}
}

// swallowReplies lets one gateway's commands take effect without an answer.
func (s *testbed) swallowReplies() {
	p := s.anyProxy()
	s.mark("a gateway's replies are swallowed")
	p.SwallowReplies()
	s.wait(2500 * time.Millisecond)
	p.Heal()
	s.mark("replies come again")
}

// delayReplies holds back every reply to every gateway.
func (s *testbed) delayReplies(by, during time.Duration) {
	s.mark("every reply takes %v", by)
	for _, p := range s.proxies {
		p.Delay(by)
	}
	s.wait(during)
	for _, p := range s.proxies {
		p.Heal()
	}
	s.mark("replies come at once again")
}

// cutOff parts one gateway from Redis, with a word or without.
func (s *testbed) cutOff() {
	p := s.anyProxy()
	s.mark("a gateway is cut off")
	if s.rng.IntN(2) == 0 {
		p.Cut()
	} else {
		p.HalfOpen()
	}
	s.wait(4 * time.Second)
	p.Heal()
	s.mark("the gateway reaches Redis again")
}

// failover takes the i-th master away by a kill or by a freeze, and returns once
// its replica has taken over and the old master follows it.
func (s *testbed) failover(i int, hung bool) {
	s.group.Settle(s)
	old := s.group.Masters[i]
	if hung {
		old.Freeze()
	} else {
		old.Kill()
	}
	s.mark(redisDown)
	s.group.TakeOver(s, i)
	s.mark(redisBack)
	s.wait(2 * time.Second)
	if hung {
		old.Thaw()
		s.mark("the old master wakes")
	}
	s.group.Settle(s)
	s.mark("the old master is back, as a replica")
}

// masterOfSite is the Cluster's master that keeps the site's log.
func (s *testbed) masterOfSite() int {
	cluster, ok := s.direct.(*redis.ClusterClient)
	if !ok {
		return 0
	}
	var last string
	for range 100 {
		if master, err := cluster.MasterForKey(s.Context(), "nextup:{s:"+s.site.ID+"}:head"); err == nil {
			last = master.Options().Addr
			for i, m := range s.group.Masters {
				if m.Addr() == last {
					return i
				}
			}
		}
		s.wait(100 * time.Millisecond)
	}
	s.Fatalf("%q is no master that was started", last)
	return 0
}

// moveSlot moves the site's slot to another master.
func (s *testbed) moveSlot() {
	s.group.Settle(s)
	i := s.masterOfSite()
	to := s.group.Masters[(i+1+s.rng.IntN(2))%3]
	s.group.MoveSlot(s, "nextup:{s:"+s.site.ID+"}:head", to)
	s.mark("the site's slot is at %s", to.Addr())
}

// limitMemory sets what the single server may use; "0" is no limit.
func (s *testbed) limitMemory(bytes string) {
	if err := s.direct.ConfigSet(s.Context(), "maxmemory", bytes).Err(); err != nil {
		s.Fatal(err)
	}
}
