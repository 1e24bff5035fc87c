package gateway

import (
	"context"
	"log/slog"
	"time"

	"nextup/gateway/protocol"
)

// deed is something that a supervisor did. Its words are those of the request and
// never what people wrote to each other.
type deed struct {
	action     string // monitor, barge, note, whisper, reassign, head_start, pause or resume
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

// deedOf names what writing an entry is, when a supervisor does it.
var deedOf = map[protocol.EntryKind]string{
	protocol.EntryMessage: "barge", protocol.EntryNote: "note", protocol.EntryWhisper: "whisper",
}

// audit writes what this conn's person did to the audit log, after it was done.
func (c *conn) audit(ctx context.Context, d deed) {
	c.g.metrics.deeds.WithLabelValues(c.site.ID(), d.action).Inc()
	if d.atMS == 0 {
		d.atMS = int64(c.site.Now())
	}
	facts := []slog.Attr{
		slog.String("site", c.site.ID()), slog.String("by", c.id.Subject), slog.String("role", string(c.id.Role)),
		slog.String("action", d.action), slog.Int64("at_ms", d.atMS),
		slog.String("at", time.UnixMilli(d.atMS).UTC().Format(time.RFC3339Nano)),
	}
	for _, s := range []struct{ name, value string }{
		{"ticket", d.ticket}, {"agent", d.agent}, {"department", d.department}, {"language", d.language}, {"reason", d.reason},
	} {
		if s.value != "" {
			facts = append(facts, slog.String(s.name, s.value))
		}
	}
	for _, n := range []struct {
		name  string
		value uint64
	}{{"tier", uint64(d.tier)}, {"log", d.log}, {"entry", d.entry}} {
		if n.value != 0 {
			facts = append(facts, slog.Uint64(n.name, n.value))
		}
	}
	if d.action == "head_start" {
		facts = append(facts, slog.Int64("head_start_s", d.headStartS))
	}
	c.g.options.Audit.LogAttrs(ctx, slog.LevelInfo, "audit", facts...)
}
