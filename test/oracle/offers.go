package oracle

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// served judges that an agent was given a ticket, by the world right before and
// the agent's own facts, which the record was bound to.
//
// The dispatcher decides on a replica that is a little behind. What it read, the
// ticket and the agent, must stand exactly as it saw them, or the record would
// not be there. What it did not read may have changed within limits.staleness:
// that the visitor, or the agent's gateway, is gone, that the queue is paused,
// and that a better ticket has just come.
func (j *judge) served(s step, c change, to string) {
	t, a := c.before, j.agents[to]
	j.looked(Eligible)
	switch {
	case a == nil || a.Status != "available" || a.Session.LostAt != 0:
		j.wrong(Eligible, "record %d: %s was given to %s, who is %+v", s.Number, t.ID, to, a)
	case !j.may(to, t):
		j.wrong(Eligible, "record %d: %s asks for %+v and was given to %s, who is %+v", s.Number, t.ID, t.Need, to, a)
	case j.lost[a.Session.Node] && j.goneFor(j.nodeGone[a.Session.Node]) > j.run.Rules.Staleness:
		j.wrong(Eligible, "record %d: %s was given to %s, whose gateway is lost", s.Number, t.ID, to)
	case !j.present(t) && j.goneFor(j.visitorGone[t.Visitor]) > j.run.Rules.Staleness:
		j.wrong(Eligible, "record %d: %s was given to %s, and its visitor is gone", s.Number, t.ID, to)
	case j.paused[t.queue()] && j.goneFor(j.pausedAt[t.queue()]) > j.run.Rules.Staleness:
		j.wrong(Eligible, "record %d: %s of the paused queue %s was given to %s", s.Number, t.ID, t.queue(), to)
	}
	j.looked(Held)
	if t.Hold != nil && t.Hold.Agent != to {
		j.wrong(Held, "record %d: %s is held for %s and was given to %s", s.Number, t.ID, t.Hold.Agent, to)
	}
	if t.Hold == nil {
		j.order(s, t, to)
	}
}

// goneFor is how long ago something became so, in the log's time.
func (j *judge) goneFor(since int64) time.Duration { return ms(j.at - since) }

// order: no earlier ticket that asks for the same, weighs the same and is not
// held may have been there for the same agent. One that the agent has passed on
// may, for as long as an offer lasts.
func (j *judge) order(s step, t *ticketImage, to string) {
	if others := j.classes[t.class]; len(others) > 1 || others[t.ID] == nil {
		j.looked(InOrder) // there was a choice
	}
	for _, u := range j.lines[t.queue()] {
		if !u.before(t) {
			return
		}
		since, could := j.since[u.ID]
		if u.Status != "waiting" || u.class != t.class || !could || j.passing(u, to, j.run.Rules.Staleness) {
			continue
		}
		if age := ms(s.AtMS - since); age > j.run.Rules.Staleness {
			j.wrong(InOrder, "record %d: %s (joined %d, head start %d) is given to %s before %s (joined %d, head start %d), which could be for %v",
				s.Number, t.ID, t.JoinedAt, t.HeadStart, to, u.ID, u.JoinedAt, u.HeadStart, age)
		} else {
			j.overtaken = append(j.overtaken, age)
		}
		return
	}
}

// passing reports whether the agent, who has declined the ticket or let it lapse, is
// not asked again for now: for as long as an offer of the department lasts and slack,
// and always where the rules say nothing of the department.
func (j *judge) passing(t *ticketImage, agent string, slack time.Duration) bool {
	d, known := j.rules.Departments[t.Department]
	return slices.ContainsFunc(t.Passed, func(p passImage) bool {
		return p.Agent == agent && (!known || ms(j.at-p.At) <= d.OfferTimeout+slack)
	})
}

// standing is a class of which the first ticket waits while an agent has room.
type standing struct {
	ticket string
	since  int64
	agent  string
}

// standings keeps since when each ticket could be offered as it stands, and for
// each class since when its first ticket waits while an agent has room.
func (j *judge) standings(s step) {
	touched := map[string]bool{} // classes to look at
	look := func(t *ticketImage) {
		if t != nil {
			touched[t.class] = true
			j.could(t.ID)
		}
	}
	for _, c := range s.tickets {
		look(c.before)
		if look(c.after); c.before != nil && c.after != nil && c.before.class != c.after.class && c.after.Status == "waiting" && j.present(c.after) {
			j.since[c.after.ID] = j.at // it is another matter now
		}
	}
	for _, v := range s.visitors {
		i := j.visitors[v]
		if i == nil {
			delete(j.visitorGone, v)
			continue
		}
		j.noteGone(j.visitorGone, v, j.gone(i.Session))
		look(j.tickets[i.Ticket])
	}
	everything := s.nodeLost || s.cause == "paused" || s.cause == "resumed"
	if everything {
		for n, lost := range j.lost {
			j.noteGone(j.nodeGone, n, lost)
		}
		for q, paused := range j.paused {
			j.noteGone(j.pausedAt, q, paused)
		}
		for v, i := range j.visitors {
			if j.gone(i.Session) {
				j.noteGone(j.visitorGone, v, true)
				j.could(i.Ticket)
			}
		}
	}
	if j.run.Rules.Patience == 0 {
		return // how long a ticket may wait is not known
	}
	roomy := j.roomy(s)
	for class, members := range j.classes {
		if _, isOpen := j.idle[class]; everything || touched[class] || isOpen {
			j.stand(members, class, nil)
		} else if len(roomy) > 0 {
			j.stand(members, class, roomy)
		}
	}
	for class := range j.idle {
		if j.classes[class] == nil {
			j.shut(class)
		}
	}
}

// noteGone keeps in since from when on the named one is gone, or paused.
func (j *judge) noteGone(since map[string]int64, name string, gone bool) {
	if _, known := since[name]; gone && !known {
		since[name] = j.at
	} else if !gone {
		delete(since, name)
	}
}

// could keeps since when a ticket could be offered, and the members of classes.
func (j *judge) could(id string) {
	t := j.tickets[id]
	can := t != nil && t.Status == "waiting" && j.present(t)
	if _, could := j.since[id]; can && !could {
		j.since[id] = j.at
	} else if !can {
		delete(j.since, id)
	}
	if in := j.member[id]; in != "" && (!can || in != t.class) {
		delete(j.classes[in], id)
		if len(j.classes[in]) == 0 {
			delete(j.classes, in)
		}
		delete(j.member, id)
	}
	if can && j.member[id] == "" {
		if j.classes[t.class] == nil {
			j.classes[t.class] = map[string]*ticketImage{}
		}
		j.member[id] = t.class
	}
	if can {
		j.classes[t.class][id] = t
	}
}

// roomy returns the agents that have room after a step that may have given it.
func (j *judge) roomy(s step) (all []string) {
	changed := slices.Clone(s.agents)
	for _, c := range s.tickets {
		if c.before != nil {
			changed = append(changed, c.before.holder())
		}
	}
	for _, id := range changed {
		if a := j.agents[id]; j.takes(a) && j.load(id) < a.Capacity {
			all = append(all, id)
		}
	}
	return all
}

// stand checks whether the first of a class waits while an agent has room: one of
// those, or with nil any agent.
func (j *judge) stand(members map[string]*ticketImage, class string, those []string) {
	var first *ticketImage
	for _, t := range members {
		if first == nil || t.before(first) {
			first = t
		}
	}
	who := ""
	if !j.paused[first.queue()] {
		if those == nil {
			those = slices.Collect(maps.Keys(j.agents))
		}
		for _, id := range those {
			if a := j.agents[id]; j.takes(a) && j.may(id, first) && j.load(id)+first.Weight <= a.Capacity && !j.passing(first, id, 0) {
				who = id
				break
			}
		}
	}
	idle, known := j.idle[class]
	if known && (who == "" || idle.ticket != first.ID) {
		j.shut(class)
		known = false
	}
	if who != "" && !known {
		j.idle[class] = standing{first.ID, j.at, who}
	}
}

// shut ends the time that the first of a class waited while an agent had room.
func (j *judge) shut(class string) {
	j.looked(NobodyWaits)
	o := j.idle[class]
	took := ms(j.at - o.since)
	if j.waits = append(j.waits, took); took > j.run.Rules.Patience {
		j.wrong(NobodyWaits, "%s (%s) waited from %d for %v while %s had room", o.ticket, class, o.since, took, o.agent)
	}
	delete(j.idle, class)
}

// atEnd judges what is left, and notes what was seen on the way.
func (j *judge) atEnd() {
	for _, o := range j.idle {
		j.wrong(NobodyWaits, "in the end %s waits since %d while %s has room", o.ticket, o.since, o.agent)
	}
	if j.run.Rules.Routing == nil {
		return
	}
	j.note("%d were overtaken within the age of a replica, the longest by %v: %v", len(j.overtaken), most(j.overtaken), quantiles(j.overtaken))
	j.note("the first of a class waited while an agent had room: %v", quantiles(j.waits))
	j.note("the latest widening came %v late", j.late)
}

func most(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	return slices.Max(all)
}

// quantiles says how times are distributed.
func quantiles(all []time.Duration) string {
	if len(all) == 0 {
		return "none"
	}
	sorted := slices.Sorted(slices.Values(all))
	return fmt.Sprintf("%d times, p50 %v, p90 %v, p99 %v, most %v", len(sorted), at(sorted, 0.5), at(sorted, 0.9), at(sorted, 0.99), sorted[len(sorted)-1])
}

// at is a quantile of sorted times.
func at(sorted []time.Duration, q float64) time.Duration {
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
