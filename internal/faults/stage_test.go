package faults

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/faults/checker"
	"nextup/internal/faults/people"
	"nextup/internal/faults/setup"
	"nextup/internal/redistest"
)

// How to run a row again: go test ./internal/faults -run 'TestMatrix/NAME' -seed N
var seedFlag = flag.Uint64("seed", 0, "seed of every row; 0 takes NEXTUP_FAULTS_SEED, or one of the clock's")

// size is how much of a run there is.
type size struct {
	visitors, agents int
	warm             time.Duration // before the fault
	fault            time.Duration // that faults go on
	after            time.Duration // under load, after the fault
}

var (
	short = size{visitors: 60, agents: 12, warm: 1500 * time.Millisecond, fault: 4 * time.Second, after: 2 * time.Second}
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

// stage is what a row plays on: Redis, perhaps proxies, three gateways, a crowd.
type stage struct {
	*testing.T
	size
	rng   *rand.Rand
	site  setup.Site
	rules checker.Rules
	start time.Time

	single   *redistest.Server // or
	group    *redistest.Group
	direct   redis.UniversalClient // past all proxies
	proxies  []*setup.Proxy        // one before each gateway's Redis, where a row asks
	gateways []*setup.Gateway
	crowd    *people.Crowd

	mu    sync.Mutex
	marks []checker.Mark
	found map[checker.Statement][]string
	// others are the histories of people who are not of the crowd.
	others []func() *checker.History
}

const gatewayCount = 3

// redisKind puts a Redis on the stage and returns the URL for each gateway.
type redisKind func(s *stage) []string

// onSingle runs one server that survives a kill by its append-only file.
func onSingle(s *stage) []string {
	s.single = redistest.StartServer(s.T, "--appendonly", "yes")
	s.direct = s.single.Client()
	return slices.Repeat([]string{s.single.URL()}, gatewayCount)
}

// onVolatile runs one server that keeps what SAVE has written, and nothing since.
func onVolatile(s *stage) []string {
	s.single = redistest.StartServer(s.T)
	s.direct = s.single.Client()
	return slices.Repeat([]string{s.single.URL()}, gatewayCount)
}

// onProxied is onSingle with a proxy between each gateway and the server.
func onProxied(s *stage) []string {
	onSingle(s)
	urls := make([]string, gatewayCount)
	for i := range urls {
		p := setup.StartProxy(s.T, s.single.Addr())
		s.proxies = append(s.proxies, p)
		urls[i] = p.URL()
	}
	return urls
}

// onSentinel runs a master with a replica, watched by three Sentinels.
func onSentinel(s *stage) []string {
	s.group = redistest.Sentinel(s.T)
	var addrs []string
	for _, x := range s.group.Sentinels {
		addrs = append(addrs, x.Addr())
	}
	s.direct = redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "nextup", SentinelAddrs: addrs, MaxRetries: -1})
	return slices.Repeat([]string{s.group.URL}, gatewayCount)
}

// onCluster runs three masters with a replica each.
func onCluster(s *stage) []string {
	s.group = redistest.ReplicatedCluster(s.T)
	var addrs []string
	for _, x := range s.group.Servers() {
		addrs = append(addrs, x.Addr())
	}
	s.direct = redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs, MaxRetries: -1, ClusterStateReloadInterval: time.Second})
	return slices.Repeat([]string{s.group.URL}, gatewayCount)
}

func newStage(t *testing.T, seed uint64, kind redisKind) *stage {
	s := &stage{T: t, size: sizeOf(), rng: rand.New(rand.NewPCG(seed, 0)), found: map[checker.Statement][]string{}}
	s.site = setup.NewSite(s.agents)
	s.rules = checker.Rules{
		Site: s.site.ID, VisitorGrace: s.site.VisitorGrace,
		Slack: 1500 * time.Millisecond, Staleness: 500 * time.Millisecond,
	}
	urls := kind(s)
	t.Cleanup(func() { s.direct.Close() })
	file := s.site.File(t)
	for i, url := range urls {
		s.gateways = append(s.gateways, setup.StartGateway(t, setup.GatewayOptions{
			Redis: url, SiteFile: file, Node: fmt.Sprint("gateway-", i),
		}))
	}
	return s
}

// mark notes what is done to the set-up, and when.
func (s *stage) mark(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.marks = append(s.marks, checker.Mark{At: time.Since(s.start), What: fmt.Sprintf(format, args...)})
}

// wrong notes something that the runner itself found.
func (s *stage) wrong(st checker.Statement, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found[st] = append(s.found[st], fmt.Sprintf(format, args...))
}

// fail notes that something is not as the row expects.
func (s *stage) fail(format string, args ...any) { s.wrong(checker.RowExpects, format, args...) }

// wait lets time pass; a row is over when its time is.
func (s *stage) wait(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.Context().Done():
	}
}

// play runs a row: load, fault under load, calm, audit, quiet, judgement.
func (s *stage) play(r row, seed uint64) {
	s.start = time.Now()
	before := s.metrics()
	scribe := checker.NewScribe(s.direct, s.site.ID, s.start)
	s.crowd = people.Start(s.Context(), people.Options{
		Targets: s.sockets(), Mint: s.site.Mint, Start: s.start, Seed: seed,
		Visitors: s.visitors, Agents: s.agents, AgentID: setup.AgentID,
		Wishes:       []people.Wish{{Department: "support", Language: "zh"}, {Department: "support", Language: "en"}, {Department: "trading", Language: "en"}},
		VisitorGrace: s.site.VisitorGrace, AgentGrace: s.site.AgentGrace,
	})
	s.wait(s.warm)
	s.mark("the fault begins")
	if r.fault != nil {
		r.fault(s)
	} else {
		s.wait(s.size.fault)
	}
	s.mark("the fault is over")
	s.wait(s.after)

	settling, cancel := context.WithTimeout(s.Context(), 60*time.Second)
	for _, stuck := range s.crowd.Settle(settling) {
		s.wrong(checker.NothingLeft, "60 s after the last join %s", stuck)
	}
	cancel()
	s.mark("settled")
	s.wait(500 * time.Millisecond) // what was told last is on its way
	s.crowd.Audit(s.Context(), 15*time.Second)
	s.mark("audited")
	histories := s.crowd.Histories()
	s.crowd.Leave()
	for _, other := range s.others {
		histories = append(histories, other())
	}
	s.quiet(before)
	snapshot, err := checker.Take(s.Context(), s.direct)
	if err != nil {
		s.Fatalf("the snapshot: %v", err)
	}
	scribe.Finish(snapshot, s.site.ID)

	run := &checker.Run{Rules: s.rules, Histories: histories, Snapshot: snapshot}
	report := checker.Check(run)
	report.Add(checker.RowExpects)
	if r.expect != nil {
		r.expect(s, histories)
	}
	for st, details := range s.found {
		report.Add(st, details...)
	}
	s.Logf("%s\n%s%s", s.marksText(), report, sum(histories))
	s.keep(run)
	for _, st := range report.Wrong() {
		if why := cmp.Or(r.known[st], known[st]); why != "" {
			s.Logf("KNOWN: fails: %s: %s", st, why)
			continue
		}
		s.Errorf("FAILS: %s (seed %d)", st, seed)
	}
	for _, st := range report.Vacuous() {
		if st != checker.ResetHasCause {
			s.Errorf("VACUOUS: %s had nothing to look at", st)
		}
	}
}

func (s *stage) sockets() []string {
	var all []string
	for _, g := range s.gateways {
		all = append(all, g.Socket())
	}
	return all
}

// metrics are those of each gateway; one that does not answer has none.
func (s *stage) metrics() []map[string]float64 {
	all := make([]map[string]float64, len(s.gateways))
	for i, g := range s.gateways {
		all[i], _ = g.Metrics(s.Context())
	}
	return all
}

// quiet waits until no gateway holds more than before anybody came, and notes
// what is still there when it does not come.
func (s *stage) quiet(before []map[string]float64) {
	var left []string
	for deadline := time.Now().Add(s.site.AgentGrace + 10*time.Second); time.Now().Before(deadline); s.wait(200 * time.Millisecond) {
		left = nil
		for i, after := range s.metrics() {
			if after == nil {
				left = append(left, s.gateways[i].Node()+" does not answer")
				continue
			}
			left = append(left, checker.Leftovers(s.gateways[i].Node(), before[i], after, s.servers())...)
		}
		if len(left) == 0 && time.Now().After(deadline.Add(-8*time.Second)) { // agents' grace has passed too
			return
		}
	}
	for _, l := range left {
		s.wrong(checker.NothingLeft, "%s", l)
	}
}

// servers is how many Redis servers a gateway may keep connections to.
func (s *stage) servers() int {
	if s.group != nil {
		return len(s.group.Servers())
	}
	return 1
}

func (s *stage) marksText() string {
	var b strings.Builder
	for _, m := range s.marks {
		fmt.Fprintf(&b, "%8.2fs %s\n", m.At.Seconds(), m.What)
	}
	return b.String()
}

// keep writes the histories and the site's log to the folder that
// NEXTUP_FAULTS_KEEP names.
func (s *stage) keep(run *checker.Run) {
	dir := os.Getenv("NEXTUP_FAULTS_KEEP")
	if dir == "" {
		return
	}
	name := filepath.Join(dir, strings.NewReplacer("/", "-", " ", "_").Replace(s.Name()))
	write := func(suffix string, lines func(io.Writer) error) {
		f, err := os.Create(name + suffix)
		if err == nil {
			err = errors.Join(lines(f), f.Close())
		}
		s.Logf("kept: %s%s, %v", name, suffix, err)
	}
	write(".histories.jsonl", func(w io.Writer) error { return checker.WriteLines(w, run.Histories) })
	if log := run.Snapshot.Sites[run.Rules.Site]; log != nil {
		write(".log.jsonl", func(w io.Writer) error {
			enc := json.NewEncoder(w)
			for _, row := range log.Rows {
				if err := enc.Encode(row); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// sum says how much happened.
func sum(histories []*checker.History) string {
	counts := map[string]int{}
	for _, h := range histories {
		for _, e := range h.Events {
			switch {
			case e.Kind == checker.Answered:
				counts["ok "+string(e.Ask.Type)]++
			case e.Kind == checker.Unsure:
				counts["unsure "+string(e.Ask.Type)]++
			case e.Kind == checker.Refused:
				counts["refused "+string(e.Ask.Type)+" "+string(e.Error.Code)]++
			case e.Kind == checker.Told && e.Error != nil:
				counts["error "+string(e.Error.Code)]++
			case e.Kind == checker.Told:
				counts["frames"]++
			case e.Kind == checker.Ended && !e.Wished && e.Close != 0:
				counts["closed "+strconv.Itoa(e.Close)]++
			case e.Kind == checker.Ended && !e.Wished:
				counts["cut off"]++
			case e.Kind == checker.Welcomed:
				counts["conns"]++
			}
		}
	}
	var b strings.Builder
	keys := make([]string, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		fmt.Fprintf(&b, "%s: %d; ", k, counts[k])
	}
	return b.String()
}

// resumed are the times from the unwished end of a conn between two moments to
// its person's next welcome, shortest first; -1 stands for never.
func resumed(histories []*checker.History, from, to time.Duration) (all []time.Duration) {
	for _, h := range histories {
		conn, lost := 0, time.Duration(-1)
		for _, e := range h.Events {
			switch {
			case e.Kind == checker.Audited && lost >= 0:
				all, lost = append(all, -1), -1
			case e.Kind == checker.Welcomed:
				if lost >= 0 {
					all = append(all, e.At-lost)
				}
				conn, lost = e.Conn, -1
			case e.Kind == checker.Ended && e.Conn == conn && !e.Wished && e.At >= from && e.At <= to:
				lost = e.At
			}
		}
	}
	slices.Sort(all)
	return all
}

// at is the first mark that begins with the words.
func (s *stage) at(what string) time.Duration {
	for _, m := range s.marks {
		if strings.HasPrefix(m.What, what) {
			return m.At
		}
	}
	s.Fatalf("nothing is marked as %q", what)
	return 0
}
