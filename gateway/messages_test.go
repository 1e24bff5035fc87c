package gateway_test

import (
	"context"
	"strings"
	"testing"

	"nextup/gateway/protocol"
	"nextup/internal/eventlog"
	"nextup/test/people"
)

// late is a log that tells of what was written to a conversation before it answers.
type late struct {
	eventlog.Backend
	answer func() error
}

func (l *late) Commit(ctx context.Context, log eventlog.Log, commits []eventlog.Commit) ([]eventlog.Outcome, error) {
	outcomes, err := l.Backend.Commit(ctx, log, commits)
	if err == nil && strings.HasPrefix(log.Name, "c:") && strings.HasPrefix(commits[0].ID, "message:") {
		err = l.answer()
	}
	return outcomes, err
}

// A message's own entry may wait for its answer. It comes with it, also if that is a
// refusal; the others in the conversation wait for nothing, and what is sent meanwhile
// comes in order.
func TestOnesOwnMessageComesWithItsAnswer(t *testing.T) {
	for name, answer := range map[string]error{"acknowledged": nil, "unknown": eventlog.ErrUnavailable} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			asked, answered := make(chan struct{}, 2), make(chan struct{}, 2)
			h.backend = &late{Backend: h.memory, answer: func() error {
				asked <- struct{}{}
				<-answered
				return answer
			}}
			url, _ := h.open("one")
			v := h.come(url, protocol.Visitor, "v", "en")
			ticket := v.MustJoin("support")
			v.MustOpen(ticket, 0)
			agent := h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
			agent.MustAccept()
			agent.MustOpen(ticket, 0)

			said := make(chan error, 2)
			go func() { _, err := v.Send(h.ctx, ticket, "m1", "one"); said <- err }()
			<-asked
			people.Next(agent, "the message", func(e protocol.Entry) bool { return e.Text == "one" })
			go func() { _, err := agent.Send(h.ctx, ticket, "m2", "two"); said <- err }()
			<-asked
			// Another's entry takes along the own one, which is before it.
			var seen []string
			people.Next(v, "both messages", func(e protocol.Entry) bool {
				if e.Kind == protocol.EntryMessage {
					seen = append(seen, e.Text)
				}
				return e.Text == "two"
			})
			if got := strings.Join(seen, " "); got != "one two" {
				t.Errorf("the visitor sees %q", got)
			}
			for range 2 {
				answered <- struct{}{}
			}
			for range 2 {
				if err := <-said; (err == nil) != (answer == nil) {
					t.Errorf("answered with %v, want %v", err, answer)
				}
			}
			people.Next(agent, "the own message", func(e protocol.Entry) bool { return e.Text == "two" })
		})
	}
}
