package queuetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"nextup/queue"
)

func versions(t *testing.T, h Harness) {
	site := newSite()
	a, b := follow(t, h.Open(t), site, "a", nil), follow(t, h.Open(t), site, "b", nil)
	requireEqual(t, a.must(t, joins("v", "t1", "en")), a, b)
	leave := func(s *queue.State) (queue.Change, error) { return s.Leave("v", "t1") }
	stale := b.decide(t, leave)
	a.must(t, func(s *queue.State) (queue.Change, error) { return s.LoseVisitor("v", "n"), nil })
	if got := b.commit(t, stale)[0].Verdict; got != queue.Done {
		t.Errorf("leaving does not read the visitor's session, yet it is %v", got)
	}
	if got := b.commit(t, b.decide(t, arrives("x", 1, "en")))[0]; got.Verdict != queue.Done {
		t.Errorf("a new agent: %+v", got)
	}
	requireEqual(t, 4, a, b)
	one, two := a.decide(t, sets("x", queue.Available)), b.decide(t, sets("x", queue.Offline))
	if got := a.commit(t, one)[0]; got.Verdict != queue.Done || got.Number != 5 {
		t.Errorf("the first of two: %+v", got)
	}
	if got := b.commit(t, two)[0]; got.Verdict != queue.Conflict || got.Number != 5 {
		t.Errorf("the second of two: %+v, want Conflict with the head", got)
	}
	requireEqual(t, 5, a, b)
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
	requireEqual(t, 2, a, b)
	if got := b.commit(t, c)[0]; got.Verdict != queue.Done || got.Number != 1 {
		t.Errorf("a late retry: %+v, want Done as 1", got)
	}
	c.Intent = "another"
	if got := b.commit(t, c)[0]; got.Verdict != queue.IDConflict {
		t.Errorf("another wish under the same id: %+v, want IDConflict", got)
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
	requireEqual(t, 20, a, b)
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
	a.Read(func(s *queue.State) { due = s.Match(a.store.Now(a.site.ID), 100) })
	if len(due) != 3 {
		t.Fatalf("%d offers for three places", len(due))
	}
	broken := due[1]
	broken.Reads = append([]queue.Read{{Name: "t/t4", Version: "never"}}, broken.Reads...)
	out := a.commit(t, due[0], broken, due[2])
	if out[0].Verdict != queue.Done || out[1].Verdict != queue.Conflict || out[2].Verdict != queue.Conflict {
		t.Errorf("verdicts = %v: want Done, Conflict, and Conflict for what builds on a refused one", out)
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
	early.NotBefore = a.store.Now(a.site.ID) + 60_000
	late.NotAfter = a.store.Now(a.site.ID) - 60_000
	out := a.commit(t, early, late)
	if out[0].Verdict != queue.Early || out[1].Verdict != queue.Late {
		t.Errorf("verdicts = %+v, want Early and Late", out)
	}
	early.NotBefore, late.NotAfter = a.store.Now(a.site.ID)-60_000, a.store.Now(a.site.ID)+60_000
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
