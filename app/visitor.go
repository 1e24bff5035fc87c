package app

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"nextup/app/commands"
	"nextup/queue"
)

// Join puts a visitor in line. A visitor with an open ticket gets that ticket again.
type Join struct {
	Department string
	// Languages are BCP 47 tags in order of preference; without them the actor's count.
	Languages        []string
	LanguageRequired bool
	Topic, Urgency   string
	// Request is the client's id of the wish, "" for none: repeated, it is the same join.
	Request string
}

// Leave ends a visitor's ticket, in line or in conversation, or an agent's part as a guest.
type Leave struct{ Ticket string }

// Rate says how a visitor liked a conversation of theirs.
type Rate struct {
	Ticket  string
	Score   int
	Comment string
}

func (Join) roles() []Role                       { return visitors }
func (Join) keys(*Site, *Actor) commands.Keys    { return commands.Keys{} }
func (Leave) roles() []Role                      { return visitorsAndAgents }
func (c Leave) keys(*Site, *Actor) commands.Keys { return ticketKeys(c.Ticket) }
func (Rate) roles() []Role                       { return visitors }
func (Rate) keys(*Site, *Actor) commands.Keys    { return commands.Keys{} }

// Those that may submit a command, for their lists.
var (
	visitors          = []Role{Visitor}
	agents            = []Role{Agent}
	supervisors       = []Role{Supervisor}
	visitorsAndAgents = []Role{Visitor, Agent}
	staff             = []Role{Agent, Supervisor}
	people            = []Role{Visitor, Agent, Supervisor}
	admins            = []Role{Admin}
	overseers         = []Role{Supervisor, Admin}
	staffAndAdmins    = []Role{Agent, Supervisor, Admin}
)

func (c Join) run(ctx context.Context, s *Site, a *Actor) (Receipt, error) {
	r := queue.JoinRequest{
		Ticket: uuid.NewString(), Visitor: a.ID, Name: a.Name, VisitorTier: a.Tier,
		Department: c.Department, Languages: c.Languages, LanguageRequired: c.LanguageRequired, Topic: c.Topic,
		Node: s.app.Node(), Request: c.Request,
	}
	if len(r.Languages) == 0 {
		r.Languages = a.Languages
	}
	var rules *queue.Site
	number, err := s.Decide(ctx, Refusals{IDConflict: ErrIDConflict}, func(st *queue.State) (queue.Change, error) {
		rules = st.Site()
		r.Urgency, r.UrgencyClaimed = a.urgency(rules, c.Urgency)
		r.Now = s.Now()
		return st.Join(r)
	})
	switch {
	case errors.Is(err, queue.ErrUnknownDepartment):
		return Receipt{}, &UnknownError{err, Departments(rules)}
	case errors.Is(err, queue.ErrTopicElsewhere):
		return Receipt{}, &UnknownError{err, rules.Topics[c.Topic].Departments}
	case errors.Is(err, queue.ErrUnknownLanguage):
		department, _ := rules.Department(c.Department)
		return Receipt{}, &UnknownError{err, department.Languages}
	case errors.Is(err, queue.ErrUnknownUrgency):
		return Receipt{}, &UnknownError{err, a.Urgencies(rules)}
	case err != nil:
		return Receipt{}, err
	}
	receipt := Receipt{Log: number}
	s.Read(func(st *queue.State) {
		if t := st.TicketOf(a.ID); t != nil {
			receipt.Ticket = t.ID
		}
		if number == 0 {
			receipt.Log = st.Number()
		}
	})
	return receipt, nil
}

// urgency is what counts as the visitor's urgency, and whether the site's own systems
// say so: what the visitor says now, else what they say. What the site does not know
// counts as none, so that no token locks a visitor out.
func (a *Actor) urgency(rules *queue.Site, said string) (urgency string, claimed bool) {
	if said != "" {
		return said, said == a.Urgency
	}
	if _, known := rules.Urgencies[a.Urgency]; !known {
		return "", false
	}
	return a.Urgency, true
}

// Urgencies lists what this visitor may say, in order of the alphabet.
func (a *Actor) Urgencies(rules *queue.Site) []string {
	var all []string
	for name, u := range rules.Urgencies {
		if u.VisitorsMay || name == a.Urgency {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// Departments lists the ids of a site's departments.
func Departments(rules *queue.Site) []string {
	var all []string
	for _, d := range rules.Departments {
		all = append(all, d.ID)
	}
	return all
}

func (c Leave) run(ctx context.Context, s *Site, a *Actor) (Receipt, error) {
	number, err := s.Decide(ctx, Refusals{}, func(st *queue.State) (queue.Change, error) {
		if a.Role == Visitor {
			return st.Leave(a.ID, c.Ticket)
		}
		if t := st.Ticket(c.Ticket); t != nil && t.Open() && t.Agent == a.ID && !t.Queued() {
			return queue.Change{}, queue.ErrForbidden // who holds it closes it or passes it on
		}
		return st.LeaveConsult(a.ID, c.Ticket)
	})
	return Receipt{Log: number}, err
}

func (c Rate) run(ctx context.Context, s *Site, a *Actor) (Receipt, error) {
	number, err := s.Decide(ctx, Refusals{}, func(st *queue.State) (queue.Change, error) {
		return st.Rate(a.ID, c.Ticket, c.Score, c.Comment)
	})
	if err == nil && number > 0 {
		s.metrics.ratings.WithLabelValues(s.id, strconv.Itoa(c.Score)).Inc()
	}
	return Receipt{Log: number}, err
}
