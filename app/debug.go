package app

import (
	"cmp"
	"context"
	"log/slog"
	"reflect"
	"time"

	"nextup/app/conversation"
	"nextup/queue"
)

// At the level debug the log tells the way of each ticket: what was asked of it, by
// which conn of which node, with what came of that, each step of it that a process has
// replayed, and each entry of its conversation that one has delivered, so that one id is
// found in the logs of all of them. Neither tokens nor what people write are in it.

// Tracer hears of the way of the tickets that it follows. Its methods must not block.
type Tracer interface {
	Follows(ticket string) bool
	// TraceID is what the trace of a ticket is found by.
	TraceID(ticket string) string
	Command(CommandTrace)
	Step(StepTrace)
	Entry(EntryTrace)
}

// CommandTrace is a command that concerned a ticket, and what came of it.
type CommandTrace struct {
	Site, Node, Ticket, Command string
	Role                        Role
	Conn                        uint64
	Start                       time.Time
	Took                        time.Duration
	// Log is the number of the site's log, Entry that of the conversation's; 0 for none.
	Log, Entry uint64
	Err        error
}

// StepTrace is a step of a ticket that this process has replayed.
type StepTrace struct {
	Site, Node, Ticket string
	Cause              queue.Cause
	Before, After      queue.Status
	Number             uint64
	// At is the stamp of the record, by the log's clock.
	At, Replayed time.Time
}

// EntryTrace is an entry of a ticket's conversation that this process has handed to those
// who follow it here.
type EntryTrace struct {
	Site, Node, Ticket string
	Kind               conversation.Kind
	Number             uint64
	// At is the stamp of the entry, by the log's clock.
	At, Delivered time.Time
}

// debugs reports whether the log takes such lines, and traces whether anything does, so
// that otherwise nothing is spent on them.
func (s *Site) debugs() bool { return s.log.Enabled(context.Background(), slog.LevelDebug) }
func (s *Site) traces() bool { return s.app.options.Tracer != nil || s.debugs() }

// traceCommand tells of a command and what came of it.
func (s *Site) traceCommand(a *Actor, c Command, ticket string, r Receipt, begun time.Time, err error) {
	ticket = cmp.Or(r.Ticket, ticket)
	took := time.Since(begun)
	if t := s.app.options.Tracer; t != nil && t.Follows(ticket) {
		t.Command(CommandTrace{
			Site: s.id, Node: s.app.Node(), Ticket: ticket, Command: reflect.TypeOf(c).Name(), Role: a.Role, Conn: a.Conn,
			Start: begun, Took: took, Log: r.Log, Entry: r.Number, Err: err,
		})
	}
	if !s.debugs() {
		return
	}
	attrs := []slog.Attr{
		slog.String("command", reflect.TypeOf(c).Name()), slog.String("ticket", ticket), slog.String("role", string(a.Role)), slog.String("by", a.ID),
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

// traceSteps tells what became of tickets.
func (s *Site) traceSteps(_ *queue.State, steps []queue.Step) {
	debugs := s.debugs()
	for i := range steps {
		for _, t := range steps[i].Tickets {
			var before queue.Status
			if t.Before != nil {
				before = t.Before.Status
			}
			if tracer := s.app.options.Tracer; tracer != nil && t.After != nil && tracer.Follows(t.After.ID) {
				tracer.Step(StepTrace{
					Site: s.id, Node: s.app.Node(), Ticket: t.After.ID, Cause: steps[i].Cause, Before: before, After: t.After.Status,
					Number: steps[i].Number, At: time.UnixMilli(int64(steps[i].At)), Replayed: time.Now(),
				})
			}
			if !debugs {
				continue
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

// traceEntries tells of what was delivered of a conversation.
func (s *Site) traceEntries(ticket string, entries []conversation.Entry) {
	tracer, debugs := s.app.options.Tracer, s.debugs()
	follows := tracer != nil && tracer.Follows(ticket)
	for i := range entries {
		e := &entries[i]
		if follows {
			tracer.Entry(EntryTrace{
				Site: s.id, Node: s.app.Node(), Ticket: ticket, Kind: e.Kind, Number: e.Number, At: time.UnixMilli(e.AtMS), Delivered: time.Now(),
			})
		}
		if debugs {
			s.log.Debug("an entry of a conversation", "ticket", ticket, "kind", e.Kind, "entry", e.Number, "node", s.app.Node())
		}
	}
}
