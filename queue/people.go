package queue

import "slices"

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
	*Served         // nil for who has not been

	Rev Revision `json:"-"`
}

// Served is what came before a visitor's newest ticket: who served one last, until
// when, and how much of the day their tickets have used up (see JoinRequest.Now).
type Served struct {
	ServedBy string `json:"served_by,omitzero"`
	ServedAt Stamp  `json:"served_at,omitzero"`
	// UsedUntil is when all of it is free again, 0 where only one ticket was made.
	UsedUntil Stamp `json:"used_until,omitzero"`
}

// Name implements Image.
func (v *Visitor) Name() string { return visitorKind + v.ID }

func (v *Visitor) revision() Revision { return v.Rev }

func (v *Visitor) resolve(rev Revision, at Stamp) {
	v.Rev = rev
	v.Session.LostAt.resolve(at)
}

// AgentStatus says whether an agent takes tickets.
type AgentStatus string

// The states of an agent.
const (
	Available AgentStatus = "available"
	Away      AgentStatus = "away"
	Offline   AgentStatus = "offline"
)

// AwayReason says why an agent is away who did not ask for it.
type AwayReason string

// AwayLapsed is that MaxLapses offers in a row lapsed.
const AwayLapsed AwayReason = "lapsed"

// MaxLapses is how many offers in a row may lapse until their agent is away.
const MaxLapses = 2

// Proficiency is how well an agent speaks a language: 1 (a little) to 5 (like
// their own). 0 is not at all.
type Proficiency = int

// BestProficiency is the highest.
const BestProficiency Proficiency = 5

// Fluent says that languages are spoken like one's own.
func Fluent(tags ...string) map[string]Proficiency {
	all := make(map[string]Proficiency, len(tags))
	for _, t := range tags {
		all[t] = BestProficiency
	}
	return all
}

// Agent is who helps. What an agent holds is never stored with the agent: it is
// computed from the tickets.
type Agent struct {
	ID          string                 `json:"id"`
	DisplayName string                 `json:"name,omitzero"`
	Languages   map[string]Proficiency `json:"languages"`
	Departments []string               `json:"departments"`
	// Skills are sorted. Tier is 1 to 3; 0 counts as 1.
	Skills   []string    `json:"skills,omitzero"`
	Tier     int         `json:"tier,omitzero"`
	Capacity int         `json:"capacity"`
	Status   AgentStatus `json:"status"`
	// AwayReason is "" unless something else than the agent set them away.
	AwayReason AwayReason `json:"away_reason,omitzero"`
	// Lapses counts the offers that lapsed since the agent last answered one.
	Lapses  int     `json:"lapses,omitzero"`
	Session Session `json:"session"`
	// IdleSince is when the agent last became available, was offered a ticket or
	// ended one; the longest idle goes first among equals.
	IdleSince Stamp `json:"idle_since,omitzero"`

	Rev Revision `json:"-"`
}

// Serves says whether the agent is one of those who serve the queue, whatever
// single tickets in it ask for.
func (a *Agent) Serves(q QueueID) bool {
	return a.Languages[q.Language] > 0 && slices.Contains(a.Departments, q.Department)
}

// Present says whether the agent could come into a conversation, away or not.
func (a *Agent) Present() bool { return a.Status != Offline && !a.Session.Lost() }

// Takes says whether the agent is offered tickets now.
func (a *Agent) Takes() bool { return a.Status == Available && !a.Session.Lost() }

// Name implements Image.
func (a *Agent) Name() string { return agentKind + a.ID }

func (a *Agent) revision() Revision { return a.Rev }

func (a *Agent) resolve(rev Revision, at Stamp) {
	a.Rev = rev
	a.Session.LostAt.resolve(at)
	a.IdleSince.resolve(at)
}
