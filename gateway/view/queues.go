package view

import (
	"nextup/gateway/protocol"
	"nextup/queue"
	"nextup/queue/eta"
)

// QueueInfo is one element of the answer of GET /v1/queues.
type QueueInfo struct {
	Queue      string `json:"queue"`
	Department string `json:"department"`
	Language   string `json:"language"`
	Size       int    `json:"size"`
	// AgentsWithRoom would be offered a ticket now.
	AgentsWithRoom int `json:"agents_with_room"`
	// Wait is for a visitor who joins now.
	Wait protocol.Wait `json:"wait"`
	// Paused says that the queue is not served for now, Unattended that no agent who
	// serves it is available, and Withdrawn that the site file does not have it.
	Paused     bool `json:"paused,omitzero"`
	Unattended bool `json:"unattended,omitzero"`
	Withdrawn  bool `json:"withdrawn,omitzero"`
}

// Queues says of each queue what joining it would mean.
func Queues(st *queue.State) []QueueInfo {
	all := []QueueInfo{}
	for _, q := range st.Queues() {
		size := st.Size(q)
		all = append(all, QueueInfo{
			Queue: q.String(), Department: q.Department, Language: q.Language, Size: size,
			AgentsWithRoom: st.AgentsWithRoom(q), Wait: waitFrame(eta.Shown(st.Wait(q, size+1))), Paused: st.Paused(q) != nil,
			Unattended: st.QueueUnattended(q), Withdrawn: st.Withdrawn(q),
		})
	}
	return all
}

// Team lists at most n agents who are not offline, for those who would pass a ticket on.
func Team(st *queue.State, n int) []protocol.BoardAgent {
	all := []protocol.BoardAgent{}
	for _, a := range st.Agents() {
		if a.Status != queue.Offline && len(all) < n {
			all = append(all, boardAgent(st, a))
		}
	}
	return all
}

// LineTicket is one element of the answer of GET /v1/queues/{department}/{language}: a
// ticket and why it stands where it stands.
type LineTicket struct {
	Ticket   string                `json:"ticket"`
	Position int                   `json:"position"`
	Status   protocol.TicketStatus `json:"status"`
	Visitor  protocol.Person       `json:"visitor"`
	// The line is in the order of JoinedAtMS less the head start.
	JoinedAtMS      int64  `json:"joined_at_ms"`
	HeadStartS      int64  `json:"head_start_s,omitzero"`
	HeadStartReason string `json:"head_start_reason,omitzero"`
	VisitorTier     string `json:"visitor_tier,omitzero"`
	Urgency         string `json:"urgency,omitzero"`
	Topic           string `json:"topic,omitzero"`
	Weight          int    `json:"weight"`
	// What it asks now of an agent who serves it.
	Tier             int            `json:"tier,omitzero"`
	Languages        []string       `json:"languages,omitzero"`
	MinProficiency   int            `json:"min_proficiency,omitzero"`
	Skills           []string       `json:"skills,omitzero"`
	Wishes           []string       `json:"wishes,omitzero"`
	LanguageRequired bool           `json:"language_required,omitzero"`
	Widened          int            `json:"widened,omitzero"`
	Hold             *protocol.Hold `json:"hold,omitzero"`
	// Offers is how often it was offered.
	Offers      int  `json:"offers,omitzero"`
	VisitorLost bool `json:"visitor_lost,omitzero"`
}

// Front lists the first n tickets of a queue.
func Front(st *queue.State, q queue.QueueID, n int) []LineTicket {
	all := []LineTicket{}
	st.Sweep(q, 1, n, func(position int, t *queue.Ticket) bool {
		all = append(all, lineTicket(st, t, position))
		return true
	})
	return all
}

func lineTicket(st *queue.State, t *queue.Ticket, position int) LineTicket {
	l := LineTicket{
		Ticket: t.ID, Position: position, Status: protocol.TicketStatus(t.Status), Visitor: visitorPerson(t),
		JoinedAtMS: int64(t.JoinedAt), HeadStartS: int64(t.HeadStart / 1000), HeadStartReason: t.HeadStartReason,
		VisitorTier: t.VisitorTier, Urgency: t.Urgency, Topic: t.Topic, Weight: t.Weight, Wishes: t.Wishes,
		LanguageRequired: t.LanguageRequired, Widened: t.Step, Hold: holdOf(st, t), Offers: t.Attempts,
	}
	if n := t.Requirements; n != nil {
		l.Tier, l.Languages, l.MinProficiency, l.Skills = n.Tier, n.Languages, n.MinProficiency, n.Skills
	}
	if v := st.Visitor(t.Visitor); v != nil {
		l.VisitorLost = v.Session.Lost()
	}
	return l
}
