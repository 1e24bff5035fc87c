package eventlog

import (
	"sync"
	"time"
)

const (
	// clockJump is how far a clock may be from where it should be by now before that
	// counts as a jump.
	clockJump = 5 * time.Second
	// clockDoubt is for how long a clock that has jumped is not believed.
	clockDoubt = 10 * time.Minute
)

// Clock tells the wall clock of a server: its answers show it, and the steady
// clock of this process carries it on between two of them.
//
// A clock that jumps is not believed at once, since it may jump back: until it has
// stayed for ten minutes, or unless the jump brings it nearer to the wall clock of
// this process, Clock goes on as if there had been none. The zero Clock is not fit
// for use.
type Clock struct {
	mu    sync.Mutex
	start time.Time
	known bool
	// seen is what the server shows and believed what is told, both as milliseconds
	// to be added to the time since start.
	seen, believed int64
	jumped         time.Duration // when seen jumped last, as time since start
}

// NewClock returns a clock that knows no time yet.
func NewClock() *Clock { return &Clock{start: time.Now()} }

// Sample takes in the time in Unix milliseconds that the server showed between
// sent and now, and returns by how much the clock has jumped since the last sample,
// mostly 0.
func (c *Clock) Sample(ms int64, sent time.Time) (jump time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Since(c.start)
	least, most := ms-now.Milliseconds(), ms-sent.Sub(c.start).Milliseconds()
	if !c.known {
		c.known, c.seen, c.believed = true, least, least
		return 0
	}
	nearest := min(max(c.seen, least), most)
	if far(nearest, c.seen) {
		jump = time.Duration(nearest-c.seen) * time.Millisecond
		c.jumped = now
	}
	c.seen = nearest
	own := time.Now().UnixMilli() - now.Milliseconds()
	if !far(c.seen, c.believed) || now-c.jumped >= clockDoubt || distance(c.seen, own) < distance(c.believed, own) {
		c.believed = c.seen
	}
	return jump
}

// Now is the server's wall clock in Unix milliseconds; ok is false before the first
// sample.
func (c *Clock) Now() (ms int64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.believed + time.Since(c.start).Milliseconds(), c.known
}

func far(a, b int64) bool { return distance(a, b) > clockJump.Milliseconds() }

func distance(a, b int64) int64 { return max(a-b, b-a) }
