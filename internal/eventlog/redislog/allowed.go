package redislog

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed allowed.lua
var allowedSource string

// permissions are the answers that tell what the Redis user may do.
type permissions struct{ all, page, again *redis.Cmd }

// askPermissions asks what the user may do. It sends the scripts themselves, which a
// server that was restarted needs as well.
func (b *Backend) askPermissions(ctx context.Context, p redis.Pipeliner, log string) *permissions {
	key := func(part string) string { return beside(logKey(log, part)) }
	return &permissions{
		all: p.Eval(ctx, allowedSource, []string{key("hash"), key("stream"), key("set"), key("text")},
			beside(signalsChannel(log, b.database)), time.Now().Add(probeKeep).UnixMilli()),
		page:  scanScript.EvalRO(ctx, p, []string{beside(entitiesKey(log))}, 0, 1),
		again: scanScript.EvalShaRO(ctx, p, []string{beside(entitiesKey(log))}, 0, 1),
	}
}

// denied names the commands that the user lost, or returns nil. What else fails in them
// is for the commit that follows to say; nil permissions were not asked for.
func (a *permissions) denied() error {
	if a == nil {
		return nil
	}
	var denied []string
	for _, script := range []*redis.Cmd{a.all, a.page, a.again} {
		if err := script.Err(); permanent(err) {
			denied = append(denied, fmt.Sprintf("%s (%v)", script.Args()[0], err))
		}
	}
	failures, _ := a.all.StringSlice()
	for i := 0; i+1 < len(failures); i += 2 {
		if permanent(fmt.Errorf("%s", failures[i+1])) {
			denied = append(denied, fmt.Sprintf("%s (%s)", strings.ToLower(failures[i]), failures[i+1]))
		}
	}
	if len(denied) == 0 {
		return nil
	}
	slices.Sort(denied)
	return failed(fmt.Errorf("the Redis user may not run %s: docs/reliability.md has its ACL", strings.Join(slices.Compact(denied), ", ")))
}
