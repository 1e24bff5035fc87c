package eventlogtest

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nextup/internal/eventlog"
)

// Setup is what one test of the suite runs on.
type Setup struct {
	// Backend is under test. Second is another backend over the same logs, as another
	// gateway has it.
	Backend, Second Witness
	// Checkpoint saves all of a log; restore puts it back, as a failover to a replica
	// that lags does.
	Checkpoint func(t testing.TB, log eventlog.Log) (restore func())
}

// Witness is a Backend that can show its sorted sets.
type Witness interface {
	eventlog.Backend
	Ranked(ctx context.Context, log eventlog.Log, set string) ([]string, error)
}

// Run tests the backends that setup returns. Each test uses logs of its own, so that
// one server serves them all.
func Run(t *testing.T, setup func(t *testing.T) Setup) {
	for _, group := range []map[string]func(*testing.T, Setup){commitTests, readTests, followTests} {
		for name, test := range group {
			t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) { test(t, setup(t)) })
		}
	}
}

var logs atomic.Int64

// newLog names a log that no other test uses.
func newLog(change ...func(*eventlog.Log)) eventlog.Log {
	l := eventlog.Log{
		Name:     fmt.Sprintf("t:%d:%d", time.Now().UnixNano(), logs.Add(1)),
		Remember: time.Minute,
	}
	for _, c := range change {
		c(&l)
	}
	return l
}

// put returns a commit that assigns body to an entity, as Replica understands it.
func put(id, name, body string) eventlog.Commit {
	return eventlog.Commit{
		ID:     id,
		Writes: []eventlog.Write{{Name: name, Body: []byte(body)}},
		Data:   []byte(name + "=" + body),
	}
}

// step is one commit and its expected outcome.
type step struct {
	commit eventlog.Commit
	want   eventlog.Status
	number uint64 // of the outcome; 0 is not checked
}

// commitEach commits the steps, each in a call of its own.
func commitEach(t *testing.T, b eventlog.Backend, log eventlog.Log, steps ...step) {
	t.Helper()
	for i, s := range steps {
		check(t, i, s, do(t, b, log, s.commit)[0])
	}
}

func check(t *testing.T, i int, s step, got eventlog.Outcome) {
	t.Helper()
	if got.Status != s.want || s.number != 0 && got.Head.Number != s.number {
		t.Fatalf("step %d (%s): got status %d at %d, want %d at %d",
			i, s.commit.ID, got.Status, got.Head.Number, s.want, s.number)
	}
	accepted := got.Status == eventlog.Committed || got.Status == eventlog.Duplicate
	if accepted && (got.Head.ID != s.commit.ID || got.Head.At == 0) {
		t.Fatalf("step %d (%s): accepted as %+v", i, s.commit.ID, got.Head)
	}
}

func do(t testing.TB, b eventlog.Backend, log eventlog.Log, commits ...eventlog.Commit) []eventlog.Outcome {
	t.Helper()
	out, err := b.Commit(t.Context(), log, commits)
	if err != nil || len(out) != len(commits) {
		t.Fatalf("commit: %d outcomes, %v", len(out), err)
	}
	return out
}

func head(t testing.TB, b eventlog.Backend, log eventlog.Log) eventlog.Head {
	t.Helper()
	heads, err := b.Heads(t.Context(), []eventlog.Log{log})
	if err != nil {
		t.Fatalf("heads: %v", err)
	}
	return heads[0]
}

// readAll returns the whole log and fails unless it is a chain without a gap.
func readAll(t testing.TB, b eventlog.Backend, log eventlog.Log, page int) []eventlog.Record {
	t.Helper()
	var all []eventlog.Record
	prev := eventlog.Record{}
	for {
		records, err := b.Read(t.Context(), log, prev.Number, page)
		if err != nil {
			t.Fatalf("read after %d: %v", prev.Number, err)
		}
		if len(records) > page {
			t.Fatalf("asked for %d records, got %d", page, len(records))
		}
		for _, r := range records {
			if r.Number != prev.Number+1 || r.Prev != prev.ID || r.At < prev.At {
				t.Fatalf("%+v follows %+v", r, prev)
			}
			prev = r
		}
		all = append(all, records...)
		if len(records) < page {
			return all
		}
	}
}

// eventually polls until done is true, which another process or a clock brings
// about.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("not within 10 s: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
