package conversation_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nextup/app/conversation"
	"nextup/internal/eventlog"
)

// hanging is a backend of which a part hangs, as one shard of a Redis Cluster may:
// while it does, what is asked of a log with "hung" in its name is answered when the
// caller gives up. It pushes what is committed, as Redis does.
type hanging struct {
	*eventlog.Memory
	hangs, deaf atomic.Bool // deaf: signals are lost

	mu        sync.Mutex
	listeners map[string]func(eventlog.Signal)
}

func newHanging() *hanging {
	return &hanging{Memory: eventlog.NewMemory(), listeners: map[string]func(eventlog.Signal){}}
}

func (h *hanging) isHung(log eventlog.Log) bool {
	return h.hangs.Load() && strings.Contains(log.Name, "hung")
}

func (h *hanging) Read(ctx context.Context, log eventlog.Log, after uint64, limit int) ([]eventlog.Record, error) {
	if h.isHung(log) {
		<-ctx.Done()
		return nil, fmt.Errorf("%w: %w", eventlog.ErrUnavailable, ctx.Err())
	}
	return h.Memory.Read(ctx, log, after, limit)
}

func (h *hanging) Heads(ctx context.Context, logs []eventlog.Log) ([]eventlog.Head, error) {
	heads, err := h.Memory.Heads(ctx, logs)
	for i, log := range logs {
		if h.isHung(log) {
			heads[i], err = eventlog.UnknownHead, eventlog.ErrUnavailable
		}
	}
	if err != nil {
		<-ctx.Done()
	}
	return heads, err
}

func (h *hanging) Commit(ctx context.Context, log eventlog.Log, commits []eventlog.Commit) ([]eventlog.Outcome, error) {
	before, _ := h.Memory.Heads(ctx, []eventlog.Log{log})
	outcomes, err := h.Memory.Commit(ctx, log, commits)
	if records, _ := h.Memory.Read(ctx, log, before[0].Number, len(commits)); len(records) > 0 {
		h.tell(log, eventlog.Signal{Pushed: &eventlog.Pushed{After: before[0], Records: records}})
	}
	return outcomes, err
}

func (h *hanging) Signal(_ context.Context, log eventlog.Log, payload []byte) error {
	h.tell(log, eventlog.Signal{Payload: payload})
	return nil
}

func (h *hanging) tell(log eventlog.Log, s eventlog.Signal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if hear := h.listeners[log.Name]; hear != nil && !h.deaf.Load() {
		hear(s)
	}
}

func (h *hanging) Subscribe(log eventlog.Log, hear func(eventlog.Signal)) (stop func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.listeners[log.Name] = hear
	return func() {}
}

// Time stands still in these tests unless all goroutines wait, so that whatever
// arrives without time passing has waited for no read that hangs.
func TestConversationsThatCannotBeReadHoldUpNoOthers(t *testing.T) {
	for _, hung := range []int{1, 8, 40, 1000} {
		t.Run(fmt.Sprint(hung), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				backend := newHanging()
				h := conversation.New(backend, conversation.Options{})
				defer h.Close()
				const live, old = 20, 250
				var lines, stuck []*receiver
				for i := range live {
					lines = append(lines, receive(h, fmt.Sprint("live", i), 0))
				}
				for i := range hung {
					mustAppend(t, h, fmt.Sprint("hung", i), message(visitor("v"), "m", "x"))
				}
				for i := range old {
					mustAppend(t, h, "history", message(visitor("v"), fmt.Sprint(i), "x"))
				}
				synctest.Wait()

				backend.hangs.Store(true)
				for i := range hung {
					stuck = append(stuck, receive(h, fmt.Sprint("hung", i), 0))
				}
				began := time.Now()
				for i, r := range lines {
					mustAppend(t, h, fmt.Sprint("live", i), message(visitor("v"), "m", "x"))
					if err := h.Signal(t.Context(), "s", fmt.Sprint("live", i), []byte("typing")); err != nil {
						t.Fatal(err)
					}
					r.wait(t, 1)
					hear(t, "signal", r.notes)
				}
				if waited := time.Since(began); waited > 0 {
					t.Errorf("new entries and signals of others came after %v", waited)
				}
				receive(h, "history", 0).wait(t, old)
				if waited := time.Since(began); waited > 2*time.Second {
					t.Errorf("the history of another came after %v", waited)
				}

				backend.deaf.Store(true)
				mustAppend(t, h, "live0", message(visitor("v"), "unheard", "x"))
				lines[0].wait(t, 2)
				if waited := time.Since(began); waited > time.Minute {
					t.Errorf("an entry of another whose wake-up was lost came after %v", waited)
				}
				backend.deaf.Store(false)

				for _, r := range stuck {
					if len(r.resets) > 0 {
						t.Fatal("what could not be read was reset")
					}
				}
				backend.hangs.Store(false)
				for _, r := range stuck {
					r.wait(t, 1)
				}
			})
		})
	}
}
