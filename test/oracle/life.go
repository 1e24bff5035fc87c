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
	before, after := c.before, c.after
	j.looked(OneOwner)
	if !slices.Contains(legal[status(before)][status(after)], s.cause) {
		j.wrong(OneOwner, "record %d: a ticket went from %q to %q by %s", s.Number, status(before), status(after), s.cause)
	}
	if after == nil {
		return
	}
	j.ends(s, before, after)
	if (after.Status == "offered") != (after.Offer != nil) || after.Status == "assigned" && after.Agent == "" || after.Status != "assigned" && len(after.Guests) > 0 {
		j.wrong(OneOwner, "record %d (%s): %s is %s with offer %+v, agent %q, guests %v", s.Number, s.cause, after.ID, after.Status, after.Offer, after.Agent, after.Guests)
	}
	if v := j.visitors[after.Visitor]; after.open() && (v == nil || v.Ticket != after.ID) {
		j.wrong(OneOwner, "record %d: %s is open and not the newest ticket of %s", s.Number, after.ID, after.Visitor)
	}
	j.looked(Fenced)
	token, owner := uint64(0), ""
	if before != nil {
		token = before.Token
		if before.Status == "assigned" {
			owner = before.Agent
		}
	}
	switch {
	case after.Status == "assigned" && after.Agent != owner:
		if after.Token <= token {
			j.wrong(Fenced, "record %d: %s is %s's with token %d after %d", s.Number, after.ID, after.Agent, after.Token, token)
		}
		j.mayOwn(s, before, after)
	case after.Token != token:
		j.wrong(Fenced, "record %d (%s): %s has token %d after %d without an assignment", s.Number, s.cause, after.ID, after.Token, token)
	case after.Status == "closed" && status(before) == "assigned" && after.Agent != owner:
		j.wrong(OneOwner, "record %d (%s): %s was %s's and ends as %s's", s.Number, s.cause, after.ID, owner, after.Agent)
	}
}

// ends: a ticket ends once. What is written of one that has ended is its rating,
// or that its agent has wrapped it up.
func (j *judge) ends(s step, before, after *ticketImage) {
	if after.open() || before != nil && !before.open() && slices.Contains(legal[before.Status][after.Status], s.cause) {
		return
	}
	j.looked(EndsOnce)
	if j.ended[after.ID] {
		j.wrong(EndsOnce, "record %d (%s): %s ends again", s.Number, s.cause, after.ID)
	}
	j.ended[after.ID] = true
}

// mayOwn judges who becomes an owner: the agent that it was offered to, the one that an
// auto-accepting department chose, or a guest that the owner, or a supervisor, hands
// the ticket to.
func (j *judge) mayOwn(s step, before, after *ticketImage) {
	switch status(before) {
	case "offered":
		if before.holder() != after.Agent {
			j.wrong(OneOwner, "record %d: %s was offered to %q and is now %s's", s.Number, after.ID, before.holder(), after.Agent)
		}
	case "waiting":
		if !j.rules.Departments[after.Department].AutoAccept {
			j.wrong(OneOwner, "record %d: %s is %s's without an offer", s.Number, after.ID, after.Agent)
		}
	case "assigned":
		if s.cause != "transferred" || !slices.Contains(before.Guests, after.Agent) {
			j.wrong(OneOwner, "record %d (%s): %s was %s's and is now %s's", s.Number, s.cause, after.ID, before.Agent, after.Agent)
		}
	}
}

// given returns the agent to which this change offered or assigned a waiting ticket, or
// "".
func (j *judge) given(c change) string {
	if status(c.before) == "waiting" && (c.after.Status == "offered" || c.after.Status == "assigned") {
		return c.after.holder()
	}
	return ""
}

// deadlines judges what time allows, by the log's own: an offer is accepted at its
// last moment or before, and lapses after it; a visitor in line is given up only when
// the grace has passed since they were lost.
func (j *judge) deadlines(s step, c change) {
	before, after := c.before, c.after
	switch {
	case status(before) == "offered" && after.Status == "assigned" && before.Offer != nil:
		j.looked(Deadlines)
		if s.AtMS > before.Offer.At+before.Offer.TTL {
			j.wrong(Deadlines, "record %d: the offer %s of %d is accepted at %d", s.Number, before.Offer.ID, before.Offer.At, s.AtMS)
		}
	case s.cause == "lapsed" && before != nil && before.Offer != nil:
		j.looked(Deadlines)
		if s.AtMS <= before.Offer.At+before.Offer.TTL {
			j.wrong(Deadlines, "record %d: the offer %s of %d lapses at %d", s.Number, before.Offer.ID, before.Offer.At, s.AtMS)
		}
	case after.End == "visitor_lost" && before != nil && before.queued():
		j.looked(Deadlines)
		lost := j.lostSince(after.Visitor)
		if grace := j.run.Rules.VisitorGrace.Milliseconds(); lost < 0 || s.AtMS < lost+grace {
			j.wrong(Deadlines, "record %d: %s is given up at %d, their visitor was lost at %d", s.Number, after.ID, s.AtMS, lost)
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
