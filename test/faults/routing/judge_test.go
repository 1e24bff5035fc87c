package routing

import (
	"slices"
	"time"

	"nextup/test/oracle"
)

// limits are what a judge must know of a run besides the rules.
type limits struct {
	// staleness is how old the replica may have been on which an offer was
	// decided, in the log's time.
	staleness time.Duration
	// patience is how long nobody may have dispatched: the lease of one that was
	// killed, and the start of the next.
	patience time.Duration
}

// judge replays a site's log and looks at every record.
type judge struct {
	*report
	*world
	rules  *rules
	limits limits
	views  []view // in order of their numbers

	since   map[string]int64                   // by ticket: since when it could be offered as it stands
	classes map[string]map[string]*ticketImage // those that could, by class
	member  map[string]string                  // the class that each is listed in
	open    map[string]standing                // by class: its first ticket waits while somebody has room
	entered map[string][]entry                 // by queue: what came in before others
	// Since when something is so that the dispatcher need not have seen.
	nodeGone, visitorGone, pausedAt map[string]int64

	overtaken []time.Duration // how long what was overtaken had been there
	waits     []time.Duration // how long the first waited while somebody had room
	late      time.Duration   // the latest widening
}

// judged replays the rows and returns what was found.
func judged(r *rules, l limits, rows []oracle.Row, views []view, seen []witness) *judge {
	j := &judge{
		report: &report{}, world: newWorld(), rules: r, limits: l, views: views,
		since: map[string]int64{}, classes: map[string]map[string]*ticketImage{}, member: map[string]string{},
		open: map[string]standing{}, entered: map[string][]entry{},
		nodeGone: map[string]int64{}, visitorGone: map[string]int64{}, pausedAt: map[string]int64{},
	}
	id := ""
	for i, row := range rows {
		j.look(chained)
		if row.Number != uint64(i+1) || row.Prev != id {
			j.fail(chained, "record %d (after %q) stands behind number %d (%q)", row.Number, row.Prev, i, id)
			return j
		}
		id = row.ID
		s, err := j.apply(row)
		if err != nil {
			j.fail(chained, "%v", err)
			return j
		}
		j.step(s)
		for len(j.views) > 0 && j.views[0].log <= row.Number {
			j.view(j.views[0])
			j.views = j.views[1:]
		}
		for len(seen) > 0 && seen[0].number <= row.Number {
			j.testify(seen[0])
			seen = seen[1:]
		}
	}
	for _, v := range j.views {
		j.fail(trueViews, "%s was shown number %d, which the log has not reached", v.who, v.log)
	}
	j.atEnd()
	return j
}

// step judges one record, which the world has taken.
func (j *judge) step(s step) {
	for _, c := range s.tickets {
		j.life(s, c)
		if c.is == nil {
			continue
		}
		j.asks(s, c)
		j.score(s, c)
		j.deadlines(s, c)
		if given := j.given(c); given != "" {
			j.served(s, c, given)
		}
		j.enters(s, c)
		if h := c.is.holder(); h != "" {
			j.look(capacity)
			if a, load := j.agents[h], j.load(h); a == nil || load > a.Capacity {
				j.fail(capacity, "record %d (%s): %s holds %d of %+v", s.Number, s.cause, h, load, a)
			}
		}
	}
	j.lapses(s)
	j.standings(s)
}

// legal lists where a ticket may go from where, each with the causes of it.
var legal = map[string]map[string][]string{
	"": {"waiting": {"joined"}},
	"waiting": {
		"waiting": {"widened", "hold_ended", "raised", "lowered", "transferred"}, "offered": {"offered"}, "assigned": {"accepted"},
		"abandoned": {"left", "expired"},
	},
	"offered": {
		"waiting": {"declined", "lapsed", "status", "expired", "transferred"}, "offered": {"raised", "lowered"}, "assigned": {"accepted"},
		"abandoned": {"left", "expired"},
	},
	"assigned": {
		"assigned": {"invited", "guest_left", "rated", "transferred", "status", "expired"}, "waiting": {"expired", "transferred"},
		"closed": {"closed", "left", "expired"},
	},
	"closed":    {"closed": {"rated", "wrapped_up", "expired", "status"}, "": {"forgotten"}},
	"abandoned": {"": {"forgotten"}},
}

func status(t *ticketImage) string {
	if t == nil {
		return ""
	}
	return t.Status
}

// life judges what became of one ticket: its place, its owner and its token.
func (j *judge) life(s step, c change) {
	was, is := c.was, c.is
	j.look(onePlace)
	if !slices.Contains(legal[status(was)][status(is)], s.cause) {
		j.fail(onePlace, "record %d: a ticket went from %q to %q by %s", s.Number, status(was), status(is), s.cause)
	}
	if is == nil {
		return
	}
	if (is.Status == "offered") != (is.Offer != nil) || is.Status == "assigned" && is.Agent == "" || is.Status != "assigned" && len(is.Guests) > 0 {
		j.fail(onePlace, "record %d (%s): %s is %s with offer %+v, agent %q, guests %v", s.Number, s.cause, is.ID, is.Status, is.Offer, is.Agent, is.Guests)
	}
	if v := j.visitors[is.Visitor]; is.open() && (v == nil || v.Ticket != is.ID) {
		j.fail(onePlace, "record %d: %s is open and not the newest ticket of %s", s.Number, is.ID, is.Visitor)
	}
	j.look(oneOwner)
	j.look(fenced)
	token, owner := uint64(0), ""
	if was != nil {
		token = was.Token
		if was.Status == "assigned" {
			owner = was.Agent
		}
	}
	switch {
	case is.Status == "assigned" && is.Agent != owner:
		if is.Token <= token {
			j.fail(fenced, "record %d: %s is %s's with token %d after %d", s.Number, is.ID, is.Agent, is.Token, token)
		}
		j.mayOwn(s, was, is)
	case is.Token != token:
		j.fail(fenced, "record %d (%s): %s has token %d after %d without an assignment", s.Number, s.cause, is.ID, is.Token, token)
	case is.Status == "closed" && status(was) == "assigned" && is.Agent != owner:
		j.fail(oneOwner, "record %d (%s): %s was %s's and ends as %s's", s.Number, s.cause, is.ID, owner, is.Agent)
	}
}

// mayOwn says who becomes an owner: whom it was offered to, whom an auto-accepting
// department chose, or a guest to whom the owner, or a supervisor, hands over.
func (j *judge) mayOwn(s step, was, is *ticketImage) {
	switch status(was) {
	case "offered":
		if was.Offer.Agent != is.Agent {
			j.fail(oneOwner, "record %d: %s was offered to %s and is now %s's", s.Number, is.ID, was.Offer.Agent, is.Agent)
		}
	case "waiting":
		if !j.rules.departments[is.Department].auto {
			j.fail(oneOwner, "record %d: %s is %s's without an offer", s.Number, is.ID, is.Agent)
		}
	case "assigned":
		if s.cause != "transferred" || !slices.Contains(was.Guests, is.Agent) {
			j.fail(oneOwner, "record %d (%s): %s was %s's and is now %s's", s.Number, s.cause, is.ID, was.Agent, is.Agent)
		}
	}
}

// given is the agent whom a waiting ticket was given to by this change, offered
// or assigned, or "".
func (j *judge) given(c change) string {
	if status(c.was) == "waiting" && (c.is.Status == "offered" || c.is.Status == "assigned") {
		return c.is.holder()
	}
	return ""
}

// deadlines: an offer is accepted at its last moment or before, lapses after it,
// and a wrap-up is over when its time is, or when its agent says so.
func (j *judge) deadlines(s step, c change) {
	was, is := c.was, c.is
	switch {
	case status(was) == "offered" && is.Status == "assigned":
		j.look(lapsed)
		if s.AtMS > was.Offer.At+was.Offer.TTL {
			j.fail(lapsed, "record %d: the offer %s of %d is accepted at %d", s.Number, was.Offer.ID, was.Offer.At, s.AtMS)
		}
	case s.cause == "lapsed":
		j.look(lapsed)
		if s.AtMS <= was.Offer.At+was.Offer.TTL {
			j.fail(lapsed, "record %d: the offer %s of %d lapses at %d", s.Number, was.Offer.ID, was.Offer.At, s.AtMS)
		}
	}
}

// lapses: the second lapse in a row sets an available agent away, and says why.
func (j *judge) lapses(s step) {
	if s.cause != "lapsed" {
		return
	}
	for _, id := range s.agents {
		j.look(lapsed)
		if a := j.agents[id]; a.Lapses >= 2 && a.Status == "available" || a.Lapses < 2 && a.AwayReason == "lapsed" {
			j.fail(lapsed, "record %d: %s let %d offers lapse in a row and is %s, %q", s.Number, id, a.Lapses, a.Status, a.AwayReason)
		}
	}
}
