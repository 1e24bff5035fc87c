package people

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"nextup/gateway/protocol"
	"nextup/test/oracle"
)

// Options set how many people there are, where they connect and how they live.
type Options struct {
	// Targets are the sockets of the gateways.
	Targets []string
	Mint    Mint
	// Start is the beginning of every history's time.
	Start time.Time
	Seed  uint64
	// Visitors and Agents are how many there are.
	Visitors, Agents int
	// AgentID is the sub of the i-th agent.
	AgentID func(i int) string
	// Wishes is where visitors may join.
	Wishes []Wish
	// VisitorGrace and AgentGrace are the site's: some people stay away for less
	// and some for longer.
	VisitorGrace, AgentGrace time.Duration
	// NoSocket has one person in so many come by the fallback, as in networks that let no
	// socket through; 0 for none.
	NoSocket int
	// Polls has one in so many of those ask for their events, as where the network holds
	// streams back; 0 for none.
	Polls int
	// Slower makes the pauses of people that many times as long; 0 counts as 1.
	Slower int
	// Steady keeps all connected, as far as it depends on them.
	Steady bool
}

// Wish is a queue that visitors ask for.
type Wish struct{ Department, Language string }

// The pauses of people: about a fiftieth of human times, so that a run of some
// seconds holds whole lives.
const (
	between      = 1500 * time.Millisecond // two visits
	writing      = 2500 * time.Millisecond // a visitor, in line or in conversation
	deciding     = 250 * time.Millisecond  // an agent, on an offer
	answering    = 800 * time.Millisecond  // an agent, in conversation
	interruption = 20 * time.Second        // until a person is cut off
	patience     = 25 * time.Second        // in line
)

// Crowd is the people of a run.
type Crowd struct {
	o        Options
	calm     atomic.Bool
	calmed   chan struct{}
	visitors []*Client
	agents   []*Client
	cancel   context.CancelFunc
	lives    sync.WaitGroup // of visitors
	all      sync.WaitGroup
}

// Start lets all connect.
func Start(ctx context.Context, o Options) *Crowd {
	c := &Crowd{o: o, calmed: make(chan struct{})}
	ctx, c.cancel = context.WithCancel(ctx)
	for i := range o.Agents {
		a := newClient(c.options(i), protocol.Agent, o.AgentID(i), c.spoken(i), c.random(1, i))
		c.agents = append(c.agents, a)
		c.all.Go(func() { a.Run(ctx) })
		c.all.Go(func() { c.shift(ctx, a, c.random(2, i)) })
	}
	for i := range o.Visitors {
		v := newClient(c.options(i), protocol.Visitor, fmt.Sprint("visitor-", i), nil, c.random(3, i))
		c.visitors = append(c.visitors, v)
		c.all.Go(func() { v.Run(ctx) })
		c.lives.Go(func() { c.visit(ctx, v, c.random(4, i)) })
	}
	return c
}

// options are those of the i-th person of a role.
func (c *Crowd) options(i int) *Options {
	o := c.o
	if o.NoSocket > 0 && i%o.NoSocket == 0 {
		end := ""
		if o.Polls > 0 && i/o.NoSocket%o.Polls == 0 {
			end = Polling
		}
		o.Targets = slices.Clone(o.Targets)
		for n, target := range o.Targets {
			o.Targets[n] = "http" + strings.TrimPrefix(target, "ws") + end
		}
	}
	return &o
}

// random is one person's own source, so that a seed repeats their choices.
func (c *Crowd) random(kind, i int) *rand.Rand {
	return rand.New(rand.NewPCG(c.o.Seed, uint64(kind)<<32|uint64(i)))
}

// spoken returns the languages of an agent, so that each language has an agent; every
// third one speaks a second.
func (c *Crowd) spoken(i int) []string {
	var all []string
	for _, w := range c.o.Wishes {
		if !slices.Contains(all, w.Language) {
			all = append(all, w.Language)
		}
	}
	mine := []string{all[i%len(all)]}
	if second := all[(i/3+1)%len(all)]; i%3 == 2 && second != mine[0] {
		mine = append(mine, second)
	}
	return mine
}

// Clients are all people, the agents first.
func (c *Crowd) Clients() []*Client { return slices.Concat(c.agents, c.visitors) }

// Histories returns what each person has written so far.
func (c *Crowd) Histories() []*oracle.History {
	var all []*oracle.History
	for _, p := range c.Clients() {
		all = append(all, p.diary.History())
	}
	return all
}

// Connected counts those who have a conn now.
func (c *Crowd) Connected() int {
	n := 0
	for _, p := range c.Clients() {
		p.mu.Lock()
		if p.conn != nil {
			n++
		}
		p.mu.Unlock()
	}
	return n
}

// Settle ends the joins, and returns once every visitor's ticket has ended: served, or
// left. It returns those that are still open when the context ends.
func (c *Crowd) Settle(ctx context.Context) (stuck []string) {
	if !c.calm.Swap(true) {
		close(c.calmed)
	}
	done := make(chan struct{})
	go func() {
		c.lives.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		for _, v := range c.visitors {
			v.mu.Lock()
			if v.ticket.Ticket != "" && open(v.ticket.Status) {
				stuck = append(stuck, fmt.Sprintf("%s: %s is %s", v.subject, v.ticket.Ticket, v.ticket.Status))
			}
			v.mu.Unlock()
		}
	}
	return stuck
}

// Audit has each person open all conversations that were ever theirs from the beginning;
// see Client.Audit.
func (c *Crowd) Audit(ctx context.Context, within time.Duration) {
	var all sync.WaitGroup
	for _, p := range c.Clients() {
		all.Go(func() { p.Audit(ctx, ticketsOf(p.diary.History()), within) })
	}
	all.Wait()
}

// ticketsOf are the tickets that a person was told were theirs.
func ticketsOf(h *oracle.History) []string {
	var all []string
	seen := map[string]bool{}
	add := func(ticket string) {
		if ticket != "" && !seen[ticket] {
			seen[ticket] = true
			all = append(all, ticket)
		}
	}
	for _, e := range h.Events {
		if e.Ticket != nil {
			add(e.Ticket.Ticket)
		}
		if e.OK != nil {
			add(e.OK.Ticket)
		}
		if e.Desk != nil {
			for _, t := range e.Desk.Tickets {
				add(t.Ticket)
			}
			for _, o := range e.Desk.Offers { // it may have been accepted and over before a desk came
				add(o.Ticket)
			}
		}
	}
	return all
}

// Leave ends all conns.
func (c *Crowd) Leave() {
	for _, p := range c.Clients() {
		p.Go()
	}
	c.cancel()
	c.lives.Wait()
	c.all.Wait()
}

func open(s protocol.TicketStatus) bool {
	return s == protocol.Waiting || s == protocol.Offered || s == protocol.Assigned
}

// paced is a pause of the crowd's.
func (c *Crowd) paced(d time.Duration) time.Duration { return time.Duration(max(c.o.Slower, 1)) * d }

// about is a time around that of a pause, at most four times that.
func (c *Crowd) about(rng *rand.Rand, d time.Duration) time.Duration { return about(rng, c.paced(d)) }

// about is a time around d, at most four times that.
func about(rng *rand.Rand, d time.Duration) time.Duration {
	return min(time.Duration(rng.ExpFloat64()*float64(d)), 4*d)
}

// interrupt cuts a person off: mostly for no time, sometimes for less than the
// grace, sometimes for longer.
func interrupt(p *Client, rng *rand.Rand, grace time.Duration) {
	switch n := rng.IntN(20); {
	case n < 10:
		p.Vanish(0)
	case n < 17:
		p.Vanish(time.Duration(rng.Int64N(int64(grace / 2))))
	default:
		p.Vanish(grace + 2*time.Second + time.Duration(rng.Int64N(int64(5*time.Second))))
	}
}
