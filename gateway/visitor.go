package gateway

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"nextup/app"
	"nextup/gateway/protocol"
	"nextup/queue"
)

// join puts the visitor in line; one who is there already gets the same ticket.
func (c *conn) join(ctx context.Context, r protocol.Join) (protocol.OK, error) {
	languages := r.Languages
	if len(languages) == 0 {
		languages = c.id.Languages
	}
	req := queue.JoinRequest{
		Ticket: uuid.NewString(), Visitor: c.id.Subject, Name: c.id.Name, VisitorTier: c.id.Tier,
		Department: r.Department, Languages: languages, LanguageRequired: r.LanguageRequired, Topic: r.Topic,
		Node: c.g.app.Node(), Request: r.ID,
	}
	rules := c.site.file.Load().Rules
	req.Urgency, req.UrgencyClaimed = c.urgency(rules, r.Urgency)
	number, err := c.site.Execute(ctx, app.Refusals{IDConflict: errIDConflict}, func(st *queue.State) (queue.Change, error) {
		req.Now = c.site.Now()
		return st.Join(req)
	})
	switch {
	case errors.Is(err, queue.ErrUnknownDepartment):
		return protocol.OK{}, unknownError{err, departmentsOf(rules)}
	case errors.Is(err, queue.ErrTopicElsewhere):
		return protocol.OK{}, unknownError{err, rules.Topics[r.Topic].Departments}
	case errors.Is(err, queue.ErrUnknownLanguage):
		dep, _ := rules.Department(r.Department)
		return protocol.OK{}, unknownError{err, dep.Languages}
	case errors.Is(err, queue.ErrUnknownUrgency):
		return protocol.OK{}, unknownError{err, c.urgencies(rules)}
	case err != nil:
		return protocol.OK{}, err
	}
	ok := protocol.OK{Log: number}
	c.site.Read(func(st *queue.State) {
		if t := st.TicketOf(c.id.Subject); t != nil {
			ok.Ticket = t.ID
		}
		if number == 0 {
			ok.Log = st.Number()
		}
	})
	c.show() // the ticket may have been there, and nothing come by replay
	return ok, nil
}

// leaveLine ends the visitor's own ticket, in line or in conversation.
func (c *conn) leaveLine(ctx context.Context, r protocol.Leave) (protocol.OK, error) {
	number, err := c.site.Execute(ctx, app.Refusals{}, func(st *queue.State) (queue.Change, error) { return st.Leave(c.id.Subject, r.Ticket) })
	return protocol.OK{Log: number}, err
}

// urgency is what counts as the visitor's urgency, and whether their token says
// so: what they say now, else the token's claim. A claim that the site does not
// know counts as none, so that no token locks anybody out.
func (c *conn) urgency(rules *queue.Site, said string) (urgency string, claimed bool) {
	if said != "" {
		return said, said == c.id.Urgency
	}
	if _, known := rules.Urgencies[c.id.Urgency]; !known {
		return "", false
	}
	return c.id.Urgency, true
}

// urgencies lists what this visitor may say, in order of the alphabet.
func (c *conn) urgencies(rules *queue.Site) []string {
	var all []string
	for name, u := range rules.Urgencies {
		if u.VisitorsMay || name == c.id.Urgency {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

func departmentsOf(rules *queue.Site) []string {
	var all []string
	for _, d := range rules.Departments {
		all = append(all, d.ID)
	}
	return all
}

// rate says how the visitor liked a conversation of theirs.
func (c *conn) rate(ctx context.Context, r protocol.Rate) (protocol.OK, error) {
	number, err := c.site.Execute(ctx, app.Refusals{}, func(st *queue.State) (queue.Change, error) {
		return st.Rate(c.id.Subject, r.Ticket, r.Score, r.Comment)
	})
	if err == nil && number > 0 {
		c.g.metrics.ratings.WithLabelValues(c.site.ID(), strconv.Itoa(r.Score)).Inc()
	}
	return protocol.OK{Log: number}, err
}
