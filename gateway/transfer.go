package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"

	"nextup/app"
	"nextup/gateway/protocol"
	"nextup/queue"
)

// maxKnown bounds the agents that a refusal lists.
const maxKnown = 50

// transfer passes a ticket on: the agent's own, or any by a supervisor. The note
// is written first, while its author still has the conversation, and only if the
// rest would succeed.
func (c *conn) transfer(ctx context.Context, r protocol.Transfer) (protocol.OK, error) {
	decide := func(st *queue.State) (queue.Change, error) {
		t := st.Ticket(r.Ticket)
		switch {
		case t != nil && c.hasPassedOn(t, r.To):
			return queue.Change{}, nil
		case c.isAgent() && (t == nil || !c.takesPart(t)):
			return queue.Change{}, queue.ErrUnknownTicket // of others not even that there are some
		}
		return st.Transfer(queue.TransferRequest{
			Ticket: r.Ticket, By: c.id.Subject, Supervisor: c.isSupervisor(),
			To: queue.Target{Agent: r.To.Agent, Department: r.To.Department, Language: r.To.Language, Tier: r.To.Tier},
		})
	}
	var err error
	var token uint64
	var done bool
	c.site.Read(func(st *queue.State) {
		var change queue.Change
		if change, err = decide(st); err == nil {
			token, done = st.Ticket(r.Ticket).Token, change.Empty()
		}
	})
	if err == nil && r.Note != "" && !done {
		_, err = c.appendText(ctx, protocol.EntryNote, r.Ticket, noteID(token, r.Note), r.Note)
	}
	var number uint64
	if err == nil {
		number, err = c.site.Execute(ctx, app.Refusals{}, decide)
	}
	if err != nil {
		return protocol.OK{}, c.nobody(err, r)
	}
	if c.isSupervisor() {
		c.audit(ctx, deed{
			action: "reassign", ticket: r.Ticket, log: number,
			agent: r.To.Agent, department: r.To.Department, language: r.To.Language, tier: r.To.Tier,
		})
	}
	return protocol.OK{Log: number}, nil
}

// hasPassedOn says whether this very transfer has been made: its answer may have
// been lost.
func (c *conn) hasPassedOn(t *queue.Ticket, to protocol.TransferTo) bool {
	there := t.Queued() || c.isAgent() && !c.takesPart(t) || to.Agent != "" && t.Agent == to.Agent
	return there && t.Open() && t.TransferredBy == c.id.Subject &&
		(to.Agent == "" || to.Agent == t.Prefers || to.Agent == t.Agent) &&
		(to.Department == "" || to.Department == t.Department) &&
		(to.Language == "" || to.Language == t.Language) &&
		(to.Tier == 0 || t.Requirements != nil && to.Tier == t.Requirements.Tier)
}

// noteID names the note of a transfer by what it says, so that a transfer that is
// repeated writes it once.
func noteID(token uint64, note string) string {
	sum := sha256.Sum256([]byte(note))
	return "transfer-" + strconv.FormatUint(token, 10) + "-" + hex.EncodeToString(sum[:12])
}

// nobody adds to a refused transfer where the ticket could have gone.
func (c *conn) nobody(err error, r protocol.Transfer) error {
	rules := c.site.file.Load().Rules
	switch {
	case errors.Is(err, queue.ErrNoAgent):
		return unknownError{err, c.colleagues((*queue.Agent).Takes)}
	case errors.Is(err, queue.ErrUnknownDepartment):
		return unknownError{err, departmentsOf(rules)}
	case errors.Is(err, queue.ErrUnknownLanguage):
		department := r.To.Department
		c.site.Read(func(st *queue.State) {
			if t := st.Ticket(r.Ticket); t != nil && department == "" {
				department = t.Department
			}
		})
		dep, _ := rules.Department(department)
		return unknownError{err, dep.Languages}
	}
	return err
}

// colleagues lists the other agents who may be chosen, by id.
func (c *conn) colleagues(may func(*queue.Agent) bool) []string {
	known := []string{}
	c.site.Read(func(st *queue.State) {
		for _, a := range st.Agents() {
			if may(a) && a.ID != c.id.Subject && len(known) < maxKnown {
				known = append(known, a.ID)
			}
		}
	})
	return known
}

// consult invites a second agent into a conversation.
func (c *conn) consult(ctx context.Context, r protocol.Consult) (protocol.OK, error) {
	number, err := c.site.Execute(ctx, app.Refusals{}, func(st *queue.State) (queue.Change, error) {
		if t := st.Ticket(r.Ticket); t == nil || !c.takesPart(t) {
			return queue.Change{}, queue.ErrUnknownTicket
		}
		return st.Consult(c.id.Subject, r.Ticket, r.Agent)
	})
	if errors.Is(err, queue.ErrNoAgent) {
		return protocol.OK{}, unknownError{err, c.colleagues((*queue.Agent).Present)}
	}
	return protocol.OK{Log: number}, err
}

// leave ends the visitor's ticket, or a guest's part in a conversation.
func (c *conn) leaveTicket(ctx context.Context, r protocol.Leave) (protocol.OK, error) {
	if !c.isAgent() {
		return c.leaveLine(ctx, r)
	}
	number, err := c.site.Execute(ctx, app.Refusals{}, func(st *queue.State) (queue.Change, error) {
		if t := st.Ticket(r.Ticket); t != nil && t.Open() && t.Agent == c.id.Subject && !t.Queued() {
			return queue.Change{}, queue.ErrForbidden // who holds it closes it or passes it on
		}
		return st.LeaveConsult(c.id.Subject, r.Ticket)
	})
	return protocol.OK{Log: number}, err
}
