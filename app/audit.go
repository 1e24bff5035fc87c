package app

import (
	"context"
	"log/slog"
	"time"

	"nextup/app/conversation"
)

// auditEvent is something that a supervisor or an admin did. Its words are those of the request and
// never what people wrote to each other.
type auditEvent struct {
	action     string // monitor, barge, note, whisper, reassign, head_start, pause or resume; end or read
	ticket     string
	agent      string
	department string
	language   string
	tier       int
	headStartS int64
	reason     string
	// log is the number of the site's log, entry that of the conversation's.
	log, entry uint64
	atMS       int64 // of the log; 0 for now
}

// auditOf names what writing an entry is, when a supervisor does it.
var auditOf = map[conversation.Kind]string{
	conversation.Message: "barge", conversation.Note: "note", conversation.Whisper: "whisper",
}

// audit writes what an actor did to the audit log, after it was done.
func (s *Site) audit(ctx context.Context, a *Actor, e auditEvent) {
	s.metrics.auditEvents.WithLabelValues(s.id, e.action).Inc()
	if e.atMS == 0 {
		e.atMS = int64(s.Now())
	}
	facts := []slog.Attr{
		slog.String("site", s.id), slog.String("by", a.ID), slog.String("role", string(a.Role)),
		slog.String("action", e.action), slog.Int64("at_ms", e.atMS),
		slog.String("at", time.UnixMilli(e.atMS).UTC().Format(time.RFC3339Nano)),
	}
	for _, word := range []struct{ name, value string }{
		{"ticket", e.ticket}, {"agent", e.agent}, {"department", e.department}, {"language", e.language}, {"reason", e.reason},
	} {
		if word.value != "" {
			facts = append(facts, slog.String(word.name, word.value))
		}
	}
	for _, n := range []struct {
		name  string
		value uint64
	}{{"tier", uint64(e.tier)}, {"log", e.log}, {"entry", e.entry}} {
		if n.value != 0 {
			facts = append(facts, slog.Uint64(n.name, n.value))
		}
	}
	if e.action == "head_start" {
		facts = append(facts, slog.Int64("head_start_s", e.headStartS))
	}
	s.app.options.Audit.LogAttrs(ctx, slog.LevelInfo, "audit", facts...)
}
