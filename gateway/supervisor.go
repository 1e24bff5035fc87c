package gateway

import (
	"context"
	"errors"
	"math"

	"nextup/app"
	"nextup/gateway/protocol"
	"nextup/queue"
)

// barged stands among the tokens of a conn for a conversation that its supervisor
// has come into: they have no assignment and are not fenced.
const barged = math.MaxUint64

// barge says in the conversation that the supervisor has come in, once a conn; it
// is idempotent.
func (c *conn) barge(ctx context.Context, ticket string) error {
	t, err := c.mine(ticket, true)
	if err != nil || c.subs.enrolled(ticket, barged) {
		return err
	}
	if err := c.g.options.Conversations.Member(ctx, c.site.ID(), ticket, t.Rev.Number, c.person(), 0); err != nil {
		return err
	}
	c.subs.enrol(ticket, barged)
	return nil
}

// setHeadStart raises or lowers a ticket in line.
func (c *conn) setHeadStart(ctx context.Context, r protocol.HeadStart) (protocol.OK, error) {
	number, err := c.site.Execute(ctx, app.Refusals{}, func(st *queue.State) (queue.Change, error) {
		return st.SetHeadStart(r.Ticket, queue.Millis(r.HeadStartS)*1000, r.Reason, c.id.Subject)
	})
	if err == nil {
		c.audit(ctx, deed{action: "head_start", ticket: r.Ticket, log: number, headStartS: r.HeadStartS, reason: r.Reason})
	}
	return protocol.OK{Log: number}, err
}

// pauseQueue stops serving a queue, or goes on.
func (c *conn) pauseQueue(ctx context.Context, r protocol.Pause) (protocol.OK, error) {
	number, err := c.site.Execute(ctx, app.Refusals{}, func(st *queue.State) (queue.Change, error) {
		return st.Pause(queue.QueueID{Department: r.Department, Language: r.Language}, r.Paused, c.id.Subject, r.Reason)
	})
	rules := c.site.file.Load().Rules
	switch {
	case errors.Is(err, queue.ErrUnknownDepartment):
		return protocol.OK{}, unknownError{err, departmentsOf(rules)}
	case errors.Is(err, queue.ErrUnknownLanguage):
		dep, _ := rules.Department(r.Department)
		return protocol.OK{}, unknownError{err, dep.Languages}
	case err != nil:
		return protocol.OK{}, err
	}
	action := "pause"
	if !r.Paused {
		action = "resume"
	}
	c.audit(ctx, deed{action: action, department: r.Department, language: r.Language, log: number, reason: r.Reason})
	return protocol.OK{Log: number}, nil
}
