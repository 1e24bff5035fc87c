package queuetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"nextup/queue"
)

func interleavings(t *testing.T, h Harness) {
	seeds := h.Seeds
	if seeds == 0 {
		seeds = 4
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) { interleave(t, h, seed) })
	}
}

func interleave(t *testing.T, h Harness, seed uint64) {
	site := newSite()
	j := newJudge()
	stores := []queue.Store{h.Open(t), h.Open(t)}
	watch := follow(t, stores[0], site, "judge", j)
	ctx, stop := context.WithTimeout(context.Background(), 60*time.Second)
	defer stop()
	watch.ready(t)
	nodes := make([]*node, 3)
	for i := range nodes {
		nodes[i] = follow(t, stores[i%2], site, fmt.Sprint("n", i), nil)
	}
	var all sync.WaitGroup
	for w := range 6 {
		n := nodes[w%len(nodes)]
		rng := rand.New(rand.NewPCG(seed, uint64(w)))
		all.Go(func() {
			for range 60 {
				if err := n.act(ctx, rng); err != nil {
					t.Errorf("seed %d: %v", seed, err)
					return
				}
			}
		})
	}
	all.Wait()
	// All offers and losses come to their end.
	var newest uint64
	for deadline := time.Now().Add(250 * time.Millisecond); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err := nodes[0].dispatch(ctx); err != nil {
			t.Fatal(err)
		}
	}
	nodes[0].Read(func(s *queue.State) { newest = s.Number() })
	requireEqual(t, newest, append(nodes, watch)...)
	j.verdict(t)
	if h.Rank != nil {
		nodes[0].compareRanks(t, h)
	}
}

// act does one random thing that a visitor, an agent, a dispatcher or a node that
// lost a conn would do.
func (n *node) act(ctx context.Context, rng *rand.Rand) error {
	visitor, agent := fmt.Sprint("v", rng.IntN(12)), fmt.Sprint("a", rng.IntN(4))
	lang := []string{"en", "zh"}[rng.IntN(2)]
	ticketID := fmt.Sprintf("t%x", rng.Uint64())
	action := rng.IntN(10)
	_, err := n.do(ctx, func(s *queue.State) (queue.Change, error) {
		var held *queue.Ticket
		if all := s.Held(agent); len(all) > 0 {
			held = all[len(ticketID)%len(all)]
		}
		switch {
		case action <= 2:
			return s.Join(queue.JoinRequest{Ticket: ticketID, Visitor: visitor, Department: "support", Languages: []string{lang}, Node: n.name, Weight: 1 + len(visitor)%2})
		case action == 3:
			if t := s.TicketOf(visitor); t != nil && t.Open() {
				return s.Leave(visitor, t.ID)
			}
		case action <= 5:
			if held != nil && held.Status == queue.Offered {
				if held.Attempts%3 == 0 {
					return s.Decline(agent, held.Offer.ID)
				}
				return s.Accept(agent, held.Offer.ID)
			}
			if s.Agent(agent) == nil || s.Agent(agent).Session.Lost() {
				return s.BindAgent(queue.AgentFacts{ID: agent, Languages: queue.Fluent("en", "zh"), Departments: []string{"support"}, Capacity: 1 + len(lang)}, n.name), nil
			}
			return s.SetStatus(agent, queue.Available)
		case action == 6:
			if held != nil && held.Status == queue.Assigned {
				return s.Close(agent, held.ID)
			}
		case action == 7:
			return s.LoseVisitor(visitor, n.name), nil
		case action == 8:
			return s.LoseAgent(agent, n.name), nil
		}
		return queue.Change{}, nil
	})
	if err != nil && !expectedRefusal(err) {
		return err
	}
	return n.dispatch(ctx)
}

// expectedRefusal reports whether the action was no longer possible, which is no
// fault.
func expectedRefusal(err error) bool {
	return slices.ContainsFunc([]error{
		queue.ErrUnknownTicket, queue.ErrUnknownOffer, queue.ErrUnknownAgent, queue.ErrForbidden, queue.ErrEnded, queue.ErrHolds,
	}, func(known error) bool { return errors.Is(err, known) })
}
