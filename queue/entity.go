package queue

import "slices"

// Stamp is a time of the log in Unix milliseconds. 0 means never. Here stands
// for the stamp of the record that carries it and is resolved on replay.
type Stamp int64

// Here is "the stamp of this very record", which nobody knows before the commit.
const Here Stamp = -1

// Millis is a length of time in milliseconds.
type Millis int64

// Add returns the stamp d later.
func (s Stamp) Add(d Millis) Stamp { return s + Stamp(d) }

// Revision is the write that an entity stems from.
type Revision struct {
	// Version is the commit id of the write; "" for an entity that never was.
	Version string
	// Number is the log number of the write.
	Number uint64
}

// Image is the state of one entity after a change. Images are never modified
// once they are in a State, so whoever holds one may go on reading it.
type Image interface {
	// Name is the entity's name in the log.
	Name() string
	// resolve replaces what stands for the record's own number and stamp.
	resolve(rev Revision, at Stamp)
	revision() Revision
}

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

// Ticket is a visitor's place and history.
type Ticket struct {
	ID      string `json:"id"`
	Visitor string `json:"visitor"`
	// VisitorName and Tier are the visitor's token's.
	VisitorName string `json:"visitor_name,omitzero"`
	Tier        string `json:"tier,omitzero"`
	Department  string `json:"department"`
	Language    string `json:"language"`
	Topic       string `json:"topic,omitzero"`
	// HeadStart is priority: how much earlier the ticket counts as joined.
	HeadStart Millis `json:"head_start,omitzero"`
	// Weight is how much of a capacity it takes, at least 1.
	Weight int    `json:"weight"`
	Status Status `json:"status"`
	// JoinedAt and Joined are the stamp and number of the join's record; 0 in
	// Joined stands for the record's own.
	JoinedAt Stamp  `json:"joined_at"`
	Joined   uint64 `json:"joined,omitzero"`
	// Offer is set while the ticket is offered.
	Offer *Offer `json:"offer,omitzero"`
	// Attempts counts the offers made so far.
	Attempts int `json:"attempts,omitzero"`
	// Passed lists the agents who declined an offer or let one lapse, oldest
	// first, each time anew; at most maxPassed.
	Passed []string `json:"passed,omitzero"`
	// Agent holds the ticket, or held it last; Token is the fencing token of the
	// newest assignment and rises with each.
	Agent      string    `json:"agent,omitzero"`
	Token      uint64    `json:"token,omitzero"`
	AssignedAt Stamp     `json:"assigned_at,omitzero"`
	EndedAt    Stamp     `json:"ended_at,omitzero"`
	End        EndReason `json:"end,omitzero"`

	Rev Revision `json:"-"`
}

// maxPassed bounds Ticket.Passed.
const maxPassed = 16

// Offer is a place reserved in an agent's capacity until a deadline.
type Offer struct {
	ID    string `json:"id"`
	Agent string `json:"agent"`
	At    Stamp  `json:"at"`
	// TTL is the time until the deadline.
	TTL Millis `json:"ttl"`
}

// Deadline is the last moment at which the offer can be accepted.
func (o *Offer) Deadline() Stamp { return o.At.Add(o.TTL) }

// Queue is the line that the ticket stands in, or stood in.
func (t *Ticket) Queue() QueueID { return QueueID{t.Department, t.Language} }

// Queued says whether the ticket counts in its line.
func (t *Ticket) Queued() bool { return t.Status == Waiting || t.Status == Offered }

// Open says whether the ticket has not ended.
func (t *Ticket) Open() bool { return t.Queued() || t.Status == Assigned }

// Score orders a line: smaller is earlier.
func (t *Ticket) Score() Stamp { return t.JoinedAt - Stamp(t.HeadStart) }

// before is the order of a line.
func (t *Ticket) before(u *Ticket) bool {
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
	case Waiting, Closed, Abandoned:
		return ""
	}
	return ""
}

// Session says which node holds an identity's conns. Every binding raises the
// generation, so that a late word about an earlier one changes nothing.
type Session struct {
	Node       string `json:"node,omitzero"`
	Generation uint64 `json:"generation,omitzero"`
	// LostAt is when the last conn went; 0 while one is there.
	LostAt Stamp `json:"lost_at,omitzero"`
}

// Lost says whether no conn is there.
func (s Session) Lost() bool { return s.LostAt != 0 }

// bound is the session after a bind to node.
func (s Session) bound(node string) Session {
	return Session{Node: node, Generation: s.Generation + 1}
}

// Visitor is who asks. Ticket is the newest one, open or ended.
type Visitor struct {
	ID      string  `json:"id"`
	Ticket  string  `json:"ticket"`
	Session Session `json:"session"`

	Rev Revision `json:"-"`
}

// AgentStatus says whether an agent takes tickets.
type AgentStatus string

// The states of an agent.
const (
	Available AgentStatus = "available"
	Away      AgentStatus = "away"
	Offline   AgentStatus = "offline"
)

// Agent is who helps. What an agent holds is never stored with the agent: it is
// computed from the tickets.
type Agent struct {
	ID          string      `json:"id"`
	DisplayName string      `json:"name,omitzero"`
	Languages   []string    `json:"languages"`
	Departments []string    `json:"departments"`
	Capacity    int         `json:"capacity"`
	Status      AgentStatus `json:"status"`
	Session     Session     `json:"session"`
	// IdleSince is when the agent last became available, was offered a ticket or
	// ended one; the longest idle goes first among equals.
	IdleSince Stamp `json:"idle_since,omitzero"`

	Rev Revision `json:"-"`
}

// Serves says whether the agent may take tickets of the queue.
func (a *Agent) Serves(q QueueID) bool {
	return slices.Contains(a.Departments, q.Department) && slices.Contains(a.Languages, q.Language)
}

// Takes says whether the agent is offered tickets now.
func (a *Agent) Takes() bool { return a.Status == Available && !a.Session.Lost() }

// Entity names. A subject can hold any printable character, so the kind comes
// first.
const (
	ticketKind    = "t/"
	visitorKind   = "v/"
	agentKind     = "a/"
	estimatesKind = "e/"
	nodeKind      = "n/"
)

// Name implements Image.
func (t *Ticket) Name() string { return ticketKind + t.ID }

// Name implements Image.
func (v *Visitor) Name() string { return visitorKind + v.ID }

// Name implements Image.
func (a *Agent) Name() string { return agentKind + a.ID }

func (t *Ticket) revision() Revision  { return t.Rev }
func (v *Visitor) revision() Revision { return v.Rev }
func (a *Agent) revision() Revision   { return a.Rev }

func (s *Stamp) resolve(at Stamp) {
	if *s == Here {
		*s = at
	}
}

func (t *Ticket) resolve(rev Revision, at Stamp) {
	t.Rev = rev
	if t.Joined == 0 {
		t.Joined = rev.Number
	}
	t.JoinedAt.resolve(at)
	t.AssignedAt.resolve(at)
	t.EndedAt.resolve(at)
	if t.Offer != nil {
		t.Offer.At.resolve(at)
	}
}

func (v *Visitor) resolve(rev Revision, at Stamp) {
	v.Rev = rev
	v.Session.LostAt.resolve(at)
}

func (a *Agent) resolve(rev Revision, at Stamp) {
	a.Rev = rev
	a.Session.LostAt.resolve(at)
	a.IdleSince.resolve(at)
}
