package admission

import (
	"container/list"
	"net/netip"
	"sync"
)

// Lobby counts by address connections of which it is not known yet what they are worth.
// When too many of them wait, the one that has waited longest has to go: an honest client
// waits for a moment only. Its size is bounded by the number of conns. The zero
// Addr is not counted.
type Lobby[T comparable] struct {
	mu      sync.Mutex
	by      map[netip.Addr]int
	here    map[T]*entrant
	waiting list.List // of T, the oldest first
}

type entrant struct {
	from netip.Addr
	at   *list.Element // nil for one that does not wait
}

// Enter takes one in unless so many of its address are here already.
func (l *Lobby[T]) Enter(one T, from netip.Addr, most int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.here == nil {
		l.here, l.by = map[T]*entrant{}, map[netip.Addr]int{}
	}
	if from.IsValid() {
		if l.by[from] >= most {
			return false
		}
		l.by[from]++
	}
	l.here[one] = &entrant{from: from}
	return true
}

// Wait notes that one waits.
func (l *Lobby[T]) Wait(one T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.here[one]; e != nil && e.at == nil {
		e.at = l.waiting.PushBack(one)
	}
}

// Stir notes that one does not wait for now.
func (l *Lobby[T]) Stir(one T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stirLocked(l.here[one])
}

func (l *Lobby[T]) stirLocked(e *entrant) {
	if e != nil && e.at != nil {
		l.waiting.Remove(e.at)
		e.at = nil
	}
}

// Leave takes one out, also if it is not here.
func (l *Lobby[T]) Leave(one T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.here[one]
	if e == nil {
		return
	}
	l.stirLocked(e)
	delete(l.here, one)
	if l.by[e.from]--; l.by[e.from] <= 0 {
		delete(l.by, e.from)
	}
}

// TooMany returns the one that has waited longest, who then waits no more, if more
// than most wait.
func (l *Lobby[T]) TooMany(most int) (oldest T, yes bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting.Len() <= most {
		return oldest, false
	}
	oldest, _ = l.waiting.Front().Value.(T)
	l.stirLocked(l.here[oldest])
	return oldest, true
}
