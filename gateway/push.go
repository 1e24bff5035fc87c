package gateway

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nextup/gateway/view"
	"nextup/queue"
)

// band is the front of a line, as far as a position, with a cadence of its own: how
// soon a visitor there learns of a new place. A band holds those before it, so that
// who moves from one to the next is not missed by both.
type band struct {
	name string
	to   int
	// every is how long a sweep takes in a long line, and how far apart two begin;
	// with the tick it stays under the promise: 250 ms, 1 s, 3 s.
	every time.Duration
}

var bands = [...]band{
	{"first_10", 10, 150 * time.Millisecond},
	{"first_100", 100, 800 * time.Millisecond},
	{"others", 1 << 30, 2500 * time.Millisecond},
}

const pushTick = 50 * time.Millisecond

// push shows waiting visitors their place when it changed, band by band. A sweep
// of a long line is spread over the cadence, so that no other line waits behind a
// burst; a short line is swept at once. The first change after a quiet time begins
// a sweep at the next tick, so no visitor waits for a cadence that was not needed, and
// there is no trailing debounce, so a busy queue starves no one behind. Under overload a
// sweep takes longer and the next one comes later: the front of the line first,
// the others after, in pieces between which the front is looked at again.
type push struct {
	ctx     context.Context
	replica replica
	people  *people
	metrics *metrics
	// A test wants to know.
	show  func(c *conn, s *view.TicketSnapshot)
	swept func(band int)
	mu    sync.Mutex
	lines map[queue.QueueID]*[len(bands)]cadence
	// seen is scratch paper, one sheet a band. Only run touches it, and positions.
	seen      [len(bands)][]pendingView
	positions prometheus.Counter
}

// cadence is how far a band of a line was swept, and whether it must be again.
type cadence struct {
	dirty bool
	since time.Time // of the oldest change that no sweep has begun with
	begun time.Time // of the newest sweep
	ended time.Time // of the newest that is over
	// While a sweep is under way: the oldest change that it shows, and the ticket
	// that it has come to, nil for none yet. A ticket that comes in before it was
	// shown its place when it came.
	sweeping bool
	shows    time.Time
	at       *queue.Ticket
}

// replica is what push reads of an app.Replica.
type replica interface {
	ID() string
	Read(look func(*queue.State))
	Restores() uint64
}

func newPush(ctx context.Context, r replica, people *people, m *metrics, rules *queue.Site) *push {
	p := &push{
		ctx: ctx, replica: r, people: people, metrics: m,
		show: (*conn).showSnapshot, swept: func(int) {}, lines: map[queue.QueueID]*[len(bands)]cadence{},
		positions: m.positions.WithLabelValues(r.ID()),
	}
	p.follow(rules)
	return p
}

// onSteps notes the lines whose order steps changed.
func (p *push) onSteps(_ *queue.State, steps []queue.Step) {
	queues, all := queuesOf(steps)
	p.changed(queues, all)
}

// follow makes lines for the queues of new rules. Those that are no more stay:
// people may stand in them.
func (p *push) follow(rules *queue.Site) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, q := range rules.Queues() {
		p.lineLocked(q)
	}
}

// lineLocked is that of a queue, made when it is first heard of: the rules may not
// have it, and people stand in it.
func (p *push) lineLocked(q queue.QueueID) {
	if p.lines[q] == nil {
		p.lines[q] = &[len(bands)]cadence{}
	}
}

// changed notes lines whose order changed; with all, every wait may have.
func (p *push) changed(queues map[queue.QueueID]bool, all bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for q := range queues {
		p.lineLocked(q)
	}
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

// run sweeps what is due.
func (p *push) run() {
	tick := time.NewTicker(pushTick)
	defer tick.Stop()
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-tick.C:
		}
		p.sweepDue(len(bands))
	}
}

// due lists the lines of which band i must be swept on, and begins the sweeps
// whose time has come.
func (p *push) due(i int) []queue.QueueID {
	p.mu.Lock()
	defer p.mu.Unlock()
	var due []queue.QueueID
	now := time.Now()
	for q, line := range p.lines {
		c := &line[i]
		if !c.sweeping && c.dirty && now.Sub(c.begun) >= bands[i].every {
			c.sweeping, c.dirty, c.begun, c.shows, c.at = true, false, now, c.since, nil
		}
		if c.sweeping {
			due = append(due, q)
		}
	}
	return due
}

// piece is how many views are shown before the front of the lines is looked at
// again, and in one tick at least if there are as many: a few milliseconds' worth. A
// client's machine that is woken for many frames in a row is woken more cheaply.
const piece = 500

// sweepDue sweeps on what is due of the first n bands.
func (p *push) sweepDue(n int) {
	for i := range n {
		for _, q := range p.due(i) {
			p.sweep(i, q)
		}
	}
}

// sweep shows a tick's share of a band of a line, and ends the sweep if that was
// all that was left.
func (p *push) sweep(i int, q queue.QueueID) {
	p.mu.Lock()
	c := p.lines[q][i]
	p.mu.Unlock()
	left := 0
	p.replica.Read(func(st *queue.State) { left = min(bands[i].to, st.Size(q)) - st.Behind(q, c.at) + 1 })
	ticks := max(1, int((bands[i].every-time.Since(c.begun))/pushTick))
	share := min(left, max(piece, (left+ticks-1)/ticks))
	for done := 0; done < share; done += piece {
		c.at = p.showFrom(i, q, c.at, min(share-done, piece))
		p.sweepDue(i)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	is := &p.lines[q][i]
	if is.at = c.at; share < left {
		return
	}
	now := time.Now()
	oldest := c.shows
	if oldest.Before(c.ended) { // the last in the band saw it then
		oldest = c.ended
	}
	p.metrics.swept(bands[i], now.Sub(oldest))
	is.sweeping, is.ended = false, now
	p.swept(i)
}

// pendingView is a conn and what it must be shown.
type pendingView struct {
	conn     *conn
	snapshot view.TicketSnapshot
}

// showFrom shows those who stand in a band behind a ticket, at most n of them, and
// returns the last.
func (p *push) showFrom(i int, q queue.QueueID, at *queue.Ticket, n int) *queue.Ticket {
	seen := p.seen[i][:0]
	p.people.mu.RLock()
	p.replica.Read(func(st *queue.State) {
		from := st.Behind(q, at)
		line := view.NewLine(st, q, p.replica.Restores())
		st.Sweep(q, from, min(bands[i].to, from+n-1), func(position int, t *queue.Ticket) bool {
			at = t
			conns := p.people.visitors[t.Visitor]
			if len(conns) == 0 {
				return true
			}
			s := line.At(position, t)
			for _, c := range conns {
				seen = append(seen, pendingView{c, *s})
			}
			return true
		})
	})
	p.people.mu.RUnlock()
	for j := range seen {
		p.show(seen[j].conn, &seen[j].snapshot)
	}
	clear(seen) // who has gone is not held on to
	p.seen[i] = seen
	return at
}
