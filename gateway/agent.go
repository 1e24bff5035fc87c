package gateway

import (
	"context"

	"nextup/app"
	"nextup/gateway/protocol"
	"nextup/queue"
)

func (c *conn) setStatus(ctx context.Context, r protocol.Status) (protocol.OK, error) {
	number, err := c.site.Execute(ctx, app.Refusals{}, func(st *queue.State) (queue.Change, error) {
		return st.SetStatus(c.id.Subject, queue.AgentStatus(r.Status))
	})
	return protocol.OK{Log: number}, err
}

// acceptOffer makes the ticket the agent's. It answers only after the
// conversation knows the new fencing token, so that nothing an earlier agent
// still sends can come after what this one sees.
func (c *conn) acceptOffer(ctx context.Context, r protocol.Accept) (protocol.OK, error) {
	ticket := c.ticketOf(r.Offer)
	number, err := c.site.Execute(ctx, app.Refusals{Late: queue.ErrUnknownOffer}, func(st *queue.State) (queue.Change, error) {
		return st.Accept(c.id.Subject, r.Offer)
	})
	if err != nil {
		return protocol.OK{}, err
	}
	return protocol.OK{Log: number}, c.enrol(ctx, ticket)
}

// enrol copies this agent's assignment of a ticket into its conversation, or their
// invitation, once a conn: what an agent writes must come after the record that
// they are a member, also when the accept was cut short. With "" it does so for all
// that they hold. It is idempotent, and nothing for a visitor.
func (c *conn) enrol(ctx context.Context, ticket string) error {
	if !c.isAgent() {
		return nil
	}
	var held []*queue.Ticket
	c.site.Read(func(st *queue.State) { held = append(st.Held(c.id.Subject), st.Guesting(c.id.Subject)...) })
	for _, t := range held {
		if t.Status != queue.Assigned || ticket != "" && t.ID != ticket || c.subs.enrolled(t.ID, t.Token) {
			continue
		}
		if err := c.site.sealing.copyLoss(ctx, t); err != nil {
			return err
		}
		if err := c.g.options.Conversations.Member(ctx, c.site.ID(), t.ID, t.Rev.Number, c.person(), t.Token); err != nil {
			return err
		}
		c.subs.enrol(t.ID, t.Token)
	}
	return nil
}

func (c *conn) declineOffer(ctx context.Context, r protocol.Decline) (protocol.OK, error) {
	number, err := c.site.Execute(ctx, app.Refusals{}, func(st *queue.State) (queue.Change, error) {
		return st.Decline(c.id.Subject, r.Offer)
	})
	return protocol.OK{Log: number}, err
}

// closeTicket ends a conversation, at once or in a while.
func (c *conn) closeTicket(ctx context.Context, r protocol.Close) (protocol.OK, error) {
	number, err := c.site.Execute(ctx, app.Refusals{}, func(st *queue.State) (queue.Change, error) {
		if r.AfterS > 0 {
			return st.CloseAfter(c.id.Subject, r.Ticket, queue.Millis(r.AfterS)*1000)
		}
		return st.Close(c.id.Subject, r.Ticket)
	})
	return protocol.OK{Log: number}, err
}

// cancelClose goes on with a conversation that is closing.
func (c *conn) cancelClose(ctx context.Context, r protocol.CancelClose) (protocol.OK, error) {
	number, err := c.site.Execute(ctx, app.Refusals{}, func(st *queue.State) (queue.Change, error) {
		return st.CancelClose(c.id.Subject, r.Ticket)
	})
	return protocol.OK{Log: number}, err
}

// finish ends the wrap-up of a closed ticket.
func (c *conn) finish(ctx context.Context, r protocol.Finish) (protocol.OK, error) {
	number, err := c.site.Execute(ctx, app.Refusals{}, func(st *queue.State) (queue.Change, error) {
		return st.Finish(c.id.Subject, r.Ticket)
	})
	return protocol.OK{Log: number}, err
}
