package app

import (
	"context"
	"errors"

	"nextup/app/commands"
	"nextup/queue"
)

// SetHeadStart raises or lowers a ticket in line.
type SetHeadStart struct {
	Ticket    string
	HeadStart queue.Millis
	Reason    string
}

// Pause stops serving a queue, or goes on.
type Pause struct {
	Queue  queue.QueueID
	Paused bool
	Reason string
}

func (SetHeadStart) roles() []Role                    { return supervisors }
func (SetHeadStart) keys(*Site, *Actor) commands.Keys { return commands.Keys{} }
func (Pause) roles() []Role                           { return overseers }
func (Pause) keys(*Site, *Actor) commands.Keys        { return commands.Keys{} }

func (c SetHeadStart) run(ctx context.Context, s *Site, a *Actor) (Receipt, error) {
	number, err := s.Decide(ctx, Refusals{}, func(st *queue.State) (queue.Change, error) {
		return st.SetHeadStart(c.Ticket, c.HeadStart, c.Reason, a.ID)
	})
	if err == nil {
		s.audit(ctx, a, auditEvent{action: "head_start", ticket: c.Ticket, log: number, headStartS: int64(c.HeadStart / 1000), reason: c.Reason})
	}
	return Receipt{Log: number}, err
}

func (c Pause) run(ctx context.Context, s *Site, a *Actor) (Receipt, error) {
	var rules *queue.Site
	number, err := s.Decide(ctx, Refusals{}, func(st *queue.State) (queue.Change, error) {
		rules = st.Site()
		return st.Pause(c.Queue, c.Paused, a.ID, c.Reason)
	})
	switch {
	case errors.Is(err, queue.ErrUnknownDepartment):
		return Receipt{}, &UnknownError{err, Departments(rules)}
	case errors.Is(err, queue.ErrUnknownLanguage):
		department, _ := rules.Department(c.Queue.Department)
		return Receipt{}, &UnknownError{err, department.Languages}
	case err != nil:
		return Receipt{}, err
	}
	action := "pause"
	if !c.Paused {
		action = "resume"
	}
	s.audit(ctx, a, auditEvent{action: action, department: c.Queue.Department, language: c.Queue.Language, log: number, reason: c.Reason})
	return Receipt{Log: number}, nil
}
