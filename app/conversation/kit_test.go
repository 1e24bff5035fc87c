package conversation_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"nextup/app/conversation"
	"nextup/internal/eventlog"
	"nextup/internal/eventlog/redislog"
	"nextup/test/redistest"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m)) }

// pair is two gateways' hubs over the same logs.
type pair struct {
	a, b    *conversation.Hub
	backend eventlog.Backend
}

// onEveryBackend runs the test in memory and on a real Redis.
func onEveryBackend(t *testing.T, test func(t *testing.T, p pair)) {
	t.Run("memory", func(t *testing.T) {
		m := eventlog.NewMemory()
		test(t, hubs(t, m, m))
	})
	t.Run("redis", func(t *testing.T) {
		url := redistest.As(t, redistest.Shared(t), redislog.ACL())
		test(t, hubs(t, openRedis(t, url), openRedis(t, url)))
	})
}

func openRedis(t *testing.T, url string) *redislog.Backend {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	b, err := redislog.Open(ctx, url, redislog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func hubs(t *testing.T, a, b eventlog.Backend) pair {
	p := pair{conversation.New(a, conversation.Options{}), conversation.New(b, conversation.Options{}), a}
	t.Cleanup(p.a.Close)
	t.Cleanup(p.b.Close)
	return p
}

func (p pair) each() []*conversation.Hub { return []*conversation.Hub{p.a, p.b} }

// ticketOf names a conversation that no other test uses.
func ticketOf(t *testing.T) string { return fmt.Sprint(t.Name(), time.Now().UnixNano()) }

func visitor(id string) conversation.Person {
	return conversation.Person{Role: conversation.Visitor, ID: id}
}

func agent(id string) conversation.Person {
	return conversation.Person{Role: conversation.Agent, ID: id}
}

func message(from conversation.Person, id, text string) conversation.Draft {
	return conversation.Draft{Kind: conversation.Message, From: from, MessageID: id, Body: conversation.Text(text)}
}

func mustAppend(t testing.TB, h *conversation.Hub, ticket string, d conversation.Draft) uint64 {
	t.Helper()
	n, _, err := h.Append(t.Context(), "s", ticket, d)
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	return n
}

// receiver collects what a subscription delivers and checks that the numbers
// rise by one.
type receiver struct {
	mu      sync.Mutex
	after   uint64
	entries []conversation.Entry
	largest int // delivery
	notes   chan string
	resets  chan struct{}
	changed chan struct{}
	broken  string
	stop    func()
}

// heard is a Receiver with room for everything.
type heard struct {
	deliver func(entries []conversation.Entry) (more bool)
	note    func(payload []byte)
	reset   func()
}

func (h heard) Deliver(entries []conversation.Entry) (taken int, more bool) {
	return len(entries), h.deliver(entries)
}

func (h heard) Note(payload []byte) { h.note(payload) }

func (h heard) Reset() { h.reset() }

func receive(h *conversation.Hub, ticket string, after uint64) *receiver {
	r := &receiver{
		after: after, notes: make(chan string, 100), resets: make(chan struct{}, 100), changed: make(chan struct{}, 1),
	}
	r.stop = h.Subscribe("s", ticket, conversation.Place{Number: after}, heard{
		r.deliver, func(n []byte) { r.notes <- string(n) }, func() { r.resets <- struct{}{} },
	}).Stop
	return r
}

func (r *receiver) deliver(entries []conversation.Entry) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.largest = max(r.largest, len(entries))
	for _, e := range entries {
		if want := r.after + uint64(len(r.entries)) + 1; e.Number != want && r.broken == "" {
			r.broken = fmt.Sprintf("entry %d came where %d was due", e.Number, want)
		}
		r.entries = append(r.entries, e)
	}
	select {
	case r.changed <- struct{}{}:
	default:
	}
	return true
}

// wait returns the entries once there are n.
func (r *receiver) wait(t testing.TB, n int) []conversation.Entry {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		r.mu.Lock()
		entries, broken := slices.Clone(r.entries), r.broken
		r.mu.Unlock()
		if broken != "" {
			t.Fatal(broken)
		}
		if len(entries) >= n {
			return entries
		}
		select {
		case <-r.changed:
		case <-timeout:
			t.Fatalf("%d of %d entries came", len(entries), n)
		}
	}
}

func hear[T any](t testing.TB, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(20 * time.Second):
		t.Fatalf("no %s", what)
		panic("unreachable")
	}
}
