// Package queuetest is the conformance suite that every queue.Store passes: one
// set of statements about changes, replicas and races, run on memory, on Redis
// and on a Redis Cluster.
//
// The suite plays gateways: nodes with a replica each, over several stores that
// share one log. A judge watches every record with books of its own.
package queuetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nextup/queue"
)

// Harness is what a store's tests bring.
type Harness struct {
	// Open returns a new store over the one log that all stores of the test
	// share.
	Open func(t *testing.T) queue.Store
	// Lose runs during and then takes the log back to where it was before, as a
	// failover to a replica that lagged does. Nil says that this log cannot lose.
	Lose func(t *testing.T, site string, during func())
	// Rank asks the sorted set of a queue for the 0-based rank of a ticket, and
	// its size. Nil says that there is none.
	Rank func(t *testing.T, site string, q queue.QueueID, ticket *queue.Ticket) (rank, size int)
	// Seeds is how many interleavings are tried; 0 counts as 4.
	Seeds int
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	for _, statement := range []struct {
		name string
		test func(t *testing.T, h Harness)
	}{
		{"a change is committed if nothing it read has moved", versions},
		{"a retried commit happens once", retries},
		{"two joins of a visitor make one ticket", twoJoins},
		{"a batch may build on itself and each change stands alone", batch},
		{"bounds of time are the log's", bounds},
		{"one dispatcher holds the lease", lease},
		{"a new node takes a snapshot while others write", snapshot},
		{"many writers keep the invariants", interleavings},
		{"a shown position is the rank in the sorted set", ranks},
		{"a fork is noticed and healed", fork},
	} {
		t.Run(strings.ReplaceAll(statement.name, " ", "_"), func(t *testing.T) { statement.test(t, h) })
	}
}

var sites atomic.Int64

// newSite gives each test a log of its own.
func newSite() *queue.Site { return Site(fmt.Sprint("site", sites.Add(1))) }

func joins(visitor, ticket, lang string) func(s *queue.State) (queue.Change, error) {
	return func(s *queue.State) (queue.Change, error) {
		return s.Join(queue.JoinRequest{Ticket: ticket, Visitor: visitor, Department: "support", Languages: []string{lang}, Node: "n"})
	}
}

func arrives(agent string, capacity int, langs ...string) func(s *queue.State) (queue.Change, error) {
	return func(s *queue.State) (queue.Change, error) {
		return s.BindAgent(queue.AgentFacts{ID: agent, Name: agent, Languages: queue.Fluent(langs...), Departments: []string{"support"}, Capacity: capacity}, "n"), nil
	}
}

func sets(agent string, status queue.AgentStatus) func(s *queue.State) (queue.Change, error) {
	return func(s *queue.State) (queue.Change, error) { return s.SetStatus(agent, status) }
}

// decide is a change that is not committed yet.
func (n *node) decide(t *testing.T, d func(s *queue.State) (queue.Change, error)) queue.Change {
	t.Helper()
	var c queue.Change
	var err error
	n.read(func(s *queue.State) { c, err = d(s) })
	if err != nil || c.Empty() {
		t.Fatalf("nothing decided: %v", err)
	}
	return c
}

// commit commits without replaying.
func (n *node) commit(t *testing.T, changes ...queue.Change) []queue.Outcome {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	out, err := n.store.Commit(ctx, n.site.ID, changes)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func versions(t *testing.T, h Harness) {
	site := newSite()
	a, b := follow(t, h.Open(t), site, "a", nil), follow(t, h.Open(t), site, "b", nil)
	agree(t, a.must(t, joins("v", "t1", "en")), a, b)
	leave := func(s *queue.State) (queue.Change, error) { return s.Leave("v", "t1") }
	stale := b.decide(t, leave)
	a.must(t, func(s *queue.State) (queue.Change, error) { return s.LoseVisitor("v", "n"), nil })
	if got := b.commit(t, stale)[0].Verdict; got != queue.Done {
		t.Errorf("leaving does not read the visitor's session, yet it is %v", got)
	}
	if got := b.commit(t, b.decide(t, arrives("x", 1, "en")))[0]; got.Verdict != queue.Done {
		t.Errorf("a new agent: %+v", got)
	}
	agree(t, 4, a, b)
	one, two := a.decide(t, sets("x", queue.Available)), b.decide(t, sets("x", queue.Offline))
	if got := a.commit(t, one)[0]; got.Verdict != queue.Done || got.Number != 5 {
		t.Errorf("the first of two: %+v", got)
	}
	if got := b.commit(t, two)[0]; got.Verdict != queue.Moved || got.Number != 5 {
		t.Errorf("the second of two: %+v, want Moved with the head", got)
	}
	agree(t, 5, a, b)
}

func retries(t *testing.T, h Harness) {
	site := newSite()
	a, b := follow(t, h.Open(t), site, "a", nil), follow(t, h.Open(t), site, "b", nil)
	c := a.decide(t, joins("v", "t1", "en"))
	numbers := make([]uint64, 8)
	var all sync.WaitGroup
	for i := range numbers {
		n := []*node{a, b}[i%2]
		all.Go(func() { numbers[i] = n.commit(t, c)[0].Number })
	}
	all.Wait()
	for _, n := range numbers {
		if n != 1 {
			t.Errorf("the same commit is in the log as %v, want 1 for all", numbers)
			break
		}
	}
	a.must(t, joins("w", "t2", "en"))
	agree(t, 2, a, b)
	if got := b.commit(t, c)[0]; got.Verdict != queue.Done || got.Number != 1 {
		t.Errorf("a late retry: %+v, want Done as 1", got)
	}
	c.Intent = "another"
	if got := b.commit(t, c)[0]; got.Verdict != queue.Reused {
		t.Errorf("another wish under the same id: %+v, want Reused", got)
	}
}

func twoJoins(t *testing.T, h Harness) {
	site := newSite()
	a, b := follow(t, h.Open(t), site, "a", nil), follow(t, h.Open(t), site, "b", nil)
	for i := range 20 {
		v := fmt.Sprint("v", i)
		var all sync.WaitGroup
		for _, n := range []*node{a, b} {
			all.Go(func() { n.must(t, joins(v, v+n.name, "en")) })
		}
		all.Wait()
	}
	agree(t, 20, a, b)
	if got := len(a.picture().Lines[queue.QueueID{Department: "support", Language: "en"}]); got != 20 {
		t.Errorf("%d tickets for 20 visitors", got)
	}
}

func batch(t *testing.T, h Harness) {
	site := newSite()
	j := newJudge()
	a := follow(t, h.Open(t), site, "a", j)
	a.must(t, arrives("x", 3, "en"))
	a.must(t, sets("x", queue.Available))
	for i := range 5 {
		a.must(t, joins(fmt.Sprint("v", i), fmt.Sprint("t", i), "en"))
	}
	var due []queue.Change
	a.read(func(s *queue.State) { due = s.Match(a.store.Now(), 100) })
	if len(due) != 3 {
		t.Fatalf("%d offers for three places", len(due))
	}
	broken := due[1]
	broken.Reads = append([]queue.Read{{Name: "t/t4", Version: "never"}}, broken.Reads...)
	out := a.commit(t, due[0], broken, due[2])
	if out[0].Verdict != queue.Done || out[1].Verdict != queue.Moved || out[2].Verdict != queue.Moved {
		t.Errorf("verdicts = %v: want Done, Moved, and Moved for what builds on a refused one", out)
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	if err := a.follower.WaitFor(ctx, out[0].Number); err != nil {
		t.Fatal(err)
	}
	if err := a.dispatch(ctx); err != nil {
		t.Fatal(err)
	}
	if p := a.picture(); p.Loads["x"] != 3 {
		t.Errorf("load = %d, want 3", p.Loads["x"])
	}
}

func bounds(t *testing.T, h Harness) {
	site := newSite()
	a := follow(t, h.Open(t), site, "a", nil)
	early, late := a.decide(t, joins("v", "t1", "en")), a.decide(t, joins("w", "t2", "en"))
	early.NotBefore = a.store.Now() + 60_000
	late.NotAfter = a.store.Now() - 60_000
	out := a.commit(t, early, late)
	if out[0].Verdict != queue.Early || out[1].Verdict != queue.Late {
		t.Errorf("verdicts = %+v, want Early and Late", out)
	}
	early.NotBefore, late.NotAfter = a.store.Now()-60_000, a.store.Now()+60_000
	if out := a.commit(t, early, late); out[0].Verdict != queue.Done || out[1].Verdict != queue.Done {
		t.Errorf("verdicts = %+v, want Done twice", out)
	}
}

func lease(t *testing.T, h Harness) {
	site, ctx := newSite().ID, t.Context()
	a, b := h.Open(t), h.Open(t)
	for _, tt := range []struct {
		name  string
		store queue.Store
		node  string
		ttl   time.Duration
		want  bool
	}{
		{"free", a, "a", time.Minute, true},
		{"another's", b, "b", time.Minute, false},
		{"renewed", a, "a", time.Millisecond, true},
	} {
		if got, err := tt.store.Lease(ctx, site, tt.node, tt.ttl); err != nil || got != tt.want {
			t.Errorf("%s: %v, %v; want %v", tt.name, got, err, tt.want)
		}
	}
	for deadline := time.Now().Add(5 * time.Second); ; {
		if got, err := b.Lease(ctx, site, "b", time.Minute); err != nil || time.Now().After(deadline) {
			t.Fatalf("a lease that ran out is never free: %v", err)
		} else if got {
			break
		}
	}
}

func snapshot(t *testing.T, h Harness) {
	site := newSite()
	store := h.Open(t)
	a := follow(t, store, site, "a", nil)
	for i := range 300 {
		a.must(t, joins(fmt.Sprint("v", i), fmt.Sprint("t", i), "en"))
	}
	var last uint64
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := range 300 {
			last = a.must(t, func(s *queue.State) (queue.Change, error) { return s.Leave(fmt.Sprint("v", i), fmt.Sprint("t", i)) })
			last = a.must(t, joins(fmt.Sprint("w", i), fmt.Sprint("u", i), "zh"))
		}
	})
	var late []*node
	for i := range 5 {
		late = append(late, follow(t, h.Open(t), site, fmt.Sprint("late", i), nil))
	}
	writing.Wait()
	agree(t, last, append(late, a)...)
}

func interleavings(t *testing.T, h Harness) {
	seeds := h.Seeds
	if seeds == 0 {
		seeds = 4
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) { interleave(t, h, seed) })
	}
}

func interleave(t *testing.T, h Harness, seed uint64) {
	site := newSite()
	j := newJudge()
	stores := []queue.Store{h.Open(t), h.Open(t)}
	watch := follow(t, stores[0], site, "judge", j)
	ctx, stop := context.WithTimeout(context.Background(), 60*time.Second)
	defer stop()
	watch.ready(t)
	nodes := make([]*node, 3)
	for i := range nodes {
		nodes[i] = follow(t, stores[i%2], site, fmt.Sprint("n", i), nil)
	}
	var all sync.WaitGroup
	for w := range 6 {
		n := nodes[w%len(nodes)]
		rng := rand.New(rand.NewPCG(seed, uint64(w)))
		all.Go(func() {
			for range 60 {
				if err := n.wish(ctx, rng); err != nil {
					t.Errorf("seed %d: %v", seed, err)
					return
				}
			}
		})
	}
	all.Wait()
	// Everything that is lost or offered comes to its end.
	var newest uint64
	for deadline := time.Now().Add(250 * time.Millisecond); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err := nodes[0].dispatch(ctx); err != nil {
			t.Fatal(err)
		}
	}
	nodes[0].read(func(s *queue.State) { newest = s.Number() })
	agree(t, newest, append(nodes, watch)...)
	j.verdict(t)
	if h.Rank != nil {
		nodes[0].compareRanks(t, h)
	}
}

// wish does one random thing that a visitor, an agent, a dispatcher or a node
// that lost somebody would do.
func (n *node) wish(ctx context.Context, rng *rand.Rand) error {
	visitor, agent := fmt.Sprint("v", rng.IntN(12)), fmt.Sprint("a", rng.IntN(4))
	lang := []string{"en", "zh"}[rng.IntN(2)]
	ticketID := fmt.Sprintf("t%x", rng.Uint64())
	action := rng.IntN(10)
	_, err := n.do(ctx, func(s *queue.State) (queue.Change, error) {
		var held *queue.Ticket
		if all := s.Held(agent); len(all) > 0 {
			held = all[len(ticketID)%len(all)]
		}
		switch {
		case action <= 2:
			return s.Join(queue.JoinRequest{Ticket: ticketID, Visitor: visitor, Department: "support", Languages: []string{lang}, Node: n.name, Weight: 1 + len(visitor)%2})
		case action == 3:
			if t := s.TicketOf(visitor); t != nil && t.Open() {
				return s.Leave(visitor, t.ID)
			}
		case action <= 5:
			if held != nil && held.Status == queue.Offered {
				if held.Attempts%3 == 0 {
					return s.Decline(agent, held.Offer.ID)
				}
				return s.Accept(agent, held.Offer.ID)
			}
			if s.Agent(agent) == nil || s.Agent(agent).Session.Lost() {
				return s.BindAgent(queue.AgentFacts{ID: agent, Languages: queue.Fluent("en", "zh"), Departments: []string{"support"}, Capacity: 1 + len(lang)}, n.name), nil
			}
			return s.SetStatus(agent, queue.Available)
		case action == 6:
			if held != nil && held.Status == queue.Assigned {
				return s.Close(agent, held.ID)
			}
		case action == 7:
			return s.LoseVisitor(visitor, n.name), nil
		case action == 8:
			return s.LoseAgent(agent, n.name), nil
		}
		return queue.Change{}, nil
	})
	if err != nil && !refusal(err) {
		return err
	}
	return n.dispatch(ctx)
}

// refusal says that a wish was no longer possible, which is no fault.
func refusal(err error) bool {
	return slices.ContainsFunc([]error{
		queue.ErrUnknownTicket, queue.ErrUnknownOffer, queue.ErrUnknownAgent, queue.ErrForbidden, queue.ErrEnded, queue.ErrHolds,
	}, func(known error) bool { return errors.Is(err, known) })
}

func ranks(t *testing.T, h Harness) {
	if h.Rank == nil {
		t.Skip("this store keeps no sorted sets outside its replicas")
	}
	site := newSite()
	a := follow(t, h.Open(t), site, "a", nil)
	for i := range 60 {
		join := queue.JoinRequest{
			Ticket: fmt.Sprint("t", i), Visitor: fmt.Sprint("v", i), Department: "support",
			Languages: []string{"en"}, HeadStart: queue.Millis(i % 7 * 1000), Node: "n",
		}
		a.must(t, func(s *queue.State) (queue.Change, error) { return s.Join(join) })
		if i%5 == 4 {
			a.must(t, func(s *queue.State) (queue.Change, error) {
				return s.Leave(fmt.Sprint("v", i-2), fmt.Sprint("t", i-2))
			})
		}
	}
	a.must(t, arrives("x", 4, "en"))
	a.must(t, sets("x", queue.Available))
	if err := a.dispatch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a.compareRanks(t, h) == 0 {
		t.Fatal("nobody in line")
	}
}

// compareRanks compares every position with the sorted sets, and returns how
// many stand in line.
func (n *node) compareRanks(t *testing.T, h Harness) (waiting int) {
	t.Helper()
	n.read(func(s *queue.State) {
		for _, q := range n.site.Queues() {
			waiting += s.Size(q)
			s.Sweep(q, 1, s.Size(q), func(position int, tk *queue.Ticket) bool {
				if rank, size := h.Rank(t, n.site.ID, q, tk); rank+1 != position || size != s.Size(q) {
					t.Errorf("%s is shown %d of %d, the sorted set says %d of %d", tk.ID, position, s.Size(q), rank+1, size)
				}
				return true
			})
		}
	})
	return waiting
}

func fork(t *testing.T, h Harness) {
	if h.Lose == nil {
		t.Skip("this log cannot lose records: it lives and dies with its process")
	}
	site := newSite()
	a, b := follow(t, h.Open(t), site, "a", nil), follow(t, h.Open(t), site, "b", nil)
	agree(t, a.must(t, joins("v1", "t1", "en")), a, b)
	h.Lose(t, site.ID, func() {
		a.must(t, joins("v2", "t2", "en"))
		agree(t, a.must(t, joins("v3", "t3", "en")), a, b)
	})
	// The numbers 2, 3 and 4 are used again, for other records.
	c := follow(t, h.Open(t), site, "c", nil)
	c.must(t, joins("v4", "t4", "en"))
	c.must(t, joins("v5", "t5", "en"))
	last := c.must(t, joins("v6", "t6", "en"))
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if a.forks() > 0 || time.Now().After(deadline) {
			break
		}
	}
	agree(t, last, c, a, b)
	for _, n := range []*node{a, b} {
		if n.forks() != 1 {
			t.Errorf("%s heard %d resets, want 1", n.name, n.forks())
		}
	}
	if c.forks() != 0 {
		t.Error("who was never told the lost records has nothing to forget")
	}
}
