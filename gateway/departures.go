package gateway

import (
	"sync"
	"time"

	"nextup/gateway/protocol"
)

// maxLosing is how many visitors a site says to be lost at the same time. When very
// many are cut at once the others wait as one word each, not as a goroutine that
// commits, and whoever is back before their turn was never lost.
const maxLosing = 16

// departures are the visitors whose last conn here has gone and of whom the log
// does not know it yet.
type departures struct {
	mu   sync.Mutex
	line []departure     // in order; never longer than there are names
	in   map[string]bool // who is in line
	busy int
}

type departure struct {
	visitor string
	at      time.Time
}

// depart has the log say that a visitor is here no more.
func (s *site) depart(visitor string) {
	d := &s.departures
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.in[visitor] {
		return
	}
	if d.in == nil {
		d.in = map[string]bool{}
	}
	d.in[visitor] = true
	d.line = append(d.line, departure{visitor, time.Now()})
	if d.busy < maxLosing {
		d.busy++
		s.g.work.Go(s.sayDeparted)
	}
}

// next takes the first in line; it says no when there is none and the caller ends.
func (d *departures) next() (first departure, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.line) == 0 {
		d.line, d.in = nil, nil
		d.busy--
		return departure{}, false
	}
	first, d.line = d.line[0], d.line[1:]
	delete(d.in, first.visitor)
	return first, true
}

// sayDeparted works the line off.
func (s *site) sayDeparted() {
	for {
		is, ok := s.departures.next()
		if !ok {
			return
		}
		if s.g.draining.Load() { // most are bound elsewhere at once, and then this is nothing
			pause(s.g.ctx, time.Until(is.at.Add(time.Second)))
		}
		s.lose(is.visitor, protocol.Visitor)
	}
}
