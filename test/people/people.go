// Package people is the load of the fault tests: visitors and agents who live
// through their day on the public protocol, as a careful client of a stranger
// would, and who write down everything that happens to them.
//
// A Client keeps one person connected: it comes back with full jitter and to
// another gateway, opens what it follows from where it stood, and sends what was
// not acknowledged again under the same message id. A Crowd gives clients
// something to do, at many times the human pace and from a seed.
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

// told writes down a frame, but for those that no statement is about.
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

// History is what was written so far; nobody changes it afterwards.
func (d *Diary) History() *oracle.History {
	d.mu.Lock()
	defer d.mu.Unlock()
	return &oracle.History{Role: d.h.Role, Subject: d.h.Subject, Events: append([]oracle.Event(nil), d.h.Events...)}
}
