package routing

import (
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
	t, a := c.was, j.agents[to]
	j.look(eligible)
	switch {
	case a == nil || a.Status != "available" || a.Session.LostAt != 0:
		j.fail(eligible, "record %d: %s was given to %s, who is %+v", s.Number, t.ID, to, a)
	case !j.may(to, t):
		j.fail(eligible, "record %d: %s asks for %+v and was given to %s, who is %+v", s.Number, t.ID, t.Need, to, a)
	case j.lost[a.Session.Node] && j.goneFor(j.nodeGone[a.Session.Node]) > j.limits.staleness:
		j.fail(eligible, "record %d: %s was given to %s, whose gateway is lost", s.Number, t.ID, to)
	case !j.present(t) && j.goneFor(j.visitorGone[t.Visitor]) > j.limits.staleness:
		j.fail(eligible, "record %d: %s was given to %s, and its visitor is gone", s.Number, t.ID, to)
	case j.paused[t.queue()] && j.goneFor(j.pausedAt[t.queue()]) > j.limits.staleness:
		j.fail(eligible, "record %d: %s of the paused queue %s was given to %s", s.Number, t.ID, t.queue(), to)
	}
	j.look(held)
	if t.Hold != nil && t.Hold.Agent != to {
		j.fail(held, "record %d: %s is held for %s and was given to %s", s.Number, t.ID, t.Hold.Agent, to)
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
		j.look(inOrder) // there was a choice
	}
	for _, u := range j.lines[t.queue()] {
		if !u.before(t) {
			return
		}
		since, could := j.since[u.ID]
		if u.Status != "waiting" || u.class != t.class || !could || j.passing(u, to, j.limits.staleness) {
			continue
		}
		if age := ms(s.AtMS - since); age > j.limits.staleness {
			j.fail(inOrder, "record %d: %s (joined %d, head start %d) is given to %s before %s (joined %d, head start %d), which could be for %v",
				s.Number, t.ID, t.JoinedAt, t.HeadStart, to, u.ID, u.JoinedAt, u.HeadStart, age)
		} else {
			j.overtaken = append(j.overtaken, age)
		}
		return
	}
}

// passing says whether the agent is not asked again for now; slack is how much
// longer it may be believed.
func (j *judge) passing(t *ticketImage, agent string, slack time.Duration) bool {
	ttl := j.rules.departments[t.Department].ttl
	return slices.ContainsFunc(t.Passed, func(p passImage) bool { return p.Agent == agent && ms(j.at-p.At) <= ttl+slack })
}

// standing is a class of which the first ticket waits while somebody has room.
type standing struct {
	ticket string
	since  int64
	agent  string
}

// standings keeps since when each ticket could be offered as it stands, and for
// each class since when its first ticket waits while somebody has room.
func (j *judge) standings(s step) {
	touched := map[string]bool{} // classes to look at
	look := func(t *ticketImage) {
		if t != nil {
			touched[t.class] = true
			j.could(t.ID)
		}
	}
	for _, c := range s.tickets {
		look(c.was)
		if look(c.is); c.was != nil && c.is != nil && c.was.class != c.is.class && c.is.Status == "waiting" && j.present(c.is) {
			j.since[c.is.ID] = j.at // it is another matter now
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
		for q, is := range j.paused {
			j.noteGone(j.pausedAt, q, is)
		}
		for v, i := range j.visitors {
			if j.gone(i.Session) {
				j.noteGone(j.visitorGone, v, true)
				j.could(i.Ticket)
			}
		}
	}
	roomy := j.roomy(s)
	for class, members := range j.classes {
		if _, isOpen := j.open[class]; everything || touched[class] || isOpen {
			j.stand(members, class, nil)
		} else if len(roomy) > 0 {
			j.stand(members, class, roomy)
		}
	}
	for class := range j.open {
		if j.classes[class] == nil {
			j.shut(class)
		}
	}
}

// noteGone keeps since when something is so.
func (j *judge) noteGone(all map[string]int64, name string, is bool) {
	if _, known := all[name]; is && !known {
		all[name] = j.at
	} else if !is {
		delete(all, name)
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

// roomy are the agents whom a step may have given room.
func (j *judge) roomy(s step) (all []string) {
	changed := slices.Clone(s.agents)
	for _, c := range s.tickets {
		if c.was != nil {
			changed = append(changed, c.was.holder())
		}
	}
	for _, id := range changed {
		if a := j.agents[id]; j.takes(a) && j.load(id) < a.Capacity {
			all = append(all, id)
		}
	}
	return all
}

// stand looks whether the first of a class waits while somebody has room: one of
// those, or with nil anybody.
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
	is, was := j.open[class]
	if was && (who == "" || is.ticket != first.ID) {
		j.shut(class)
		was = false
	}
	if who != "" && !was {
		j.open[class] = standing{first.ID, j.at, who}
	}
}

// shut ends the time that the first of a class waited while somebody had room.
func (j *judge) shut(class string) {
	j.look(nobodyWaits)
	o := j.open[class]
	took := ms(j.at - o.since)
	if j.waits = append(j.waits, took); took > j.limits.patience {
		j.fail(nobodyWaits, "%s (%s) waited from %d for %v while %s had room", o.ticket, class, o.since, took, o.agent)
	}
	delete(j.open, class)
}

// atEnd judges what is left.
func (j *judge) atEnd() {
	for _, o := range j.open {
		j.fail(nobodyWaits, "in the end %s waits since %d while %s has room", o.ticket, o.since, o.agent)
	}
	for id, t := range j.tickets {
		j.look(settled)
		if t.open() {
			j.fail(settled, "%s is %s: %+v", id, t.Status, t)
		}
	}
	j.note("%d were overtaken within the age of a replica, the longest by %v: %v", len(j.overtaken), most(j.overtaken), quantiles(j.overtaken))
	j.note("the first of a class waited while somebody had room: %v", quantiles(j.waits))
	j.note("the latest widening came %v late", j.late)
}
