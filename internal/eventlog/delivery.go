package eventlog

import (
	"sync"
)

// maxNotes bounds the transient notes that wait for one subscriber. Further ones
// are lost, as transient notes may be.
const maxNotes = 64

// deliveries carries signals from committers to subscribers of a Memory. A
// committer only marks what there is to deliver; one goroutine, which runs only
// while there is something to deliver, calls the subscribers. Wake-ups that wait
// for the same subscriber become one.
type deliveries struct {
	mu       sync.Mutex
	subs     map[string]map[*subscription]struct{}
	queue    []*subscription // each subscription at most once
	draining bool
}

type subscription struct {
	hear    func(Signal)
	wake    bool
	notes   [][]byte
	queued  bool
	stopped bool
}

func (d *deliveries) subscribe(log string, hear func(Signal)) (stop func()) {
	s := &subscription{hear: hear}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.subs[log] == nil {
		d.subs[log] = map[*subscription]struct{}{}
	}
	d.subs[log][s] = struct{}{}
	s.wake = true
	d.enqueueLocked(s)
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		s.stopped = true
		delete(d.subs[log], s)
		if len(d.subs[log]) == 0 {
			delete(d.subs, log)
		}
	}
}

func (d *deliveries) wake(log string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for s := range d.subs[log] {
		s.wake = true
		d.enqueueLocked(s)
	}
}

func (d *deliveries) note(log string, payload []byte) {
	payload = append([]byte{}, payload...) // an empty note is not a wake-up
	d.mu.Lock()
	defer d.mu.Unlock()
	for s := range d.subs[log] {
		if len(s.notes) < maxNotes {
			s.notes = append(s.notes, payload)
			d.enqueueLocked(s)
		}
	}
}

func (d *deliveries) enqueueLocked(s *subscription) {
	if s.queued {
		return
	}
	s.queued = true
	d.queue = append(d.queue, s)
	if !d.draining {
		d.draining = true
		go d.drain()
	}
}

func (d *deliveries) drain() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.queue) > 0 {
		s := d.queue[0]
		d.queue[0] = nil
		d.queue = d.queue[1:]
		wake, notes := s.wake, s.notes
		s.wake, s.notes, s.queued = false, nil, false
		if s.stopped {
			continue
		}
		d.mu.Unlock()
		if wake {
			s.hear(Signal{})
		}
		for _, n := range notes {
			s.hear(Signal{Payload: n})
		}
		d.mu.Lock()
	}
	d.queue = nil
	d.draining = false
}
