package gateway

import (
	"net/http"

	"nextup/gateway/protocol"
	"nextup/queue"
)

// maxHistory bounds the tickets of one answer of GET /v1/tickets.
const maxHistory = 100

// endedTicket is one element of that answer: a ticket that has ended.
type endedTicket struct {
	protocol.DeskTicket
	EndedAtMS int64 `json:"ended_at_ms"`
	// Agent is who held it last; absent where no agent did.
	Agent *protocol.Person `json:"agent,omitzero"`
}

// history lists tickets that have ended; see app.Site.EndedTickets for whose.
func (g *Gateway) history(w http.ResponseWriter, r *http.Request) {
	g.allowOrigin(w, r)
	s, id, err := g.asked(r, protocol.Agent, protocol.Supervisor)
	if err != nil {
		g.refuseHTTP(w, err)
		return
	}
	all := []endedTicket{}
	err = s.EndedTickets(actorOf(id), r.URL.Query().Get("visitor"), maxHistory, func(st *queue.State, t *queue.Ticket) {
		ended := endedTicket{DeskTicket: deskTicket(st, t), EndedAtMS: int64(t.EndedAt)}
		if t.Agent != "" {
			ended.Agent = agentPerson(st, t.Agent)
		}
		all = append(all, ended)
	})
	if err != nil {
		g.refuseHTTP(w, err)
		return
	}
	writeJSON(w, http.StatusOK, all)
}
