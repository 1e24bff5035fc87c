package redislog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog"
)

// startTimeout bounds how long Open waits for the subscription connection.
const startTimeout = 20 * time.Second

// startLog is a log that no site has: Open tries on it what Nextup needs of Redis.
const startLog = "start"

// awaitSubscription returns once a channel of a log is confirmed and the connection
// has proved to be alive.
func (b *Backend) awaitSubscription(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	heard := make(chan struct{})
	stop := b.subs.subscribe(signalsChannel(startLog, b.database), func() func(eventlog.Signal) {
		once := sync.OnceFunc(func() { close(heard) })
		return func(eventlog.Signal) { once() }
	}())
	defer stop()
	proven := b.subs.proven
	for proven != nil || heard != nil {
		select {
		case <-proven:
			proven = nil
		case <-heard:
			heard = nil
		case err := <-b.subs.permanent:
			return unfit(err)
		case <-ctx.Done():
			return failed(errors.Join(ctx.Err(), b.subs.lastError()))
		}
	}
	return nil
}

// Check is nil if every server that the URL leads to takes commits as durable as the
// options say, and its user may run all that gateways need.
func Check(ctx context.Context, url string, options Options) (err error) {
	b, err := Open(ctx, url, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	return b.eachMaster(ctx, func(_ context.Context, node *redis.Client) error {
		t := b.trialOf(node)
		t.mu.Lock()
		defer t.mu.Unlock()
		b.watchLocked(node, t)
		if t.err != nil {
			return fmt.Errorf("%s: %w", node.Options().Addr, t.err)
		}
		return nil
	})
}

// permanent reports whether waiting does not help: the server does not allow this
// user what Nextup needs, or does not know the command. A server before 7.0 cannot
// compile the scripts.
func permanent(err error) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	return slices.ContainsFunc([]string{"NOPERM", "NOAUTH", "WRONGPASS", "ACL failure", "no permissions", "executing the script", "compiling script", "nknown command", "nknown Redis command"},
		func(reply string) bool { return strings.Contains(text, reply) })
}

// ErrUnfit is the error of Open for a Redis that no waiting makes fit.
var ErrUnfit = errors.New("redislog: Redis is older than 7.0, or does not let this user do what Nextup needs (docs/reliability.md has its ACL)")

func unfit(err error) error { return fmt.Errorf("%w: %w", ErrUnfit, err) }

// Away reports whether an error of Open is one of a Redis that cannot be reached or takes
// nothing now, so that it makes sense to try again.
func Away(err error) bool {
	return !errors.Is(err, ErrUnfit) && (errors.Is(err, eventlog.ErrUnavailable) || errors.Is(err, eventlog.ErrFull))
}
