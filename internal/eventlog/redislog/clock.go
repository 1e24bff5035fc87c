package redislog

import (
	"sync"
	"time"
)

// sampleLife is how long the monotonic clock of this process continues a log's time
// before the server is asked again.
const sampleLife = time.Minute

// setBack is the least step back of a log's time that is followed. Smaller steps come
// from how long answers take, and from the slower pace of a log that is ahead of its
// clock.
const setBack = 5 * time.Second

// pace estimates a log's time: the stamp that the log would give now. Every answer
// to a commit has it, and between two answers the monotonic clock continues it. So a
// jump of the server's clock moves the estimate only once it has moved the log.
type pace struct {
	mu      sync.Mutex
	start   time.Time
	known   bool
	offset  int64         // milliseconds from the time since start to the log's
	sampled time.Duration // when the last sample came, as time since start
	jumps   uint64        // the number of clock jumps by then
	last    int64
}

func newPace() *pace { return &pace{start: time.Now()} }

// sample takes a stamp that the log would have given between sent and now.
func (p *pace) sample(stamp int64, sent time.Time, jumps uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Since(p.start)
	least, most := stamp-now.Milliseconds(), stamp-sent.Sub(p.start).Milliseconds()
	if p.known {
		p.offset = min(max(p.offset, least), most)
	} else {
		p.offset = least
	}
	p.known, p.sampled, p.jumps = true, now, jumps
}

// reached takes a stamp that the log has given.
func (p *pace) reached(stamp int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.offset = max(p.offset, stamp-time.Since(p.start).Milliseconds())
}

// stale reports whether the log should be asked: it was not asked for a while, or a
// clock has jumped since.
func (p *pace) stale(jumps uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.known || p.jumps != jumps || time.Since(p.start)-p.sampled > sampleLife
}

// now returns the log's time in Unix milliseconds; before the first sample it is
// wall's. It stands still rather than go back by a little, and goes back by much
// only where the log does: a log that has no newer stamp takes the time of a server
// whose clock was set back.
func (p *pace) now(wall func() int64) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.offset + time.Since(p.start).Milliseconds()
	if !p.known {
		now = wall()
	}
	if now < p.last && p.last-now < setBack.Milliseconds() {
		now = p.last
	}
	p.last = now
	return now
}
