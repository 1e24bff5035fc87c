package redislog_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"nextup/internal/eventlog/redislog"
	"nextup/test/redistest"
)

// An ACL that lacks something is a mistake that no waiting mends: the process says so
// and ends, instead of neither listening nor exiting.
func TestOpenSaysWhatTheRedisUserMayNotDo(t *testing.T) {
	server := redistest.StartServer(t)
	admin := server.Client()
	defer admin.Close()
	for name, row := range map[string]struct {
		rules []any
		want  string
	}{
		"no channels":              {rules: []any{"resetchannels"}, want: "channel"},
		"channels of its probe":    {rules: []any{"resetchannels", "&nextup:probe:*"}, want: "channel"},
		"channels of its commits":  {rules: []any{"resetchannels", "&nextup:{*"}, want: "channel"},
		"keys of others":           {rules: []any{"resetkeys", "~others:*"}, want: "key"},
		"no commands":              {rules: []any{"-@all"}, want: "permissions"},
		"no SUBSCRIBE":             {rules: []any{"-subscribe"}, want: "subscribe"},
		"no PUBLISH":               {rules: []any{"-publish"}, want: "command"},
		"no scripts":               {rules: []any{"-@scripting"}, want: "eval"},
		"no command of the script": {rules: []any{"-xadd"}, want: "this command"},
		"off":                      {rules: []any{"off"}, want: "WRONGPASS"},
	} {
		t.Run(name, func(t *testing.T) {
			user := "u" + strings.ReplaceAll(name, " ", "")
			args := append([]any{"ACL", "SETUSER", user, "on", ">a-secret", "~*", "&*", "+@all"}, row.rules...)
			if err := admin.Do(t.Context(), args...).Err(); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			b, err := redislog.Open(ctx, "redis://"+user+":a-secret@"+server.Addr(), redislog.Options{})
			if err == nil {
				_ = b.Close()
				t.Fatal("it opened")
			}
			if errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "a-secret") {
				t.Errorf("it says: %v", err)
			}
		})
	}
}
