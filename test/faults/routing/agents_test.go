package routing

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"nextup/gateway/protocol"
	"nextup/internal/cadence"
	"nextup/test/oracle"
	"nextup/test/people"
)

// shift is an agent's day.
func (c *crowd) shift(ctx context.Context, a *people.Client, rng *rand.Rand) {
	dealt := map[string]bool{}
	trouble := time.NewTimer(about(rng, interruption))
	once := func(key string, do func(*rand.Rand)) {
		if !dealt[key] {
			dealt[key] = true
			own := rand.New(rand.NewPCG(rng.Uint64(), 1))
			c.all.Go(func() { do(own) })
		}
	}
	rest := time.Time{} // away by wish until then
	for ctx.Err() == nil {
		s := a.Look()
		if s.Connected && s.Desk.Log > 0 && s.Desk.Status != protocol.Available && (c.isCalm() || time.Now().After(rest)) {
			c.count("is available again after " + string(s.Desk.Status) + " " + string(s.Desk.AwayReason))
			c.status(ctx, a, protocol.Available)
		}
		for _, o := range s.Desk.Offers {
			once(o.Offer, func(rng *rand.Rand) { c.decide(ctx, a, rng, o) })
		}
		for _, t := range s.Desk.Tickets {
			key := fmt.Sprint(t.Ticket, t.Token)
			switch {
			case t.Guest:
				once("guest "+key, func(rng *rand.Rand) { c.help(ctx, a, rng, t.Ticket) })
			case t.WrapUpUntilMS > 0:
				once("wrap up "+key, func(rng *rand.Rand) { c.finish(ctx, a, rng, t.Ticket) })
			default:
				once(key, func(rng *rand.Rand) { c.converse(ctx, a, rng, t.Ticket) })
			}
		}
		again := time.NewTimer(time.Second)
		select {
		case <-ctx.Done():
		case <-s.Changed:
		case <-again.C:
		case <-trouble.C:
			switch {
			case c.isCalm():
			case rng.IntN(2) == 0:
				interrupt(a, rng, agentGrace)
			default:
				rest = time.Now().Add(about(rng, 2*time.Second))
				c.status(ctx, a, protocol.Away)
			}
			trouble.Reset(about(rng, interruption))
		}
		again.Stop()
	}
}

func (c *crowd) status(ctx context.Context, a *people.Client, s protocol.AgentStatus) {
	_ = c.does(ctx, a, oracle.Operation{}, protocol.TypeStatus, func(e protocol.Envelope) protocol.Request { return protocol.Status{Envelope: e, Status: s} })
}

// decide takes an offer, mostly; sometimes it is passed on, or forgotten.
func (c *crowd) decide(ctx context.Context, a *people.Client, rng *rand.Rand, o protocol.DeskOffer) {
	cadence.Pause(ctx, about(rng, deciding))
	switch n := rng.IntN(100); {
	case n < 82 || c.isCalm():
		_ = c.does(ctx, a, oracle.Operation{Action: oracle.Accept, Ticket: o.Ticket, Agent: a.Subject()}, protocol.TypeAccept,
			func(e protocol.Envelope) protocol.Request { return protocol.Accept{Envelope: e, Offer: o.Offer} })
	case n < 91:
		_ = c.does(ctx, a, oracle.Operation{Ticket: o.Ticket}, protocol.TypeDecline,
			func(e protocol.Envelope) protocol.Request { return protocol.Decline{Envelope: e, Offer: o.Offer} })
	default:
		c.count("an offer is left to lapse")
	}
}

// converse is a conversation up to its end for this agent.
func (c *crowd) converse(ctx context.Context, a *people.Client, rng *rand.Rand, ticket string) {
	c.sleep(ctx, about(rng, talking))
	if n := rng.IntN(100); !c.isCalm() && n < 26 {
		to := protocol.TransferTo{}
		switch {
		case n < 8:
			to.Agent = c.rules.Agents[rng.IntN(len(c.rules.Agents))].ID
		case n < 12:
			to.Department = pick(rng, "support", "trading")
		case n < 14:
			to.Tier = 1 + rng.IntN(2)
		case n < 16:
			to.Language = pick(rng, "en", "zh")
		default:
			to.Agent = c.consult(ctx, a, rng, ticket)
		}
		if to != (protocol.TransferTo{}) && c.transfer(ctx, a, a.Subject(), ticket, to) == nil {
			return
		}
	}
	_ = c.does(ctx, a, oracle.Operation{Action: oracle.Close, Ticket: ticket, Agent: a.Subject()}, protocol.TypeClose,
		func(e protocol.Envelope) protocol.Request { return protocol.Close{Envelope: e, Ticket: ticket} })
}

// consult invites another agent, and returns who is to take over, or "".
func (c *crowd) consult(ctx context.Context, a *people.Client, rng *rand.Rand, ticket string) string {
	second := c.rules.Agents[rng.IntN(len(c.rules.Agents))].ID
	err := c.does(ctx, a, oracle.Operation{Ticket: ticket}, protocol.TypeConsult,
		func(e protocol.Envelope) protocol.Request {
			return protocol.Consult{Envelope: e, Ticket: ticket, Agent: second}
		})
	c.sleep(ctx, about(rng, talking))
	if err != nil || rng.IntN(3) == 0 {
		return ""
	}
	return second
}

// help is a guest's part in a conversation: some leave, others stay.
func (c *crowd) help(ctx context.Context, a *people.Client, rng *rand.Rand, ticket string) {
	c.sleep(ctx, about(rng, talking))
	if rng.IntN(3) == 0 {
		_ = c.does(ctx, a, oracle.Operation{Ticket: ticket}, protocol.TypeLeave, func(e protocol.Envelope) protocol.Request { return protocol.Leave{Envelope: e, Ticket: ticket} })
	}
}

// finish ends a wrap-up, or lets its time end it.
func (c *crowd) finish(ctx context.Context, a *people.Client, rng *rand.Rand, ticket string) {
	c.sleep(ctx, about(rng, talking/2))
	if rng.IntN(2) == 0 {
		_ = c.does(ctx, a, oracle.Operation{Ticket: ticket}, protocol.TypeFinish, func(e protocol.Envelope) protocol.Request { return protocol.Finish{Envelope: e, Ticket: ticket} })
	}
}

func (c *crowd) transfer(ctx context.Context, p *people.Client, agent, ticket string, to protocol.TransferTo) error {
	return c.does(ctx, p, oracle.Operation{Action: oracle.Transfer, Ticket: ticket, Agent: agent}, protocol.TypeTransfer,
		func(e protocol.Envelope) protocol.Request {
			return protocol.Transfer{Envelope: e, Ticket: ticket, To: to}
		})
}

// oversee is a supervisor's day: head starts, reassignments, and queues paused
// for a moment.
func (c *crowd) oversee(ctx context.Context, boss *people.Client, rng *rand.Rand) {
	for ctx.Err() == nil && !c.isCalm() {
		c.sleep(ctx, about(rng, 150*time.Millisecond))
		t := c.visitors[rng.IntN(len(c.visitors))].Look().Ticket
		switch n := rng.IntN(20); {
		case n == 0:
			department, language := pick(rng, "support", "trading"), pick(rng, spoken...)
			c.pauseQueue(ctx, boss, department, language, true)
			c.sleep(ctx, about(rng, 500*time.Millisecond))
			c.pauseQueue(ctx, boss, department, language, false)
		case t.Ticket == "" || ended(t.Status):
		case n < 6:
			to := protocol.TransferTo{Agent: c.rules.Agents[rng.IntN(len(c.rules.Agents))].ID}
			_ = c.transfer(ctx, boss, "", t.Ticket, to)
		case t.Status != protocol.Assigned:
			_ = c.does(ctx, boss, oracle.Operation{Ticket: t.Ticket}, protocol.TypeHeadStart, func(e protocol.Envelope) protocol.Request {
				return protocol.HeadStart{Envelope: e, Ticket: t.Ticket, HeadStartS: rng.Int64N(9) - 4, Reason: "a call"}
			})
		}
	}
}

func (c *crowd) pauseQueue(ctx context.Context, boss *people.Client, department, language string, paused bool) {
	_ = c.does(ctx, boss, oracle.Operation{}, protocol.TypePause, func(e protocol.Envelope) protocol.Request {
		return protocol.Pause{Envelope: e, Department: department, Language: language, Paused: paused, Reason: "a test"}
	})
}
