package gateway

import (
	"net/http"
	"slices"

	"nextup/app"
	"nextup/gateway/protocol"
	"nextup/queue"
)

// team lists the agents who are there, for those who would pass a ticket on.
func (g *Gateway) team(w http.ResponseWriter, r *http.Request) {
	g.allowOrigin(w, r)
	s, _, err := g.asked(r, protocol.Agent, protocol.Supervisor)
	if err != nil {
		g.refuseHTTP(w, err)
		return
	}
	all := []protocol.BoardAgent{}
	s.Read(func(st *queue.State) {
		for _, a := range st.Agents() {
			if a.Status != queue.Offline && len(all) < protocol.MaxBoardAgents {
				all = append(all, boardAgent(st, a))
			}
		}
	})
	writeJSON(w, http.StatusOK, all)
}

// maxLine bounds the tickets of one answer of GET /v1/queues/{department}/{language}.
const maxLine = 100

// lineTicket is one element of that answer: a ticket and why it stands where it
// stands.
type lineTicket struct {
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
	// What it asks of whoever serves it, now.
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

// line shows a supervisor the front of one queue.
func (g *Gateway) line(w http.ResponseWriter, r *http.Request) {
	g.allowOrigin(w, r)
	s, _, err := g.asked(r, protocol.Supervisor)
	if err != nil {
		g.refuseHTTP(w, err)
		return
	}
	q := queue.QueueID{Department: r.PathValue("department"), Language: r.PathValue("language")}
	rules := s.file.Load().Rules
	dep, ok := rules.Department(q.Department)
	held := false // people wait in a queue that the rules have no more
	s.Read(func(st *queue.State) { held = st.Size(q) > 0 })
	switch {
	case held:
	case !ok:
		g.refuseHTTP(w, &app.UnknownError{Err: queue.ErrUnknownDepartment, Known: app.Departments(rules)})
		return
	case !slices.Contains(dep.Languages, q.Language):
		g.refuseHTTP(w, &app.UnknownError{Err: queue.ErrUnknownLanguage, Known: dep.Languages})
		return
	}
	all := []lineTicket{}
	s.Read(func(st *queue.State) {
		st.Sweep(q, 1, maxLine, func(position int, t *queue.Ticket) bool {
			all = append(all, lineTicketOf(st, t, position))
			return true
		})
	})
	writeJSON(w, http.StatusOK, all)
}

func lineTicketOf(st *queue.State, t *queue.Ticket, position int) lineTicket {
	l := lineTicket{
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
