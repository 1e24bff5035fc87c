package oracle

import "slices"

// legal lists where a ticket may go from where, each with the causes of it.
// The oracle shares none of the product's code: a test holds the table against the one
// of the rules.
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
		"assigned": {"invited", "guest_left", "rated", "transferred", "status", "expired", "closing", "close_cancelled"}, "waiting": {"expired", "transferred"},
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
	j.looked(OneOwner)
	if !slices.Contains(legal[status(was)][status(is)], s.cause) {
		j.wrong(OneOwner, "record %d: a ticket went from %q to %q by %s", s.Number, status(was), status(is), s.cause)
	}
	if is == nil {
		return
	}
	j.ends(s, was, is)
	if (is.Status == "offered") != (is.Offer != nil) || is.Status == "assigned" && is.Agent == "" || is.Status != "assigned" && len(is.Guests) > 0 {
		j.wrong(OneOwner, "record %d (%s): %s is %s with offer %+v, agent %q, guests %v", s.Number, s.cause, is.ID, is.Status, is.Offer, is.Agent, is.Guests)
	}
	if v := j.visitors[is.Visitor]; is.open() && (v == nil || v.Ticket != is.ID) {
		j.wrong(OneOwner, "record %d: %s is open and not the newest ticket of %s", s.Number, is.ID, is.Visitor)
	}
	j.looked(Fenced)
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
			j.wrong(Fenced, "record %d: %s is %s's with token %d after %d", s.Number, is.ID, is.Agent, is.Token, token)
		}
		j.mayOwn(s, was, is)
	case is.Token != token:
		j.wrong(Fenced, "record %d (%s): %s has token %d after %d without an assignment", s.Number, s.cause, is.ID, is.Token, token)
	case is.Status == "closed" && status(was) == "assigned" && is.Agent != owner:
		j.wrong(OneOwner, "record %d (%s): %s was %s's and ends as %s's", s.Number, s.cause, is.ID, owner, is.Agent)
	}
}

// ends: a ticket ends once. What is written of one that has ended is its rating,
// or that its agent has wrapped it up.
func (j *judge) ends(s step, was, is *ticketImage) {
	if is.open() || was != nil && !was.open() && slices.Contains(legal[was.Status][is.Status], s.cause) {
		return
	}
	j.looked(EndsOnce)
	if j.ended[is.ID] {
		j.wrong(EndsOnce, "record %d (%s): %s ends again", s.Number, s.cause, is.ID)
	}
	j.ended[is.ID] = true
}

// mayOwn says who becomes an owner: whom it was offered to, whom an auto-accepting
// department chose, or a guest to whom the owner, or a supervisor, hands over.
func (j *judge) mayOwn(s step, was, is *ticketImage) {
	switch status(was) {
	case "offered":
		if was.holder() != is.Agent {
			j.wrong(OneOwner, "record %d: %s was offered to %q and is now %s's", s.Number, is.ID, was.holder(), is.Agent)
		}
	case "waiting":
		if !j.rules.Departments[is.Department].AutoAccept {
			j.wrong(OneOwner, "record %d: %s is %s's without an offer", s.Number, is.ID, is.Agent)
		}
	case "assigned":
		if s.cause != "transferred" || !slices.Contains(was.Guests, is.Agent) {
			j.wrong(OneOwner, "record %d (%s): %s was %s's and is now %s's", s.Number, s.cause, is.ID, was.Agent, is.Agent)
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

// deadlines judges what time allows, by the log's own: an offer is accepted at its
// last moment or before, and lapses after it; a visitor in line is given up only when
// the grace has passed since they were lost.
func (j *judge) deadlines(s step, c change) {
	was, is := c.was, c.is
	switch {
	case status(was) == "offered" && is.Status == "assigned" && was.Offer != nil:
		j.looked(Deadlines)
		if s.AtMS > was.Offer.At+was.Offer.TTL {
			j.wrong(Deadlines, "record %d: the offer %s of %d is accepted at %d", s.Number, was.Offer.ID, was.Offer.At, s.AtMS)
		}
	case s.cause == "lapsed" && was != nil && was.Offer != nil:
		j.looked(Deadlines)
		if s.AtMS <= was.Offer.At+was.Offer.TTL {
			j.wrong(Deadlines, "record %d: the offer %s of %d lapses at %d", s.Number, was.Offer.ID, was.Offer.At, s.AtMS)
		}
	case is.End == "visitor_lost" && was != nil && was.queued():
		j.looked(Deadlines)
		lost := j.lostSince(is.Visitor)
		if grace := j.run.Rules.VisitorGrace.Milliseconds(); lost < 0 || s.AtMS < lost+grace {
			j.wrong(Deadlines, "record %d: %s is given up at %d, their visitor was lost at %d", s.Number, is.ID, s.AtMS, lost)
		}
	}
}

// lapses: the second lapse in a row sets an available agent away, and says why.
func (j *judge) lapses(s step) {
	if s.cause != "lapsed" {
		return
	}
	for _, id := range s.agents {
		j.looked(Deadlines)
		if a := j.agents[id]; a.Lapses >= 2 && a.Status == "available" || a.Lapses < 2 && a.AwayReason == "lapsed" {
			j.wrong(Deadlines, "record %d: %s let %d offers lapse in a row and is %s, %q", s.Number, id, a.Lapses, a.Status, a.AwayReason)
		}
	}
}
