package redislog

import (
	"sync"
	"time"
)

// sampleLife is how long the best sample counts before a worse one replaces it,
// so that a drift of either clock is followed.
const sampleLife = 10 * time.Second

// clock estimates Redis's time from the times in its replies and the local
// monotonic clock. A reply was on its way for a while, so of several samples the
// one that is furthest ahead is the nearest to the truth.
type clock struct {
	mu      sync.Mutex
	start   time.Time
	offset  int64 // milliseconds from the time since start to Redis's
	sampled time.Duration
	known   bool
	last    int64
}

func newClock() *clock { return &clock{start: time.Now()} }

// sample takes in Redis's time in Unix milliseconds from a reply just received.
func (c *clock) sample(ms int64) {
	since := time.Since(c.start)
	offset := ms - since.Milliseconds()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known || offset >= c.offset || since-c.sampled > sampleLife {
		c.offset, c.sampled, c.known = offset, since, true
	}
}

// now is in Unix milliseconds and never goes back.
func (c *clock) now() int64 {
	since := time.Since(c.start)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(c.last, c.offset+since.Milliseconds())
	return c.last
}
