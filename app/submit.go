package app

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"nextup/app/commands"
	"nextup/queue"
)

// Errors of commands.
var (
	// ErrNotYours: there is no such conversation, or none of the actor's.
	ErrNotYours = errors.New("app: not a conversation of the actor's")
	// ErrIDConflict: the id of a join was used for another join.
	ErrIDConflict = errors.New("app: this id was used for another join")
	// ErrTooMany: the actor has as many commands in hand as they may.
	ErrTooMany = commands.ErrFull
)

// UnknownError is the error of a command that named something that is not there, with
// what would have been taken.
type UnknownError struct {
	Err   error
	Known []string
}

// Error implements error.
func (e *UnknownError) Error() string { return e.Err.Error() }

func (e *UnknownError) Unwrap() error { return e.Err }

// Receipt is what came of a command. What does not apply is zero.
type Receipt struct {
	// Log is the number of the site's log at which it was done, 0 if nothing was to do.
	Log uint64
	// Ticket is the one that a join made or found.
	Ticket string
	// MessageID, Number and AtMS name the entry of the conversation that was written.
	MessageID string
	Number    uint64
	AtMS      int64
}

// Command is something that an actor may ask for. Those that there are stand in this
// package.
type Command interface {
	// roles lists those that may submit it.
	roles() []Role
	// keys names what it must not overtake other commands of the actor at: a
	// conversation, the line and the agents ("", which is no ticket), or both.
	keys(s *Site, a *Actor) commands.Keys
	// run authorises it against the replica and does it.
	run(ctx context.Context, s *Site, a *Actor) (Receipt, error)
}

// CommandTimeout is how long a command may take, the time included that it waits for
// those before it.
const CommandTimeout = 6 * time.Second

// Submit has a command run and calls done once with what came of it. It never blocks.
// An actor's commands that concern the same conversation run one after the other in the
// order in which they were submitted, and done is called before the next one
// runs; others run side by side. An actor has commands.MaxInHand of them at most; more
// fail with ErrTooMany, before Submit returns.
func (s *Site) Submit(ctx context.Context, a *Actor, c Command, done func(Receipt, error)) {
	if !slices.Contains(c.roles(), a.Role) {
		done(Receipt{}, queue.ErrForbidden)
		return
	}
	deadline := time.Now().Add(CommandTimeout)
	key := actorKey{a.Role, a.ID}
	q := s.inHand.take(key)
	keys := c.keys(s, a)
	err := q.Submit(&s.app.pool, keys, func() {
		defer s.inHand.release(key, q)
		ctx, cancel := context.WithDeadline(ctx, deadline)
		defer cancel()
		done(s.run(ctx, a, c, keys[1]))
	})
	if err != nil {
		s.inHand.release(key, q)
		done(Receipt{}, err)
	}
}

// run runs a command that concerns the ticket, "" for none.
func (s *Site) run(ctx context.Context, a *Actor, c Command, ticket string) (r Receipt, err error) {
	if s.traces() {
		defer func(begun time.Time) { s.traceCommand(a, c, ticket, r, begun, err) }(time.Now())
	}
	if err := ctx.Err(); err != nil {
		return Receipt{}, err
	}
	if err := s.Takes(); err != nil {
		return Receipt{}, err // at once, rather than after a time-out
	}
	return c.run(ctx, s, a)
}

// Execute submits a command and waits for what came of it.
func (s *Site) Execute(ctx context.Context, a *Actor, c Command) (Receipt, error) {
	type answer struct {
		receipt Receipt
		err     error
	}
	answered := make(chan answer, 1)
	s.Submit(ctx, a, c, func(r Receipt, err error) { answered <- answer{r, err} })
	select {
	case a := <-answered:
		return a.receipt, a.err
	case <-ctx.Done():
		return Receipt{}, ctx.Err()
	}
}

type actorKey struct {
	role Role
	id   string
}

// inHand are the commands of a site that are not answered, by actor. An actor who asks
// for nothing costs nothing.
type inHand struct {
	mu     sync.Mutex
	queues map[actorKey]*actorQueue
}

type actorQueue struct {
	commands.Queue
	uses int
}

// take finds the actor's queue for one command more.
func (i *inHand) take(key actorKey) *actorQueue {
	i.mu.Lock()
	defer i.mu.Unlock()
	q := i.queues[key]
	if q == nil {
		if i.queues == nil {
			i.queues = map[actorKey]*actorQueue{}
		}
		q = &actorQueue{}
		i.queues[key] = q
	}
	q.uses++
	return q
}

// release gives the queue back after the command.
func (i *inHand) release(key actorKey, q *actorQueue) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if q.uses--; q.uses == 0 {
		delete(i.queues, key)
	}
}

// conversationKeys are those of a command that concerns a conversation alone.
func conversationKeys(ticket string) commands.Keys { return commands.Keys{ticket, ticket} }

// ticketKeys are those of a command that concerns a ticket's place and its conversation.
func ticketKeys(ticket string) commands.Keys { return commands.Keys{"", ticket} }
