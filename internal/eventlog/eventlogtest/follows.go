package eventlogtest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"nextup/internal/eventlog"
)

var followTests = map[string]func(*testing.T, Setup){
	"a subscription stands, then a commit wakes it": func(t *testing.T, s Setup) {
		log, other := newLog(), newLog()
		ear := listen(t, s.Second, log)
		ear.wait(t) // it stands
		strange := listen(t, s.Second, other)
		strange.wait(t)
		do(t, s.Backend, log, put("c1", "a", "1"))
		ear.wait(t)
		later := listen(t, s.Second, log) // beside one that stands already
		later.wait(t)
		do(t, s.Backend, log, put("c2", "a", "2"))
		ear.wait(t)
		later.wait(t)
		// Signals of one log keep their order, so the note below proves that no
		// wake-up came before it.
		do(t, s.Backend, other, put("c1", "a", "1"))
		strange.wait(t)
		do(t, s.Backend, other, put("c1", "a", "1")) // committed before
		note(t, s.Backend, other, "after")
		if got := strange.next(t); string(got.Payload) != "after" {
			t.Fatalf("a call that committed nothing was heard: %q", got.Payload)
		}
	},
	"a note reaches all subscribers and is not stored": func(t *testing.T, s Setup) {
		log := newLog()
		ears := []*ear{listen(t, s.Backend, log), listen(t, s.Second, log)}
		for _, e := range ears {
			e.wait(t)
		}
		for _, payload := range []string{"typing", "", "w", "\x00\xff"} {
			note(t, s.Backend, log, payload)
			for i, e := range ears {
				if got := e.next(t); got.Payload == nil || string(got.Payload) != payload {
					t.Fatalf("ear %d heard %q, not %q", i, got.Payload, payload)
				}
			}
		}
		if head(t, s.Backend, log) != (eventlog.Head{}) {
			t.Fatal("a note was stored")
		}
	},
	"a stopped subscription is silent and another one goes on": func(t *testing.T, s Setup) {
		log := newLog()
		a, b := listen(t, s.Second, log), listen(t, s.Second, log)
		a.wait(t)
		b.wait(t)
		a.stop()
		note(t, s.Backend, log, "one")
		b.next(t)
		b.stop()
		c := listen(t, s.Second, log) // the channel is given up and asked for again
		c.wait(t)
		note(t, s.Backend, log, "two")
		if got := c.next(t); string(got.Payload) != "two" {
			t.Fatalf("heard %q", got.Payload)
		}
		for _, e := range []*ear{a, b} {
			select {
			case got := <-e.heard:
				t.Fatalf("a stopped subscription heard %q", got.Payload)
			default:
			}
		}
	},
	"a follower keeps up with many committers": func(t *testing.T, s Setup) {
		log := newLog()
		f, replica := follow(t, s.Second, log, eventlog.FollowerOptions{Batch: 7})
		var all sync.WaitGroup
		for committer := range 8 {
			all.Go(func() {
				for i := range 50 {
					if _, err := s.Backend.Commit(t.Context(), log, []eventlog.Commit{
						put(fmt.Sprint(committer, ".", i), fmt.Sprint("e", i%9), fmt.Sprint(committer, i)),
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		waitFor(t, f, 400)
		replica.Match(t, s.Backend, log)
		if replica.Loads() != 1 || !f.Ready() {
			t.Fatalf("%d snapshots, ready %v", replica.Loads(), f.Ready())
		}
	},
	"a follower that comes late starts with a snapshot": func(t *testing.T, s Setup) {
		log := newLog()
		for i := range 50 {
			do(t, s.Backend, log, put(fmt.Sprint("c", i), fmt.Sprint("e", i%9), fmt.Sprint(i)))
		}
		f, replica := follow(t, s.Second, log, eventlog.FollowerOptions{})
		waitFor(t, f, 50)
		do(t, s.Backend, log, eventlog.Commit{ID: "gone", Writes: []eventlog.Write{{Name: "e3"}}, Data: []byte("e3=")})
		waitFor(t, f, 51)
		replica.Match(t, s.Backend, log)
	},
	"a follower notices a fork": func(t *testing.T, s Setup) {
		for name, c := range map[string]struct {
			after int
			id    string // prefix of the ids committed after the loss; c is that of the lost ones
		}{
			"head behind":          {0, "d"},
			"numbers used again":   {3, "d"},
			"more than were lost":  {9, "d"},
			"committed once again": {3, "c"},
		} {
			log := newLog()
			resets := 0
			f, replica, step := manual(s.Second, log, eventlog.FollowerOptions{OnReset: func() { resets++ }})
			for i := range 5 {
				do(t, s.Backend, log, put(fmt.Sprint("c", i), fmt.Sprint("e", i), "kept"))
			}
			restore := s.Checkpoint(t, log)
			for i := 5; i < 8; i++ {
				do(t, s.Backend, log, put(fmt.Sprint("c", i), fmt.Sprint("e", i), "lost"))
			}
			step(t)
			lost := head(t, s.Backend, log)
			restore()
			eventually(t, "the clock goes on", func() bool { return s.Backend.Now(log) > lost.At+1 })
			for i := 5; i < 5+c.after; i++ {
				do(t, s.Backend, log, put(fmt.Sprint(c.id, i), fmt.Sprint("e", i), "again"))
			}
			step(t)
			replica.Match(t, s.Backend, log)
			if resets != 1 || f.Number() != uint64(5+c.after) || !f.Ready() {
				t.Errorf("%s: %d resets, at %d, ready %v", name, resets, f.Number(), f.Ready())
			}
		}
	},
	"a follower that starts at a head goes on from there": func(t *testing.T, s Setup) {
		for name, c := range map[string]struct {
			from      int // the log's length when the head was remembered
			lose      bool
			again     int    // records committed after the loss
			id        string // prefix of their ids; c is that of the lost ones
			resets    int
			snapshots int
		}{
			"the beginning":            {from: 0},
			"a head":                   {from: 3},
			"the newest head":          {from: 8},
			"the head was lost":        {from: 8, lose: true, id: "d", resets: 1, snapshots: 1},
			"its number is used again": {from: 8, lose: true, again: 5, id: "d", resets: 1, snapshots: 1},
			"it was committed again":   {from: 8, lose: true, again: 5, id: "c", resets: 1, snapshots: 1},
			"what was lost came later": {from: 5, lose: true, again: 2, id: "d"},
		} {
			log := newLog()
			add := func(id string, from, to int) {
				for i := from; i < to; i++ {
					do(t, s.Backend, log, put(fmt.Sprint(id, i), fmt.Sprint("e", i%3), fmt.Sprint(id, i)))
				}
			}
			_, replica, step := manual(s.Second, log, eventlog.FollowerOptions{})
			var remembered eventlog.Head
			remember := func(at int) {
				if at == c.from && at > 0 {
					step(t)
					remembered = head(t, s.Backend, log)
				}
			}
			add("c", 0, 3)
			remember(3)
			add("c", 3, 5)
			remember(5)
			restore := s.Checkpoint(t, log)
			add("c", 5, 8)
			remember(8)
			if newest := head(t, s.Backend, log); c.lose {
				restore()
				eventually(t, "the clock goes on", func() bool { return s.Backend.Now(log) > newest.At+1 })
				add(c.id, 5, 5+c.again)
			}
			resets, snapshots := 0, replica.Loads()
			f := eventlog.NewFollower(s.Second, log, replica, eventlog.FollowerOptions{OnReset: func() { resets++ }})
			f.StartAt(remembered)
			if f.Ready() {
				t.Errorf("%s: it is ready before it has looked at the log", name)
			}
			if err := f.Step(t.Context()); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			replica.Match(t, s.Backend, log)
			if got := replica.Loads() - snapshots; resets != c.resets || got != c.snapshots || !f.Ready() || f.Number() != head(t, s.Backend, log).Number {
				t.Errorf("%s: %d resets, %d snapshots, at %d, ready %v", name, resets, got, f.Number(), f.Ready())
			}
		}
	},
	"a follower that starts at a head that was trimmed is loaded without a reset": func(t *testing.T, s Setup) {
		log := newLog(func(l *eventlog.Log) { l.Trim = 20 * time.Millisecond })
		do(t, s.Backend, log, put("c0", "a", "0"))
		remembered := head(t, s.Backend, log)
		n := 0
		eventually(t, "the next records are trimmed", func() bool {
			for range 100 {
				n++
				do(t, s.Backend, log, put(fmt.Sprint("c", n), fmt.Sprint("e", n%9), fmt.Sprint(n)))
			}
			_, err := s.Backend.Read(t.Context(), log, 1, 1)
			return err != nil
		})
		f, replica, step := manual(s.Second, log, eventlog.FollowerOptions{OnReset: func() { t.Error("a gap is no fork") }})
		f.StartAt(remembered)
		step(t)
		replica.Match(t, s.Backend, log)
		if replica.Loads() != 1 || f.Number() != uint64(n+1) {
			t.Fatalf("%d snapshots, at %d of %d", replica.Loads(), f.Number(), n+1)
		}
	},
	"a follower heals a gap with a snapshot and no reset": func(t *testing.T, s Setup) {
		log := newLog(func(l *eventlog.Log) { l.Trim = 20 * time.Millisecond })
		f, replica, step := manual(s.Second, log, eventlog.FollowerOptions{
			OnReset: func() { t.Error("a gap is no fork") },
		})
		do(t, s.Backend, log, put("c0", "a", "0"))
		step(t)
		n := 0
		eventually(t, "the next records are trimmed", func() bool {
			for range 100 {
				n++
				do(t, s.Backend, log, put(fmt.Sprint("c", n), fmt.Sprint("e", n%9), fmt.Sprint(n)))
			}
			_, err := s.Backend.Read(t.Context(), log, 1, 1)
			return err != nil
		})
		step(t)
		replica.Match(t, s.Backend, log)
		if replica.Loads() != 2 || f.Number() != uint64(n+1) {
			t.Fatalf("%d snapshots, at %d of %d", replica.Loads(), f.Number(), n+1)
		}
	},
}

// ear receives the signals of a log.
type ear struct {
	heard chan eventlog.Signal
	stop  func()
}

func listen(t *testing.T, b eventlog.Backend, log eventlog.Log) *ear {
	e := &ear{heard: make(chan eventlog.Signal, 1000)}
	e.stop = b.Subscribe(log, func(s eventlog.Signal) {
		select {
		case e.heard <- s:
		default:
			t.Error("far too many signals")
		}
	})
	t.Cleanup(e.stop)
	return e
}

func (e *ear) next(t *testing.T) eventlog.Signal {
	t.Helper()
	select {
	case s := <-e.heard:
		return s
	case <-time.After(10 * time.Second):
		t.Fatal("nothing heard within 10 s")
		return eventlog.Signal{}
	}
}

// wait returns after a wake-up, and fails the test for a note.
func (e *ear) wait(t *testing.T) {
	t.Helper()
	if s := e.next(t); s.Payload != nil {
		t.Fatalf("heard the note %q instead of a wake-up", s.Payload)
	}
}

func note(t *testing.T, b eventlog.Backend, log eventlog.Log, payload string) {
	t.Helper()
	if err := b.Signal(t.Context(), log, []byte(payload)); err != nil {
		t.Fatal(err)
	}
}

// follow runs a follower until the test ends.
func follow(t *testing.T, b eventlog.Backend, log eventlog.Log, o eventlog.FollowerOptions) (*eventlog.Follower, *Replica) {
	replica := NewReplica()
	o.OnError = func(err error) { t.Errorf("the follower failed: %v", err) }
	f := eventlog.NewFollower(b, log, replica, o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = f.Run(ctx) // it ends with the context's error
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return f, replica
}

// manual returns a follower that moves only when step is called.
func manual(b eventlog.Backend, log eventlog.Log, o eventlog.FollowerOptions) (*eventlog.Follower, *Replica, func(*testing.T)) {
	replica := NewReplica()
	f := eventlog.NewFollower(b, log, replica, o)
	return f, replica, func(t *testing.T) {
		t.Helper()
		if err := f.Step(t.Context()); err != nil {
			t.Fatalf("step: %v", err)
		}
	}
}

func waitFor(t *testing.T, f *eventlog.Follower, number uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := f.WaitFor(ctx, number); err != nil {
		t.Fatalf("at %d, not %d: %v", f.Number(), number, err)
	}
}
