package faults

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/test/faults/setup"
	"nextup/test/gatewaytest"
	"nextup/test/oracle"
	"nextup/test/people"
	"nextup/test/redistest"
)

// How to run a row again: go test ./test/faults -run 'TestMatrix/NAME' -seed N
var seedFlag = flag.Uint64("seed", 0, "seed of every row; 0 takes NEXTUP_FAULTS_SEED, or one of the clock's")

// size is how much of a run there is.
type size struct {
	visitors, agents int
	warm             time.Duration // before the fault
	fault            time.Duration // that faults go on
	after            time.Duration // under load, after the fault
}

var (
	short = size{visitors: 60, agents: 12, warm: 1500 * time.Millisecond, fault: 3 * time.Second, after: 1500 * time.Millisecond}
	long  = size{visitors: 300, agents: 30, warm: 4 * time.Second, fault: 25 * time.Second, after: 6 * time.Second}
)

func isLong() bool { return os.Getenv("NEXTUP_FAULTS") == "long" }

func sizeOf() size {
	if isLong() {
		return long
	}
	return short
}

func seedOf(t *testing.T) uint64 {
	if *seedFlag != 0 {
		return *seedFlag
	}
	if text := os.Getenv("NEXTUP_FAULTS_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("NEXTUP_FAULTS_SEED: %v", err)
		}
		return seed
	}
	return uint64(time.Now().UnixNano()) % 1_000_000
}

// testbed is what a row runs on: Redis, perhaps proxies, three gateways, a crowd.
type testbed struct {
	*testing.T
	size
	rng   *rand.Rand
	site  setup.Site
	file  string // the site file
	rules oracle.Rules
	start time.Time
	// noSocket, polls and slower are the crowd's.
	noSocket, polls, slower int
	// patience is how long all tickets may take to end, after the last join.
	patience time.Duration

	single   *redistest.Server // or
	group    *redistest.Group
	direct   redis.UniversalClient // past all proxies
	proxies  []*setup.Proxy        // one before each gateway's Redis, where a row asks
	gateways []*gatewaytest.Gateway
	network  *setup.Network // with
	hosts    []*setup.Host  // one for each gateway, where a row asks
	crowd    *people.Crowd

	mu    sync.Mutex
	marks []oracle.Mark
	found map[oracle.Invariant][]string
	// others are the histories of people who are not of the crowd.
	others []func() *oracle.History
	// stalled counts the rounds of clients that stall.
	stalled int
}

const gatewayCount = 3

// redisKind adds a Redis to the testbed and returns the URL for each gateway.
type redisKind func(s *testbed) []string

// onSingle runs one server that survives a kill by its append-only file.
func onSingle(s *testbed) []string {
	s.single = redistest.StartServer(s.T, "--appendonly", "yes")
	s.direct = s.single.Client()
	return slices.Repeat([]string{s.single.URL()}, gatewayCount)
}

// onDisk is onProxied with a server that writes each command to disk before it
// answers.
func onDisk(s *testbed) []string {
	s.single = redistest.StartServer(s.T, "--appendonly", "yes", "--appendfsync", "always")
	return s.proxied()
}

// onVolatile runs one server that keeps what SAVE has written, and nothing since.
func onVolatile(s *testbed) []string {
	s.single = redistest.StartServer(s.T)
	s.direct = s.single.Client()
	return slices.Repeat([]string{s.single.URL()}, gatewayCount)
}

// onProxied is onSingle with a proxy between each gateway and the server.
func onProxied(s *testbed) []string {
	onSingle(s)
	return s.proxied()
}

func (s *testbed) proxied() []string {
	if s.direct == nil {
		s.direct = s.single.Client()
	}
	urls := make([]string, gatewayCount)
	for i := range urls {
		p := setup.StartProxy(s.T, s.single.Addr())
		s.proxies = append(s.proxies, p)
		urls[i] = p.URL()
	}
	return urls
}

// onSentinel runs a master with a replica, watched by three Sentinels.
func onSentinel(s *testbed) []string {
	s.group = redistest.Sentinel(s.T)
	return s.watched()
}

func (s *testbed) watched() []string {
	var addrs []string
	for _, x := range s.group.Sentinels {
		addrs = append(addrs, x.Addr())
	}
	s.direct = redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "nextup", SentinelAddrs: addrs, MaxRetries: -1})
	return slices.Repeat([]string{s.group.URL}, gatewayCount)
}

// onTwoHosts runs a master and gateway 0 on one host, and on another two replicas,
// the Sentinels and the other gateways. The test and its clients reach both hosts.
func onTwoHosts(s *testbed) []string {
	s.network = setup.NewNetwork(s.T, 2)
	old, others := s.network.Hosts()[0], s.network.Hosts()[1]
	s.hosts = []*setup.Host{old, others, others}
	s.group = redistest.SentinelOn(s.T, redistest.Host{IP: old.IP, Command: old.Command}, redistest.Host{IP: others.IP, Command: others.Command}, 2)
	return s.watched()
}

// onCluster runs three masters with a replica each.
func onCluster(s *testbed) []string {
	s.group = redistest.ReplicatedCluster(s.T)
	var addrs []string
	for _, x := range s.group.Servers() {
		addrs = append(addrs, x.Addr())
	}
	s.direct = redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs, MaxRetries: -1, ClusterStateReloadInterval: time.Second})
	return slices.Repeat([]string{s.group.URL}, gatewayCount)
}

// testbedOptions set what a testbed consists of.
type testbedOptions struct {
	size  size
	seed  uint64
	redis redisKind
	// args are added to each gateway's command line.
	args []string
	// site changes the site's rules.
	site func(*setup.Site)
	// binary is another nextup than the product's, and env what is added to the
	// i-th gateway's environment.
	binary string
	env    func(i int) []string
}

func newTestbed(t *testing.T, o testbedOptions) *testbed {
	s := &testbed{
		T: t, size: o.size, rng: rand.New(rand.NewPCG(o.seed, 0)), patience: time.Minute,
		found: map[oracle.Invariant][]string{},
	}
	s.site = setup.NewSite(s.agents)
	if o.site != nil {
		o.site(&s.site)
	}
	s.rules = oracle.Rules{
		Site: s.site.ID, VisitorGrace: s.site.VisitorGrace,
		Slack: s.bound(1500 * time.Millisecond), Staleness: s.bound(500 * time.Millisecond),
	}
	urls := o.redis(s)
	t.Cleanup(func() { s.direct.Close() })
	s.file = s.site.File(t)
	var options []gatewaytest.Options
	for i, url := range urls {
		g := gatewaytest.Options{Redis: url, SiteFile: s.file, Node: fmt.Sprint("gateway-", i), Args: o.args, Binary: o.binary}
		if s.hosts != nil {
			g.Command, g.Listen = s.hosts[i].Command, s.hosts[i].IP+":0"
		}
		if o.env != nil {
			g.Env = o.env(i)
		}
		options = append(options, g)
	}
	s.gateways = gatewaytest.StartAll(t, options...)
	return s
}

// mark notes what is done to the set-up, and when.
func (s *testbed) mark(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.marks = append(s.marks, oracle.Mark{At: time.Since(s.start), What: fmt.Sprintf(format, args...)})
}

// wrong notes something that the runner itself found.
func (s *testbed) wrong(st oracle.Invariant, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found[st] = append(s.found[st], fmt.Sprintf(format, args...))
}

// fail notes that something is not as the row expects.
func (s *testbed) fail(format string, args ...any) { s.wrong(oracle.RowExpects, format, args...) }

// wait lets time pass; a row is over when its time is.
func (s *testbed) wait(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.Context().Done():
	}
}

func (s *testbed) sockets() []string {
	var all []string
	for _, g := range s.gateways {
		all = append(all, g.Socket())
	}
	return all
}

// metrics are those of each gateway; one that does not answer has none.
func (s *testbed) metrics() []map[string]float64 {
	all := make([]map[string]float64, len(s.gateways))
	for i, g := range s.gateways {
		all[i], _ = g.Metrics(s.Context())
	}
	return all
}

// quiet waits until no gateway holds more than before the first client and every
// grace has passed, and notes what is still there when that does not come.
func (s *testbed) quiet(before []map[string]float64) {
	var left []string
	least := time.Now().Add(max(s.site.AgentGrace, s.site.VisitorGrace) + 2*time.Second)
	for deadline := least.Add(8 * time.Second); time.Now().Before(deadline); s.wait(200 * time.Millisecond) {
		left = nil
		for i, after := range s.metrics() {
			if after == nil {
				left = append(left, s.gateways[i].Node()+" does not answer")
				continue
			}
			left = append(left, oracle.Leftovers(s.gateways[i].Node(), before[i], after, s.servers())...)
		}
		if len(left) == 0 && time.Now().After(least) {
			return
		}
	}
	for _, l := range left {
		s.wrong(oracle.NothingLeft, "%s", l)
	}
}

// patience ends a wait for what a healthy gateway does in seconds, however busy
// its machine is.
const patience = time.Minute

// bound is a time that something may take: exactly d where a row runs alone and
// its times are measured. In the short pass many rows share a machine with other
// work, so it only asks that the thing happens.
func (s *testbed) bound(d time.Duration) time.Duration {
	if isLong() {
		return d
	}
	return max(d, patience)
}

// servers is how many Redis servers a gateway may keep connections to.
func (s *testbed) servers() int {
	if s.group != nil {
		return len(s.group.Servers())
	}
	return 1
}

func (s *testbed) marksText() string {
	var b strings.Builder
	for _, m := range s.marks {
		fmt.Fprintf(&b, "%8.2fs %s\n", m.At.Seconds(), m.What)
	}
	return b.String()
}

// at is the first mark that begins with the words.
func (s *testbed) at(what string) time.Duration {
	for _, m := range s.marks {
		if strings.HasPrefix(m.What, what) {
			return m.At
		}
	}
	s.Fatalf("nothing is marked as %q", what)
	return 0
}
