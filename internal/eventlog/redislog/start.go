package redislog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"nextup/internal/eventlog"
)

// startTimeout bounds how long Open waits to be heard.
const startTimeout = 20 * time.Second

// startLog is a log that nobody has: what is needed of Redis is tried on it.
const startLog = "start"

// listens returns once a channel of a log is heard and the connection has proved to
// be alive.
func (b *Backend) listens(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	heard := make(chan struct{})
	stop := b.wire.subscribe(signalsChannel(startLog, b.database), func() func(eventlog.Signal) {
		once := sync.OnceFunc(func() { close(heard) })
		return func(eventlog.Signal) { once() }
	}())
	defer stop()
	proven := b.wire.proven
	for proven != nil || heard != nil {
		select {
		case <-proven:
			proven = nil
		case <-heard:
			heard = nil
		case err := <-b.wire.hopeless:
			return unable(err)
		case <-ctx.Done():
			return failed(errors.Join(ctx.Err(), b.wire.failure()))
		}
	}
	return nil
}

// hopeless says that waiting does not help: the server refuses what Nextup needs
// to this user, or does not know it. One before 7.0 cannot compile the scripts.
func hopeless(err error) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	return slices.ContainsFunc([]string{"NOPERM", "NOAUTH", "WRONGPASS", "ACL failure", "no permissions", "executing the script", "compiling script", "nknown command", "nknown Redis command"},
		func(reply string) bool { return strings.Contains(text, reply) })
}

func unable(err error) error {
	return fmt.Errorf("redislog: Redis is older than 7.0, or does not let this user do what Nextup needs (docs/reliability.md has its ACL): %w", err)
}
