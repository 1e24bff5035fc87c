package session

import "sync"

// inHand counts the requests of a conn that are not answered.
type inHand struct {
	mu      sync.Mutex
	n       int
	stopped bool
	last    func() // what stop was given
}

// begin notes one more, and returns false after stop.
func (i *inHand) begin() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.stopped {
		i.n++
	}
	return !i.stopped
}

// end notes that one is answered.
func (i *inHand) end() {
	i.mu.Lock()
	i.n--
	var last func()
	if i.n == 0 {
		last, i.last = i.last, nil
	}
	i.mu.Unlock()
	if last != nil {
		last()
	}
}

// stop takes no more requests, and calls last when those in hand are answered. Only the
// first call counts.
func (i *inHand) stop(last func()) {
	i.mu.Lock()
	if i.stopped {
		i.mu.Unlock()
		return
	}
	i.stopped = true
	if i.n > 0 {
		i.last, last = last, func() {}
	}
	i.mu.Unlock()
	last()
}
