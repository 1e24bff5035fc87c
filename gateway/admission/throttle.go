package admission

import (
	"sync"
	"time"
)

// maxRemembered bounds the keys of one Throttle, twice: those of late and those before.
const maxRemembered = 1 << 16

// Throttle bounds how often each key may do something: so many at once, and then one
// each interval. It remembers the keys of late only; a key that is forgotten
// may begin anew, which costs the others nothing.
type Throttle[K comparable] struct {
	mu sync.Mutex
	// For each key the time at which it will have made up for all that it did.
	late, before map[K]time.Time
}

// Take lets the key do it n times more, or returns the time after which it may.
func (t *Throttle[K]) Take(key K, n, atOnce int, interval time.Duration) (later time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	even, known := t.late[key]
	if !known {
		even = t.before[key]
	}
	if even.Before(now) {
		even = now
	}
	if later = even.Sub(now) - time.Duration(atOnce-n)*interval; later > 0 {
		return later
	}
	if !known && len(t.late) >= maxRemembered {
		t.before, t.late = t.late, nil
	}
	if t.late == nil {
		t.late = map[K]time.Time{}
	}
	t.late[key] = even.Add(time.Duration(n) * interval)
	return 0
}
