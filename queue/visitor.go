package queue

import (
	"slices"
	"strconv"
	"strings"
)

// JoinRequest asks for a place in line.
type JoinRequest struct {
	// Ticket is a new, unique id; it is used only when the visitor has no open
	// ticket.
	Ticket  string
	Visitor string
	// Name and VisitorTier are the visitor's token's.
	Name, VisitorTier string
	Department        string
	// Languages are BCP 47 tags in order of preference.
	Languages []string
	// LanguageRequired says that no other than the first that is served will do.
	LanguageRequired bool
	Topic            string
	// Urgency is one of the site's. UrgencyClaimed says that the token names it,
	// not the visitor.
	Urgency        string
	UrgencyClaimed bool
	// HeadStart and Weight come on top of what the site's rules give. Simulations
	// set them.
	HeadStart Millis
	Weight    int
	// Node holds the visitor's conn.
	Node string
	// Request is the client's id of the wish, "" for none: repeated while the log
	// remembers it, it is the same join, even if its ticket has ended since.
	Request string
	// Now is the log's time, against which the visitor's tickets are counted; without it
	// the newest stamp counts.
	Now Stamp
}

// TooManyOfVisitor is an ErrTooManyOfVisitor that says when the next ticket may be made.
type TooManyOfVisitor struct{ RetryAfter Millis }

// Error implements error.
func (e *TooManyOfVisitor) Error() string { return ErrTooManyOfVisitor.Error() }

// Unwrap makes it an ErrTooManyOfVisitor.
func (e *TooManyOfVisitor) Unwrap() error { return ErrTooManyOfVisitor }

// Join puts a visitor in line. A visitor who has an open ticket keeps it, and
// the change is empty. Errors: ErrUnknownDepartment, ErrUnknownLanguage,
// ErrTopicElsewhere, ErrUnknownUrgency, ErrTooHeavy, ErrQueueFull, ErrTooManyTickets,
// ErrTooManyOfVisitor.
func (s *State) Join(r JoinRequest) (Change, error) {
	if t := s.TicketOf(r.Visitor); t != nil && t.Open() {
		return Change{}, nil
	}
	dep, ok := s.site.Department(r.Department)
	if !ok {
		return Change{}, ErrUnknownDepartment
	}
	topic := s.site.Topics[r.Topic]
	if !topic.ServedIn(dep.ID) {
		return Change{}, ErrTopicElsewhere
	}
	lang, ok := MatchLanguage(r.Languages, dep.Languages)
	if !ok {
		return Change{}, ErrUnknownLanguage
	}
	urgency, ok := s.site.Urgencies[r.Urgency]
	if r.Urgency != "" && (!ok || !r.UrgencyClaimed && !urgency.VisitorsMay) {
		return Change{}, ErrUnknownUrgency
	}
	q := QueueID{dep.ID, lang}
	if dep.QueueLimit > 0 && s.Size(q) >= dep.QueueLimit {
		return Change{}, ErrQueueFull
	}
	if s.site.TicketLimit > 0 && s.tickets.len()-len(s.ended) >= s.site.TicketLimit {
		return Change{}, ErrTooManyTickets
	}
	before := s.visitors.get(r.Visitor)
	used, err := s.usedUntil(before, max(r.Now, s.at))
	if err != nil {
		return Change{}, err
	}
	ticket := joined(r, &Specification{
		Department: dep.ID, Language: lang, Topic: r.Topic, Urgency: r.Urgency, VisitorTier: r.VisitorTier,
		HeadStart:    r.HeadStart + s.site.VisitorTiers[r.VisitorTier] + urgency.HeadStart + topic.HeadStart,
		Weight:       max(r.Weight, topic.Weight, 1),
		Requirements: s.requirementsOf(dep, lang, topic), Wishes: topic.Wishes, LanguageRequired: r.LanguageRequired,
	})
	if len(r.Languages) > 1 {
		ticket.Listed = s.listed(r.Languages, lang)
	}
	if s.tooHeavy(ticket.Weight) {
		return Change{}, ErrTooHeavy
	}
	after := &Visitor{ID: r.Visitor, Ticket: r.Ticket}
	after.Served = s.lastServed(before, used)
	s.stick(ticket, after)
	seen := ""
	if before != nil {
		after.Session, seen = before.Session, before.Rev.Version
	}
	after.Session = after.Session.bound(r.Node)
	c := change(CauseJoined, r.Visitor, seen, r.Ticket)
	if r.Request != "" {
		c = change(CauseJoined, r.Visitor, "request", r.Request)
		c.Intent = intentID(dep.ID, strings.Join(r.Languages, ","), r.Topic, r.Urgency, strconv.FormatBool(r.LanguageRequired))
	}
	c.alive(r.Node)
	if before != nil {
		c.write(before, after)
	} else {
		c.create(after)
	}
	c.create(ticket)
	if before != nil { // that the last one has ended may have been lost in a fork
		c.Reads = append(c.Reads, Read{Name: ticketPrefix + before.Ticket, Version: s.ticketVersion(before.Ticket)})
	}
	return c, nil
}

// requirementsOf is what a ticket of the queue and topic asks for at first.
func (s *State) requirementsOf(dep Department, lang string, topic Topic) *Requirements {
	if dep.MinProficiency <= 1 && max(dep.Tier, topic.Tier) <= 1 && len(dep.Skills)+len(topic.Skills) == 0 {
		return s.plain(QueueID{dep.ID, lang})
	}
	n := &Requirements{Languages: []string{lang}, MinProficiency: dep.MinProficiency, Tier: max(dep.Tier, topic.Tier)}
	n.Skills = append(slices.Clone(dep.Skills), topic.Skills...)
	slices.Sort(n.Skills)
	n.Skills = slices.Compact(n.Skills)
	return n
}

// tooHeavy reports whether no agent has the capacity for the weight.
func (s *State) tooHeavy(weight int) bool {
	if weight == 1 {
		return false
	}
	most := s.site.MaxCapacity
	for _, a := range s.agents {
		if a.Status != Offline { // what they had once is not what they come back with
			most = max(most, a.Capacity)
		}
	}
	return most > 0 && weight > most
}

// ticketDay is the time over which Site.VisitorTickets counts.
const ticketDay Millis = 24 * 3_600_000

// usedUntil returns the end of the time that the visitor's tickets have used up, one more
// ticket included, or an error if that is more than a day ahead. Each ticket uses up the
// same share of a day, one after the other. So one number counts the tickets, and a
// new visitor needs none.
func (s *State) usedUntil(v *Visitor, now Stamp) (until Stamp, err error) {
	if v == nil || s.site.VisitorTickets == 0 {
		return 0, nil
	}
	share := ticketDay / Millis(s.site.VisitorTickets)
	until = now.Add(share) // for the first ticket, if it is the only one so far
	if v.Served != nil && v.UsedUntil != 0 {
		until = max(v.UsedUntil, now)
	}
	if until = until.Add(share); until > now.Add(ticketDay) {
		return 0, &TooManyOfVisitor{RetryAfter: Millis(until - now.Add(ticketDay))}
	}
	return until, nil
}

// lastServed returns which agent served a visitor last, and until when: in the newest
// ticket, or before it if that one had no agent. With it goes what is used up.
func (s *State) lastServed(v *Visitor, used Stamp) *Served {
	var last Served
	if v == nil {
		return nil
	}
	if v.Served != nil {
		last = *v.Served
	}
	if t := s.tickets.get(v.Ticket); t != nil && t.Agent != "" {
		last.ServedBy, last.ServedAt = t.Agent, t.EndedAt
	}
	if last.UsedUntil = used; last == (Served{}) {
		return nil
	}
	return &last
}

// stick prefers the agent who served this visitor lately, and waits for them a
// while if they take tickets now and may serve this one.
func (s *State) stick(t *Ticket, v *Visitor) {
	if v.Served == nil || v.ServedBy == "" || s.site.StickyWindow == 0 || s.at > v.ServedAt.Add(s.site.StickyWindow) {
		return
	}
	a := s.agents[v.ServedBy]
	if a == nil || !a.Meets(t.Requirements, t.Department) || a.Capacity < t.Weight {
		return
	}
	t.Prefers = a.ID
	if a.Takes() && s.site.StickyHold > 0 {
		t.Hold = &Hold{Agent: a.ID, At: OwnStamp, For: s.site.StickyHold, Reason: HoldSticky}
	}
}

// Leave ends a visitor's own ticket, wherever it stands. Having left already is
// no error, so that a wish whose answer was lost can be repeated.
func (s *State) Leave(visitor, ticket string) (Change, error) {
	t := s.tickets.get(ticket)
	switch {
	case t == nil || t.Visitor != visitor:
		return Change{}, ErrUnknownTicket
	case t.End == VisitorLeft:
		return Change{}, nil
	case !t.may(CauseLeft):
		return Change{}, ErrEnded
	}
	return s.end(CauseLeft, t, VisitorLeft), nil
}

// end closes or abandons an open ticket and frees its agent's place, at once or
// when they have wrapped up.
func (s *State) end(cause Cause, t *Ticket, why EndReason) Change {
	c := change(cause, t.ID, t.Rev.Version, string(why))
	c.ReleasesMemory = true
	c.write(t, t.ended(why, s.wrapUp(t)))
	s.freed(&c, t)
	return c
}

// wrapUp is how long the place of a conversation's agent stays taken after its end.
func (s *State) wrapUp(t *Ticket) Millis {
	if a := s.agents[t.Agent]; a == nil || a.Status == Offline {
		return 0
	}
	dep, _ := s.site.Department(t.Department)
	return dep.WrapUp
}

// ticketVersion is that of a ticket, "" when it has been forgotten.
func (s *State) ticketVersion(id string) string {
	if t := s.tickets.get(id); t != nil {
		return t.Rev.Version
	}
	return ""
}

// BindVisitor says that node holds a conn of a visitor with an open ticket. For
// any other visitor it is empty: only a place in line needs a session.
func (s *State) BindVisitor(visitor, node string) Change {
	v, t := s.visitors.get(visitor), s.TicketOf(visitor)
	if t == nil || !t.Open() || v.Session.Node == node && !v.Session.Lost() {
		return Change{}
	}
	after := *v
	after.Session = v.Session.bound(node)
	c := change(CauseBound, v.Name(), v.Rev.Version, node)
	c.alive(node)
	c.ReleasesMemory = true // no visitor loses a place because the log is full
	c.write(v, &after)
	return c
}

// LoseVisitor says that node has lost its last conn of a visitor. It is empty
// when the session has moved on, or no open ticket depends on it.
func (s *State) LoseVisitor(visitor, node string) Change {
	v, t := s.visitors.get(visitor), s.TicketOf(visitor)
	if t == nil || !t.Open() || v.Session.Node != node || v.Session.Lost() {
		return Change{}
	}
	after := *v
	after.Session.LostAt = OwnStamp
	c := change(CauseLost, v.Name(), v.Rev.Version)
	c.ReleasesMemory = true
	c.write(v, &after)
	return c
}

// maxComment bounds Rating.Comment.
const maxComment = 2048

// Rate records what a visitor thought of a conversation: theirs, assigned or
// ended. The last word counts. Errors: ErrUnknownTicket, ErrForbidden for a
// ticket without an agent so far or a rating out of range.
func (s *State) Rate(visitor, ticket string, score int, comment string) (Change, error) {
	t := s.tickets.get(ticket)
	switch {
	case t == nil || t.Visitor != visitor:
		return Change{}, ErrUnknownTicket
	case t.Agent == "" || !t.may(CauseRated) || score < 1 || score > 5 || len(comment) > maxComment:
		return Change{}, ErrForbidden
	case t.Rating != nil && t.Rating.Score == score && t.Rating.Comment == comment:
		return Change{}, nil
	}
	c := change(CauseRated, t.ID, t.Rev.Version, strconv.Itoa(score))
	c.Intent = intentID(comment)
	c.write(t, t.rated(score, comment))
	return c, nil
}
