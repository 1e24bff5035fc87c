package gateway

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// When very many are cut at once a few are said to be lost at a time, and no visitor
// twice.
func TestACrowdThatIsCutIsLostAFewAtATime(t *testing.T) {
	const cut = 1000
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var busy, most, lost atomic.Int64
		var work sync.WaitGroup
		d := disconnects{ctx: ctx, work: &work, draining: &atomic.Bool{}, lose: func(string) {
			most.Store(max(most.Load(), busy.Add(1)))
			defer busy.Add(-1)
			lost.Add(1)
			pause(ctx, time.Second)
		}}
		before := runtime.NumGoroutine()
		for i := range cut {
			d.add(fmt.Sprint("v", i))
		}
		synctest.Wait()
		for i := range cut - maxLosing {
			d.add(fmt.Sprint("v", maxLosing+i)) // one who is queued is queued once
		}
		if n := runtime.NumGoroutine() - before; n > maxLosing {
			t.Errorf("%d goroutines say who is lost, want %d", n, maxLosing)
		}
		work.Wait()
		if n := lost.Load(); n != cut {
			t.Errorf("%d were said to be lost, want %d", n, cut)
		}
		if n := most.Load(); n != maxLosing {
			t.Errorf("%d commits were under way at once, want %d", n, maxLosing)
		}
		if len(d.names) != 0 || d.busy != 0 {
			t.Errorf("something is left: %v, %d busy", d.names, d.busy)
		}
	})
}

// A visitor who comes back while their name waits is not called lost.
func TestWhoIsBackIsNotLost(t *testing.T) {
	s := &site{g: &Gateway{ctx: t.Context()}, people: newPeople()}
	s.people.visitors["v"] = []*conn{{}}
	s.retryWhile("v", "visitor", false, func() error {
		t.Error("one who is back is said to be lost")
		return nil
	})
	said := false
	s.retryWhile("w", "visitor", false, func() error {
		said = true
		return nil
	})
	if !said {
		t.Error("one who is gone is not said to be lost")
	}
}
