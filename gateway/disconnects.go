package gateway

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// maxLosing bounds the visitors for whom a site commits at the same time that they are
// lost. When very many conns are cut at once, the others wait as a name each and not as a
// goroutine each. A visitor who comes back while their name waits is not called lost.
const maxLosing = 16

// disconnects are the visitors whose last conn here has gone, while the log does not
// know it yet.
type disconnects struct {
	ctx      context.Context
	work     *sync.WaitGroup
	draining *atomic.Bool
	lose     func(visitor string) // commits it

	mu     sync.Mutex
	queued []disconnect    // in order; never longer than there are names
	names  map[string]bool // those that are queued
	busy   int
}

type disconnect struct {
	visitor string
	at      time.Time
}

// add has it committed that a visitor is here no more.
func (d *disconnects) add(visitor string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.names[visitor] {
		return
	}
	if d.names == nil {
		d.names = map[string]bool{}
	}
	d.names[visitor] = true
	d.queued = append(d.queued, disconnect{visitor, time.Now()})
	if d.busy < maxLosing {
		d.busy++
		d.work.Go(d.run)
	}
}

// next takes the first that is queued; ok is false when there is none and the caller
// ends.
func (d *disconnects) next() (first disconnect, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.queued) == 0 {
		d.queued, d.names = nil, nil
		d.busy--
		return disconnect{}, false
	}
	first, d.queued = d.queued[0], d.queued[1:]
	delete(d.names, first.visitor)
	return first, true
}

// run works off what is queued.
func (d *disconnects) run() {
	for {
		next, ok := d.next()
		if !ok {
			return
		}
		if d.draining.Load() { // most are bound elsewhere at once, and then this is nothing
			pause(d.ctx, time.Until(next.at.Add(time.Second)))
		}
		d.lose(next.visitor)
	}
}
