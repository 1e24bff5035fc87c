package session

import (
	"context"
	"sync"
	"time"
)

// The timer wheel's step, and how many of them it has: no look is further ahead than the
// repetition of a view.
const (
	wheelStep  = 250 * time.Millisecond
	wheelSlots = int(viewHeartbeat/wheelStep) + 1
)

// timerWheel holds all conns of a gateway, each in the slot of the time at which it is
// looked at next: whether it has said hello, whether it is still heard, whether its
// token has run out, whether its view is due again. So a conn has no timer and is looked at every few
// seconds only, and the looks are as far apart as the conns came. The wheel rests while it
// has no conn.
type timerWheel struct {
	mu    sync.Mutex
	slots [wheelSlots][]*Conn
	conns int
	came  chan struct{} // holds one when a first conn has come
	at    int           // the slot that was turned to last
	due   []*Conn       // scratch paper of turn
}

func newTimerWheel() *timerWheel { return &timerWheel{came: make(chan struct{}, 1)} }

// wait returns true as soon as there is a conn, or false once ctx has ended.
func (w *timerWheel) wait(ctx context.Context) bool {
	for {
		w.mu.Lock()
		conns := w.conns
		w.mu.Unlock()
		if conns > 0 {
			return ctx.Err() == nil
		}
		select {
		case <-ctx.Done():
			return false
		case <-w.came:
		}
	}
}

// slotRef is where in the wheel a conn is.
type slotRef struct {
	slot, index int
	in, gone    bool
}

// add takes a conn in, if it has not gone already, unless the wheel is closed. That
// is looked at under the lock, so no conn slips in behind all.
func (w *timerWheel) add(c *Conn, closed func() bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if closed() {
		return false
	}
	if c.ref.gone {
		return true
	}
	w.put(c, wheelStep)
	if w.conns == 1 {
		select {
		case w.came <- struct{}{}:
		default:
		}
	}
	return true
}

// put has a conn looked at after some time. The caller holds mu.
func (w *timerWheel) put(c *Conn, after time.Duration) {
	steps := int((after + wheelStep - 1) / wheelStep)
	slot := (w.at + min(max(steps, 1), wheelSlots-1)) % wheelSlots
	c.ref = slotRef{slot: slot, index: len(w.slots[slot]), in: true}
	w.slots[slot] = append(w.slots[slot], c)
	w.conns++
}

// take takes a conn out of its slot. The caller holds mu.
func (w *timerWheel) take(c *Conn) {
	slot := w.slots[c.ref.slot]
	last := len(slot) - 1
	slot[c.ref.index] = slot[last]
	slot[c.ref.index].ref.index = c.ref.index
	slot[last] = nil
	w.slots[c.ref.slot] = slot[:last]
	w.conns--
	c.ref.in = false
}

func (w *timerWheel) remove(c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.ref.in {
		w.take(c)
	}
	c.ref.gone = true
}

// all lists the conns.
func (w *timerWheel) all() []*Conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []*Conn
	for _, slot := range w.slots {
		all = append(all, slot...)
	}
	return all
}

// turn goes on by one step. look returns when the conn must be looked at next.
func (w *timerWheel) turn(look func(c *Conn) time.Duration) {
	w.mu.Lock()
	w.at = (w.at + 1) % wheelSlots
	w.due = append(w.due[:0], w.slots[w.at]...)
	w.mu.Unlock()
	for _, c := range w.due {
		next := look(c)
		w.mu.Lock()
		if c.ref.in {
			w.take(c)
			w.put(c, next)
		}
		w.mu.Unlock()
	}
	clear(w.due)
}
