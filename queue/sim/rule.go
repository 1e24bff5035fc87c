package sim

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"nextup/queue"
)

// Rule returns the index of the agent who gets a ticket, among those with room, for
// comparisons with the product's own rule. Tickets go in order of score under every
// rule.
type Rule func(t *queue.Ticket, eligible []Candidate) int

// Candidate is an agent with room.
type Candidate struct {
	*queue.Agent
	Load int
	// Turn counts the tickets that the agent got in this run.
	Turn int
}

// Rules returns the product's own rule and those of other products. The random one
// draws from a stream of its own.
func Rules(seed uint64) []NamedRule {
	rng := rand.New(rand.NewPCG(seed, 1<<33))
	least := func(by func(a, b Candidate) int) Rule {
		return func(_ *queue.Ticket, all []Candidate) int {
			best := 0
			for i := range all {
				if cmp.Or(by(all[i], all[best]), cmp.Compare(all[i].ID, all[best].ID)) < 0 {
					best = i
				}
			}
			return best
		}
	}
	return []NamedRule{
		{"ours", nil},
		{"random eligible", func(_ *queue.Ticket, all []Candidate) int { return rng.IntN(len(all)) }},
		{"longest idle", least(func(a, b Candidate) int { return cmp.Compare(a.IdleSince, b.IdleSince) })},
		{"round robin", least(func(a, b Candidate) int { return cmp.Compare(a.Turn, b.Turn) })},
		{"most skilled first", least(func(a, b Candidate) int {
			return cmp.Or(cmp.Compare(len(b.Languages), len(a.Languages)), cmp.Compare(a.IdleSince, b.IdleSince))
		})},
	}
}

// NamedRule is a rule with its name; Rule nil is the product's own.
type NamedRule struct {
	Name string
	Rule Rule
}

// match offers the ticket with the best score by the run's rule: one offer, since the
// next one depends on it.
func (r *run) match() []queue.Change {
	var tickets []*queue.Ticket
	for i := range r.Queues {
		q := r.Queues[i].Queue()
		if r.st.AgentsWithRoom(q) == 0 {
			continue
		}
		r.st.Sweep(q, 1, r.st.Size(q), func(_ int, t *queue.Ticket) bool {
			if t.Status != queue.Waiting {
				return true
			}
			tickets = append(tickets, t)
			return false
		})
	}
	if len(tickets) == 0 {
		return nil
	}
	t := slices.MinFunc(tickets, func(a, b *queue.Ticket) int {
		if a.Before(b) {
			return -1
		}
		return 1
	})
	var eligible []Candidate
	for _, a := range r.agents {
		if current := r.st.Agent(a.id); current.Takes() && current.Serves(t.Queue()) && a.load+t.Weight <= current.Capacity {
			eligible = append(eligible, Candidate{current, a.load, r.turns[a.id]})
		}
	}
	chosen := eligible[r.rule(t, eligible)].Agent
	r.turns[chosen.ID] = 1 + r.turns[chosen.ID]
	return []queue.Change{r.offer(t, chosen)}
}

// offer returns the change that a match under another rule would have proposed.
func (r *run) offer(t *queue.Ticket, a *queue.Agent) queue.Change {
	offered, busy := t.Copy(), *a
	offered.Status, offered.Attempts = queue.Offered, t.Attempts+1
	id := t.ID + "." + string(rune('0'+offered.Attempts%10))
	offered.Offer = &queue.Offer{ID: id, Agent: a.ID, At: queue.OwnStamp, TTL: r.st.Site().Departments[0].OfferTTL}
	busy.IdleSince = queue.OwnStamp
	return queue.Change{ID: id, Cause: queue.CauseOffered, Writes: []queue.Write{
		{Name: offered.Name(), Image: offered, Before: t}, {Name: busy.Name(), Image: &busy, Before: a},
	}}
}
