package queue

// A class is the waiting tickets that any agent may serve or may not serve
// alike: of one queue, with equal requirements and weights, held for the same agent or
// for none. So a match asks once a class who is eligible, and never looks
// further back in it than there is room.
type class struct {
	classKey
	requirements *Requirements
	sorted[*Ticket]
}

type classKey struct {
	queue        QueueID
	requirements string
	weight       int
	hold         string // the agent it is held for
}

func keyOf(t *Ticket) classKey {
	k := classKey{queue: t.Queue(), requirements: t.Requirements.key(), weight: t.Weight}
	if t.Hold != nil {
		k.hold = t.Hold.Agent
	}
	return k
}

// eligible reports whether the agent may serve the class. Whom a ticket is held
// for was chosen by name.
func (s *State) eligible(c *class, a *Agent) bool {
	if c.hold != "" {
		return a.ID == c.hold
	}
	return s.mayServe(a, c.queue, c.requirements)
}

// mayServe reports whether the agent meets requirements in a queue. No agent is in a
// department that the rules have no more: its tickets go to agents who meet the rest.
func (s *State) mayServe(a *Agent, q QueueID, n *Requirements) bool {
	if _, known := s.site.Department(q.Department); !known {
		return a.suits(n)
	}
	return a.Meets(n, q.Department)
}

// classify keeps the classes in step with a ticket.
func (s *State) classify(was, is *Ticket) {
	wasIn, isIn := was != nil && was.Status == Waiting, is != nil && is.Status == Waiting
	if wasIn {
		k := keyOf(was)
		if isIn && k == keyOf(is) && was.Score() == is.Score() {
			s.classes[k].replace(was, is)
			return
		}
		c := s.classes[k]
		if c.remove(was); c.len() == 0 {
			delete(s.classes, k)
		}
	}
	if isIn {
		k := keyOf(is)
		c := s.classes[k]
		if c == nil {
			c = &class{classKey: k, requirements: is.Requirements, sorted: sorted[*Ticket]{before: (*Ticket).Before}}
			s.classes[k] = c
		}
		c.insert(is)
	}
}
