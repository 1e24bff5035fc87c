package queue

import (
	"cmp"
	"math"
	"slices"
)

// Dispatcher proposes what no person asks for: offers, and what time ends. One
// gateway of a site runs it, holding a lease; nothing depends on there being
// one only, since two of them merely conflict.
type Dispatcher struct {
	// Batch bounds the changes of one proposal; 0 counts as 256.
	Batch int
	// Anyway proposes offers also while something is overdue: for when the log
	// refuses what is.
	Anyway bool
	// Sparing keeps sessions whose grace has run out: the log was away, and a client
	// that was here all the time has not been able to say so.
	Sparing bool
	// Jumped is where the log's time was when it had last gone far ahead at once, 0 for
	// never: a session that was lost before then has its whole grace from there.
	Jumped Stamp
}

// Propose returns what is due at now as batches to commit one after the other:
// time-outs and what is to be forgotten, and offers once no time-out is left,
// since those decide which agent may be offered what. Batches and their changes stand
// alone; where two want the same ticket, the second loses. The caller commits
// them, replays the result and asks again until nothing was done.
func (d Dispatcher) Propose(s *State, now Stamp) [][]Change {
	batches, _ := d.ProposeUntil(s, now)
	return batches
}

// ProposeUntil returns what Propose does and, if that is nothing, when there may be
// something next if no change comes before; 0 stands for never.
func (d Dispatcher) ProposeUntil(s *State, now Stamp) (batches [][]Change, next Stamp) {
	most := d.most()
	add := func(due []Change) {
		if len(due) > 0 {
			batches = append(batches, due[:min(len(due), most)])
		}
	}
	add(d.Overdue(s, now))
	m := match{State: s, now: now, limit: most, next: math.MaxInt64}
	if len(batches) == 0 || d.Anyway {
		m.run()
		add(m.changes)
	}
	add(append(s.forgetEnded(now), s.forgetNodes(now)...))
	if len(batches) > 0 {
		return batches, now
	}
	if next = min(m.next, d.due(s, now)); next == math.MaxInt64 {
		return nil, 0
	}
	return nil, next
}

// Overdue returns of what Propose does the first batch alone: what time has ended by
// now. Any process may commit that, of one moment or another: the dispatcher's may be of
// a release that does not know it, or that waits for a clock which stands still.
func (d Dispatcher) Overdue(s *State, now Stamp) []Change {
	due := s.overdue(now, d.most())
	if !d.Sparing {
		due = append(due, s.expire(now, d.Jumped)...)
	}
	return due[:min(len(due), d.most())]
}

// due returns when time ends something next, or something is to be forgotten;
// math.MaxInt64 stands for never. It may be too early.
func (d Dispatcher) due(s *State, now Stamp) Stamp {
	due := Stamp(math.MaxInt64)
	if s.deadlines.len() > 0 {
		due = s.deadlines.all()[0].due
	}
	for _, lost := range s.lost {
		switch lost := lost.(type) {
		case *Visitor:
			if deadline, _ := s.visitorDeadline(lost, now, d.Jumped); deadline != 0 {
				due = min(due, deadline+1)
			}
		case *Agent:
			due = min(due, s.agentDeadline(lost, d.Jumped)+1)
		}
	}
	if len(s.ended) > 0 {
		due = min(due, s.ended[0].EndedAt.Add(s.site.Retention)+1)
	}
	for id, n := range s.nodes {
		if s.sessionsOn[id] == 0 {
			due = min(due, n.LostAt.Add(s.site.Retention)+1)
		}
	}
	return due
}

func (d Dispatcher) most() int { return cmp.Or(d.Batch, 256) }

// byFirstWrite makes the order of proposals independent of map order.
func byFirstWrite(a, b Change) int {
	if a.Writes[0].Name < b.Writes[0].Name {
		return -1
	}
	return 1
}

// expire ends what was lost for longer than its grace, which begins at from at the
// earliest.
func (s *State) expire(now, from Stamp) []Change {
	var due []Change
	for _, lost := range s.lost {
		switch lost := lost.(type) {
		case *Visitor:
			if c := s.expireVisitor(lost, now, from); !c.Empty() {
				due = append(due, c)
			}
		case *Agent:
			if now > s.agentDeadline(lost, from) {
				due = append(due, s.expireAgent(lost))
			}
		}
	}
	slices.SortFunc(due, byFirstWrite)
	return due
}

func (s *State) expireVisitor(v *Visitor, now, from Stamp) Change {
	deadline, t := s.visitorDeadline(v, now, from)
	if t == nil || now <= deadline {
		return Change{}
	}
	c := s.end(CauseExpired, t, VisitorLost)
	c.NotBefore = deadline + 1
	c.Reads = append(c.Reads, Read{v.Name(), v.Rev.Version}) // a reconnect wins
	return c
}

// visitorDeadline returns until when the open ticket of a lost visitor is kept. While no
// grace is over it returns the end of the shorter one and no ticket: after a storm
// thousands of visitors are lost at every look, and their tickets are not looked for.
func (s *State) visitorDeadline(v *Visitor, now, from Stamp) (Stamp, *Ticket) {
	lost := max(v.Session.LostAt, from)
	if least := lost.Add(min(s.site.VisitorGrace, s.site.AssignedGrace)); now <= least {
		return least, nil
	}
	t := s.tickets.get(v.Ticket)
	switch {
	case t == nil || !t.Open():
		return 0, nil
	case t.Status == Assigned:
		return lost.Add(s.site.AssignedGrace), t
	default:
		return lost.Add(s.site.VisitorGrace), t
	}
}

func (s *State) agentDeadline(a *Agent, from Stamp) Stamp {
	return max(a.Session.LostAt, from).Add(s.site.AgentGrace)
}

// expireAgent takes an agent that stayed away off line: offers return, and their
// conversations go back to waiting where they stood, but for those that were closing.
func (s *State) expireAgent(a *Agent) Change {
	c := change(CauseExpired, a.Name(), a.Rev.Version)
	c.NotBefore, c.ReleasesMemory = a.Session.LostAt.Add(s.site.AgentGrace)+1, true
	after := *a
	after.Status, after.AwayReason, after.Lapses = Offline, "", 0
	c.write(a, &after)
	for _, t := range s.Held(a.ID) {
		c.write(t, t.withoutLost())
	}
	s.leaveAll(&c, a.ID)
	return c
}

// maxForgotten bounds the entities of one record of forgetting.
const maxForgotten = 64

// forgetEnded removes tickets that ended longer ago than the retention, each
// with its visitor unless a newer ticket is there.
func (s *State) forgetEnded(now Stamp) []Change {
	var old []*Ticket
	for _, t := range s.ended[:min(len(s.ended), maxForgotten)] {
		if now > t.EndedAt.Add(s.site.Retention) {
			old = append(old, t)
		}
	}
	if len(old) == 0 {
		return nil
	}
	c := change(CauseForgotten, old[0].ID, old[0].Rev.Version)
	c.Intent, c.ReleasesMemory = intentID(old[len(old)-1].ID), true
	for _, t := range old {
		c.remove(t)
		if v := s.visitors.get(t.Visitor); v != nil && v.Ticket == t.ID {
			c.remove(v)
		}
	}
	return []Change{c}
}
