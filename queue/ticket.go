package queue

import (
	"cmp"
	"reflect"
)

// QueueID names a line: department and language.
type QueueID struct {
	Department string
	Language   string
}

// String is "department/language".
func (q QueueID) String() string { return q.Department + "/" + q.Language }

// Status says where a ticket stands.
type Status string

// The states of a ticket.
const (
	Waiting   Status = "waiting"
	Offered   Status = "offered"
	Assigned  Status = "assigned"
	Closed    Status = "closed"
	Abandoned Status = "abandoned"
)

// EndReason says why a ticket ended.
type EndReason string

// The reasons for an end.
const (
	AgentClosed EndReason = "agent_closed"
	VisitorLeft EndReason = "visitor_left"
	VisitorLost EndReason = "visitor_lost"
)

// Ticket is a visitor's place and history. Very many wait at once, so what they
// have in common is kept once: what was asked for, and that nothing has happened
// yet. Both parts are shared between tickets and images, so a ticket is changed on
// a Copy and in no other way. In a State neither is nil.
type Ticket struct {
	ID      string `json:"id"`
	Visitor string `json:"visitor"`
	// VisitorName is the visitor's token's.
	VisitorName string `json:"visitor_name,omitzero"`
	*Specification
	*Progress

	Status Status `json:"status"`
	// JoinedAt and Joined are the stamp and number of the join's record; 0 in
	// Joined stands for the record's own. WaitingSince is when it joined or was
	// transferred to its department.
	JoinedAt     Stamp  `json:"joined_at"`
	WaitingSince Stamp  `json:"waiting_since,omitzero"`
	Joined       uint64 `json:"joined,omitzero"`

	Rev Revision `json:"-"`
}

// Specification is what a ticket asks for, and where.
type Specification struct {
	Department string `json:"department"`
	Language   string `json:"language"`
	Topic      string `json:"topic,omitzero"`
	Urgency    string `json:"urgency,omitzero"`
	// VisitorTier is the visitor's token's.
	VisitorTier string `json:"visitor_tier,omitzero"`
	// HeadStart is priority: how much earlier the ticket counts as joined.
	// HeadStartReason is why a supervisor changed it last.
	HeadStart       Millis `json:"head_start,omitzero"`
	HeadStartReason string `json:"head_start_reason,omitzero"`
	// Weight is how much of a capacity it takes, at least 1.
	Weight int `json:"weight"`
	// Requirements is what it asks of an agent now. In the log it may be left out: then it
	// is the queue's language alone.
	// Wishes are skills that are preferred, never waited for.
	Requirements *Requirements `json:"need,omitzero"`
	Wishes       []string      `json:"wishes,omitzero"`
	// Listed are the other languages that the visitor reads, in order of
	// preference. With LanguageRequired they are not served in any of them.
	Listed           []string `json:"listed,omitzero"`
	LanguageRequired bool     `json:"language_required,omitzero"`
	// Step counts the department's widening steps that have been taken, since
	// Ticket.WaitingSince.
	Step int `json:"step,omitzero"`
}

// Progress is what has happened to a ticket since it joined.
type Progress struct {
	// Hold keeps the ticket for one agent for a while; Prefers names the agent
	// who goes first when they have room, held or not.
	Hold    *Hold  `json:"hold,omitzero"`
	Prefers string `json:"prefers,omitzero"`
	// Offer is set while the ticket is offered.
	Offer *Offer `json:"offer,omitzero"`
	// Attempts counts the offers made so far.
	Attempts int `json:"attempts,omitzero"`
	// Declines lists the agents who declined an offer, let one lapse or gave the
	// ticket away, oldest first, each time anew; at most maxDeclines.
	Declines []Decline `json:"passes,omitzero"`
	// Agent holds the ticket, or held it last; Token is the fencing token of the
	// newest assignment and rises with each.
	Agent      string `json:"agent,omitzero"`
	Token      uint64 `json:"token,omitzero"`
	AssignedAt Stamp  `json:"assigned_at,omitzero"`
	// FirstAt is when an agent had it first, where that is not AssignedAt: it was
	// given away since, or lost its agent.
	FirstAt Stamp `json:"first_at,omitzero"`
	// TransferredBy gave the ticket away last; Guests are agents invited into the
	// conversation, at most MaxGuests.
	TransferredBy string   `json:"transferred_by,omitzero"`
	Guests        []string `json:"guests,omitzero"`
	// Closing is set while an assigned ticket is about to end.
	Closing *Closing `json:"closing,omitzero"`
	// Loss is the newest loss of an agent.
	Loss *Loss `json:"loss,omitzero"`

	EndedAt Stamp     `json:"ended_at,omitzero"`
	End     EndReason `json:"end,omitzero"`
	// WrapUp is how long after EndedAt the place in the agent's capacity stays
	// taken; 0 once they are done.
	WrapUp Millis `json:"wrap_up,omitzero"`
	// Rating is what the visitor thought of it.
	Rating *Rating `json:"rating,omitzero"`
	// Unknown are members of the ticket.
	Unknown Unknown `json:",embed"`
}

// uneventful is the progress of all tickets to which nothing has happened.
var uneventful = &Progress{}

// Copy returns a copy of the ticket that may be changed.
func (t *Ticket) Copy() *Ticket {
	after, specification, progress := *t, Specification{}, Progress{}
	if t.Specification != nil {
		specification = *t.Specification
	}
	if t.Progress != nil {
		progress = *t.Progress
	}
	after.Specification, after.Progress = &specification, &progress
	return &after
}

// maxDeclines bounds Ticket.Declines, MaxGuests Ticket.Guests.
const (
	maxDeclines = 16
	MaxGuests   = 3
)

// Decline is that an agent did not take the ticket, or gave it away.
type Decline struct {
	Agent   string  `json:"agent"`
	At      Stamp   `json:"at"`
	Unknown Unknown `json:",embed"`
}

// Offer is a place reserved in an agent's capacity until a deadline.
type Offer struct {
	ID    string `json:"id"`
	Agent string `json:"agent"`
	At    Stamp  `json:"at"`
	// TTL is the time until the deadline.
	TTL     Millis  `json:"ttl"`
	Unknown Unknown `json:",embed"`
}

// Deadline is the last moment at which the offer can be accepted.
func (o *Offer) Deadline() Stamp { return o.At.Add(o.TTL) }

// HoldReason is why a ticket waits for one agent.
type HoldReason string

// The reasons for a hold: the agent served this visitor before, or was given the ticket
// by another person.
const (
	HoldSticky   HoldReason = "sticky"
	HoldTransfer HoldReason = "transfer"
)

// Hold keeps a waiting ticket for one agent, also while that agent is busy. It
// ends with its time, or when the agent does not take tickets any more.
type Hold struct {
	Agent   string     `json:"agent"`
	At      Stamp      `json:"at"`
	For     Millis     `json:"for"`
	Reason  HoldReason `json:"reason"`
	Unknown Unknown    `json:",embed"`
}

// Until is the last moment of the hold.
func (h *Hold) Until() Stamp { return h.At.Add(h.For) }

// Rating is a visitor's word on how they were served.
type Rating struct {
	// Score is 1 (poor) to 5 (excellent).
	Score   int     `json:"score"`
	Comment string  `json:"comment,omitzero"`
	At      Stamp   `json:"at"`
	Unknown Unknown `json:",embed"`
}

// Queue is the line that the ticket stands in, or stood in.
func (t *Ticket) Queue() QueueID { return QueueID{t.Department, t.Language} }

// Queued reports whether the ticket counts in its line.
func (t *Ticket) Queued() bool { return t.Status == Waiting || t.Status == Offered }

// Open reports whether the ticket has not ended.
func (t *Ticket) Open() bool { return t.Queued() || t.Status == Assigned }

// Score orders a line: smaller is earlier.
func (t *Ticket) Score() Stamp { return t.JoinedAt - Stamp(t.HeadStart) }

// Before is the order of a line: by score, then by the number of the join.
func (t *Ticket) Before(u *Ticket) bool {
	if a, b := t.Score(), u.Score(); a != b {
		return a < b
	}
	return t.Joined < u.Joined
}

// HeldBy is the agent whose capacity the ticket takes, or "".
func (t *Ticket) HeldBy() string {
	switch t.Status {
	case Assigned:
		return t.Agent
	case Offered:
		return t.Offer.Agent
	case Closed:
		if t.WrapUp > 0 {
			return t.Agent
		}
	case Waiting, Abandoned:
	}
	return ""
}

// declineCount counts how often the agent did not take the ticket.
func (t *Ticket) declineCount(agent string) int {
	n := 0
	for _, p := range t.Declines {
		if p.Agent == agent {
			n++
		}
	}
	return n
}

// cooldownEnd returns when the agent may be offered the ticket again, who may not for as
// long as pause after each decline; 0 if the agent has not declined it.
func (t *Ticket) cooldownEnd(agent string, pause Millis) (end Stamp) {
	for _, d := range t.Declines {
		if d.Agent == agent {
			end = max(end, d.At.Add(pause)+1)
		}
	}
	return end
}

// AnsweredAt is when an agent had the ticket first, or 0.
func (t *Ticket) AnsweredAt() Stamp { return cmp.Or(t.FirstAt, t.AssignedAt) }

// Name implements Image.
func (t *Ticket) Name() string { return ticketPrefix + t.ID }

func (t *Ticket) revision() Revision { return t.Rev }

func (t *Ticket) resolve(rev Revision, at Stamp) {
	t.Rev = rev
	if t.Specification == nil {
		t.Specification = &Specification{}
	}
	if t.Progress == nil || reflect.ValueOf(t.Progress).Elem().IsZero() {
		t.Progress = uneventful
	}
	if t.Joined == 0 {
		t.Joined = rev.Number
	}
	t.JoinedAt.resolve(at)
	t.WaitingSince.resolve(at)
	for i := range t.Declines {
		t.Declines[i].At.resolve(at)
	}
	t.AssignedAt.resolve(at)
	t.EndedAt.resolve(at)
	if t.Offer != nil {
		t.Offer.At.resolve(at)
	}
	if t.Hold != nil {
		t.Hold.At.resolve(at)
	}
	if t.Rating != nil {
		t.Rating.At.resolve(at)
	}
	if t.Closing != nil {
		t.Closing.At.resolve(at)
	}
	if l := t.Loss; l != nil {
		l.At.resolve(at)
		if l.Number == 0 {
			l.Number = rev.Number
		}
	}
}
