package redislog

import (
	"sync"
	"time"
)

// sampleLife is how long what a log's server said of the log's time is carried on
// by the steady clock of this process before it is asked again.
const sampleLife = time.Minute

// setBack is how far a log's time must go back to be followed. What is less comes from
// how long answers take, and from how much slower a log goes that is ahead of its clock.
const setBack = 5 * time.Second

// pace estimates a log's time: the stamp that the log would give now. The log says
// it in every answer to a commit, and between two answers the steady clock goes on.
// So a jump of the server's clock moves it only once it has moved the log.
type pace struct {
	mu      sync.Mutex
	start   time.Time
	known   bool
	offset  int64         // milliseconds from the time since start to the log's
	sampled time.Duration // when it was said last, as time since start
	jumps   uint64        // how many jumps of clocks there had been by then
	last    int64
}

func newPace() *pace { return &pace{start: time.Now()} }

// sample takes in a stamp that the log would have given between sent and now.
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

// reached says that the log has given this stamp.
func (p *pace) reached(stamp int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.offset = max(p.offset, stamp-time.Since(p.start).Milliseconds())
}

// stale says whether the log should be asked: it was not for a while, or a clock
// has jumped since.
func (p *pace) stale(jumps uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.known || p.jumps != jumps || time.Since(p.start)-p.sampled > sampleLife
}

// now is in Unix milliseconds; wall is the time for as long as the log has not said
// its own. It stands still rather than go back by a little, and
// goes back by much only where the log does: one that has no newer stamp takes the
// time of a server whose clock was set back.
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
