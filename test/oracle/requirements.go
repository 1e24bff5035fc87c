package oracle

import (
	"slices"
	"time"
)

// asked is what a ticket asks for by the rules, after the steps that it has taken.
func (r *Routing) asked(t *ticketImage) *needImage {
	dep, about := r.Departments[t.Department], r.Topics[t.Topic]
	n := &needImage{Languages: []string{t.Language}, Minimum: dep.Minimum, Tier: max(dep.Tier, about.Tier)}
	n.Skills = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(dep.Skills), about.Skills...))))
	if t.Transferred != "" { // then a tier may have been asked for, which the log alone knows
		n.Tier = t.Need.Tier
	}
	for _, w := range dep.Widening[:min(t.Step, len(dep.Widening))] {
		var more []string
		switch {
		case t.Required:
		case w.Spread == "listed":
			more = t.Listed
		case w.Spread == "fallback":
			more = []string{r.Fallback}
		}
		for _, l := range more {
			if !slices.Contains(n.Languages, l) {
				n.Languages = append(n.Languages, l)
			}
		}
		n.Skills = slices.DeleteFunc(n.Skills, func(s string) bool { return slices.Contains(w.Drop, s) })
		if w.Minimum > 0 {
			n.Minimum = min(n.Minimum, w.Minimum)
		}
	}
	return n
}

// asks judges what a ticket in line asks for, and when that changes.
func (j *judge) asks(s step, c change) {
	t := c.after
	if !t.queued() {
		return
	}
	j.looked(Widened)
	if want := j.rules.asked(t); want.key() != t.Need.key() {
		j.wrong(Widened, "record %d (%s): %s asks for %s, want %s", s.Number, s.cause, t.ID, t.Need.key(), want.key())
	}
	steps := j.rules.Departments[t.Department].Widening
	switch {
	case s.cause == "widened":
		if t.Step <= c.before.Step || t.Step > len(steps) {
			j.wrong(Widened, "record %d: %s went from step %d to %d of %d", s.Number, t.ID, c.before.Step, t.Step, len(steps))
			return
		}
		if since := ms(s.AtMS - t.WaitingSince); since < steps[t.Step-1].After {
			j.wrong(Widened, "record %d: %s took step %d after %v, want %v", s.Number, t.ID, t.Step, since, steps[t.Step-1].After)
		}
		j.looked(Widened)
		j.late = max(j.late, j.overdue(c.before))
	case c.before != nil && c.before.Step != t.Step && s.cause != "transferred":
		j.wrong(Widened, "record %d (%s): %s went from step %d to %d", s.Number, s.cause, t.ID, c.before.Step, t.Step)
	}
	// An offered ticket widens when it comes back.
	if late := j.overdue(t); t.Status == "waiting" && status(c.before) == "waiting" && s.cause != "transferred" && late > j.run.Rules.Patience {
		j.wrong(Widened, "record %d: step %d of %s is late by %v", s.Number, t.Step+1, t.ID, late)
	}
}

// overdue is for how long a waiting ticket's next step that changes anything is
// due; an offer and a declined one end in the same moment as they began.
func (j *judge) overdue(t *ticketImage) time.Duration {
	steps := j.rules.Departments[t.Department].Widening
	for k := t.Step; k < len(steps); k++ {
		next := *t
		if next.Step = k + 1; j.rules.asked(&next).key() == j.rules.asked(t).key() {
			continue
		}
		since, waiting := j.since[t.ID]
		if !waiting {
			return 0
		}
		return min(ms(j.at-t.WaitingSince)-steps[k].After, ms(j.at-since))
	}
	return 0
}

// score judges the head start: the sum of the visitor's tier, the urgency and
// the topic, until a supervisor sets another, with a reason.
func (j *judge) score(s step, c change) {
	t := c.after
	j.looked(Scored)
	switch {
	case c.before == nil:
		want := j.rules.Tiers[t.VisitorTier] + j.rules.Urgencies[t.Urgency] + j.rules.Topics[t.Topic].HeadStart
		if t.HeadStart != want.Milliseconds() || t.JoinedAt != s.AtMS || t.Joined != s.Number {
			j.wrong(Scored, "record %d: %s of a %q, %q, about %q joins with %d ms, at %d as %d; want %v", s.Number, t.ID, t.VisitorTier, t.Urgency, t.Topic, t.HeadStart, t.JoinedAt, t.Joined, want)
		}
		if want := max(j.rules.Topics[t.Topic].Weight, 1); t.Weight != want {
			j.wrong(Scored, "record %d: %s about %q weighs %d, want %d", s.Number, t.ID, t.Topic, t.Weight, want)
		}
	case s.cause == "raised" || s.cause == "lowered":
		if t.HeadReason == "" || s.by == "" || (t.HeadStart > c.before.HeadStart) != (s.cause == "raised") {
			j.wrong(Scored, "record %d: %s is %s from %d to %d by %q for %q", s.Number, t.ID, s.cause, c.before.HeadStart, t.HeadStart, s.by, t.HeadReason)
		}
	case t.HeadStart != c.before.HeadStart || t.JoinedAt != c.before.JoinedAt || t.Joined != c.before.Joined || t.Weight != c.before.Weight:
		j.wrong(Scored, "record %d (%s): %s had joined %d (%d) with %d ms and weight %d, and now %d (%d), %d, %d", s.Number, s.cause, t.ID,
			c.before.JoinedAt, c.before.Joined, c.before.HeadStart, c.before.Weight, t.JoinedAt, t.Joined, t.HeadStart, t.Weight)
	}
	j.holds(s, c)
}

// holds: one that ends does so with its time, with its agent, or because the
// ticket is given to an agent, moved or over.
func (j *judge) holds(s step, c change) {
	if s.cause != "hold_ended" {
		return
	}
	j.looked(Held)
	h := c.before.Hold
	if h == nil || c.after.Hold != nil {
		j.wrong(Held, "record %d: the hold of %s was %+v and is %+v", s.Number, c.after.ID, h, c.after.Hold)
	} else if s.AtMS <= h.At+h.For && j.takes(j.agents[h.Agent]) {
		j.wrong(Held, "record %d: the hold of %s for %s, who is there, ended at %d instead of %d", s.Number, c.after.ID, h.Agent, s.AtMS, h.At+h.For)
	}
}
