package fanout

import (
	"context"
	"slices"
	"sync"
	"time"

	"nextup/app"
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
	replica replica
	people  *People
	metrics *Metrics
	started time.Time
	swept   func(band int) // a test wants to know
	woken   chan struct{}  // holds one when a line has changed
	mu      sync.Mutex
	lines   map[queue.QueueID]*[len(bands)]bandSweep
	// seen is scratch paper, one sheet a band. Only run touches it.
	seen [len(bands)][]pendingView
}

// bandSweep is how far a band of a line was swept, and whether it is to be swept again.
type bandSweep struct {
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
	Read(look func(*queue.State))
	Restores() uint64
}

func newPush(r replica, people *People, m *Metrics, rules *queue.Site) *push {
	p := &push{
		replica: r, people: people, metrics: m, started: time.Now(), swept: func(int) {},
		woken: make(chan struct{}, 1), lines: map[queue.QueueID]*[len(bands)]bandSweep{},
	}
	p.applyRules(rules)
	return p
}

// onSteps notes the lines whose order steps changed.
func (p *push) onSteps(_ *queue.State, steps []queue.Step) {
	queues, all := queuesOf(steps)
	p.changed(queues, all)
}

// queuesOf finds the queues whose order steps may have changed; all is true where every
// wait may have.
func queuesOf(steps []queue.Step) (queues map[queue.QueueID]bool, all bool) {
	queues = map[queue.QueueID]bool{}
	for _, step := range steps {
		for _, t := range step.Tickets {
			for _, ticket := range []*queue.Ticket{t.Before, t.After} {
				if ticket != nil {
					queues[ticket.Queue()] = true
				}
			}
		}
		for _, q := range slices.Concat(step.Queues, step.Attended) {
			queues[q] = true
		}
		all = all || step.Estimates
	}
	return queues, all
}

// applyRules makes lines for the queues of new rules. The lines of queues that the rules no
// longer have stay, since people may wait in them.
func (p *push) applyRules(rules *queue.Site) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, q := range rules.Queues() {
		p.lineLocked(q)
	}
}

// lineLocked returns the line of a queue and makes it if need be: the rules may not have
// the queue although people wait in it.
func (p *push) lineLocked(q queue.QueueID) {
	if p.lines[q] == nil {
		p.lines[q] = &[len(bands)]bandSweep{}
	}
}

// changed notes lines whose order changed; with all, every wait may have.
func (p *push) changed(queues map[queue.QueueID]bool, all bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for q := range queues {
		p.lineLocked(q)
	}
	now, news := time.Now(), false
	for q, line := range p.lines {
		if !all && !queues[q] {
			continue
		}
		for i := range line {
			if !line[i].dirty {
				line[i].dirty, line[i].since, news = true, now, true
			}
		}
	}
	if news {
		select {
		case p.woken <- struct{}{}:
		default:
		}
	}
}

// run sweeps what is due, and rests while no line has changed.
func (p *push) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.woken: // a line may be due before those that the timer is for
		case <-timer.C:
			p.sweepDue(len(bands))
		}
		if wait, changed := p.next(time.Now()); changed {
			timer.Reset(wait)
		}
	}
}

// next is how long it is until the tick at which a band of a line is due; changed is false
// while nothing has changed. Ticks are counted from the start, so that changes which come
// within one tick are shown together.
func (p *push) next(now time.Time) (wait time.Duration, changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range p.lines {
		for i := range line {
			c := &line[i]
			if !c.sweeping && !c.dirty {
				continue
			}
			due := time.Duration(0)
			if !c.sweeping {
				due = max(0, bands[i].every-now.Sub(c.begun))
			}
			if !changed || due < wait {
				wait, changed = due, true
			}
		}
	}
	at := now.Sub(p.started) + wait
	tick := (at + pushTick - 1) / pushTick * pushTick
	if wait == 0 && tick == at {
		tick += pushTick
	}
	return tick - now.Sub(p.started), changed
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
	kept := &p.lines[q][i]
	if kept.at = c.at; share < left {
		return
	}
	now := time.Now()
	oldest := c.shows
	if oldest.Before(c.ended) { // the last in the band saw it then
		oldest = c.ended
	}
	p.metrics.swept(bands[i], now.Sub(oldest))
	kept.sweeping, kept.ended = false, now
	p.swept(i)
}

// pendingView is a conn and what it must be shown.
type pendingView struct {
	conn     Conn
	snapshot view.TicketSnapshot
}

// showFrom shows those who stand in a band behind a ticket, at most n of them, and
// returns the last.
func (p *push) showFrom(i int, q queue.QueueID, at *queue.Ticket, n int) *queue.Ticket {
	seen := p.seen[i][:0]
	p.people.mu.RLock()
	visitors := p.people.by[app.Visitor]
	p.replica.Read(func(st *queue.State) {
		from := st.Behind(q, at)
		line := view.NewLine(st, q, p.replica.Restores())
		st.Sweep(q, from, min(bands[i].to, from+n-1), func(position int, t *queue.Ticket) bool {
			at = t
			conns := visitors[t.Visitor]
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
		seen[j].conn.ShowSnapshot(&seen[j].snapshot)
	}
	clear(seen) // who has gone is not held on to
	p.seen[i] = seen
	return at
}
