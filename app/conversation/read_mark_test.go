package conversation_test

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"

	"nextup/app/conversation"
	"nextup/internal/eventlog"
)

// counting counts the round trips to a log by what is asked.
type counting struct {
	eventlog.Backend
	mu    sync.Mutex
	trips map[string]int
}

func (c *counting) count(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trips[what]++
}

// reset returns what was counted and begins anew.
func (c *counting) reset() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	trips := c.trips
	c.trips = map[string]int{}
	return trips
}

func (c *counting) Commit(ctx context.Context, log eventlog.Log, commits []eventlog.Commit) ([]eventlog.Outcome, error) {
	c.count("commit")
	return c.Backend.Commit(ctx, log, commits)
}

func (c *counting) Heads(ctx context.Context, logs []eventlog.Log) ([]eventlog.Head, error) {
	c.count("heads")
	return c.Backend.Heads(ctx, logs)
}

func (c *counting) Scan(ctx context.Context, log eventlog.Log, cursor uint64) ([]eventlog.Entity, uint64, error) {
	c.count("scan")
	return c.Backend.Scan(ctx, log, cursor)
}

func TestAReadMarkIsOneRoundTrip(t *testing.T) {
	one := map[string]int{"commit": 1}
	tests := []struct {
		name  string
		after uint64 // where the reader's conversation is opened
		marks []uint64
		want  []map[string]int
	}{
		{"the first one", 0, []uint64{1}, []map[string]int{one}},
		{"those that follow", 0, []uint64{1, 2, 5}, []map[string]int{one, one, one}},
		{"one that marks nothing new", 0, []uint64{4, 4, 3}, []map[string]int{one, {}, {}}},
		{"after another reader's", 0, []uint64{6}, []map[string]int{one}},
		{"in a history of which the beginning is not asked for", 5, []uint64{5, 6}, []map[string]int{one, one}},
		{"beyond the end", 0, []uint64{1000}, []map[string]int{{"heads": 1, "commit": 1}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			backend, h, other := fiveMessages(t)
			mustAppend(t, other, "t", readMark(visitor("v"), 5))
			r := receive(h, "t", tt.after)
			defer r.stop()
			r.wait(t, 6-int(tt.after))
			for i, upTo := range tt.marks {
				backend.reset()
				mustAppend(t, h, "t", readMark(agent("a"), upTo))
				if got := backend.reset(); !maps.Equal(got, tt.want[i]) {
					t.Errorf("the mark of %d took %v, want %v", upTo, got, tt.want[i])
				}
			}
		})
	}
}

// fiveMessages returns a hub whose trips are counted, and another over the same memory
// through which a visitor has written five messages.
func fiveMessages(t *testing.T) (backend *counting, h, other *conversation.Hub) {
	t.Helper()
	memory := eventlog.NewMemory()
	backend = &counting{Backend: memory, trips: map[string]int{}}
	h, other = conversation.New(backend, conversation.Options{}), conversation.New(memory, conversation.Options{})
	t.Cleanup(h.Close)
	t.Cleanup(other.Close)
	for i := range 5 {
		mustAppend(t, other, "t", message(visitor("v"), fmt.Sprint(i), "x"))
	}
	return backend, h, other
}

// A reader that comes back on another gateway has marks there that this one has not
// seen: they only rise all the same.
func TestAMarkKnowsThoseMadeElsewhere(t *testing.T) {
	backend, h, other := fiveMessages(t)
	mustAppend(t, other, "t", readMark(agent("a"), 3))
	r := receive(h, "t", 6)
	defer r.stop()
	mustAppend(t, other, "t", message(visitor("v"), "more", "x"))
	r.wait(t, 1)
	backend.reset()
	if n := mustAppend(t, h, "t", readMark(agent("a"), 2)); n != 6 {
		t.Errorf("a mark below that made elsewhere is answered with %d", n)
	}
	if n := mustAppend(t, h, "t", readMark(agent("a"), 7)); n != 8 {
		t.Errorf("the next is %d", n)
	}
	if got := backend.reset(); got["scan"] != 1 || got["heads"] != 0 || got["commit"] > 2 {
		t.Errorf("both took %v", got)
	}
}

func readMark(by conversation.Person, upTo uint64) conversation.Draft {
	return conversation.Draft{Kind: conversation.Read, From: by, UpTo: upTo}
}
