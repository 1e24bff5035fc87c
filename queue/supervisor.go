package queue

import (
	"strconv"
	"strings"
)

// MaxHeadStart bounds what a supervisor may set, either way: a day.
const MaxHeadStart Millis = 86_400_000

// SetHeadStart raises or lowers the priority of a waiting ticket, for a reason
// that is kept with it. Errors: ErrUnknownTicket, ErrEnded, ErrForbidden when it
// waits no more or the head start is out of range.
func (s *State) SetHeadStart(ticket string, headStart Millis, reason, by string) (Change, error) {
	t, err := s.ticketFor(CauseRaised, ticket)
	switch {
	case err != nil:
		return Change{}, err
	case headStart > MaxHeadStart || headStart < -MaxHeadStart:
		return Change{}, ErrForbidden
	case t.HeadStart == headStart:
		return Change{}, nil
	}
	cause := CauseRaised
	if headStart < t.HeadStart {
		cause = CauseLowered
	}
	c := change(cause, t.ID, t.Rev.Version, strconv.FormatInt(int64(headStart), 10))
	c.Intent, c.By = intentID(reason, by), by
	c.write(t, t.raisedTo(headStart, reason))
	return c, nil
}

// EndBy ends a ticket for an operator, wherever it stands: as its agent closes it or,
// where it has none, as its visitor leaves. Errors: ErrUnknownTicket, ErrEnded.
func (s *State) EndBy(by, ticket string) (Change, error) {
	t, err := s.ticketFor(CauseLeft, ticket)
	if err != nil {
		return Change{}, err
	}
	c := s.end(CauseLeft, t, VisitorLeft)
	if t.Status == Assigned {
		c = s.end(CauseClosed, t, AgentClosed)
	}
	c.Intent, c.By = intentID(by), by
	return c, nil
}

// Pause is a queue whose tickets are not offered for now. Joining goes on.
type Pause struct {
	Queue   QueueID `json:"queue"`
	By      string  `json:"by"`
	Reason  string  `json:"reason,omitzero"`
	At      Stamp   `json:"at"`
	Unknown Unknown `json:",embed"`

	Rev Revision `json:"-"`
}

// Name implements Image.
func (p *Pause) Name() string { return pausePrefix + p.Queue.String() }

func (p *Pause) revision() Revision { return p.Rev }

func (p *Pause) resolve(rev Revision, at Stamp) {
	p.Rev = rev
	p.At.resolve(at)
}

func init() {
	register(pausePrefix, kind{
		empty: func(string) Image { return &Pause{} },
		find:  func(s *State, id string) Image { return present(s.paused[pausedQueue(id)]) },
		put: func(s *State, id string, _, after Image, _ Record, step *Step) {
			q := pausedQueue(id)
			if pause, _ := after.(*Pause); pause != nil {
				s.paused[q] = pause
			} else {
				delete(s.paused, q)
			}
			step.Queues = append(step.Queues, q)
		},
	})
}

// pausedQueue reads the id of a Pause; no department has a slash.
func pausedQueue(id string) QueueID {
	department, language, _ := strings.Cut(id, "/")
	return QueueID{department, language}
}

// Paused returns why a queue is paused, or nil.
func (s *State) Paused(q QueueID) *Pause { return s.paused[q] }

// Pause stops offers from a queue, or lets them go on. Errors:
// ErrUnknownDepartment, ErrUnknownLanguage.
func (s *State) Pause(q QueueID, paused bool, by, reason string) (Change, error) {
	if !s.has(q) {
		if _, ok := s.site.Department(q.Department); !ok {
			return Change{}, ErrUnknownDepartment
		}
		return Change{}, ErrUnknownLanguage
	}
	before := s.paused[q]
	if (before != nil) == paused {
		return Change{}, nil
	}
	if paused {
		pause := &Pause{Queue: q, By: by, Reason: reason, At: OwnStamp}
		c := change(CausePaused, q.String(), strconv.FormatUint(s.number, 10))
		c.Intent, c.By = intentID(by, reason), by
		c.create(pause)
		return c, nil
	}
	c := change(CauseResumed, q.String(), before.Rev.Version)
	c.Intent, c.By = intentID(by, reason), by
	c.remove(before)
	return c, nil
}
