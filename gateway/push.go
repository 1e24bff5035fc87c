package gateway

import (
	"sync"
	"time"

	"nextup/queue"
)

// band is a part of a line with a cadence of its own: how soon a visitor there
// learns of a new place.
type band struct {
	name     string
	from, to int
	// every is the pause between two sweeps; with the tick and the sweep itself
	// it stays under the promise: 250 ms, 1 s, 3 s.
	every time.Duration
}

var bands = [...]band{
	{"first_10", 1, 10, 150 * time.Millisecond},
	{"first_100", 11, 100, 800 * time.Millisecond},
	{"others", 101, 1 << 30, 2500 * time.Millisecond},
}

const pushTick = 50 * time.Millisecond

// push shows waiting visitors their place when it changed, band by band. The
// first change after a quiet time goes out at the next tick, so nobody waits
// for a cadence that was not needed, and there is no trailing debounce, so a
// busy queue starves nobody. Under overload a sweep takes longer and the next
// one comes later: the front of the line first, the others after, in pieces
// between which the front is looked at again.
type push struct {
	*site
	swept func(band int) // a test wants to know
	mu    sync.Mutex
	lines map[queue.QueueID]*[len(bands)]cadence
}

// cadence is when a band of a line was swept, and whether it must be again.
type cadence struct {
	dirty bool
	since time.Time // of the oldest change not shown yet
	swept time.Time
}

func newPush(s *site) *push {
	p := &push{site: s, swept: func(int) {}, lines: map[queue.QueueID]*[len(bands)]cadence{}}
	p.follow(s.file.Load().Rules)
	return p
}

// follow makes lines for the queues of new rules. Those that are no more stay:
// people may stand in them.
func (p *push) follow(rules *queue.Site) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, q := range rules.Queues() {
		if p.lines[q] == nil {
			p.lines[q] = &[len(bands)]cadence{}
		}
	}
}

// changed notes lines whose order changed; with all, everybody's wait may have.
func (p *push) changed(queues map[queue.QueueID]bool, all bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for q, line := range p.lines {
		if !all && !queues[q] {
			continue
		}
		for i := range line {
			if !line[i].dirty {
				line[i].dirty, line[i].since = true, now
			}
		}
	}
}

// run sweeps what is due and repeats the views that nothing changed in.
func (p *push) run() {
	tick := time.NewTicker(pushTick)
	defer tick.Stop()
	repeated := time.Now()
	for {
		select {
		case <-p.g.ctx.Done():
			return
		case <-tick.C:
		}
		p.sweepDue(len(bands))
		if now := time.Now(); now.Sub(repeated) >= time.Second {
			repeated = now
			p.repeat(now)
		}
	}
}

// due takes the lines whose band i must be swept now.
func (p *push) due(i int, every time.Duration) []queue.QueueID {
	p.mu.Lock()
	defer p.mu.Unlock()
	var due []queue.QueueID
	now := time.Now()
	for q, line := range p.lines {
		c := &line[i]
		if !c.dirty || now.Sub(c.swept) < every {
			continue
		}
		p.g.metrics.swept(bands[i], now.Sub(c.since))
		c.dirty, c.swept = false, now
		due = append(due, q)
	}
	return due
}

// piece is how many views are shown before the front of the lines is looked at
// again: a few milliseconds' worth.
const piece = 500

// sweepDue sweeps what is due of the first n bands.
func (p *push) sweepDue(n int) {
	for i := range n {
		for _, q := range p.due(i, bands[i].every) {
			for here := p.here(q, bands[i]); len(here) > 0; here = here[min(piece, len(here)):] {
				for _, c := range here[:min(piece, len(here))] {
					c.show()
				}
				p.sweepDue(i)
			}
			p.swept(i)
		}
	}
}

// here lists the conns of those who stand in the band of the line.
func (p *push) here(q queue.QueueID, b band) []*conn {
	var here []*conn
	p.people.RLock()
	defer p.people.RUnlock()
	p.read(func(st *queue.State) {
		st.Sweep(q, b.from, b.to, func(_ int, t *queue.Ticket) bool {
			here = append(here, p.people.visitors[t.Visitor]...)
			return true
		})
	})
	return here
}

// repeat sends the as-of heartbeat to those who have heard nothing for long.
func (p *push) repeat(now time.Time) {
	for _, c := range p.everybody() {
		if c.stale(now) {
			c.showAgain(true)
		}
	}
}
