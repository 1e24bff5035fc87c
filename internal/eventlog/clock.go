package eventlog

import (
	"sync"
	"time"
)

const (
	// clockJump is the difference from the expected time beyond which a clock counts
	// as having jumped.
	clockJump = 5 * time.Second
	// clockDistrust is how long a clock that has jumped is not believed.
	clockDistrust = 10 * time.Minute
)

// Clock estimates the wall clock of a server: the server's answers show it, and the
// monotonic clock of this process continues it between two answers.
//
// A clock that jumps is not believed at once, since it may jump back: until it has
// stayed for ten minutes, Clock continues as if there had been no jump, unless the
// jump brings it nearer to the wall clock of this process. The zero Clock is not
// usable; see NewClock.
type Clock struct {
	mu    sync.Mutex
	start time.Time
	known bool
	// shown is what the server shows and believed what Now returns, both as
	// milliseconds to be added to the time since start.
	shown, believed int64
	jumped          time.Duration // when shown jumped last, as time since start
}

// NewClock returns a clock that knows no time yet.
func NewClock() *Clock { return &Clock{start: time.Now()} }

// Sample takes the time in Unix milliseconds that the server showed between sent
// and now, and returns by how much the clock has jumped since the last sample,
// which is 0 nearly always.
func (c *Clock) Sample(ms int64, sent time.Time) (jump time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Since(c.start)
	least, most := ms-now.Milliseconds(), ms-sent.Sub(c.start).Milliseconds()
	if !c.known {
		c.known, c.shown, c.believed = true, least, least
		return 0
	}
	nearest := min(max(c.shown, least), most)
	if far(nearest, c.shown) {
		jump = time.Duration(nearest-c.shown) * time.Millisecond
		c.jumped = now
	}
	c.shown = nearest
	own := time.Now().UnixMilli() - now.Milliseconds()
	if !far(c.shown, c.believed) || now-c.jumped >= clockDistrust || distance(c.shown, own) < distance(c.believed, own) {
		c.believed = c.shown
	}
	return jump
}

// Now returns the server's wall clock in Unix milliseconds; ok is false before the
// first sample.
func (c *Clock) Now() (ms int64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.believed + time.Since(c.start).Milliseconds(), c.known
}

func far(a, b int64) bool { return distance(a, b) > clockJump.Milliseconds() }

func distance(a, b int64) int64 { return max(a-b, b-a) }
