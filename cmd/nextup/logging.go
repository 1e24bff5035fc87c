package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/lograte"
)

// newLogger returns a logger of lines of the format, text or json, from the level on.
func newLogger(w io.Writer, level, format string) *slog.Logger {
	var least slog.Level
	_ = least.UnmarshalText([]byte(level)) // kong has checked it
	options := &slog.HandlerOptions{Level: least, ReplaceAttr: readable}
	if format == formatJSON {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

const formatJSON = "json"

// readable writes durations with their unit, also in JSON.
func readable(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}

// adopt has libraries write to the log as well: what they write on their own would stand
// as plain text between lines of JSON.
func adopt(log *slog.Logger) {
	slog.SetDefault(log) // the log package of the standard library too
	redis.SetLogger(&redisLines{log: log})
}

// redisLines takes what go-redis says of its connections. It says each thing once a
// connection, so most of it is left out.
type redisLines struct {
	log     *slog.Logger
	warning lograte.Warning
}

// Printf implements the interface of go-redis.
func (r *redisLines) Printf(_ context.Context, format string, args ...any) {
	r.warning.Log(r.log, "the Redis client has something to say", "said", strings.TrimSpace(fmt.Sprintf(format, args...)))
}

// logLines is a writer that logs each line that is printed to it.
type logLines struct{ log *slog.Logger }

// Write implements io.Writer.
func (l logLines) Write(text []byte) (int, error) {
	for line := range strings.Lines(string(text)) {
		record := slog.NewRecord(time.Now(), slog.LevelInfo, strings.TrimRight(line, "\n"), 0)
		if err := l.log.Handler().Handle(context.Background(), record); err != nil {
			return 0, err
		}
	}
	return len(text), nil
}

// loggedError is an error that stands in the log, in its form.
type loggedError struct{ error }

// Unwrap returns the error itself.
func (e loggedError) Unwrap() error { return e.error }
