package people

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"nextup/gateway/protocol"
	"nextup/internal/cadence"
	"nextup/test/oracle"
)

// visit is one visitor's visits, one after the other, until the crowd is calm.
func (c *Crowd) visit(ctx context.Context, v *Client, rng *rand.Rand) {
	// Not all at once: a storm of joins is a fault of its own.
	c.pause(ctx, c.about(rng, between))
	for wish := 1; ctx.Err() == nil && !c.calm.Load(); wish++ {
		w := c.o.Wishes[rng.IntN(len(c.o.Wishes))]
		ok, err := v.Do(ctx, oracle.Ask{Type: protocol.TypeJoin, Wish: wish},
			func(e protocol.Envelope) protocol.Request {
				return protocol.Join{Envelope: e, Department: w.Department, Languages: []string{w.Language}}
			})
		if err != nil {
			c.pause(ctx, c.about(rng, between))
			continue
		}
		c.stand(ctx, v, rng, ok.Ticket)
		c.pause(ctx, c.about(rng, between))
	}
}

// pause waits, at most until the crowd is calm.
func (c *Crowd) pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.calmed:
	case <-ctx.Done():
	}
}

// viewWait is how long a visitor waits for the view that follows a welcome or a
// reset. None means that there is no ticket any more.
const viewWait = 2 * time.Second

// stand has a visitor wait, write and leave until the ticket has ended.
func (c *Crowd) stand(ctx context.Context, v *Client, rng *rand.Rand, ticket string) {
	v.Follow(ctx, ticket)
	talking, stop := context.WithCancel(ctx)
	defer stop()
	go c.talk(talking, v, rand.New(rand.NewPCG(rng.Uint64(), 1)), ticket)

	trouble := time.NewTimer(c.about(rng, interruption))
	tired := time.NewTimer(c.paced(patience)/2 + c.about(rng, patience))
	defer trouble.Stop()
	defer tired.Stop()
	look := time.NewTicker(viewWait)
	defer look.Stop()
	calmed := c.calmed
	for {
		v.mu.Lock()
		t, changed := v.ticket, v.changed
		gone := t.Ticket != ticket && v.conn != nil && time.Since(v.viewless) > viewWait
		v.mu.Unlock()
		if gone || t.Ticket == ticket && !open(t.Status) {
			return
		}
		leave := false
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-look.C:
		case <-tired.C:
			leave = t.Status != protocol.Assigned
		case <-calmed:
			calmed = nil
			leave = rng.IntN(2) == 0 && t.Status != protocol.Assigned
		case <-trouble.C:
			if !c.calm.Load() && !c.o.Steady {
				interrupt(v, rng, c.o.VisitorGrace)
			}
		}
		if leave {
			_, _ = v.Do(ctx, oracle.Ask{Type: protocol.TypeLeave, Ticket: ticket},
				func(e protocol.Envelope) protocol.Request { return protocol.Leave{Envelope: e, Ticket: ticket} })
		}
	}
}

// talk writes a message now and then, from join to close.
func (c *Crowd) talk(ctx context.Context, v *Client, rng *rand.Rand, ticket string) {
	for ctx.Err() == nil {
		if v.Say(ctx, ticket) != nil {
			return
		}
		cadence.Pause(ctx, c.about(rng, writing))
	}
}

// shift is an agent's day.
func (c *Crowd) shift(ctx context.Context, a *Client, rng *rand.Rand) {
	dealt := map[string]bool{} // offers, and assignments
	resets, number := 0, 0
	trouble := time.NewTimer(c.about(rng, interruption))
	defer trouble.Stop()
	for ctx.Err() == nil {
		a.mu.Lock()
		conn, desk, changed := a.conn, a.desk, a.changed
		if a.resets != resets || a.number != number { // what was done may be undone
			clear(dealt)
			resets, number = a.resets, a.number
		}
		a.mu.Unlock()
		if conn != nil && desk.Log > 0 && desk.Status != protocol.Available {
			_, _ = a.Do(ctx, oracle.Ask{Type: protocol.TypeStatus},
				func(e protocol.Envelope) protocol.Request {
					return protocol.Status{Envelope: e, Status: protocol.Available}
				})
		}
		for _, o := range desk.Offers {
			if !dealt[o.Offer] {
				dealt[o.Offer] = true
				go c.decide(ctx, a, rand.New(rand.NewPCG(rng.Uint64(), 2)), o.Offer)
			}
		}
		for _, t := range desk.Tickets {
			if key := fmt.Sprint(t.Ticket, t.Token, t.AssignedAtMS); !dealt[key] {
				dealt[key] = true
				go c.converse(ctx, a, rand.New(rand.NewPCG(rng.Uint64(), 3)), t.Ticket)
			}
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-trouble.C:
			if !c.calm.Load() && !c.o.Steady {
				interrupt(a, rng, c.o.AgentGrace)
			}
			trouble.Reset(c.about(rng, interruption))
		}
	}
}

// decide takes an offer, mostly.
func (c *Crowd) decide(ctx context.Context, a *Client, rng *rand.Rand, offer string) {
	cadence.Pause(ctx, about(rng, deciding)) // an offer lapses soon
	n := rng.IntN(100)
	switch {
	case n < 88 || c.calm.Load():
		_, _ = a.Do(ctx, oracle.Ask{Type: protocol.TypeAccept, Offer: offer},
			func(e protocol.Envelope) protocol.Request { return protocol.Accept{Envelope: e, Offer: offer} })
	case n < 95:
		_, _ = a.Do(ctx, oracle.Ask{Type: protocol.TypeDecline, Offer: offer},
			func(e protocol.Envelope) protocol.Request { return protocol.Decline{Envelope: e, Offer: offer} })
	}
}

// converse answers a few times and closes.
func (c *Crowd) converse(ctx context.Context, a *Client, rng *rand.Rand, ticket string) {
	a.Follow(ctx, ticket)
	for range 1 + rng.IntN(4) {
		c.pause(ctx, c.about(rng, answering))
		if a.Say(ctx, ticket) != nil {
			return
		}
	}
	a.mu.Lock()
	upTo := uint64(0)
	if t := a.follows[ticket]; t != nil {
		upTo = t.last
	}
	a.mu.Unlock()
	if upTo > 0 {
		_, _ = a.Do(ctx, oracle.Ask{Type: protocol.TypeRead, Ticket: ticket},
			func(e protocol.Envelope) protocol.Request {
				return protocol.Read{Envelope: e, Ticket: ticket, UpTo: upTo}
			})
	}
	_, _ = a.Do(ctx, oracle.Ask{Type: protocol.TypeClose, Ticket: ticket},
		func(e protocol.Envelope) protocol.Request {
			return protocol.Close{Envelope: e, Ticket: ticket}
		})
}
