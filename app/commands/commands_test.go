package commands_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"nextup/app/commands"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// begun submits commands that wait, and returns which have begun once nothing more
// happens.
type begun struct {
	mu    sync.Mutex
	names []string
	end   map[string]chan struct{}
	queue commands.Queue
	pool  commands.Pool
}

func (b *begun) submit(name string, keys commands.Keys) error {
	end := make(chan struct{})
	if b.end == nil {
		b.end = map[string]chan struct{}{}
	}
	b.end[name] = end
	return b.queue.Submit(&b.pool, keys, func() {
		b.mu.Lock()
		b.names = append(b.names, name)
		b.mu.Unlock()
		<-end
	})
}

func (b *begun) now() []string {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.names)
}

func TestCommandsWaitOnlyForThoseBeforeThemThatShareAKey(t *testing.T) {
	one := func(key string) commands.Keys { return commands.Keys{key, key} }
	for _, tt := range []struct {
		name  string
		keys  []commands.Keys // of commands 0, 1, 2, …
		first []string        // which begin at once
		end   string          // then this one ends
		then  []string        // and these have begun
	}{
		{"one conversation", []commands.Keys{one("a"), one("a"), one("a")}, []string{"0"}, "0", []string{"0", "1"}},
		{"two conversations", []commands.Keys{one("a"), one("b"), one("a")}, []string{"0", "1"}, "1", []string{"0", "1"}},
		{"send, then close, then status", []commands.Keys{one("a"), {"", "a"}, one("")}, []string{"0"}, "0", []string{"0", "1"}},
		{"close, then what follows in both", []commands.Keys{{"", "a"}, one("a"), one(""), one("b")}, []string{"0", "3"}, "0", []string{"0", "1", "2", "3"}},
		{"a command does not pass one that waits", []commands.Keys{one("a"), {"a", "b"}, one("b")}, []string{"0"}, "0", []string{"0", "1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &begun{}
				for i, keys := range tt.keys {
					if err := b.submit(fmt.Sprint(i), keys); err != nil {
						t.Fatal(err)
					}
				}
				if got := b.now(); !slices.Equal(slices.Sorted(slices.Values(got)), tt.first) {
					t.Errorf("%v begin at once, want %v", got, tt.first)
				}
				close(b.end[tt.end])
				if got := b.now(); !slices.Equal(slices.Sorted(slices.Values(got)), tt.then) {
					t.Errorf("once %s has ended %v have begun, want %v", tt.end, got, tt.then)
				}
				for name, end := range b.end {
					if name != tt.end {
						close(end)
					}
				}
				b.pool.Close()
				if got := len(b.names); got != len(tt.keys) {
					t.Errorf("%d of %d commands ran", got, len(tt.keys))
				}
			})
		})
	}
}

func TestAQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &begun{}
		for i := range commands.MaxInHand {
			if err := b.submit(fmt.Sprint(i), commands.Keys{fmt.Sprint(i % 20), "x" + fmt.Sprint(i%20)}); err != nil {
				t.Fatalf("command %d: %v", i, err)
			}
		}
		if err := b.submit("more", commands.Keys{"z", "z"}); !errors.Is(err, commands.ErrFull) {
			t.Errorf("one more is answered %v, want %v", err, commands.ErrFull)
		}
		delete(b.end, "more")
		if got := len(b.now()); got != commands.MaxRunning {
			t.Errorf("%d run side by side, want %d", got, commands.MaxRunning)
		}
		for _, end := range b.end {
			close(end)
		}
		synctest.Wait()
		if err := b.submit("later", commands.Keys{"z", "z"}); err != nil {
			t.Errorf("once they have ended: %v", err)
		}
		close(b.end["later"])
		b.pool.Close()
	})
}
