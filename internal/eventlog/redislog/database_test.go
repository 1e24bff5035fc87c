package redislog_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"nextup/internal/eventlog"
	"nextup/internal/eventlog/redislog"
	"nextup/test/redistest"
)

// hearing collects what a backend hears of a log, but for the first wake-up.
func hearing(t *testing.T, b *redislog.Backend, log eventlog.Log) <-chan eventlog.Signal {
	t.Helper()
	heard := make(chan eventlog.Signal, 100)
	t.Cleanup(b.Subscribe(log, func(s eventlog.Signal) { heard <- s }))
	return heard
}

// next skips bare wake-ups until something is heard, or the sentinel's note.
func next(t *testing.T, heard <-chan eventlog.Signal) eventlog.Signal {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		select {
		case s := <-heard:
			if s.Payload != nil || s.Pushed != nil {
				return s
			}
		case <-ctx.Done():
			t.Fatal("nothing was heard")
		}
	}
}

// Two gateways with the same sites on two databases of one server: what is typed and
// written on the one is never heard on the other.
func TestTheDatabasesOfAServerDoNotHearEachOther(t *testing.T) {
	server := redistest.StartServer(t)
	log := eventlog.Log{Name: "same"}
	databases := []string{"/0", "/1", "/2"}
	var backends []*redislog.Backend
	var heard []<-chan eventlog.Signal
	for _, db := range databases {
		b := open(t, server.URL()+db)
		backends = append(backends, b)
		heard = append(heard, hearing(t, b, log))
	}
	for i, b := range backends {
		awaitHeard(t, b, log, heard[i])
	}
	for i, b := range backends {
		if err := b.Signal(t.Context(), log, []byte("note of "+databases[i])); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Commit(t.Context(), log, one("commit"+databases[i][1:])); err != nil {
			t.Fatal(err)
		}
	}
	for i := range backends {
		if s := next(t, heard[i]); string(s.Payload) != "note of "+databases[i] {
			t.Errorf("database %s hears the note %q, %v", databases[i], s.Payload, s.Pushed)
		}
		if s := next(t, heard[i]); s.Pushed == nil || s.Pushed.Records[0].ID != "commit"+databases[i][1:] {
			t.Errorf("database %s hears %q, %v", databases[i], s.Payload, s.Pushed)
		}
		// Whatever another database published came before this.
		if err := backends[i].Signal(t.Context(), log, []byte("last")); err != nil {
			t.Fatal(err)
		}
		if s := next(t, heard[i]); string(s.Payload) != "last" {
			t.Errorf("database %s hears %q, %v as well", databases[i], s.Payload, s.Pushed)
		}
	}
}

// awaitHeard returns once a backend hears itself.
func awaitHeard(t *testing.T, b *redislog.Backend, log eventlog.Log, heard <-chan eventlog.Signal) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		note := "there" + string(rune('a'+n%26))
		if err := b.Signal(t.Context(), log, []byte(note)); err != nil {
			t.Fatal(err)
		}
		for {
			select {
			case s := <-heard:
				if string(s.Payload) == note {
					return
				}
				continue
			case <-tick.C:
			case <-t.Context().Done():
				t.Fatal("it does not hear itself")
			}
			break
		}
	}
}

// A gateway of before, on database 1, knows the one name of a channel that all
// databases share: it is woken by what is committed beside it, and wakes the others.
func TestGatewaysOfBeforeOnADatabaseAreStillHeardAndHear(t *testing.T) {
	server := redistest.StartServer(t)
	log := eventlog.Log{Name: "mixed"}
	b := open(t, server.URL()+"/1")
	heard := hearing(t, b, log)
	awaitHeard(t, b, log, heard)
	admin := server.Client()
	defer admin.Close()
	const shared = "nextup:{mixed}:signals"
	before := admin.Subscribe(t.Context(), shared)
	defer before.Close()
	if _, err := before.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Commit(t.Context(), log, one("c1")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	m, err := before.ReceiveMessage(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains([]byte("nr"), m.Payload[0]) {
		t.Errorf("database 0 is told %q of database 1", m.Payload)
	}
	if s := next(t, heard); s.Pushed == nil {
		t.Fatalf("it heard %+v", s)
	}
	for len(heard) > 0 {
		<-heard
	}
	for _, payload := range []string{"w", "nsomebody is typing", "r0 0 0 0\n2 1\nc1x"} {
		if err := admin.Publish(t.Context(), shared, payload).Err(); err != nil {
			t.Fatal(err)
		}
		select {
		case s := <-heard:
			if s.Payload != nil || s.Pushed != nil {
				t.Errorf("%q of any database is believed: %+v", payload, s)
			}
		case <-ctx.Done():
			t.Fatalf("%q wakes nobody", payload)
		}
	}
}
