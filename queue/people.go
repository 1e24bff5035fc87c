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

// Lost reports whether no conn is there.
func (s Session) Lost() bool { return s.LostAt != 0 }

// liveOn returns the node that holds the session, "" if it is lost or never was.
func (s Session) liveOn() string {
	if s.Lost() {
		return ""
	}
	return s.Node
}

// bound is the session after a bind to node.
func (s Session) bound(node string) Session {
	return Session{Node: node, Generation: s.Generation + 1}
}

// Visitor is a person who asks. Ticket is the newest one, open or ended.
type Visitor struct {
	ID      string  `json:"id"`
	Ticket  string  `json:"ticket"`
	Session Session `json:"session"`
	*Served         // nil for one who has not been served

	Rev Revision `json:"-"`
}

// Served is what came before a visitor's newest ticket: which agent served one last,
// until when, and how much of the day their tickets have used up (see JoinRequest.Now).
type Served struct {
	ServedBy string `json:"served_by,omitzero"`
	ServedAt Stamp  `json:"served_at,omitzero"`
	// UsedUntil is when all of it is free again, 0 where only one ticket was made.
	UsedUntil Stamp `json:"used_until,omitzero"`
	// Unknown are members of the visitor, here because most have none.
	Unknown Unknown `json:",embed"`
}

// Name implements Image.
func (v *Visitor) Name() string { return visitorPrefix + v.ID }

func (v *Visitor) revision() Revision { return v.Rev }

func (v *Visitor) resolve(rev Revision, at Stamp) {
	v.Rev = rev
	v.Session.LostAt.resolve(at)
}

// AgentStatus is how an agent stands to new tickets.
type AgentStatus string

// The states of an agent.
const (
	Available AgentStatus = "available"
	Away      AgentStatus = "away"
	Offline   AgentStatus = "offline"
)

// AwayReason is why an agent is away that did not ask for it.
type AwayReason string

// AwayLapsed is the reason when MaxLapses offers in a row lapsed.
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

// Agent is a person who helps. What an agent holds is never stored with the agent: it is
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
	IdleSince Stamp   `json:"idle_since,omitzero"`
	Unknown   Unknown `json:",embed"`

	Rev Revision `json:"-"`
}

// Serves reports whether the agent is one of those that serve the queue, whatever
// single tickets in it ask for.
func (a *Agent) Serves(q QueueID) bool {
	return a.Languages[q.Language] > 0 && slices.Contains(a.Departments, q.Department)
}

// Present reports whether the agent could come into a conversation, away or not.
func (a *Agent) Present() bool { return a.Status != Offline && !a.Session.Lost() }

// Takes reports whether the agent is offered tickets now.
func (a *Agent) Takes() bool { return a.Status == Available && !a.Session.Lost() }

// Name implements Image.
func (a *Agent) Name() string { return agentPrefix + a.ID }

func (a *Agent) revision() Revision { return a.Rev }

func (a *Agent) resolve(rev Revision, at Stamp) {
	a.Rev = rev
	a.Session.LostAt.resolve(at)
	a.IdleSince.resolve(at)
}

func init() {
	register(visitorPrefix, kind{
		empty: func(string) Image { return &Visitor{} },
		find:  func(s *State, id string) Image { return present(s.visitors.get(id)) },
		put: func(s *State, id string, _, after Image, _ Record, step *Step) {
			visitor, _ := after.(*Visitor)
			s.putVisitor(id, visitor)
			step.Visitors = append(step.Visitors, id)
		},
		intern: func(s *State, i Image) { s.internVisitor(i.(*Visitor)) },
	})
	register(agentPrefix, kind{
		empty: func(string) Image { return &Agent{} },
		find:  func(s *State, id string) Image { return present(s.agents[id]) },
		put:   (*State).assignAgent,
	})
}

// putVisitor keeps the sets in step with a visitor; nil removes.
func (s *State) putVisitor(id string, after *Visitor) {
	if before := s.visitors.get(id); before != nil {
		s.countSession(before.Session, -1)
	}
	delete(s.lost, visitorPrefix+id)
	if after == nil {
		s.visitors.remove(id)
		return
	}
	s.visitors.put(after)
	s.countSession(after.Session, 1)
	if t := s.tickets.get(after.Ticket); after.Session.Lost() && (t == nil || t.Open()) {
		s.lost[visitorPrefix+id] = after
	}
}

// putAgent keeps the sets in step with an agent; nil removes.
func (s *State) putAgent(id string, after *Agent, step *Step) {
	before := s.agents[id]
	if before != nil {
		s.countSession(before.Session, -1)
	}
	if after != nil {
		s.countSession(after.Session, 1)
	}
	put(s.agents, id, after)
	step.Attended = append(step.Attended, s.attendAgent(before, after)...)
	delete(s.lost, agentPrefix+id)
	if after != nil && after.Session.Lost() && after.Status != Offline {
		s.lost[agentPrefix+id] = after
	}
}

// assignAgent puts an agent in its place, and marks a session that was bound before its
// node was lost.
func (s *State) assignAgent(id string, before, after Image, _ Record, step *Step) {
	agentBefore, _ := before.(*Agent)
	agent, _ := after.(*Agent)
	if agent != nil && !agent.Session.Lost() && s.nodes[agent.Session.Node] != nil {
		agent.Session.LostAt = s.nodes[agent.Session.Node].LostAt
	}
	s.putAgent(id, agent, step)
	step.Agents = append(step.Agents, id)
	if agentBefore != nil && agent != nil && agentBefore.Session.Lost() != agent.Session.Lost() {
		step.Presence = append(step.Presence, id)
	}
}

// countSession counts a session on its node while it is not lost.
func (s *State) countSession(i Session, by int) {
	node := i.liveOn()
	if node == "" {
		return
	}
	if s.sessionsOn[node] += by; s.sessionsOn[node] == 0 {
		delete(s.sessionsOn, node)
	}
}
