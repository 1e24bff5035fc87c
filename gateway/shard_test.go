package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/internal/eventlog"
	"nextup/test/people"
)

// shards is a log of which the shard that keeps the conversations refuses writes.
type shards struct {
	eventlog.Backend
	refuses atomic.Bool
}

func (s *shards) Commit(ctx context.Context, log eventlog.Log, commits []eventlog.Commit) ([]eventlog.Outcome, error) {
	if s.refuses.Load() && strings.HasPrefix(log.Name, "c:") {
		return nil, fmt.Errorf("%w: too few replicas", eventlog.ErrUntried)
	}
	return s.Backend.Commit(ctx, log, commits)
}

// [availability-5] What keeps a conversation refuses writes while the site's log does
// not: the message is refused as untried and nothing else stands still.
func TestAMessageIsRefusedWhereItsConversationCannotBeWrittenAndTheLineGoesOn(t *testing.T) {
	h := newHouse(t)
	log := &shards{Backend: h.memory}
	h.backend = log
	url, g := h.open("one")
	v := h.come(url, protocol.Visitor, "v", "en")
	ticket := v.MustJoin("support")
	log.refuses.Store(true)
	var refused *client.Refused
	if _, err := v.Send(h.ctx, ticket, "m", "hello"); !errors.As(err, &refused) || refused.Frame.Code != protocol.CodeUnavailable ||
		refused.Frame.RetryAfterMS == 0 || !strings.Contains(refused.Frame.Message, "not tried") {
		t.Fatalf("a message: %v", err)
	}
	a := h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	a.MustAccept()
	people.Next(v, "the agent", func(f protocol.Ticket) bool { return f.Status == protocol.Assigned })
	if err := g.Ready(h.ctx); err != nil {
		t.Errorf("readiness: %v", err)
	}
	log.refuses.Store(false)
	v.MustSend(ticket, "m", "hello")
	a.MustOpen(ticket, 0)
	people.Next(a, "the message, once", func(f protocol.Entry) bool { return f.Kind == protocol.EntryMessage && f.Text == "hello" })
	for _, f := range v.Pending() {
		if f, ok := f.(protocol.Availability); ok {
			t.Errorf("the site is said to be away: %+v", f)
		}
	}
}
