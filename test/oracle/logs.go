package oracle

import (
	"slices"
	"time"
)

// checkLogs replays the site's log and, at each number, judges the record and
// every view of that number that a person was shown.
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
	j := newJudge(r, run)
	views, ranks := viewsOf(r, run), run.Ranks
	for _, row := range log.Rows {
		s, err := j.apply(row)
		if err != nil {
			r.wrong(OneOwner, "%v", err)
			return
		}
		j.step(s)
		for len(views) > 0 && views[0].log <= row.Number {
			j.view(&views[0])
			views = views[1:]
		}
		for len(ranks) > 0 && ranks[0].Number <= row.Number {
			j.ranked(ranks[0])
			ranks = ranks[1:]
		}
	}
	for i := range views {
		j.blame(&views[i], "it is of number %d, which the log has not reached", views[i].log)
	}
	j.atEnd()
	j.compareEntities(log)
}

// checkChain reports whether the rows are whole: from 1, each naming the one before.
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

// judge replays the site's log and looks at every record.
type judge struct {
	*Report
	*world
	run   *Run
	rules *Routing // an empty one where a run has none

	ended   map[string]bool                    // tickets
	since   map[string]int64                   // by ticket: since when it could be offered as it stands
	classes map[string]map[string]*ticketImage // those that could, by class
	member  map[string]string                  // the class that each is listed in
	idle    map[string]standing                // by class: its first ticket waits while an agent has room
	entered map[string][]entrance              // by queue: what came in before others
	// Since when something is so that the dispatcher need not have seen.
	nodeGone, visitorGone, pausedAt map[string]int64

	overtaken []time.Duration // how long what was overtaken had been there
	waits     []time.Duration // how long the first waited while an agent had room
	late      time.Duration   // the latest widening
}

func newJudge(r *Report, run *Run) *judge {
	j := &judge{
		Report: r, world: newWorld(), run: run, rules: run.Rules.Routing, ended: map[string]bool{},
		since: map[string]int64{}, classes: map[string]map[string]*ticketImage{}, member: map[string]string{},
		idle: map[string]standing{}, entered: map[string][]entrance{},
		nodeGone: map[string]int64{}, visitorGone: map[string]int64{}, pausedAt: map[string]int64{},
	}
	if j.rules == nil {
		j.rules = &Routing{}
	}
	return j
}

// step judges one record, which the world has taken.
func (j *judge) step(s step) {
	for _, c := range s.tickets {
		j.life(s, c)
		if c.after == nil {
			continue
		}
		if j.run.Rules.Routing != nil {
			j.asks(s, c)
			j.score(s, c)
		}
		j.deadlines(s, c)
		if given := j.given(c); given != "" {
			j.served(s, c, given)
		}
		j.enters(s, c)
		if h := c.after.holder(); h != "" {
			j.looked(Capacity)
			if a, load := j.agents[h], j.load(h); a == nil || load > a.Capacity {
				j.wrong(Capacity, "record %d (%s): %s holds %d of %+v", s.Number, s.cause, h, load, a)
			}
		}
	}
	j.lapses(s)
	j.standings(s)
}

// compareEntities holds the replayed log against what Redis remembers apart from
// it: the entities, and the sorted sets of the queues.
func (j *judge) compareEntities(log *Log) {
	for _, name := range sortedKeys(log.Entities) {
		if len(name) < 2 || name[:2] != "t/" {
			continue
		}
		j.looked(OneOwner)
		after, err := decoded[ticketImage]([]byte(log.Entities[name]))
		t := j.tickets[name[2:]]
		if err != nil || t == nil || t.Status != after.Status || t.Token != after.Token || t.holder() != after.holder() {
			j.wrong(OneOwner, "Redis remembers %s as %+v, its log says %+v", name, after, t)
		}
	}
	for id := range j.tickets {
		if _, ok := log.Entities["t/"+id]; !ok {
			j.wrong(OneOwner, "Redis has forgotten %s, its log has not", id)
		}
	}
	for queue := range j.lines {
		want := j.rankOf(queue)
		j.looked(OneOwner)
		if !slices.Equal(want, log.Ranks[queue]) {
			j.wrong(OneOwner, "the sorted set of %s holds %d, the log says %d", queue, len(log.Ranks[queue]), len(want))
		}
	}
}
