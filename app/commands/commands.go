// Package commands runs what people ask for away from the goroutines that read
// their sockets, since a command may wait for the log, for a key server or for
// whatever else is outside, and a reader that waits serves no other socket.
//
// A Queue holds the commands of one actor:
//
//	var q commands.Queue
//	err := q.Submit(pool, commands.Keys{ticket, ticket}, func() { … })
//
// Submit never blocks. Commands that share a key run one after the other in the
// order in which they were submitted; others run side by side, MaxRunning of one
// Queue at most, so that a conversation whose log hangs holds up no other. A Queue
// holds MaxInHand commands, those that run included, and refuses more.
//
// A Pool has the goroutines. It has no bound of its own: if it had one, commands
// that hang would hold up those of other actors. There are at most MaxRunning for
// each Queue.
package commands

import (
	"errors"
	"slices"
	"sync"
)

// Bounds of one Queue.
const (
	MaxInHand  = 128
	MaxRunning = 8
)

// ErrFull says that the actor has MaxInHand commands that are not answered.
var ErrFull = errors.New("commands: too many wait for their answer")

// Keys are what a command must not overtake others at. One key is given twice.
type Keys [2]string

func (k Keys) meet(other Keys) bool {
	return k[0] == other[0] || k[0] == other[1] || k[1] == other[0] || k[1] == other[1]
}

// Queue holds the commands of one actor. The zero Queue is empty and ready.
type Queue struct {
	mu       sync.Mutex
	commands []*command // in the order in which they came; those that run stay until they end
	running  int
}

type command struct {
	queue   *Queue
	pool    *Pool
	keys    Keys
	run     func()
	running bool
}

// Submit has the command run as soon as none before it shares a key with it. It
// never blocks.
func (q *Queue) Submit(pool *Pool, keys Keys, run func()) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.commands) >= MaxInHand {
		return ErrFull
	}
	q.commands = append(q.commands, &command{queue: q, pool: pool, keys: keys, run: run})
	q.startLocked()
	return nil
}

// startLocked starts the commands that may start.
func (q *Queue) startLocked() {
	for i, c := range q.commands {
		if q.running == MaxRunning {
			return
		}
		if !c.running && !slices.ContainsFunc(q.commands[:i], func(before *command) bool { return before.keys.meet(c.keys) }) {
			c.running = true
			q.running++
			c.pool.start(c)
		}
	}
}

// ended takes out a command that has run, and starts those that waited for it.
func (q *Queue) ended(c *command) {
	q.mu.Lock()
	q.running--
	q.commands = slices.Delete(q.commands, slices.Index(q.commands, c), slices.Index(q.commands, c)+1)
	q.startLocked()
	if len(q.commands) == 0 {
		q.commands = nil // an actor who asks for nothing costs nothing
	}
	q.mu.Unlock()
}

// maxIdle is how many goroutines of a Pool may wait for a command.
const maxIdle = 32

// Pool runs commands. A goroutine that has run one stays for the next with the
// stack that the last one made it grow. The zero Pool is ready.
type Pool struct {
	mu     sync.Mutex
	idle   []chan *command
	closed bool
	work   sync.WaitGroup
}

// Go runs a command that belongs to no Queue.
func (p *Pool) Go(run func()) { p.start(&command{run: run}) }

func (p *Pool) start(c *command) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last := len(p.idle) - 1; last >= 0 {
		p.idle[last] <- c // it holds one, and has none
		p.idle = p.idle[:last]
		return
	}
	p.work.Go(func() { p.serve(c) })
}

// serve is the life of a goroutine.
func (p *Pool) serve(c *command) {
	given := make(chan *command, 1)
	for c != nil {
		c.run()
		if c.queue != nil {
			c.queue.ended(c)
		}
		c = p.next(given)
	}
}

// next returns the next command, or nil if enough goroutines wait for one.
func (p *Pool) next(given chan *command) *command {
	p.mu.Lock()
	if p.closed || len(p.idle) >= maxIdle {
		p.mu.Unlock()
		return nil
	}
	p.idle = append(p.idle, given)
	p.mu.Unlock()
	return <-given
}

// Close returns when all commands have ended. None may be submitted meanwhile,
// but by a Queue whose commands wait for each other.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	for _, given := range p.idle {
		close(given)
	}
	p.idle = nil
	p.mu.Unlock()
	p.work.Wait()
}
