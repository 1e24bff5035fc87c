package gateway

import (
	"context"
	"errors"

	"github.com/google/uuid"

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
		Department: r.Department, Languages: languages, Topic: r.Topic, Node: c.g.node.String(), Request: r.ID,
	}
	number, err := c.site.do(ctx, func(st *queue.State) (queue.Change, error) { return st.Join(req) })
	switch {
	case errors.Is(err, queue.ErrUnknownDepartment):
		var known []string
		for _, d := range c.site.Rules.Departments {
			known = append(known, d.ID)
		}
		return protocol.OK{}, unknownError{err, known}
	case errors.Is(err, queue.ErrUnknownLanguage):
		dep, _ := c.site.Rules.Department(r.Department)
		return protocol.OK{}, unknownError{err, dep.Languages}
	case err != nil:
		return protocol.OK{}, err
	}
	ok := protocol.OK{Log: number}
	c.site.read(func(st *queue.State) {
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
	number, err := c.site.do(ctx, func(st *queue.State) (queue.Change, error) { return st.Leave(c.id.Subject, r.Ticket) })
	return protocol.OK{Log: number}, err
}
