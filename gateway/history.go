package gateway

import (
	"net/http"

	"nextup/gateway/protocol"
	"nextup/gateway/view"
	"nextup/queue"
)

// maxHistory bounds the tickets of one answer of GET /v1/tickets.
const maxHistory = 100

// history lists tickets that have ended; see app.Site.EndedTickets for whose.
func (g *Gateway) history(w http.ResponseWriter, r *http.Request) {
	g.allowOrigin(w, r)
	s, id, err := g.asked(r, protocol.Agent, protocol.Supervisor)
	if err != nil {
		g.refuseHTTP(w, err)
		return
	}
	all := []view.EndedTicket{}
	err = s.EndedTickets(actorOf(id), r.URL.Query().Get("visitor"), maxHistory, func(st *queue.State, t *queue.Ticket) {
		all = append(all, view.Ended(st, t))
	})
	if err != nil {
		g.refuseHTTP(w, err)
		return
	}
	writeJSON(w, http.StatusOK, all)
}
