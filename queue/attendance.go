package queue

import "slices"

// attendance counts the agents who are available, with room or without, for the
// tickets in line that ask for the same. An agent whose conn is lost counts until the
// grace is over: a page that is loaded again is no empty shift. Replay keeps the
// attendance in step, so that showing it costs one look-up, however many tickets wait and
// however many agents there are.
type attendance struct {
	requirements *Requirements
	// tickets are those in line; site says that the rules have the queue and ask for
	// no more in it.
	tickets int
	site    bool
	agents  int
}

type attendanceKey struct {
	queue        QueueID
	requirements string
	weight       int
}

func attendanceOf(t *Ticket) attendanceKey {
	return attendanceKey{t.Queue(), t.Requirements.key(), t.Weight}
}

// attends reports whether an agent is available for tickets of the key.
func (s *State) attends(a *Agent, k attendanceKey, n *Requirements) bool {
	return a != nil && a.Status == Available && a.Capacity >= k.weight && s.mayServe(a, k.queue, n)
}

// attend counts the tickets of the key, and forgets it when it is needed no more.
func (s *State) attend(k attendanceKey, n *Requirements, tickets int) *attendance {
	at := s.attended[k]
	if at == nil {
		at = &attendance{requirements: n}
		for _, a := range s.agents {
			if s.attends(a, k, n) {
				at.agents++
			}
		}
		s.attended[k] = at
	}
	if at.tickets += tickets; at.tickets == 0 && !at.site {
		delete(s.attended, k)
	}
	return at
}

// attendTicket keeps the attendance in step with a ticket.
func (s *State) attendTicket(before, after *Ticket) {
	if s.attended == nil {
		return
	}
	wasIn, isIn := before != nil && before.Queued(), after != nil && after.Queued()
	if wasIn && isIn && before.Requirements == after.Requirements && before.Weight == after.Weight && before.Queue() == after.Queue() {
		return
	}
	if isIn {
		s.attend(attendanceOf(after), after.Requirements, 1)
	}
	if wasIn {
		s.attend(attendanceOf(before), before.Requirements, -1)
	}
}

// attendAgent keeps the attendance in step with an agent, and returns the queues
// that have an agent now and had none, or the other way round.
func (s *State) attendAgent(before, after *Agent) []QueueID {
	wasThere, isThere := before != nil && before.Status == Available, after != nil && after.Status == Available
	if s.attended == nil || !wasThere && !isThere || wasThere && isThere && sameFacts(before, after) {
		return nil
	}
	var changed []QueueID
	for k, at := range s.attended {
		agents := at.agents
		if s.attends(before, k, at.requirements) {
			at.agents--
		}
		if s.attends(after, k, at.requirements) {
			at.agents++
		}
		if (agents == 0) != (at.agents == 0) && !slices.Contains(changed, k.queue) {
			changed = append(changed, k.queue)
		}
	}
	return changed
}

// attendSite counts anew under new rules.
func (s *State) attendSite() {
	old := s.attended
	s.attended = map[attendanceKey]*attendance{}
	for k, at := range old {
		if at.tickets > 0 {
			s.attend(k, at.requirements, at.tickets)
		}
	}
	for _, q := range s.site.Queues() {
		n := s.QueueRequirements(q)
		k := attendanceKey{q, n.key(), 1}
		at := s.attend(k, n, 0)
		at.site, s.attended[k] = true, at
	}
}

// Unattended reports whether no agent who may serve a ticket in line is available now,
// with room or without.
func (s *State) Unattended(t *Ticket) bool {
	if t.Hold != nil {
		if a := s.agents[t.Hold.Agent]; a != nil && a.Status == Available {
			return false
		}
	}
	at := s.attended[attendanceOf(t)]
	return at != nil && at.agents == 0
}

// QueueUnattended reports whether no agent is available for visitors who join a queue
// and ask for no more than it does; of a queue that the rules have no more, for any of
// the tickets that wait in it.
func (s *State) QueueUnattended(q QueueID) bool {
	if !s.Withdrawn(q) {
		at := s.attended[attendanceKey{q, s.QueueRequirements(q).key(), 1}]
		return at != nil && at.agents == 0
	}
	for k, at := range s.attended {
		if k.queue == q && at.agents > 0 {
			return false
		}
	}
	return s.Size(q) > 0
}
