// Package people is the one fake client of tests and measurements: visitors, agents
// and supervisors who live through their day on the public protocol, as a careful
// client of a stranger would, and who write down what happens to them for
// test/oracle. They know a gateway by its address alone, so they come to one in the
// test's own process as well as to another process or machine.
//
// A Client keeps one person connected: it comes back with full jitter and to
// another gateway, opens what it follows from where it stood, and sends what was
// not acknowledged again under the same message id. What the person does is said by
// the test:
//
//	v := people.NewClient(sockets, mint, start, protocol.Visitor, "ann", nil, rng)
//	go v.Run(ctx)
//	ok, err := v.Do(ctx, oracle.Ask{Type: protocol.TypeJoin, Wish: 1}, join)
//	v.Until(ctx, func(s people.Sight) bool { return s.Ticket.Status == protocol.Assigned })
//
// A Crowd gives clients something to do, at many times the human pace and from a
// seed; a Stalled visitor reads nothing of what comes. Under all of them is one socket
// of internal/client, which the simulated people of nextup traffic use too.
package people

import (
	"sync"
	"time"

	"nextup/gateway/protocol"
	"nextup/test/oracle"
)

// Diary collects one person's history. It may be written from many goroutines;
// the order is that of the calls.
type Diary struct {
	start time.Time
	mu    sync.Mutex
	h     oracle.History
}

func newDiary(start time.Time, role protocol.Role, subject string) *Diary {
	return &Diary{start: start, h: oracle.History{Role: role, Subject: subject}}
}

func (d *Diary) write(e oracle.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e.At = time.Since(d.start)
	d.h.Events = append(d.h.Events, e)
}

// told writes down a frame, but for those that no invariant is about.
func (d *Diary) told(conn int, frame protocol.ServerFrame) {
	e := oracle.Event{Kind: oracle.Told, Conn: conn}
	switch f := frame.(type) {
	case protocol.Ticket:
		e.Ticket = &f
	case protocol.Desk:
		e.Desk = &f
	case protocol.Entry:
		e.Entry = &f
	case protocol.Reset:
		e.Reset = &f
	case protocol.Error:
		e.Error = &f
	default:
		return
	}
	d.write(e)
}

// History returns a copy of what was written so far.
func (d *Diary) History() *oracle.History {
	d.mu.Lock()
	defer d.mu.Unlock()
	return &oracle.History{Role: d.h.Role, Subject: d.h.Subject, Events: append([]oracle.Event(nil), d.h.Events...)}
}
