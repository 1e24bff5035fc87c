package gateway

import (
	"net/http"

	"nextup/app"
	"nextup/gateway/protocol"
	"nextup/queue"
)

// maxPast bounds the tickets of one answer of GET /v1/tickets.
const maxPast = 100

// pastTicket is one element of that answer: a ticket that has ended.
type pastTicket struct {
	protocol.DeskTicket
	EndedAtMS int64 `json:"ended_at_ms"`
	// Agent is who held it last; absent where nobody did.
	Agent *protocol.Person `json:"agent,omitzero"`
}

// past lists tickets that have ended, as long as the site keeps them: an agent's
// own or, with ?visitor=, those of a visitor whom they serve or wrap up now. A supervisor
// may ask for any visitor's.
func (g *Gateway) past(w http.ResponseWriter, r *http.Request) {
	g.allowOrigin(w, r)
	s, id, err := g.asked(r, protocol.Agent, protocol.Supervisor)
	if err != nil {
		g.refuseHTTP(w, err)
		return
	}
	visitor := r.URL.Query().Get("visitor")
	all := []pastTicket{}
	s.Read(func(st *queue.State) {
		switch {
		case visitor == "" && id.Role == protocol.Supervisor,
			visitor != "" && id.Role == protocol.Agent && !app.ServesVisitor(st, id.Subject, visitor):
			err = queue.ErrForbidden
			return
		}
		for _, t := range st.Past(maxPast, func(t *queue.Ticket) bool {
			if visitor != "" {
				return t.Visitor == visitor
			}
			return t.Agent == id.Subject
		}) {
			is := pastTicket{DeskTicket: deskTicket(st, t), EndedAtMS: int64(t.EndedAt)}
			if t.Agent != "" {
				is.Agent = agentPerson(st, t.Agent)
			}
			all = append(all, is)
		}
	})
	if err != nil {
		g.refuseHTTP(w, err)
		return
	}
	writeJSON(w, http.StatusOK, all)
}
