package routing

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/test/oracle"
	"nextup/test/people"
)

// The pauses of people: about a hundredth of human times.
const (
	between      = 700 * time.Millisecond // two visits
	deciding     = 150 * time.Millisecond // an agent, on an offer
	talking      = time.Second            // a conversation
	interruption = 12 * time.Second       // until a person is cut off
	patience     = 25 * time.Second       // of a visitor in line
	afterCalm    = 14 * time.Second       // when the visitors that no agent may serve give up
)

// crowd is the people of a run: visitors with wishes of all kinds, agents who accept,
// decline, transfer, consult, lose their conn and forget offers, and a supervisor who
// interferes.
type crowd struct {
	rules   *oracle.Routing
	start   time.Time
	book    oracle.Operations
	tickets atomic.Int64 // joined so far
	want    int64        // so many shall join
	calm    chan struct{}
	became  time.Time // calm; set before calm is closed

	agents, visitors []*people.Client
	supervisor       *people.Client
	visits, all      sync.WaitGroup
	cancel           context.CancelFunc
	counts           sync.Map // what was done how often, for people
}

func newCrowd(t *testing.T, r *oracle.Routing, sockets []string, visitors int, want int, seed uint64) *crowd {
	c := &crowd{rules: r, start: time.Now(), want: int64(want), calm: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	c.cancel = cancel
	person := func(role protocol.Role, subject string, kind, i int, live func(context.Context, *people.Client, *rand.Rand)) *people.Client {
		random := func(what int) *rand.Rand { return rand.New(rand.NewPCG(seed, uint64(what)<<32|uint64(i))) }
		p := people.NewClient(sockets, mint, c.start, role, subject, nil, random(kind))
		c.all.Go(func() { p.Run(ctx) })
		c.all.Go(func() { live(ctx, p, random(kind+10)) })
		return p
	}
	for i, a := range r.Agents {
		c.agents = append(c.agents, person(protocol.Agent, a.ID, 1, i, c.shift))
	}
	for i := range visitors {
		c.visits.Add(1)
		c.visitors = append(c.visitors, person(protocol.Visitor, fmt.Sprint("visitor-", i), 2, i, func(ctx context.Context, v *people.Client, rng *rand.Rand) {
			defer c.visits.Done()
			c.visit(ctx, v, rng)
		}))
	}
	c.supervisor = person(protocol.Supervisor, "boss", 3, 0, c.oversee)
	return c
}

func (c *crowd) histories() []*oracle.History {
	all := []*oracle.History{c.supervisor.History()}
	for _, p := range c.agents {
		all = append(all, p.History())
	}
	for _, p := range c.visitors {
		all = append(all, p.History())
	}
	return all
}

// count notes that something was done.
func (c *crowd) count(what string) {
	n, _ := c.counts.LoadOrStore(what, new(atomic.Int64))
	n.(*atomic.Int64).Add(1)
}

func (c *crowd) isCalm() bool {
	select {
	case <-c.calm:
		return true
	default:
		return false
	}
}

// settle ends the joins and the cuts.
func (c *crowd) settle() {
	c.became = time.Now()
	close(c.calm)
}

// about is a time around d, at most four times that.
func about(rng *rand.Rand, d time.Duration) time.Duration {
	return min(time.Duration(rng.ExpFloat64()*float64(d)), 4*d)
}

// does has a person do something to a ticket, and records the operation.
func (c *crowd) does(ctx context.Context, p *people.Client, o oracle.Operation, t protocol.Type, build func(protocol.Envelope) protocol.Request) error {
	o.Call = time.Since(c.start)
	_, sure, err := p.Attempt(ctx, oracle.Ask{Type: t, Ticket: o.Ticket}, build)
	o.Return, o.Sure, o.OK = time.Since(c.start), sure, err == nil
	var refused *client.Refused
	if errors.As(err, &refused) {
		o.Code = refused.Frame.Code
	} else if err != nil {
		o.Return, o.Sure = oracle.Forever, false
	}
	if o.Action != "" {
		c.book.Write(o)
	}
	what := "ok "
	if err != nil {
		what = "refused " + string(o.Code) + " "
	}
	c.count(what + string(t))
	return err
}

// visit is one visitor's visits, one after the other.
func (c *crowd) visit(ctx context.Context, v *people.Client, rng *rand.Rand) {
	c.sleep(ctx, time.Duration(rng.Int64N(int64(4*between))))
	for visits := 1; ctx.Err() == nil && !c.isCalm() && c.tickets.Add(1) <= c.want; visits++ {
		wish := protocol.Join{Department: pick(rng, "support", "support", "support", "trading", "trading", "engineering"), LanguageRequired: rng.IntN(8) == 0}
		wish.Topic = pick(rng, "", "", "", "withdrawal", "deposit", "api", "the weather")
		wish.Urgency = pick(rng, "", "", "", "high")
		for _, l := range rng.Perm(len(spoken))[:1+rng.IntN(3)] {
			wish.Languages = append(wish.Languages, spoken[l])
		}
		if wish.Department == "engineering" {
			wish.Languages = append(wish.Languages, "en")
		}
		ok, _, err := v.Attempt(ctx, oracle.Ask{Type: protocol.TypeJoin, Wish: visits}, func(e protocol.Envelope) protocol.Request { wish.Envelope = e; return wish })
		if err != nil {
			var refused *client.Refused
			if errors.As(err, &refused) {
				c.count("refused " + string(refused.Frame.Code) + " join")
			}
			continue
		}
		c.count("ok join")
		c.stand(ctx, v, rng, ok.Ticket)
		c.sleep(ctx, about(rng, between))
	}
}

// sleep waits, at most until the crowd is calm.
func (c *crowd) sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.calm:
	case <-ctx.Done():
	}
}

// stand is a visitor's life with a ticket, to its end.
func (c *crowd) stand(ctx context.Context, v *people.Client, rng *rand.Rand, ticket string) {
	trouble, tired := time.NewTimer(about(rng, 2*interruption)), time.NewTimer(patience/2+about(rng, patience))
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for ctx.Err() == nil {
		s := v.Look()
		if s.Ticket.Ticket == ticket && ended(s.Ticket.Status) {
			if s.Ticket.Status == protocol.Closed && rng.IntN(5) == 0 {
				_ = c.does(ctx, v, oracle.Operation{Ticket: ticket}, protocol.TypeRate, func(e protocol.Envelope) protocol.Request {
					return protocol.Rate{Envelope: e, Ticket: ticket, Score: 1 + rng.IntN(5)}
				})
			}
			return
		}
		if s.Ticket.Ticket != ticket && s.Connected && time.Since(s.Viewless) > 3*time.Second {
			return // past their grace it ended, and was theirs no more
		}
		give := false
		select {
		case <-ctx.Done():
			return
		case <-s.Changed:
		case <-look.C:
			give = c.isCalm() && time.Since(c.became) > afterCalm && s.Ticket.Status != protocol.Assigned
		case <-tired.C:
			give = s.Ticket.Status != protocol.Assigned || rng.IntN(4) == 0
		case <-trouble.C:
			if !c.isCalm() {
				interrupt(v, rng, visitorGrace)
			}
		}
		if give {
			_ = c.does(ctx, v, oracle.Operation{Action: oracle.Leave, Ticket: ticket}, protocol.TypeLeave, func(e protocol.Envelope) protocol.Request { return protocol.Leave{Envelope: e, Ticket: ticket} })
		}
	}
}

func ended(s protocol.TicketStatus) bool { return s == protocol.Closed || s == protocol.Abandoned }

// pick is one of the words at random.
func pick(rng *rand.Rand, words ...string) string { return words[rng.IntN(len(words))] }

// interrupt cuts a person off: mostly for less than the grace, sometimes for more.
func interrupt(p *people.Client, rng *rand.Rand, grace time.Duration) {
	d := time.Duration(rng.Int64N(int64(grace) / 2))
	if rng.IntN(4) == 0 {
		d = grace + time.Second + time.Duration(rng.Int64N(int64(2*time.Second)))
	}
	p.Vanish(d)
}
