package app

import (
	"cmp"
	"context"
	"log/slog"
	"reflect"
	"time"

	"nextup/queue"
)

// At the level debug the log tells the way of each ticket: what was asked of it, by
// which conn of which node, with what came of that, and each step of it that a
// process has replayed, so that one id is found in the logs of all of them. Neither
// tokens nor what people write are in it.

// traces reports whether such lines are written, so that otherwise nothing is spent on
// them.
func (s *Site) traces() bool { return s.log.Enabled(context.Background(), slog.LevelDebug) }

// traceCommand logs a command and what came of it.
func (s *Site) traceCommand(a *Actor, c Command, ticket string, r Receipt, took time.Duration, err error) {
	attrs := []slog.Attr{
		slog.String("command", reflect.TypeOf(c).Name()), slog.String("ticket", cmp.Or(r.Ticket, ticket)), slog.String("role", string(a.Role)), slog.String("by", a.ID),
		slog.Uint64("conn", a.Conn), slog.String("node", s.app.Node()), slog.Uint64("number", r.Log), slog.Duration("took", took),
	}
	if r.MessageID != "" {
		attrs = append(attrs, slog.String("message", r.MessageID), slog.Uint64("entry", r.Number))
	}
	if err != nil {
		attrs = append(attrs, slog.Any("err", err))
	}
	s.log.LogAttrs(context.Background(), slog.LevelDebug, "a command", attrs...)
}

// traceSteps logs what became of tickets.
func (s *Site) traceSteps(_ *queue.State, steps []queue.Step) {
	for i := range steps {
		for _, t := range steps[i].Tickets {
			var before queue.Status
			if t.Before != nil {
				before = t.Before.Status
			}
			if t.After == nil {
				s.log.Debug("a ticket is forgotten", "ticket", t.Before.ID, "node", s.app.Node(), "number", steps[i].Number)
				continue
			}
			s.log.Debug("a ticket", "ticket", t.After.ID, "before", before, "after", t.After.Status, "cause", steps[i].Cause,
				"queue", t.After.Queue().String(), "visitor", t.After.Visitor, "agent", t.After.HeldBy(), "node", s.app.Node(), "number", steps[i].Number)
		}
	}
}
