package queue

import (
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// JoinRequest asks for a place in line.
type JoinRequest struct {
	// Ticket is a new, unique id; it is used only when the visitor has no open
	// ticket.
	Ticket  string
	Visitor string
	// Name and Tier are the visitor's token's.
	Name, Tier string
	Department string
	// Languages are BCP 47 tags in order of preference.
	Languages []string
	Topic     string
	HeadStart Millis
	// Weight 0 counts as 1.
	Weight int
	// Node holds the visitor's conn.
	Node string
	// Request is the client's id of the wish, "" for none: repeated while the log
	// remembers it, it is the same join, even if its ticket has ended since.
	Request string
}

// Join puts a visitor in line. A visitor who has an open ticket keeps it, and
// the change is empty. Errors: ErrUnknownDepartment, ErrUnknownLanguage,
// ErrQueueFull, ErrTooManyTickets.
func (s *State) Join(r JoinRequest) (Change, error) {
	if t := s.TicketOf(r.Visitor); t != nil && t.Open() {
		return Change{}, nil
	}
	dep, ok := s.site.Department(r.Department)
	if !ok {
		return Change{}, ErrUnknownDepartment
	}
	lang, ok := MatchLanguage(r.Languages, dep.Languages)
	if !ok {
		return Change{}, ErrUnknownLanguage
	}
	q := QueueID{dep.ID, lang}
	if dep.QueueLimit > 0 && s.Size(q) >= dep.QueueLimit {
		return Change{}, ErrQueueFull
	}
	if s.site.TicketLimit > 0 && len(s.tickets)-len(s.ended) >= s.site.TicketLimit {
		return Change{}, ErrTooManyTickets
	}
	ticket := &Ticket{
		ID: r.Ticket, Visitor: r.Visitor, VisitorName: r.Name, Tier: r.Tier,
		Department: dep.ID, Language: lang, Topic: r.Topic,
		HeadStart: r.HeadStart, Weight: max(r.Weight, 1),
		Status: Waiting, JoinedAt: Here,
	}
	was := s.visitors[r.Visitor]
	is := &Visitor{ID: r.Visitor, Ticket: r.Ticket}
	seen := ""
	if was != nil {
		is.Session, seen = was.Session, was.Rev.Version
	}
	is.Session = is.Session.bound(r.Node)
	c := change(CauseJoined, r.Visitor, seen, r.Ticket)
	if r.Request != "" {
		c = change(CauseJoined, r.Visitor, "request", r.Request)
		c.Intent = intentID(dep.ID, strings.Join(r.Languages, ","), r.Topic)
	}
	c.alive(r.Node)
	if was != nil {
		c.write(was, is)
	} else {
		c.create(is)
	}
	c.create(ticket)
	if was != nil { // that the last one has ended may have been lost in a fork
		c.Reads = append(c.Reads, Read{Name: ticketKind + was.Ticket, Version: s.ticketVersion(was.Ticket)})
	}
	return c, nil
}

// MatchLanguage picks the tag of known that serves the first of the wanted
// languages that any serves (RFC 4647 lookup as golang.org/x/text does it:
// zh-TW finds zh-Hant, then zh). Tags that are no tags are passed over.
func MatchLanguage(wanted, known []string) (string, bool) {
	var tags []language.Tag
	var matcher language.Matcher // made only if somebody asks for a variety
	for _, w := range wanted {
		if slices.Contains(known, w) {
			return w, true
		}
		tag, err := language.Parse(w)
		if err != nil || len(known) == 0 {
			continue
		}
		if matcher == nil {
			for _, k := range known {
				tags = append(tags, language.Make(k))
			}
			matcher = language.NewMatcher(tags)
		}
		if _, i, confidence := matcher.Match(tag); confidence >= language.Low && sameBase(tag, tags[i]) {
			return known[i], true
		}
	}
	return "", false
}

// sameBase guards against the matcher's mutual intelligibility (it would serve
// Danish to Norwegian readers): people are promised their own language.
func sameBase(a, b language.Tag) bool {
	x, _ := a.Base()
	y, _ := b.Base()
	return x == y
}

// Leave ends a visitor's own ticket, wherever it stands. Having left already is
// no error, so that a wish whose answer was lost can be repeated.
func (s *State) Leave(visitor, ticket string) (Change, error) {
	if t := s.tickets[ticket]; t != nil && t.Visitor == visitor && t.End == VisitorLeft {
		return Change{}, nil
	}
	t, err := s.openTicket(ticket)
	if err != nil {
		return Change{}, err
	}
	if t.Visitor != visitor {
		return Change{}, ErrUnknownTicket
	}
	return s.end(CauseLeft, t, VisitorLeft), nil
}

// end closes or abandons an open ticket and frees its agent's place.
func (s *State) end(cause Cause, t *Ticket, why EndReason) Change {
	is := *t
	is.Status, is.End, is.EndedAt, is.Offer = Closed, why, Here, nil
	if t.Queued() {
		is.Status = Abandoned
	}
	c := change(cause, t.ID, t.Rev.Version, string(why))
	c.Frees = true
	c.write(t, &is)
	if a := s.agents[t.HeldBy()]; a != nil {
		free := *a
		free.IdleSince = Here
		c.write(a, &free)
	}
	return c
}

// ticketVersion is that of a ticket, "" when it has been forgotten.
func (s *State) ticketVersion(id string) string {
	if t := s.tickets[id]; t != nil {
		return t.Rev.Version
	}
	return ""
}

// openTicket finds a ticket that has not ended.
func (s *State) openTicket(id string) (*Ticket, error) {
	t := s.tickets[id]
	switch {
	case t == nil:
		return nil, ErrUnknownTicket
	case !t.Open():
		return nil, ErrEnded
	}
	return t, nil
}

// BindVisitor says that node holds a conn of a visitor with an open ticket. For
// anybody else it is empty: only a place in line needs a session.
func (s *State) BindVisitor(visitor, node string) Change {
	v, t := s.visitors[visitor], s.TicketOf(visitor)
	if t == nil || !t.Open() || v.Session.Node == node && !v.Session.Lost() {
		return Change{}
	}
	is := *v
	is.Session = v.Session.bound(node)
	c := change(CauseBound, v.Name(), v.Rev.Version, node)
	c.alive(node)
	c.Frees = true // nobody loses a place because the log is full
	c.write(v, &is)
	return c
}

// LoseVisitor says that node has lost its last conn of a visitor. It is empty
// when the session has moved on, or no open ticket depends on it.
func (s *State) LoseVisitor(visitor, node string) Change {
	v, t := s.visitors[visitor], s.TicketOf(visitor)
	if t == nil || !t.Open() || v.Session.Node != node || v.Session.Lost() {
		return Change{}
	}
	is := *v
	is.Session.LostAt = Here
	c := change(CauseLost, v.Name(), v.Rev.Version)
	c.Frees = true
	c.write(v, &is)
	return c
}
