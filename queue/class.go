package queue

// A class holds the waiting tickets that are alike in which agents may serve them: of one
// queue, with equal requirements and weights, held for the same agent or for none. So a
// match asks once a class which agents are eligible, and never looks further back in it
// than there is room.
type class struct {
	classKey
	requirements *Requirements
	sorted[*Ticket]
}

type classKey struct {
	queue        QueueID
	requirements string
	weight       int
	hold         string // the agent that it is held for
}

func keyOf(t *Ticket) classKey {
	k := classKey{queue: t.Queue(), requirements: t.Requirements.key(), weight: t.Weight}
	if t.Hold != nil {
		k.hold = t.Hold.Agent
	}
	return k
}

// eligible reports whether the agent may serve the class. The agent that a ticket is held
// for was chosen by name, and need not meet its requirements.
func (s *State) eligible(c *class, a *Agent) bool {
	if c.hold != "" {
		return a.ID == c.hold
	}
	return s.mayServe(a, c.queue, c.requirements)
}

// mayServe reports whether the agent meets requirements in a queue. No agent is in a
// department that the rules have no more: its tickets go to agents that meet the rest.
func (s *State) mayServe(a *Agent, q QueueID, n *Requirements) bool {
	if _, known := s.site.Department(q.Department); !known {
		return a.suits(n)
	}
	return a.Meets(n, q.Department)
}

// classify keeps the classes in step with a ticket.
func (s *State) classify(before, after *Ticket) {
	wasIn, isIn := before != nil && before.Status == Waiting, after != nil && after.Status == Waiting
	if wasIn {
		k := keyOf(before)
		if isIn && k == keyOf(after) && before.Score() == after.Score() {
			s.classes[k].replace(before, after)
			return
		}
		c := s.classes[k]
		if c.remove(before); c.len() == 0 {
			delete(s.classes, k)
		}
	}
	if isIn {
		k := keyOf(after)
		c := s.classes[k]
		if c == nil {
			c = &class{classKey: k, requirements: after.Requirements, sorted: sorted[*Ticket]{before: (*Ticket).Before}}
			s.classes[k] = c
		}
		c.insert(after)
	}
}
