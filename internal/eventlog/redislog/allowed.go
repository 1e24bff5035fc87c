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

// mayRun names the commands that the Redis user lost, or nil. What else fails in it
// is for the commit that follows to say. It sends the scripts themselves, which a
// server that was restarted needs as well.
func (b *Backend) mayRun(ctx context.Context, log string) error {
	node, err := b.master(ctx, headKey(log))
	if err != nil {
		return failed(err)
	}
	key := func(part string) string { return beside(logKey(log, part)) }
	var all, page, again *redis.Cmd
	_, _ = node.Pipelined(ctx, func(p redis.Pipeliner) error { // each command keeps its own error
		all = p.Eval(ctx, allowedSource, []string{key("hash"), key("stream"), key("set"), key("text")},
			signalsChannel(log, b.database), time.Now().Add(probeKeep).UnixMilli())
		page = scanScript.EvalRO(ctx, p, []string{beside(entitiesKey(log))}, 0, 1)
		again = scanScript.EvalShaRO(ctx, p, []string{beside(entitiesKey(log))}, 0, 1)
		return nil
	})
	var denied []string
	for _, script := range []*redis.Cmd{all, page, again} {
		if err := script.Err(); permanent(err) {
			denied = append(denied, fmt.Sprintf("%s (%v)", script.Args()[0], err))
		}
	}
	failures, _ := all.StringSlice()
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
