package faults

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"nextup/test/faults/setup"
	"nextup/test/gatewaytest"
	"nextup/test/oracle"
	"nextup/test/release"
)

func TestMain(m *testing.M) {
	if order := os.Getenv(stormEnv); order != "" {
		if err := stormMain(order); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	gatewaytest.Discard()
	os.Exit(code)
}

// row is one fault. The oracle's invariants are expected of every row, without
// exception.
type row struct {
	name  string
	redis redisKind
	// site changes the site's rules.
	site func(*setup.Site)
	// args are added to each gateway's command line, env to the i-th gateway's
	// environment; binary makes another nextup.
	args   []string
	env    func(i int) []string
	binary func(testing.TB) string
	// rules adjust what the oracle knows.
	rules func(*oracle.Rules)
	// noSocket has one person in so many come by the fallback, and every fourth of those poll.
	noSocket int
	// fault is done under load, and has healed when it returns.
	fault func(*testbed)
	// expect is what is expected besides the oracle's invariants.
	expect func(*testbed, []*oracle.History)
}

func TestMatrix(t *testing.T) {
	if os.Getenv("NEXTUP_FAULTS") == "" {
		t.Skip("make test runs it with NEXTUP_FAULTS=short, make faults with long")
	}
	base := seedOf(t)
	for i, r := range rows {
		t.Run(strings.ReplaceAll(r.name, " ", "_"), func(t *testing.T) {
			if !isLong() {
				t.Parallel()
			}
			seed := base
			if *seedFlag == 0 {
				seed += uint64(i)
			}
			t.Logf("seed %d: go test ./test/faults -run '%s$' -seed %[1]d", seed, t.Name())
			o := testbedOptions{size: sizeOf(), seed: seed, redis: r.redis, site: r.site, args: r.args, env: r.env}
			if r.binary != nil {
				o.binary = r.binary(t)
			}
			s := newTestbed(t, o)
			s.noSocket, s.polls = r.noSocket, 4
			if r.rules != nil {
				r.rules(&s.rules)
			}
			s.runRow(r, seed)
		})
	}
}

// patient is a site whose visitors have a longer grace, so that an outage which a
// busy machine draws out is not one in which a gateway gives its sockets away.
func patient(s *setup.Site) { s.VisitorGrace = 12 * time.Second }

// leasesRunOut: where gateways end, a session may be noticed as lost, and a
// dispatcher replaced, only when a lease of 3 s has run out.
func leasesRunOut(r *oracle.Rules) { r.Slack += 3500 * time.Millisecond }

var rows = []row{
	{name: "no fault", redis: onSingle},
	{
		name: "kill -9 of a gateway, again and again", redis: onSingle,
		rules:  leasesRunOut,
		fault:  again(func(s *testbed) { s.killGateway(s.anyGateway()) }, apart),
		expect: resumedIn(3 * time.Second),
	},
	{
		name: "kill -9 of a gateway and a hung Redis, half of the people without a socket", redis: onSingle, noSocket: 2,
		rules: allow(8*time.Second, 4*time.Second, leasesRunOut),
		fault: func(s *testbed) {
			s.killGateway(s.anyGateway())
			s.wait(apart)
			s.redisHung()
			s.wait(3 * time.Second)
		},
		expect: nothingAcknowledgedWhileDown,
	},
	{
		name: "kill -9 of the dispatcher, again and again", redis: onSingle,
		rules:  leasesRunOut,
		fault:  again(func(s *testbed) { s.killGateway(s.dispatcher()) }, apart),
		expect: resumedIn(3 * time.Second),
	},
	{
		// With appendfsync everysec Redis answers before it writes when its disk
		// is slow, and loses up to 2 s then.
		name: "Redis kill -9 and restart from its append-only file, durability memory", redis: onSingle, site: patient,
		rules:  allow(20*time.Second, 2*time.Second, lossy),
		fault:  again((*testbed).redisKilled, 3*time.Second),
		expect: all(socketsStay, nothingAcknowledgedWhileDown, goesOnWithin(3*time.Second)),
	},
	{
		name: "Redis kill -9 and restart from its append-only file, durability disk", redis: onDisk, site: patient,
		args:   []string{"--durability", "disk"},
		rules:  allow(20*time.Second, 2*time.Second),
		fault:  again((*testbed).redisKilled, 3*time.Second),
		expect: all(socketsStay, nothingAcknowledgedWhileDown, goesOnWithin(3*time.Second)),
	},
	{
		name: "Redis hung and back", redis: onSingle,
		rules:  allow(8*time.Second, 4*time.Second),
		fault:  again((*testbed).redisHung, 3*time.Second),
		expect: all(nothingAcknowledgedWhileDown, goesOnWithin(3*time.Second)),
	},
	{
		name: "SCRIPT FLUSH every 100 ms", redis: onSingle,
		fault: func(s *testbed) {
			for end := time.Now().Add(s.size.fault); time.Now().Before(end); s.wait(100 * time.Millisecond) {
				s.flushScripts()
			}
		},
		expect: noErrorSeen,
	},
	{
		name: "replies swallowed", redis: onProxied,
		rules: allow(8*time.Second, 4*time.Second),
		fault: again((*testbed).swallowReplies, 1500*time.Millisecond),
	},
	{
		name: "2 s delay on every reply", redis: onProxied,
		rules: allow(2*sizeOf().fault+10*time.Second, 8*time.Second),
		fault: func(s *testbed) {
			s.delayReplies(2*time.Second, 2*s.size.fault)
		},
	},
	{
		name: "a gateway is cut off from Redis", redis: onProxied,
		rules: allow(8*time.Second, 4*time.Second),
		fault: again((*testbed).cutOff, 1500*time.Millisecond),
	},
	{
		name: "a gateway hung and taken for dead", redis: onProxied,
		// Longer, or all its conns would be closed before they could write.
		site:  func(s *setup.Site) { s.AgentHeartbeat = 6 * time.Second },
		rules: allow(12*time.Second, 12*time.Second),
		fault: func(s *testbed) { s.repeatedly(s.hangGateway) },
	},
	{
		name: "clients that stop reading and half-open ones", redis: onSingle,
		fault:  (*testbed).stall,
		expect: noErrorSeen,
	},
	{
		name: "Sentinel failover by kill -9, durability memory", redis: onSentinel,
		rules: allow(10*time.Second, 5*time.Second, lossy),
		fault: func(s *testbed) {
			s.failover(0, false)
			s.wait(s.size.fault)
		},
		expect: all(socketsStay, goesOnWithin(3*time.Second)),
	},
	{
		name: "Sentinel failover of a hung master, durability memory", redis: onSentinel,
		rules: allow(10*time.Second, 5*time.Second, lossy),
		fault: func(s *testbed) {
			s.failover(0, true)
			s.wait(s.size.fault)
		},
		expect: goesOnWithin(3 * time.Second),
	},
	{
		name: "Cluster master kill -9, durability memory", redis: onCluster,
		rules: allow(10*time.Second, 5*time.Second, lossy),
		fault: func(s *testbed) {
			s.failover(s.masterOfSite(), false)
			s.wait(s.size.fault)
		},
		expect: all(socketsStay, goesOnWithin(5*time.Second)),
	},
	{
		name: "Redis comes back from an old copy, durability memory", redis: onVolatile,
		rules: allow(10*time.Second, 5*time.Second, lossy),
		fault: func(s *testbed) {
			if err := s.direct.Save(s.Context()).Err(); err != nil {
				s.Errorf("SAVE: %v", err)
			}
			s.mark("Redis is copied")
			s.wait(s.size.fault / 2)
			s.single.Kill()
			s.mark(redisDown)
			s.single.Restart(s)
			s.mark(redisBack)
			s.wait(s.size.fault / 2)
		},
		expect: all(socketsStay, goesOnWithin(3*time.Second)),
	},
	{
		name: "a slot moved while in use", redis: onCluster,
		rules:  allow(4*time.Second, 2*time.Second),
		fault:  again((*testbed).moveSlot, 2*time.Second),
		expect: socketsStay,
	},
	{
		name: "SIGTERM of all gateways one by one", redis: onSingle, args: []string{"--drain", "2s"},
		rules: leasesRunOut,
		fault: func(s *testbed) {
			for _, g := range s.gateways {
				s.terminateGateway(g)
			}
		},
		expect: all(resumedIn(10*time.Second), movedPolitely),
	},
	{
		name: "a rolling upgrade from the last release, back, and to the next level", redis: onSingle, args: []string{"--drain", "1s"},
		binary: release.Binary,
		rules:  leasesRunOut,
		fault:  (*testbed).rollUpgrade,
		expect: all(resumedIn(10*time.Second), movedPolitely, raisedOnce),
	},
	{
		name: "a gateway dies and does not come back", redis: onSingle,
		rules: leasesRunOut,
		fault: func(s *testbed) {
			g := s.anyGateway()
			g.Kill()
			s.mark("%s is killed", g.Node())
			s.wait(s.site.VisitorGrace + s.size.fault)
			s.restart(g)
		},
		expect: resumedIn(3 * time.Second),
	},
	{
		name: "Sentinel failover by kill -9, durability replica", redis: onSentinel, args: []string{"--durability", "replica"},
		rules: allow(20*time.Second, 5*time.Second, durable),
		fault: func(s *testbed) {
			s.failover(0, false) // nothing is acknowledged with one server alone
			s.wait(s.size.fault + 4*time.Second)
		},
	},
	{
		name: "Redis at its memory limit", redis: onSingle,
		rules: allow(2*time.Second, 2*time.Second),
		fault: func(s *testbed) {
			leaver, late := s.prober("leaves", true), s.prober("comes late", false)
			s.limitMemory("1mb")
			s.mark("the memory is full")
			if err := leaver.leave(); err != nil {
				s.fail("nobody can leave while the memory is full: %v", err)
			}
			if err := late.join(); err == nil {
				s.fail("somebody joined while the memory was full")
			} else {
				s.mark("a join is refused: %v", err)
			}
			s.wait(s.size.fault)
			s.limitMemory("0")
			s.mark("there is memory again")
			if err := late.join(); err != nil {
				s.fail("nobody can join when there is memory again: %v", err)
			}
		},
		expect: fullAcknowledgesNothingNew,
	},
	{
		name: "a master parted from its replicas with a gateway on the old side, durability replica", redis: onTwoHosts,
		args:  []string{"--durability", "replica"},
		rules: allow(30*time.Second, 8*time.Second, durable),
		fault: func(s *testbed) {
			s.rules.Blind = s.gateways[0].Socket()
			s.network.Partition()
			s.mark(parted)
			s.group.AwaitAnotherMaster(s)
			s.mark("there is another master")
			s.wait(12 * time.Second)
			s.network.Heal()
			s.mark(healed)
			s.group.AwaitReplica(s, s.group.Masters[0])
			s.mark("the old master follows")
			s.wait(s.size.fault)
		},
		expect: oldSideStops,
	},
	{
		name: "the clock of a gateway 10 min ahead or behind", redis: onSingle,
		binary: withAnotherClock, env: clockOf,
		expect: all(noErrorSeen, clocksDiffer),
	},
	{
		name: "SIGTERM with a storm of sockets", redis: onSingle,
		rules:  leasesRunOut,
		fault:  (*testbed).storm,
		expect: movedPolitely,
	},
}

// all is several expectations.
func all(each ...func(*testbed, []*oracle.History)) func(*testbed, []*oracle.History) {
	return func(s *testbed, h []*oracle.History) {
		for _, e := range each {
			e(s, h)
		}
	}
}

// allow gives the oracle's bounds more time, for what a fault may draw out.
func allow(slack, staleness time.Duration, also ...func(*oracle.Rules)) func(*oracle.Rules) {
	return func(r *oracle.Rules) {
		r.Slack += slack
		r.Staleness += staleness
		for _, change := range also {
			change(r)
		}
	}
}

// again repeats a fault, with a pause after each time, until the time of faults is over.
func again(fault func(*testbed), pause time.Duration) func(*testbed) {
	return func(s *testbed) {
		s.repeatedly(func() {
			fault(s)
			s.wait(pause)
		})
	}
}

// repeatedly does something until the time of faults is over, at least once.
func (s *testbed) repeatedly(once func()) {
	for end := time.Now().Add(s.size.fault); ; {
		once()
		if time.Now().After(end) || s.Context().Err() != nil {
			return
		}
	}
}
