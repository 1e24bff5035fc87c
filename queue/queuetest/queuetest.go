// Package queuetest is the conformance suite that every queue.Store passes: one
// set of statements about changes, replicas and races, run in memory, on Redis and
// on a Redis Cluster.
//
//	queuetest.Run(t, queuetest.Harness{
//		Open: func(*testing.T) queue.Store { return logstore.New(memory) },
//	})
//
// The suite acts as gateways: nodes with a replica each, over several stores that
// share one log. A judge watches every record with books of its own.
package queuetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nextup/queue"
)

// Harness is what a store's tests provide.
type Harness struct {
	// Open returns a new store over the one log that all stores of the test
	// share.
	Open func(t *testing.T) queue.Store
	// Lose calls during and then takes the log back to its state before, as a failover
	// to a replica that lagged does. Nil means that this log cannot lose records.
	Lose func(t *testing.T, site string, during func())
	// Rank asks the sorted set of a queue for the 0-based rank of a ticket, and
	// its size. Nil means that there is none.
	Rank func(t *testing.T, site string, q queue.QueueID, ticket *queue.Ticket) (rank, size int)
	// Seeds is the number of interleavings that are tried; 0 counts as 4.
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
		{"who remembers where they were is given each record once", fromHead},
		{"many writers keep the invariants", interleavings},
		{"a shown position is the rank in the sorted set", ranks},
		{"a fork is noticed and healed", fork},
		{"a node that is too old for the site's level does not take it", tooOld},
	} {
		t.Run(strings.ReplaceAll(statement.name, " ", "_"), func(t *testing.T) { statement.test(t, h) })
	}
}

var sites atomic.Int64

// newSite returns a site with a log of its own for each test.
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

// decide returns a change that is not committed yet.
func (n *node) decide(t *testing.T, d func(s *queue.State) (queue.Change, error)) queue.Change {
	t.Helper()
	var c queue.Change
	var err error
	n.Read(func(s *queue.State) { c, err = d(s) })
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
	requireEqual(t, last, append(late, a)...)
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
		t.Fatal("no ticket is in line")
	}
}

// compareRanks compares every position with the sorted sets, and returns the number
// of tickets in line.
func (n *node) compareRanks(t *testing.T, h Harness) (waiting int) {
	t.Helper()
	n.Read(func(s *queue.State) {
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
	requireEqual(t, a.must(t, joins("v1", "t1", "en")), a, b)
	h.Lose(t, site.ID, func() {
		a.must(t, joins("v2", "t2", "en"))
		requireEqual(t, a.must(t, joins("v3", "t3", "en")), a, b)
	})
	// The numbers 2, 3 and 4 are used again, for other records.
	c := follow(t, h.Open(t), site, "c", nil)
	c.must(t, joins("v4", "t4", "en"))
	c.must(t, joins("v5", "t5", "en"))
	last := c.must(t, joins("v6", "t6", "en"))
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if a.Resets() > 0 || time.Now().After(deadline) {
			break
		}
	}
	requireEqual(t, last, c, a, b)
	for _, n := range []*node{a, b} {
		if n.Resets() != 1 {
			t.Errorf("%s heard %d resets, want 1", n.name, n.Resets())
		}
	}
	if c.Resets() != 0 {
		t.Error("who was never told the lost records has nothing to forget")
	}
}
