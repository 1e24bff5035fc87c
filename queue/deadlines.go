package queue

import "slices"

// deadline is a ticket for which time will do something.
type deadline struct {
	due    Stamp
	ticket *Ticket
}

func (a deadline) before(b deadline) bool {
	if a.due != b.due {
		return a.due < b.due
	}
	return a.ticket.ID < b.ticket.ID
}

// due is when time next does something to a ticket, 0 for never: an offer
// lapses, a hold ends, more agents may serve it, it was closing for long enough, or
// the wrap-up is over.
func (s *State) due(t *Ticket) Stamp {
	switch t.Status {
	case Offered:
		return t.Offer.Deadline() + 1
	case Waiting:
		widening := s.nextWidening(t)
		if t.Hold != nil {
			if end := t.Hold.Until() + 1; widening == 0 || end < widening {
				return end
			}
		}
		return widening
	case Closed:
		if t.WrapUp > 0 {
			return t.EndedAt.Add(t.WrapUp)
		}
	case Assigned:
		if t.Closing != nil {
			return t.Closing.Until()
		}
	case Abandoned:
	}
	return 0
}

// updateDeadlines keeps the deadlines in step with a ticket.
func (s *State) updateDeadlines(before, after *Ticket) {
	if before != nil {
		if due := s.due(before); due != 0 {
			s.deadlines.remove(deadline{due, before})
		}
	}
	if after != nil {
		if due := s.due(after); due != 0 {
			s.deadlines.insert(deadline{due, after})
		}
	}
}

// overdue proposes what time does to tickets by now, at most limit changes. An
// agent with several lapsed offers has one a time, since each counts.
func (s *State) overdue(now Stamp, limit int) []Change {
	var due []Change
	lapsed := map[string]bool{}
	for _, a := range s.deadlines.all() {
		if a.due > now || len(due) == limit {
			break
		}
		switch t := a.ticket; {
		case t.may(CauseLapsed):
			if !lapsed[t.Offer.Agent] {
				lapsed[t.Offer.Agent] = true
				due = append(due, s.lapse(t))
			}
		case t.may(CauseWrappedUp):
			due = append(due, s.finish(t))
		case t.may(CauseClosed):
			due = append(due, s.closeLapsed(t))
		case t.Hold != nil && t.Hold.Until() < now:
			due = append(due, s.endHold(t, t.Hold.Until()+1))
		default:
			due = append(due, s.widen(t, now))
		}
	}
	for _, c := range s.classes {
		if a := s.agents[c.hold]; c.hold == "" || a != nil && a.Takes() {
			continue
		}
		for _, t := range c.all()[:min(c.len(), limit)] {
			due = append(due, s.endHold(t, 0))
		}
	}
	slices.SortStableFunc(due, byFirstWrite)
	return due
}

// lapse ends an offer past its deadline. The agent that let it lapse is set away
// when it was one too many in a row.
func (s *State) lapse(t *Ticket) Change {
	c := change(CauseLapsed, t.Offer.ID)
	c.NotBefore, c.ReleasesMemory = t.Offer.Deadline()+1, true
	c.write(t, t.declinedBy(t.Offer.Agent))
	if a := s.agents[t.Offer.Agent]; a != nil {
		after := *a
		if after.Lapses++; after.Lapses >= MaxLapses && a.Status == Available {
			after.Status, after.AwayReason = Away, AwayLapsed
		}
		c.write(a, &after)
	}
	return c
}

// endHold lets others serve the ticket too.
func (s *State) endHold(t *Ticket, notBefore Stamp) Change {
	c := change(CauseHoldEnded, t.ID, t.Rev.Version)
	c.NotBefore = notBefore
	c.write(t, t.holdEnded())
	if a := s.agents[t.Hold.Agent]; notBefore == 0 && a != nil {
		c.Reads = append(c.Reads, Read{a.Name(), a.Rev.Version}) // an agent that is back wins
	}
	return c
}
