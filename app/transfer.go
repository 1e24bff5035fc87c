package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"

	"nextup/app/commands"
	"nextup/app/conversation"
	"nextup/queue"
)

// Transfer passes a ticket on: the agent's own, or any by a supervisor or an admin. The note, if
// there is one, is written first, while its author still has the conversation, and only
// if the rest would succeed.
type Transfer struct {
	Ticket string
	To     queue.Target
	Note   string
	// Reason is for the audit log, of what supervisors and admins do.
	Reason string
}

func (Transfer) roles() []Role                      { return staffAndAdmins }
func (c Transfer) keys(*Site, *Actor) commands.Keys { return ticketKeys(c.Ticket) }

func (c Transfer) run(ctx context.Context, s *Site, a *Actor) (Receipt, error) {
	decide := func(st *queue.State) (queue.Change, error) {
		t := st.Ticket(c.Ticket)
		switch {
		case t != nil && c.done(a, t):
			return queue.Change{}, nil
		case a.Role == Agent && (t == nil || !a.takesPart(t)):
			return queue.Change{}, queue.ErrUnknownTicket // an agent does not learn which other tickets exist
		}
		return st.Transfer(queue.TransferRequest{Ticket: c.Ticket, By: a.ID, Supervisor: a.Role != Agent, To: c.To})
	}
	var err error
	var token uint64
	var done bool
	s.Read(func(st *queue.State) {
		var change queue.Change
		if change, err = decide(st); err == nil {
			token, done = st.Ticket(c.Ticket).Token, change.Empty()
		}
	})
	if err == nil && c.Note != "" && !done {
		_, err = s.write(ctx, a, conversation.Note, c.Ticket, transferNoteID(token, c.Note), c.Note)
	}
	var number uint64
	if err == nil {
		number, err = s.Decide(ctx, Refusals{}, decide)
	}
	if err != nil {
		return Receipt{}, c.known(s, a, err)
	}
	if a.Role != Agent {
		s.audit(ctx, a, auditEvent{
			action: "reassign", ticket: c.Ticket, log: number, reason: c.Reason,
			agent: c.To.Agent, department: c.To.Department, language: c.To.Language, tier: c.To.Tier,
		})
	}
	return Receipt{Log: number}, nil
}

// done reports whether this very transfer has been made: its answer may have been lost.
func (c Transfer) done(a *Actor, t *queue.Ticket) bool {
	to := c.To
	there := t.Queued() || a.Role == Agent && !a.takesPart(t) || to.Agent != "" && t.Agent == to.Agent
	return there && t.Open() && t.TransferredBy == a.ID &&
		(to.Agent == "" || to.Agent == t.Prefers || to.Agent == t.Agent) &&
		(to.Department == "" || to.Department == t.Department) &&
		(to.Language == "" || to.Language == t.Language) &&
		(to.Tier == 0 || t.Requirements != nil && to.Tier == t.Requirements.Tier)
}

// transferNoteID names the note of a transfer by what it says, so that a transfer that is
// repeated writes it once.
func transferNoteID(token uint64, note string) string {
	sum := sha256.Sum256([]byte(note))
	return "transfer-" + strconv.FormatUint(token, 10) + "-" + hex.EncodeToString(sum[:12])
}

// known adds to a refused transfer where the ticket could have gone.
func (c Transfer) known(s *Site, a *Actor, err error) error {
	var rules *queue.Site
	department := c.To.Department
	s.Read(func(st *queue.State) {
		rules = st.Site()
		if t := st.Ticket(c.Ticket); t != nil && department == "" {
			department = t.Department
		}
	})
	switch {
	case errors.Is(err, queue.ErrNoAgent):
		return &UnknownError{err, s.colleagues(a, (*queue.Agent).Takes)}
	case errors.Is(err, queue.ErrUnknownDepartment):
		return &UnknownError{err, Departments(rules)}
	case errors.Is(err, queue.ErrUnknownLanguage):
		d, _ := rules.Department(department)
		return &UnknownError{err, d.Languages}
	}
	return err
}
