package oracle

import (
	"fmt"
	"slices"
	"time"

	"nextup/gateway/protocol"
)

// checkLogs replays the site's log and, at each number, judges the record and
// every view that anybody was shown of that number.
//
// A log of which the beginning was trimmed cannot be judged; a Scribe keeps it.
func checkLogs(r *Report, run *Run) {
	log := run.Snapshot.Sites[run.Rules.Site]
	if log == nil {
		r.wrong(OneOwner, "Redis holds no log of the site %q", run.Rules.Site)
		return
	}
	if !checkChain(r, "the site's log", log) || len(log.Rows) == 0 {
		return
	}
	views := viewsOf(r, run)
	c := &replay{Report: r, run: run, world: newWorld(), waits: map[string]eligible{}, ended: map[string]int{}, offered: map[string]int64{}}
	for _, row := range log.Rows {
		s, err := decodeStep(row)
		if err == nil {
			err = c.step(s)
		}
		if err != nil {
			r.wrong(OneOwner, "%v", err)
			return
		}
		for len(views) > 0 && views[0].log <= row.Number {
			c.view(&views[0])
			views = views[1:]
		}
	}
	for i := range views {
		c.blame(&views[i], "it is of number %d, which the log has not reached", views[i].log)
	}
	c.compareEntities(log)
}

// checkChain says whether the rows are whole: from 1, each naming the one before.
func checkChain(r *Report, what string, log *Log) bool {
	id := ""
	for i, row := range log.Rows {
		r.looked(NoGap)
		if row.Number != uint64(i+1) || row.Prev != id {
			r.wrong(NoGap, "%s: record %d (after %q) stands behind number %d (%q)", what, row.Number, row.Prev, i, id)
			return false
		}
		id = row.ID
	}
	return true
}

// replay judges the site's log.
type replay struct {
	*Report
	run   *Run
	world *world
	// waits is since when each ticket could be offered.
	waits map[string]eligible
	ended map[string]int
	// offered is when each offer was made.
	offered map[string]int64
}

type eligible struct{ at int64 }

// legal lists the steps of a ticket's life.
var legal = map[string][]string{
	"":         {"waiting"},
	"waiting":  {"waiting", "offered", "abandoned"},
	"offered":  {"waiting", "assigned", "abandoned", "offered"},
	"assigned": {"assigned", "waiting", "closed"},
	"closed":   {""}, "abandoned": {""},
}

func status(t *ticketImage) string {
	if t == nil {
		return ""
	}
	return t.Status
}

// step judges one record.
func (c *replay) step(s step) error {
	was, is, err := c.world.apply(s)
	if err != nil {
		return err
	}
	for i := range was {
		c.ticketStep(s, was[i], is[i])
		c.deadlines(s, was[i], is[i])
	}
	c.fairness(s, was, is)
	for _, t := range is {
		if t == nil || t.holder() == "" {
			continue
		}
		c.looked(Capacity)
		load, agent := 0, c.world.agents[t.holder()]
		for _, h := range c.world.heldBy(t.holder()) {
			load += h.Weight
		}
		if agent == nil || load > agent.Capacity {
			c.wrong(Capacity, "record %d: %s holds %d of %+v", s.Number, t.holder(), load, agent)
		}
	}
	return nil
}

// ticketStep judges what became of one ticket.
func (c *replay) ticketStep(s step, was, is *ticketImage) {
	c.looked(OneOwner)
	if !slices.Contains(legal[status(was)], status(is)) {
		c.wrong(OneOwner, "record %d (%s): a ticket went from %q to %q", s.Number, s.cause, status(was), status(is))
	}
	if is == nil {
		return
	}
	token := uint64(0)
	if was != nil {
		token = was.Token
	}
	c.looked(Fenced)
	switch {
	case is.Status == "assigned" && status(was) != "assigned":
		if is.Token <= token {
			c.wrong(Fenced, "record %d: %s is assigned with token %d after %d", s.Number, is.ID, is.Token, token)
		}
		if was != nil && was.holder() != is.Agent {
			c.wrong(OneOwner, "record %d: %s was offered to %q and is now %q's", s.Number, is.ID, was.holder(), is.Agent)
		}
	case is.Token != token:
		c.wrong(Fenced, "record %d (%s): %s has token %d after %d without an assignment", s.Number, s.cause, is.ID, is.Token, token)
	}
	if is.open() {
		c.looked(OneOwner)
		if v := c.world.visitors[is.Visitor]; v == nil || v.Ticket != is.ID {
			c.wrong(OneOwner, "record %d: %s is open and not the newest ticket of %s", s.Number, is.ID, is.Visitor)
		}
	} else {
		c.ended[is.ID]++
		c.looked(EndsOnce)
		if c.ended[is.ID] > 1 {
			c.wrong(EndsOnce, "record %d: %s ends for the %dth time", s.Number, is.ID, c.ended[is.ID])
		}
	}
}

// deadlines judges what time allows: an offer is accepted at its last moment or
// before, and a visitor in line is given up only when the grace has passed since
// they were lost. Both are times of the log.
func (c *replay) deadlines(s step, was, is *ticketImage) {
	switch {
	case is == nil:
	case is.Status == "offered" && status(was) != "offered" && is.Offer != nil:
		c.offered[is.Offer.ID] = s.AtMS
	case is.Status == "assigned" && status(was) == "offered" && was.Offer != nil:
		c.looked(Deadlines)
		if at := c.offered[was.Offer.ID]; s.AtMS > at+was.Offer.TTL {
			c.wrong(Deadlines, "record %d: the offer %s of %d was accepted at %d, after %d ms", s.Number, was.Offer.ID, at, s.AtMS, was.Offer.TTL)
		}
	case is.End == "visitor_lost" && was != nil && was.queued():
		c.looked(Deadlines)
		lost := c.world.lostSince(is.Visitor)
		if grace := c.run.Rules.VisitorGrace.Milliseconds(); lost < 0 || s.AtMS < lost+grace {
			c.wrong(Deadlines, "record %d: %s is given up at %d, their visitor was lost at %d", s.Number, is.ID, s.AtMS, lost)
		}
	}
}

// fairness judges offers. When T is offered, no U of the same queue with a
// better score may be waiting that could have been offered as well: of weight 1
// like T and without head start, its visitor there. The dispatcher decides on a
// replica that is a little behind, so U counts only if it could be offered for
// longer than Staleness: a U that was just given back by its agent, or whose
// visitor just came back, may be overtaken, and so may a U that T's agent has
// declined or let lapse. Which agent gets a ticket, and the order between queues,
// is not judged.
func (c *replay) fairness(s step, was, is []*ticketImage) {
	for i, t := range is {
		if t == nil || t.Status != "offered" || status(was[i]) == "offered" || t.Weight != 1 || t.HeadStart != 0 {
			continue
		}
		c.looked(InOrder)
		for _, u := range c.world.lines[t.queue()] {
			if !u.before(t) {
				break
			}
			since, waits := c.waits[u.ID]
			age := time.Duration(s.AtMS-since.at) * time.Millisecond
			if waits && u.Weight == 1 && u.HeadStart == 0 && !slices.Contains(u.Passed, passImage{t.holder()}) && age > c.run.Rules.Staleness {
				c.wrong(InOrder, "record %d: %s (joined %d) is offered before %s (joined %d), which could be offered for %v",
					s.Number, t.ID, t.JoinedAt, u.ID, u.JoinedAt, age)
				break
			}
		}
	}
	for id := range c.touched(s) {
		t := c.world.tickets[id]
		can := t != nil && t.Status == "waiting" && !c.world.lost(t.Visitor)
		if _, could := c.waits[id]; can && !could {
			c.waits[id] = eligible{s.AtMS}
		} else if !can {
			delete(c.waits, id)
		}
	}
}

// touched are the tickets whose being offered may have begun or ended with s.
func (c *replay) touched(s step) map[string]bool {
	ids := map[string]bool{}
	for _, w := range s.writes {
		switch w.kind {
		case "t":
			ids[w.id] = true
		case "v":
			if v := c.world.visitors[w.id]; v != nil {
				ids[v.Ticket] = true
			}
		case "n":
			for id := range c.world.tickets {
				ids[id] = true
			}
		}
	}
	return ids
}

// compareEntities holds the replayed log against what Redis remembers apart from
// it: the entities, and the sorted sets of the queues.
func (c *replay) compareEntities(log *Log) {
	for _, name := range sortedKeys(log.Entities) {
		if len(name) < 2 || name[:2] != "t/" {
			continue
		}
		c.looked(OneOwner)
		is, err := image[ticketImage]([]byte(log.Entities[name]))
		t := c.world.tickets[name[2:]]
		if err != nil || t == nil || t.Status != is.Status || t.Token != is.Token || t.holder() != is.holder() {
			c.wrong(OneOwner, "Redis remembers %s as %+v, its log says %+v", name, is, t)
		}
	}
	for id := range c.world.tickets {
		if _, ok := log.Entities["t/"+id]; !ok {
			c.wrong(OneOwner, "Redis has forgotten %s, its log has not", id)
		}
	}
	for queue, line := range c.world.lines {
		var want []string
		for _, t := range line {
			want = append(want, fmt.Sprintf("%016d:%s", t.Joined, t.ID))
		}
		c.looked(OneOwner)
		if !slices.Equal(want, log.Ranks[queue]) {
			c.wrong(OneOwner, "the sorted set of %s holds %d, the log says %d", queue, len(log.Ranks[queue]), len(want))
		}
	}
}

// endOf is protocol's word for a ticket's end.
func endOf(t *ticketImage) protocol.EndReason { return protocol.EndReason(t.End) }
