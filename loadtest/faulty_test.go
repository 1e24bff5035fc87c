// A suite that cannot fail proves nothing: here it runs against gateways that
// lie, and must say so, and how often.

package main

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nextup/app/conversation"
	"nextup/gateway"
	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/internal/eventlog"
	"nextup/loadtest/observer"
	"nextup/loadtest/report"
	"nextup/presence"
	"nextup/queue"
	"nextup/queue/logstore"
)

const (
	faultySite = "faulty"
	faultyKey  = "k:a secret of a test that protects nobody at all"
)

// world is one log and the gateways on it.
type world struct {
	memory *eventlog.Memory
	nodes  presence.Registry
	rules  *queue.Site
}

func newWorld(t *testing.T, languages ...string) *world {
	t.Helper()
	w := &world{memory: eventlog.NewMemory(), nodes: presence.NewMemory(nil), rules: &queue.Site{
		ID: faultySite, Departments: []queue.Department{{ID: "support", Languages: languages, QueueLimit: 10_000, OfferTTL: 20_000}},
		VisitorGrace: 60_000, AgentGrace: 20_000, AssignedGrace: 600_000, Retention: 3_600_000, TicketLimit: 10_000,
	}}
	t.Cleanup(func() { _ = w.memory.Close() })
	return w
}

// gateway starts one more gateway, with what it is made of wrapped.
func (w *world) gateway(t *testing.T, node string, store queue.Store, messages eventlog.Backend) string {
	t.Helper()
	id, secret, _ := strings.Cut(faultyKey, ":")
	verifier, err := auth.New([]auth.Key{{ID: id, Algorithm: "HS256", Secret: []byte(secret), Sites: []string{faultySite},
		Roles: []protocol.Role{protocol.Visitor, protocol.Agent}}}, auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	hub := conversation.New(messages, conversation.Options{})
	g, err := gateway.New(gateway.Options{
		Node: node, Store: store, Conversations: hub, Verifier: verifier, Presence: w.nodes,
		Sites: []gateway.Site{{
			Rules: w.rules, Languages: w.rules.Departments[0].Languages, VisitorHeartbeat: 10 * time.Second, AgentHeartbeat: 5 * time.Second,
			Agent: func(string) gateway.AgentRules {
				return gateway.AgentRules{Departments: []string{"support"}, Tier: 1, Capacity: 3}
			},
			Limits: gateway.Limits{FramesPerSecond: 100, Burst: 1000, BytesPerSecond: 1 << 20, ByteBurst: 1 << 20, OutgoingBuffer: 1 << 20,
				ConnsPerPerson: 8, ConnsPerAddress: 10_000, Conns: 10_000},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g)
	t.Cleanup(func() { _ = g.Close(); server.Close(); hub.Close(); verifier.Close() })
	return server.URL
}

// smoke runs the smoke scenario against the targets.
func smoke(t *testing.T, targets ...string) *summary {
	t.Helper()
	k6, err := toolPath(t.Context(), "k6")
	if err != nil {
		t.Fatal(err)
	}
	d := &drive{
		settings: settings{scenario: "smoke", profile: "smoke", targets: targets, site: faultySite, key: faultyKey},
		out:      io.Discard, gauge: &gauge{}, k6: k6, scratch: t.TempDir(),
	}
	s, _, err := d.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// expect holds a counter against what the fault did, and the verdict with it.
func expect(t *testing.T, s *summary, counter string, want int) {
	t.Helper()
	t.Logf("%v visitors served, %v messages, the fault struck %d times", s.value("visitors_served", "count"), s.value("messages_sent", "count"), want)
	if got := s.value(counter, "count"); int(got) != want || want == 0 {
		t.Errorf("%s is %v, the fault struck %d times", counter, got, want)
	}
	r := &report.Run{}
	check(r, s, nil)
	if verdict(r); r.Passed {
		t.Errorf("the verdict is %q", r.Verdict)
	}
}

// forgetful acknowledges every n-th message and keeps nothing of it.
type forgetful struct {
	eventlog.Backend
	every    uint64
	messages atomic.Uint64
	dropped  atomic.Uint64
}

func (f *forgetful) Commit(ctx context.Context, log eventlog.Log, commits []eventlog.Commit) ([]eventlog.Outcome, error) {
	if len(commits) == 1 && strings.HasPrefix(commits[0].ID, "message:") && f.messages.Add(1)%f.every == 0 {
		heads, err := f.Heads(ctx, []eventlog.Log{log})
		if err != nil {
			return nil, err
		}
		f.dropped.Add(1)
		return []eventlog.Outcome{{Status: eventlog.Committed, Head: eventlog.Head{Number: heads[0].Number + 1, At: f.Now(log)}}}, nil
	}
	return f.Backend.Commit(ctx, log, commits)
}

func TestEveryTwoHundredthMessageDroppedIsCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "zh", "en")
	f := &forgetful{Backend: w.memory, every: 200}
	target := w.gateway(t, "honest", logstore.New(w.memory), f)
	expect(t, smoke(t, target), "message_lost", int(f.dropped.Load()))
}

// jealous shows its gateway another owner of every n-th ticket that is accepted
// on another gateway, with the same fencing token.
type jealous struct {
	queue.Store
	node   string
	every  int
	mu     sync.Mutex
	taken  int
	struck int
}

func (j *jealous) Follow(ctx context.Context, site string, r queue.Replica) queue.Follower {
	return j.Store.Follow(ctx, site, &jealousReplica{Replica: r, jealous: j, truth: queue.NewState(&queue.Site{ID: site})})
}

type jealousReplica struct {
	queue.Replica
	*jealous
	truth *queue.State
}

func (j *jealousReplica) Restore(number uint64, at queue.Stamp, images []queue.Image) {
	j.truth.Restore(number, at, images)
	j.Replica.Restore(number, at, images)
}

func (j *jealousReplica) Apply(records []queue.Record) {
	records = slices.Clone(records)
	for i, r := range records {
		records[i].Writes = slices.Clone(r.Writes)
		j.truth.Apply(r)
		for k, w := range r.Writes {
			t, is := w.Image.(*queue.Ticket)
			if !is || r.Cause != queue.CauseAccepted || t.Status != queue.Assigned {
				continue
			}
			if other := j.rival(t); other != "" {
				lie := *t
				lie.Agent = other
				records[i].Writes[k].Image = &lie
			}
		}
	}
	j.Replica.Apply(records)
}

// rival is an agent of this gateway with room, for every n-th ticket of agents
// of the other.
func (j *jealousReplica) rival(t *queue.Ticket) string {
	owner := j.truth.Agent(t.Agent)
	if owner == nil || strings.HasPrefix(owner.Session.Node, j.node) {
		return ""
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.taken++; j.taken%j.every != 0 {
		return ""
	}
	for _, a := range j.truth.Agents() {
		if strings.HasPrefix(a.Session.Node, j.node) && a.Takes() && j.truth.Load(a.ID) < a.Capacity-1 {
			j.struck++
			return a.ID
		}
	}
	j.taken-- // the next one, then
	return ""
}

func TestEverySecondOwnerIsCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "zh", "en")
	honest := w.gateway(t, "honest", logstore.New(w.memory), w.memory)
	j := &jealous{Store: logstore.New(w.memory), node: "jealous", every: 15}
	lying := w.gateway(t, "jealous", j, w.memory)
	s := smoke(t, honest, lying)
	j.mu.Lock()
	defer j.mu.Unlock()
	expect(t, s, "two_owners", j.struck)
}

// slow replays late once it is told to.
type slow struct {
	queue.Store
	by atomic.Int64 // nanoseconds for the next batch
}

func (l *slow) Follow(ctx context.Context, site string, r queue.Replica) queue.Follower {
	return l.Store.Follow(ctx, site, &slowReplica{Replica: r, slow: l})
}

type slowReplica struct {
	queue.Replica
	*slow
}

func (l *slowReplica) Apply(records []queue.Record) {
	time.Sleep(time.Duration(l.by.Swap(0))) // the fault itself
	l.Replica.Apply(records)
}

func TestEveryStalePlaceIsCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "en")
	store := &slow{Store: logstore.New(w.memory)}
	target := socketOf(w.gateway(t, "slow", store, w.memory))
	departments := w.rules.Departments
	o, err := observer.New(t.Context(), logstore.New(w.memory), faultySite, departments)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	leader := func(subject string) (leave func()) {
		token, err := mint(faultySite, faultyKey, protocol.Visitor, subject)
		if err != nil {
			t.Fatal(err)
		}
		c, err := client.Dial(t.Context(), target, token, func(protocol.ServerFrame) {})
		if err != nil {
			t.Fatal(err)
		}
		ok, err := c.Join(t.Context(), "support", "en")
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			if _, err := c.Leave(t.Context(), ok.Ticket); err != nil {
				t.Error(err)
			}
			c.Close()
		}
	}
	const honest = 4 // so many leave honestly first: the views of all are enough to be judged, and all are of the first ten
	var leave []func()
	for i := range honest + 1 {
		leave = append(leave, leader(fmt.Sprint("leader-", i)))
	}
	crowd := &observer.Crowd{Targets: []string{target}, Observer: o, Token: func(subject string) (string, error) {
		return mint(faultySite, faultyKey, protocol.Visitor, subject)
	}}
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	all.Go(func() { crowd.Run(ctx, 10*time.Millisecond, time.Now().Add(55*time.Millisecond)) })
	watching := 0
	until(t, "the crowd stands in line", func() bool {
		now := o.Watching()
		same := now == watching && now > 0
		watching = now
		return same
	})
	shown := func(n int) func() bool {
		return func() bool { return o.Report(promised).Staleness["first_10"].Count >= n }
	}
	for i := range honest {
		leave[i]()
		until(t, "everybody saw an honest leave", shown((i+1)*watching))
	}
	honestly := o.Report(promised).Stale["first_10"]
	store.by.Store(int64(1500 * time.Millisecond))
	leave[honest]()
	until(t, "everybody saw the last leave", shown((honest+1)*watching))
	seen := o.Report(promised)
	if got := seen.Stale["first_10"] - honestly; got != watching {
		t.Errorf("%d views were stale, of %d people who saw one", got, watching)
	}
	s := &summary{Metrics: map[string]metric{"visitors_served": {Values: map[string]float64{"count": 1}}}}
	s.Settings.Profile.Limits = &limits{Staleness: promised, Offer: 1e9, Errors: 1}
	r := &report.Run{}
	check(r, s, &seen)
	if verdict(r); r.Passed || !strings.Contains(r.Verdict, "age of a shown place, first 10") {
		t.Errorf("the verdict is %q", r.Verdict)
	}
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 200 {
		time.Sleep(100 * time.Millisecond)
		if is() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}
