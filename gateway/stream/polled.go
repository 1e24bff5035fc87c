package stream

import (
	"bytes"
	"sync"
	"time"

	"nextup/gateway/session"
	"nextup/gateway/socket"
)

const (
	// pollTime is how long a poll waits for an event: shorter than a frame may take.
	pollTime = 5 * time.Second
	// maxAnswer bounds the bytes of the answer to a poll; a larger event comes alone.
	maxAnswer = 64 << 10
)

// polled is the link of a client that asks for its events, where the network holds an answer
// back until it has ended. It keeps each event until a poll tells that it came, so that an
// answer may be lost.
type polled struct {
	conn *conn

	mu      sync.Mutex
	passed  uint64   // events that have come
	events  [][]byte // those after them
	waiting int      // their bytes
	limit   int
	behind  bool                           // Behind was true, and Drained was not called since
	asked   func(answer []byte, err error) // the poll that waits for an event
	late    *time.Timer                    // ends its waiting
	cut     *time.Timer                    // the last event is there, and nothing follows
	dead    bool
}

var _ session.Link = (*polled)(nil)

// poll answers with the events after the first n, or with none when none comes in time.
// answered must not block.
func (p *polled) poll(n uint64, answered func(answer []byte, err error)) {
	if p.take(n, answered) {
		p.conn.Drained()
	}
}

func (p *polled) take(n uint64, answered func(answer []byte, err error)) (drained bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		answered(nil, errNoConn)
		return false
	}
	p.answer(nil) // its client gave up the one before
	for p.passed < n && len(p.events) > 0 {
		p.waiting -= len(p.events[0])
		p.events[0] = nil
		p.events = p.events[1:]
		p.passed++
	}
	drained = p.behind && p.waiting <= p.limit/2
	p.behind = p.behind && !drained
	p.asked = answered
	p.late = time.AfterFunc(pollTime, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.late != nil { // or another poll came just now
			p.answer(nil)
		}
	})
	p.pass()
	return drained
}

// pass answers the poll that waits, where there is something. The caller holds mu.
func (p *polled) pass() {
	if p.asked == nil || len(p.events) == 0 {
		return
	}
	bytesOf, n := len(p.events[0]), 1
	for n < len(p.events) && bytesOf+len(p.events[n]) <= maxAnswer {
		bytesOf += len(p.events[n])
		n++
	}
	p.answer(bytes.Join(p.events[:n], nil))
	if p.cut != nil && n == len(p.events) {
		p.end()
	}
}

// answer answers the poll that waits. The caller holds mu.
func (p *polled) answer(events []byte) {
	if asked := p.asked; asked != nil {
		p.asked = nil
		p.late.Stop()
		p.late = nil
		asked(events, nil)
	}
}

// Send implements session.Link.
func (p *polled) Send(frame []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead || p.cut != nil {
		return
	}
	if p.waiting > p.limit/2 && p.waiting+len(frame) > p.limit { // one frame may be of any size
		code, reason := p.conn.Overflowed()
		p.finish(code, reason, time.Second)
		return
	}
	p.add(socket.Event(bytes.Clone(frame)))
}

// add queues an event. The caller holds mu.
func (p *polled) add(event []byte) {
	p.events = append(p.events, event)
	p.waiting += len(event)
	p.pass()
}

// Keep implements session.Link: there are no answers that it could wait for.
func (p *polled) Keep(frame []byte) { p.Send(frame) }

// Behind implements session.Link.
func (p *polled) Behind() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.behind = p.behind || p.waiting > p.limit/2
	return p.behind
}

// Waiting implements session.Link.
func (p *polled) Waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiting
}

// SetLimit implements session.Link.
func (p *polled) SetLimit(bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limit = bytes
}

// Close implements session.Link: a client whose poll comes within that time hears why.
func (p *polled) Close(code int, reason string, within time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finish(code, reason, within)
}

// finish is Close. The caller holds mu.
func (p *polled) finish(code int, reason string, within time.Duration) {
	if !p.dead && p.cut == nil {
		p.cut = time.AfterFunc(within, p.Cut)
		p.add(socket.CloseEvent(code, reason))
	}
}

// Cut implements session.Link.
func (p *polled) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
}

// end ends the link. The caller holds mu.
func (p *polled) end() {
	if p.dead {
		return
	}
	p.dead = true
	p.answer(nil)
	if p.cut != nil {
		p.cut.Stop()
	}
	p.events, p.waiting = nil, 0
	go p.conn.Gone() // the caller may hold what it takes
}
